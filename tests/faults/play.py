"""Plays a schedule of faults over the town, and says what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, assert_never

import botocore.session
from chalicelib.errors import LifecycleError
from faults.fleet import MONDAY
from faults.injection import Fault
from faults.schedule import A_BREATH, Episode, Mishap, Schedule
from faults.town import Town, town
from faults.watch import Invariant, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.decide.facts import ServiceId

QUIET_STEP = timedelta(minutes=180)
"""Between two sweeps while nothing goes wrong; deployed it is 5 minutes."""
FAULTY_STEP = timedelta(minutes=10)
SWEEP = timedelta(minutes=5)
A_MOMENT = timedelta(seconds=20)
LEASE = timedelta(minutes=10)
"""A dead run's lock: only when it has ended are the faults over. The sweeps until then do what they can."""
SWEEPS_TO_HEAL = 2
FIRST_HOUR = timedelta(hours=2)
"""New policies stop little in their first hour."""
MOST_SKEW = timedelta(minutes=2)


@dataclass
class Played:
    """``injected`` counts by fault or mishap; ``heals`` are the times it took where something was amiss."""

    days: int
    injected: Counter[str] = field(default_factory=Counter)
    heals: list[timedelta] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    checked: Counter[Invariant] = field(default_factory=Counter)
    count: Counter[str] = field(default_factory=Counter)
    acts: int = 0

    def and_also(self, other: Played) -> Played:
        return Played(
            self.days + other.days, self.injected + other.injected, self.heals + other.heals,
            self.violations + other.violations, self.checked + other.checked, self.count + other.count,
            self.acts + other.acts,
        )  # fmt: skip


def play(schedule: Schedule, core: botocore.session.Session | None = None, *, short: bool = False) -> Played:
    with town(schedule.seed, core, short=short) as here:
        return _Player(here, schedule).play()


