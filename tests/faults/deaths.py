"""The process dies between any two of its calls to AWS, on every path on which it writes: call by call, not by chance.

    with small_town() as here:
        found = Deaths(here, PATHS["launch"]).play()

Whichever call it is, the world has to come to rest within two sweeps, with every invariant of the watches, and the path
has to come to its end when it is walked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from faults.fleet import FLEET, ON_DEMAND, TOKYO
from faults.injection import Fault
from faults.invariants import Invariant
from faults.mishaps import at_number
from faults.people import ADA, ROOT, Person
from faults.rest import SWEEPS_TO_REST, history, under_way, unhealed
from faults.town import Town, town
from faults.truth import Truth
from faults.visits import Visits

STOPS, ASKED, PLACED = "prod-quiet", "asked-ocr", "spot-chat"
SMALL = tuple(replace(one, usage=0.0) for one in FLEET if one.name in (STOPS, ASKED, PLACED))
"""The services that the paths need, and nobody uses them."""
SWEEP = timedelta(minutes=5)
LEASE_AND_TWO = 5
"""Sweeps: until a dead run's lock has ended, and two."""
SWEEPS_TO_ASK, DAYS_TO_ASK = 12, 5
A_WHILE = timedelta(hours=3)
"""Longer than any idle time, any word that is said here and Spot's rest."""
OPENS, CLOSES, FRIDAY, DAY = 9, 18, 4, timedelta(days=1)
"""Hours in which a question can still be answered."""


class Walk:
    """One town in which paths are walked, and what they need."""

    def __init__(self, here: Town) -> None:
        self.here = here
        self.visits = Visits(here, 0)
        self.question = ""
        here.sweep()
        here.go_to(here.clock.true + timedelta(hours=OPENS))
        self.sweeps(1)
        self.later(A_WHILE)

    def later(self, by: timedelta) -> None:
        self.here.go_to(self.here.clock.true + by)

    def sweeps(self, times: int) -> None:
        for _ in range(times):
            self.later(SWEEP)
            self.here.hear(self.here.events())
            self.here.sweep(full=True)

    def named(self, name: str) -> Truth:
        return next(one for one in self.here.truths.values() if one.blueprint.name == name)

    @property
    def instance(self) -> Truth | None:
        return next((one for one in self.here.truths.values() if one.owner is ADA), None)

    @property
    def is_on_demand(self) -> bool:
        return bool(self.named(PLACED).fake.strategy[-1]["capacityProvider"] == ON_DEMAND)

    # --- before

    def nothing_launched(self) -> None:
        if self.instance is not None:
            self.ask(ADA, "remove")
            self.sweeps(4)
        assert self.instance is None, self.here.parts.unhealed()

    def launched(self) -> None:
        if self.instance is None:
            self.visits.launch(ADA)
        self.sweeps(2)
        truth = self.instance
        assert truth is not None
        if not truth.fake.desired:
            self.ask(ADA, "wake")
            self.sweeps(2)
        assert truth.fake.running, self.here.parts.unhealed()

    def launched_and_stopped(self) -> None:
        self.launched()
        self.ask(ADA, "stop")
        self.later(A_WHILE)  # the word that it stays stopped has ended
        self.sweeps(1)
        assert self.instance is not None and not self.instance.fake.desired

    def on(self, name: str) -> Truth:
        """Running for hours, by somebody's hand where it did not."""
        truth = self.named(name)
        self.later(A_WHILE)
        if not truth.fake.desired:
            truth.turned_on_by_hand()
            truth.fake.set_desired(0)
            truth.fake.set_desired(truth.blueprint.size, started=self.here.clock.true - A_WHILE)
        return truth

    def off(self, name: str) -> None:
        truth = self.on(name)
        self.sweeps(3)
        assert truth.fake.desired == 0, f"{name} does not stop by itself"

    def asked(self) -> None:
        """A question stands in its channel, on a working day."""
        before = set(self.visits.slack.buttons())
        for _ in range(DAYS_TO_ASK):  # an old question may still end first
            self.morning_of_a_working_day()
            self.on(ASKED)
            for _ in range(SWEEPS_TO_ASK):
                self.sweeps(1)
                if new := set(self.visits.slack.buttons()) - before:
                    (self.question,) = new
                    return
        raise AssertionError(f"nobody is asked about {ASKED}")

    def morning_of_a_working_day(self) -> None:
        """So early that it is `OPENS` when `on` is done, if it is too late today."""
        local = self.here.clock.true.astimezone(TOKYO)
        if OPENS <= local.hour < CLOSES - 4 and local.weekday() <= FRIDAY:
            return
        morning = local.replace(hour=OPENS, minute=0) - A_WHILE
        while morning <= local or morning.weekday() > FRIDAY:
            morning += DAY
        self.here.go_to(morning.astimezone(self.here.clock.true.tzinfo))

    def placed_on_demand(self) -> None:
        fake = self.named(PLACED).fake
        self.later(A_WHILE)
        fake.strategy = [{"capacityProvider": ON_DEMAND, "base": 0, "weight": 1}]
        fake.deploy_anew()
        self.later(SWEEP)

    def placed_on_spot(self) -> None:
        if self.is_on_demand:
            self.later(DAY)  # after some losses Spot is left alone until tomorrow
            self.sweeps(3)
        self.sweeps(1)
        assert not self.is_on_demand

    # --- what is done

    def ask(self, who: Person, verb: str) -> None:
        assert self.instance is not None
        self.visits.ask(who, verb, self.instance)

    def sweep(self) -> None:
        self.here.sweep(full=True)

    def keep(self) -> None:
        self.visits.slack.command(ROOT, f"keep {self.named(STOPS).blueprint.id} 60m", lambda text: None)
        self.visits.slack.work()

    def approve(self) -> None:
        self.visits.slack.click(ADA, "approve", self.question)
        self.visits.slack.work()

    def lose_a_host(self) -> None:
        watch = self.here.watch
        self.here.hear(self.here.settlers.take_a_host(lambda tasks: tasks[0], watch.taken_tasks))
        self.sweep()


