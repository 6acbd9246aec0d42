"""What one episode of a schedule does to the town while it lasts, and what happens in each of its runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, assert_never

from faults.fleet import SPOT
from faults.injection import Fault
from faults.schedule import Episode, Mishap
from faults.wire import WireFault

if TYPE_CHECKING:
    from faults.town import Town
    from faults.visits import Visits

MOST_SKEW = timedelta(minutes=2)
UNREADABLE = ("{", json.dumps({"source": "aws.ecs"}))
"""Events that nobody can read, for the handler to report alone."""
CALLS_OF_A_RUN = 40
"""A death comes before the call of a number up to this, and another process before one up to half of it: shorter runs
meet neither, and nothing is counted then."""
BROKEN = (b"\n  : [", b"\xff\x00{")
"""No YAML goes on so: a text that is merely cut off may be a valid, shorter policy."""
LASTING: Mapping[Mishap, str] = {
    Mishap.POLICY_CORRUPT: "s3.GetObject",
    Mishap.METRICS_GONE: "cloudwatch.GetMetricData",
}
"""The call of ours by which a mishap is met."""


class Mishaps:
    """``injected`` counts what is not counted by `Injection` or `Wire`, each by its name."""

    def __init__(self, here: Town, visits: Visits) -> None:
        self._town = here
        self._visits = visits
        self._late: list[str] = []
        self._without_a_host: set[str] = set()
        self.injected: Counter[str] = Counter()

    # --- each run

    def run(self, episode: Episode, chance: Random) -> None:
        here = self._town
        self._without_a_host |= {
            task.arn for truth in here.truths.values() for task in truth.fake.tasks if task.starts_at is None
        }
        match episode.what:
            case Mishap.SWEEPS_LOST:
                self.injected[episode.what] += 1
            case Mishap.EVENTS:
                self._events_go_wrong(chance)
            case Mishap.DEATHS:
                before = here.count["deaths"]
                self._somebody_dies(chance)
                self.injected[episode.what] += here.count["deaths"] - before
            case Mishap.TWO_AT_ONCE:
                here.at_call = self._slips_in(chance.randrange(1, CALLS_OF_A_RUN // 2))
                here.sweep()
                here.at_call = None
            case Mishap.HOSTS_TAKEN:
                bodies = here.settlers.take_a_host(chance.choice, here.watch.taken_tasks)
                self.injected[episode.what] += len(bodies)
                here.hear([*bodies * chance.randrange(3), *here.events()])
                here.sweep()
            case _:
                here.fire()
                here.hear(here.events())
                here.sweep()

    def _events_go_wrong(self, chance: Random) -> None:
        """Dropped, delayed, reordered, doubled, unreadable; Slack's queue delivers twice as well."""
        here = self._town
        wrong = 0
        for edge in here.fire():
            here.wake(edge)
            wrong += 1
        late = [*here.events(), *self._late]
        chance.shuffle(late)
        self._late = [body for body in late if chance.random() < 0.3]
        everybody = [here.settlers.event(id) for id in here.truths]
        heard = chance.choices([*late, *everybody], k=chance.randrange(4))
        for body in heard:
            more, unreadable = chance.randrange(3), chance.choices(UNREADABLE, k=chance.randrange(2))
            here.hear([body] * more)
            here.hear([body, *unreadable])
            wrong += more + len(unreadable)
        self.injected[Mishap.EVENTS] += wrong + len(set(late) - set(heard))
        self._visits.slack.work(twice=True)

    def _somebody_dies(self, chance: Random) -> None:
        """Of the house's own runs, and of those that people set off."""
        here = self._town
        fault = chance.choice([Fault.DEATH_BEFORE, Fault.DEATH_AFTER])
        here.aws.trouble.decide = at_number(chance.randrange(1, CALLS_OF_A_RUN), fault)
        if chance.random() < 0.5:
            self._visits.somebody_acts()
        here.sweep()
        here.hear(here.events())
        here.aws.trouble.heal()

    def _slips_in(self, number: int) -> Callable[[str], None]:
        """Before the call of that number another controller makes a whole sweep."""
        left = number

        def before(operation: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self.injected[Mishap.TWO_AT_ONCE] += 1
                self._town.sweep(self._town.twin)

        return before

    # --- as long as it lasts

    @contextmanager
    def amiss(self, episode: Episode, chance: Random) -> Iterator[None]:
        here, what = self._town, episode.what
        match what:
            case Fault():
                here.aws.trouble.decide = _some(what, episode.where, episode.share / 12, chance)
                yield
                here.aws.trouble.heal()
            case WireFault():
                here.wire.decide = lambda method: what if chance.random() < episode.share / 12 else None
                yield
                here.wire.heal()
            case Mishap():
                before = self._met(what)
                with self._wrong(what, chance):
                    yield
                    self.injected[what] += self._met(what) > before
            case other:
                assert_never(other)

    def _a_spot_task_ends(self, chance: Random) -> None:
        """Without a warning, so that another is wanted at once."""
        on_spot = [(one.fake, task) for one in self._town.truths.values() for task in one.fake.tasks if task.host]
        if on_spot:
            fake, task = chance.choice(on_spot)
            fake.lose(task)
            self._without_a_host.add(task.arn)

    def _met(self, what: Mishap) -> int:
        """How often something of ours met it so far; those that are counted one by one are left alone here."""
        here = self._town
        match what:
            case Mishap.POLICY_CORRUPT | Mishap.METRICS_GONE:
                return here.aws.calls[LASTING[what]]
            case Mishap.SLACK_DOWN:
                return here.wire.count[WireFault.UNREACHABLE]
            case Mishap.SKEW | Mishap.RESTORED:
                return here.count["runs"]
            case Mishap.NO_SPOT:
                return len(self._without_a_host)
            case _:
                return 0

    @contextmanager
    def _wrong(self, what: Mishap, chance: Random) -> Iterator[None]:
        here = self._town
        match what:
            case Mishap.SKEW:
                here.watch.tolerance = MOST_SKEW
                here.clock.skew = MOST_SKEW * chance.choice([-1, 1])
                yield
                here.clock.skew = timedelta(0)
            case Mishap.SLACK_DOWN:
                here.wire.down = True
                yield
                here.wire.heal()
            case Mishap.POLICY_CORRUPT:
                key = chance.choice(sorted(here.aws.shelf.objects))
                whole = here.aws.shelf.objects[key]
                here.aws.shelf.objects[key] = whole[: chance.randrange(len(whole))] + chance.choice(BROKEN)
                yield
                here.aws.shelf.objects[key] = whole
            case Mishap.METRICS_GONE:
                for truth in here.truths.values():
                    truth.blind_since = here.clock.true
                yield
                for truth in here.truths.values():
                    truth.blind_since = None
            case Mishap.NO_SPOT:
                here.aws.world.no_capacity.add(SPOT)
                self._a_spot_task_ends(chance)
                yield
                here.aws.world.no_capacity.discard(SPOT)
            case Mishap.RESTORED:
                here.restored()
                yield
            case Mishap.DEATHS | Mishap.TWO_AT_ONCE | Mishap.EVENTS | Mishap.SWEEPS_LOST | Mishap.HOSTS_TAKEN:
                yield
            case other:
                assert_never(other)


def _some(fault: Fault, where: str, share: float, chance: Random) -> Callable[[str], Fault | None]:
    """The fault, for a share of the calls whose names begin so; of all calls that it fits where it fits only others."""
    if fault in (Fault.CONDITION_LOST, Fault.PARTIAL, Fault.EMPTY):
        where = ""

    def decide(operation: str) -> Fault | None:
        return fault if operation.startswith(where) and chance.random() < share else None

    return decide


def at_number(number: int, fault: Fault) -> Callable[[str], Fault | None]:
    left = number

    def decide(operation: str) -> Fault | None:
        nonlocal left
        left -= 1
        return fault if left == 0 else None

    return decide