class _Player:
    def __init__(self, here: Town, schedule: Schedule) -> None:
        self._town = here
        self._schedule = schedule
        self._end = (MONDAY + timedelta(days=schedule.days)).astimezone(UTC)
        self._played = Played(schedule.days)
        self._late: list[ServiceId] = []

    @property
    def _now(self) -> datetime:
        return self._town.clock.true

    def play(self) -> Played:
        self._town.sweep()
        self._quiet_until(self._now + FIRST_HOUR)
        for episode in self._schedule.episodes:
            begins = self._now + timedelta(minutes=episode.after)
            if begins + timedelta(minutes=episode.minutes) + A_BREATH > self._end:
                break
            self._quiet_until(begins)
            self._suffer(episode)
            self._heal(str(episode), lost_events=episode.what in (Mishap.EVENTS, Mishap.SWEEPS_LOST))
        self._quiet_until(self._end)
        self._heal("the end")
        played, here = self._played, self._town
        played.injected += Counter({fault.value: count for fault, count in here.aws.trouble.count.items()})
        played.violations, played.checked = here.watch.violations, here.watch.checked
        played.count, played.acts = here.count, len(here.watch.acts)
        return played

    # --- quiet times

    def _quiet_until(self, end: datetime) -> None:
        while self._now + QUIET_STEP <= end:
            self._step(QUIET_STEP)
        if self._now < end:
            self._step(end - self._now)

    def _step(self, by: timedelta) -> None:
        self._town.go_to(self._now + by)
        self._town.hear(self._town.events())
        self._town.sweep()
        self._town.go_to(self._now + A_MOMENT)
        self._town.somebody_acts()
        self._town.go_to(self._now + A_MOMENT)
        self._town.hear(self._town.events())

    # --- faults

    def _suffer(self, episode: Episode) -> None:
        chance = Random(episode.chance)
        end = self._now + timedelta(minutes=episode.minutes)
        with self._amiss(episode, chance):
            while self._now < end:
                self._town.go_to(min(end, self._now + FAULTY_STEP))
                self._town.somebody_acts()
                self._town.go_to(self._now + A_MOMENT)
                self._faulty_run(episode, chance)
        self._town.aws.trouble.heal()

    def _faulty_run(self, episode: Episode, chance: Random) -> None:
        here = self._town
        match episode.what:
            case Mishap.SWEEPS_LOST:
                self._played.injected[episode.what] += 1
            case Mishap.EVENTS:
                self._played.injected[episode.what] += 1
                late = [*here.events(), *self._late]
                chance.shuffle(late)
                self._late = [id for id in late if chance.random() < 0.3]
                for id in chance.choices([*late, *here.truths], k=chance.randrange(4)):
                    here.hear([id] * chance.randrange(3))
                    here.hear([id])
            case Mishap.DEATHS:
                dies = chance.randrange(1, 40)
                fault = chance.choice([Fault.DEATH_BEFORE, Fault.DEATH_AFTER])
                here.aws.trouble.decide = _at_number(dies, fault)
                here.sweep()
                here.aws.trouble.heal()
            case Mishap.TWO_AT_ONCE:
                self._played.injected[episode.what] += 1
                here.at_call = self._slips_in(chance.randrange(1, 40))
                here.sweep()
                here.at_call = None
            case _:
                here.hear(here.events())
                here.sweep()

    def _slips_in(self, number: int) -> Callable[[str], None]:
        """Before the call of that number another controller makes a whole sweep."""
        left = number

        def before(operation: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self._town.sweep(self._town.twin)

        return before

    @contextmanager
    def _amiss(self, episode: Episode, chance: Random) -> Iterator[None]:
        """What is wrong as long as the episode lasts."""
        here, what = self._town, episode.what
        if isinstance(what, Fault):
            here.aws.trouble.decide = _some(what, episode.where, episode.share / 12, chance)
            yield
            return
        if what not in (Mishap.DEATHS, Mishap.TWO_AT_ONCE, Mishap.EVENTS, Mishap.SWEEPS_LOST):
            self._played.injected[what] += 1
        match what:
            case Mishap.SKEW:
                here.clock.skew = here.watch.tolerance = MOST_SKEW
                here.clock.skew *= chance.choice([-1, 1])
                yield
                here.clock.skew = timedelta(0)
            case Mishap.SLACK_DOWN:
                here.people.down = True
                yield
                here.people.down = False
            case Mishap.POLICY_CORRUPT:
                key = chance.choice(sorted(here.aws.shelf.objects))
                whole = here.aws.shelf.objects[key]
                here.aws.shelf.objects[key] = whole[: chance.randrange(len(whole))] + chance.choice([b"", b"\xff\x00{"])
                yield
                here.aws.shelf.objects[key] = whole
            case Mishap.METRICS_GONE:
                for truth in here.truths.values():
                    truth.blind_since = self._now
                yield
                for truth in here.truths.values():
                    truth.blind_since = None
            case Mishap.RESTORED:
                here.aws.rows.restore(here.backups[0])
                here.watch.restored()
                yield
            case Mishap.DEATHS | Mishap.TWO_AT_ONCE | Mishap.EVENTS | Mishap.SWEEPS_LOST:
                yield
            case other:
                assert_never(other)

    # --- what becomes of it

    def _heal(self, after: str, *, lost_events: bool = False) -> None:
        """Faults are over: two sweeps, and nothing may be left to do. What a lost event would have told, a sweep finds
        that describes every service; deployed that is every sixth (full_refresh_seconds), here it is these two."""
        here, began = self._town, self._now
        amiss = here.unhealed()
        was_amiss, healed_at = bool(amiss), None if amiss else began
        while self._now < began + LEASE + SWEEPS_TO_HEAL * SWEEP:
            here.go_to(self._now + SWEEP)
            here.hear(here.events())
            counts = self._now > began + LEASE
            if was_amiss or counts or not here.at_rest():
                here.sweep(full=True if lost_events and counts else None)
                if healed_at is None and not here.unhealed():
                    healed_at = self._now
        here.watch.tolerance = timedelta(0)
        left = self._left_of(amiss)
        here.watch.checked[Invariant.HEALED] += 1
        if left:
            here.watch.broken(Invariant.HEALED, f"{'; '.join(left)} (after {after})")
        elif was_amiss and healed_at:
            self._played.heals.append(healed_at - began)
        with suppress(LifecycleError):
            if here.at_rest():
                here.watch.compare(here.history())

    def _left_of(self, amiss: Mapping[ServiceId, str]) -> list[str]:
        """What two sweeps left undone. What came up only after the faults gets two sweeps of its own."""
        here = self._town
        left = here.unhealed()
        if fresh := left.keys() - amiss.keys():
            for _ in range(SWEEPS_TO_HEAL):
                here.go_to(self._now + SWEEP)
                here.hear(here.events())
                here.sweep()
            still = here.unhealed()
            left = {id: said for id, said in left.items() if id not in fresh or id in still}
        return sorted(left.values())


def _some(fault: Fault, where: str, share: float, chance: Random) -> Callable[[str], Fault | None]:
    """The fault, for a share of the calls whose names begin so; of all calls that it fits where it fits only others."""
    if fault in (Fault.CONDITION_LOST, Fault.PARTIAL, Fault.EMPTY):
        where = ""

    def decide(operation: str) -> Fault | None:
        return fault if operation.startswith(where) and chance.random() < share else None

    return decide


def _at_number(number: int, fault: Fault) -> Callable[[str], Fault | None]:
    left = number

    def decide(operation: str) -> Fault | None:
        nonlocal left
        left -= 1
        return fault if left == 0 else None

    return decide
