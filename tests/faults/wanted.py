"""What state a service is to be in once all is at rest, told from its blueprint, its use and what people did to it.

Our own rules are not asked (`faults.fleet` has the hours and the idle times once more, in plain Python), so that a
house which decides wrongly, or nothing at all, is seen. A word counts only where it held for as long as two sweeps;
where what is true does not say what is wanted, the service is left out, and counted with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.record.codec import memory_of
from faults.fleet import ALWAYS, MINUTE
from faults.watch import CLOSED_QUIET, TRUST

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.fleet import Use
    from faults.truth import Truth
    from faults.watch import Watch

STEADY = timedelta(minutes=11)
"""Two sweeps and a moment: what was wanted for less is not done yet."""
WARM_UP = timedelta(minutes=10)
"""The language's `idle.warm-up`, where a policy does not say."""
HAND_LASTS = timedelta(hours=8)
"""A hand counts from when it is seen (three hours later at most, and an outage), for two hours (`started-by-hand`)."""
SEEN_TO_END = timedelta(hours=5)
"""What only a probe sees ends for us when the probe is asked next: a quiet step, and an outage."""


class Wanted(StrEnum):
    UP = "up"
    DOWN = "down"
    UNSAID = "unsaid"


JUDGED: Mapping[Wanted, str] = {Wanted.UP: "services judged: up", Wanted.DOWN: "services judged: down"}
NOT_JUDGED = "not judged: "

Said = tuple[Wanted, str]
"""And why."""


class Wants:
    """Of all services of a watch."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def unmet(self) -> dict[str, str]:
        """Who is not what they are wanted to be: why."""
        return {str(truth.blueprint.id): f"{truth.blueprint.id} is {truth.fake.desired}: {said}"
                for truth, (wanted, said) in self.all() if wanted is not Wanted.UNSAID
                and (wanted is Wanted.UP) != bool(truth.fake.desired)}  # fmt: skip

    def judge(self, count: Counter[str]) -> None:
        """How many were to be up and to be down, and why of how many nothing can be said."""
        for _, (wanted, said) in self.all():
            count[NOT_JUDGED + said if wanted is Wanted.UNSAID else JUDGED[wanted]] += 1

    def all(self) -> Iterator[tuple[Truth, Said]]:
        now = self._watch.now()
        for truth in self._watch.truths.values():
            yield truth, self._of(truth, now)

    def _of(self, truth: Truth, now: datetime) -> Said:
        since, of = now - STEADY, truth.blueprint
        if of.excluded or truth.leaving:
            return Wanted.UNSAID, "nobody may touch it, or it is being removed"
        if memory_of(self._watch.row(of.id)).start_failure is not None:
            return Wanted.UNSAID, "its start failed, and the next try waits"
        if said := _kept(truth, since, now):
            return said
        quiet = self._quiet(truth, since, now)
        return quiet if quiet[0] is Wanted.DOWN else _opened(truth, since, now) or quiet

    def _quiet(self, truth: Truth, since: datetime, now: datetime) -> Said:
        """Whether it has to be down: closed and quiet, or idle."""
        of = truth.blueprint
        if _somebody_may_want_it(truth, since):
            return Wanted.UNSAID, "somebody's word or hand may hold it"
        is_open = of.is_open(now)
        if is_open and (
            of.stop_after is None or not of.measured or of.environment == "asked" or not truth.fake.desired
        ):
            return Wanted.UNSAID, "open, and its policy alone does not stop it, or it sleeps"
        quiet = (of.stop_after if is_open and of.stop_after else CLOSED_QUIET) + TRUST + MINUTE
        start = since - quiet - (SEEN_TO_END if of.streams else timedelta())
        if of.is_open(since) is not is_open or (is_open and not of.is_open(start - WARM_UP)):
            return Wanted.UNSAID, "its hours have just changed"
        if truth.blind_since is not None or self._watch.may_wait(of.id):
            return Wanted.UNSAID, "nobody can tell, or a limit lets it wait"
        if of.measured and not (of.cut and not is_open) and _is_used(truth.use, start, now):
            return Wanted.UNSAID, "in use"
        if is_open and any(not task.runs(start - WARM_UP) for task in truth.fake.tasks):
            return Wanted.UNSAID, "it has not run for long enough"
        return Wanted.DOWN, f"{'idle' if is_open else 'closed and quiet'} since {start:%H:%M}Z"


def _kept(truth: Truth, since: datetime, now: datetime) -> Said | None:
    until, at = truth.keep_until, truth.kept_at
    if until is None or at is None or until <= now:
        return None
    by_hand_later = truth.touched_at is not None and truth.touched_at >= at
    if at > since or by_hand_later or not (truth.taken or truth.fake.desired):
        return Wanted.UNSAID, "kept, but only now, or stopped by hand, or of no size that is known"
    return Wanted.UP, f"kept since {at:%H:%M}Z until {until:%H:%M}Z"


def _opened(truth: Truth, since: datetime, now: datetime) -> Said | None:
    """Its hours start what was stopped by us before."""
    of, stopped = truth.blueprint, truth.stopped_at
    if of.hours is ALWAYS or stopped is None or not (of.is_open(since) and of.is_open(now)):
        return None
    if not _closed_between(of.is_open, stopped + MINUTE * 5, since):
        return None
    if _told_to_stay_down(truth) or (truth.touched_at is not None and truth.touched_at >= stopped):
        return Wanted.UNSAID, "somebody's word or hand may hold it"
    return Wanted.UP, f"stopped {stopped:%a %H:%M}Z, and its hours have opened since"


def _closed_between(is_open: Callable[[datetime], bool], start: datetime, end: datetime) -> bool:
    moment = start
    while moment < end:
        if not is_open(moment):
            return True
        moment += MINUTE * 30
    return False


def _told_to_stay_down(truth: Truth) -> bool:
    """Some word to stop it came after it was last stopped by us, or lasted longer: its opening may be spent."""
    return truth.stop_until is not None and truth.stopped_at is not None and truth.stop_until >= truth.stopped_at


def _somebody_may_want_it(truth: Truth, since: datetime) -> bool:
    touched = truth.touched_at is not None and truth.touched_at > since - HAND_LASTS
    words = (truth.keep_until, truth.maybe_kept_until)
    return touched or any(until is not None and until > since for until in words)


def _is_used(use: Use, start: datetime, end: datetime) -> bool:
    return use.within(start, end) is not None or use.at(end)
