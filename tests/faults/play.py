"""Plays a schedule of faults over the town, and says what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import botocore.session
from chalicelib.errors import LifecycleError
from faults.fleet import MONDAY
from faults.injection import Fault
from faults.invariants import Invariant, Violation
from faults.mishaps import Mishaps
from faults.rest import SWEEPS_TO_REST, history, under_way, unhealed, waiting
from faults.schedule import A_BREATH, Episode, Mishap, Schedule
from faults.town import Town, town
from faults.visits import Visits

QUIET_STEP = timedelta(minutes=180)
"""Between two sweeps while nothing goes wrong; deployed it is 5 minutes."""
FAULTY_STEP = timedelta(minutes=10)
SWEEP = timedelta(minutes=5)
A_MOMENT = timedelta(seconds=20)
LEASE = timedelta(minutes=10)
"""A dead run's lock: only when it has ended are the faults over. The sweeps until then do what they can."""
SWEEPS_TO_HEAL = 2
MORE_SWEEPS = "needed two sweeps more"
DIES = frozenset({Fault.DEATH_BEFORE, Fault.DEATH_AFTER})
FIRST_HOUR = timedelta(hours=2)
"""New policies stop little in their first hour."""
NEXT_ROUND = timedelta(hours=1)
"""What could not be told is tried again within this (`notify.rounds.LONGEST_WAIT`)."""


@dataclass
class Played:
    """``injected`` counts by fault or mishap; ``heals`` are the times it took where something was amiss."""

    days: int
    injected: Counter[str] = field(default_factory=Counter)
    heals: list[timedelta] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    checked: Counter[Invariant] = field(default_factory=Counter)
    count: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)

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
        self._visits = Visits(here, schedule.seed)
        self._mishaps = Mishaps(here, self._visits)

    @property
    def _now(self) -> datetime:
        return self._town.clock.true

    def play(self) -> Played:
        self._town.sweep()
        self._quiet_until(self._now + FIRST_HOUR)
        for episode in self._schedule.episodes:
            begins = self._now + timedelta(minutes=episode.after)
            if begins + episode.lasts + A_BREATH > self._end:
                break
            self._quiet_until(begins)
            self._suffer(episode)
            self._heal(episode.what.value, lost_events=episode.what in (Mishap.EVENTS, Mishap.SWEEPS_LOST))
        self._quiet_until(self._end)
        self._heal("the end")
        return self._summed_up()

    def _summed_up(self) -> Played:
        played, here = self._played, self._town
        played.injected = self._mishaps.injected + Counter(
            {
                fault.value: count
                for counter in (here.aws.trouble.count, here.wire.count)
                for fault, count in counter.items()
                if fault not in DIES  # counted as a mishap
            }
        )
        played.injected["conditional writes that lost to another"] = here.aws.rows.lost
        played.violations, played.checked = here.verdicts.violations, here.verdicts.checked
        played.count, played.acts = here.count, Counter(act.kind for act in here.watch.acts)
        return played

    # --- quiet times

    def _quiet_until(self, end: datetime) -> None:
        while self._now + QUIET_STEP <= end:
            self._step(QUIET_STEP)
        if self._now < end:
            self._step(end - self._now)

    def _step(self, by: timedelta) -> None:
        self._town.go_to(self._now + by)
        self._town.fire()
        self._town.hear(self._town.events())
        self._town.sweep()
        self._town.go_to(self._now + A_MOMENT)
        self._visits.somebody_acts()
        self._town.go_to(self._now + A_MOMENT)
        self._town.hear(self._town.events())

    # --- faults

    def _suffer(self, episode: Episode) -> None:
        chance = Random(episode.chance)
        end = self._now + episode.lasts
        with self._mishaps.amiss(episode, chance):
            while self._now < end:
                self._town.go_to(min(end, self._now + FAULTY_STEP))
                self._visits.somebody_acts()
                self._town.go_to(self._now + A_MOMENT)
                self._mishaps.run(episode, chance)

    # --- what becomes of it

    def _heal(self, after: str, *, lost_events: bool = False) -> None:
        """Faults are over: a sweep every five minutes until the dead runs' locks have ended, two more, and nothing may
        be left to do. What a lost event would have told, a sweep finds that describes every service; deployed that is
        every sixth (full_refresh_seconds), here it is these two."""
        here, began = self._town, self._now
        amiss = unhealed(here)
        was_amiss, healed_at = bool(amiss), None if amiss else began
        while self._now < began + LEASE + SWEEPS_TO_HEAL * SWEEP:
            here.go_to(self._now + SWEEP)
            here.hear(here.events())
            counts = self._now > began + LEASE
            if was_amiss or counts or under_way(here):
                here.sweep(full=True if lost_events and counts else None)
                if healed_at is None and not unhealed(here):
                    healed_at = self._now
        here.watch.tolerance = timedelta(0)
        left = self._left_of(amiss)
        here.wants.judge(here.count)
        here.verdicts.hold(Invariant.HEALED, not left, f"{'; '.join(left)} (after {after})")
        if not left and was_amiss and healed_at:
            self._played.heals.append(healed_at - began)
        self._compare()

    def _left_of(self, amiss: Mapping[str, str]) -> list[str]:
        """What these sweeps left undone. What came up only after the faults gets two sweeps of its own; counted."""
        here = self._town
        left = unhealed(here)
        if fresh := left.keys() - amiss.keys():
            here.count[MORE_SWEEPS] += 1
            for _ in range(SWEEPS_TO_HEAL):
                self._sweep_again()
            still = unhealed(here)
            left = {id: said for id, said in left.items() if id not in fresh or id in still}
        return sorted(left.values())

    def _compare(self) -> None:
        here = self._town
        if any(True for _ in waiting(here)):
            here.go_to(self._now + NEXT_ROUND)
            here.deliver()
            here.post.rested(waiting(here))
        here.parts.compare()
        for _ in range(SWEEPS_TO_REST):
            if not (busy := under_way(here)):
                break
            self._sweep_again()
        here.verdicts.hold(Invariant.AT_REST, not busy, f"still under way: {', '.join(busy)}")
        if busy:
            return
        try:
            entries = history(here)
        except LifecycleError as unreadable:
            here.verdicts.hold(Invariant.AT_REST, False, f"the record cannot be read: {unreadable}")
            return
        here.record.compare(entries)
        here.lines.compare(entries)

    def _sweep_again(self) -> None:
        self._town.go_to(self._now + SWEEP)
        self._town.hear(self._town.events())
        self._town.sweep()