@dataclass(frozen=True)
class Path:
    """``ready`` brings about what ``act`` needs; ``done`` says whether it has come to its end."""

    ready: Callable[[Walk], object]
    act: Callable[[Walk], object]
    done: Callable[[Walk], bool]


PATHS: Mapping[str, Path] = {
    "launch": Path(Walk.nothing_launched, lambda one: one.visits.launch(ADA), lambda one: one.instance is not None),
    "stop an instance": Path(Walk.launched, lambda one: one.ask(ADA, "stop"), lambda one: _runs(one.instance) == 0),
    "wake by the API": Path(
        Walk.launched_and_stopped, lambda one: one.ask(ADA, "wake"), lambda one: _runs(one.instance) == 1
    ),
    "wake by a request": Path(
        Walk.launched_and_stopped, lambda one: one.ask(ADA, "request"), lambda one: _runs(one.instance) == 1
    ),
    "remove": Path(Walk.launched, lambda one: one.ask(ADA, "remove"), lambda one: one.instance is None),
    "stop by idleness": Path(lambda one: one.on(STOPS), Walk.sweep, lambda one: _runs(one.named(STOPS)) == 0),
    "start by a word": Path(lambda one: one.off(STOPS), Walk.keep, lambda one: _runs(one.named(STOPS)) == 2),
    "stop after a yes": Path(Walk.asked, Walk.approve, lambda one: _runs(one.named(ASKED)) == 0),
    "move to Spot": Path(Walk.placed_on_demand, Walk.sweep, lambda one: not one.is_on_demand),
    "move back": Path(Walk.placed_on_spot, Walk.lose_a_host, lambda one: one.is_on_demand),
}


class Deaths:
    """``first`` and ``every``: before which calls it dies; after the last one it is not killed any more."""

    def __init__(self, here: Town, path: Path, *, first: int = 1, every: int = 1) -> None:
        self._walk = Walk(here)
        self._path = path
        self._numbers = (first, every)

    def play(self) -> int:
        """How often it died. Raises AssertionError when the path leads nowhere even if nobody dies."""
        here, (number, every) = self._walk.here, self._numbers
        for died in range(10_000):
            self._path.ready(self._walk)
            before = here.count["deaths"]
            here.aws.trouble.decide = at_number(number, Fault.DEATH_BEFORE)
            self._path.act(self._walk)
            here.aws.trouble.heal()
            self._come_to_rest(number)
            if here.count["deaths"] == before:
                assert self._path.done(self._walk), here.parts.unhealed()
                return died
            number += every
        raise AssertionError("it never came to its end")

    def _come_to_rest(self, number: int) -> None:
        here = self._walk.here
        self._walk.visits.slack.work()
        self._walk.sweeps(LEASE_AND_TWO)
        left = unhealed(here)
        here.verdicts.hold(Invariant.HEALED, not left, f"dead before call {number}: {left}")
        here.parts.compare()
        for _ in range(SWEEPS_TO_REST):  # an opening may fall into the last of these sweeps
            if not (busy := under_way(here)):
                break
            self._walk.sweeps(1)
        here.verdicts.hold(Invariant.AT_REST, not busy, f"dead before call {number}: still under way: {busy}")
        entries = history(here)
        here.record.compare(entries)
        here.lines.compare(entries)


def _runs(truth: Truth | None) -> int:
    return -1 if truth is None else truth.fake.desired


@contextmanager
def small_town() -> Iterator[Town]:
    with town(0, short=True, fleet=SMALL) as here:
        here.settlers.launched_usage = 0.0
        yield here
