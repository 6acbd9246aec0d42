"""One service as the players know it, and what AWS really did to it for us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from faults.fleet import Blueprint, Use

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceId
    from faults.people import Person
    from support.strict_world import FakeService

LONGEST_KEEP = timedelta(minutes=300)
"""For which anybody in the town asks."""


@dataclass(frozen=True)
class Act:
    """One change that AWS made for us: of a desired count or, where that stayed, of where the tasks run."""

    at: datetime
    service: ServiceId
    was: int
    became: int
    run: int
    moved_to: str = ""
    by_word: bool = False
    """Somebody had asked for it."""

    @property
    def kind(self) -> str:
        if self.was == self.became:
            return "move"
        return "stop" if self.became == 0 else "start"


@dataclass
class Truth:
    """``keep_until``: the end of a word that was acknowledged at ``kept_at``; ``maybe_kept_until`` and ``stop_until``:
    of one that may have been heard. ``touched_at``: when people, or autoscaling, last turned it on or off, or a table
    that was restored forgot it. ``stopped_at``: when we last stopped it."""

    blueprint: Blueprint
    fake: FakeService
    use: Use
    owner: Person | None = None
    """Of a launched instance; None: a service of the policies."""
    blind_since: datetime | None = None
    keep_until: datetime | None = None
    kept_at: datetime | None = None
    maybe_kept_until: datetime | None = None
    stop_until: datetime | None = None
    touched_at: datetime | None = None
    stopped_at: datetime | None = None
    leaving: bool = False
    """Somebody who may has asked for its removal."""
    taken: bool = False
    """Stopped by us, and not yet given back."""
    size: int = 0
    """What people, or autoscaling for them, last ran it at."""
    hands: int = 0
    """How often a person or autoscaling turned it on: a start of ours that finds it on is recorded as begun too."""

    def turned_on_by_hand(self) -> None:
        self.fake.set_desired(self.blueprint.size)
        self.size = self.blueprint.size
        if self.fake.scaling:
            self.fake.scaling.suspended = dict.fromkeys(self.fake.scaling.suspended, False)
        self.taken = False
        self.hands += 1
        self.touched_at = self.fake.world.now

    def turned_off_by_hand(self) -> None:
        self.fake.set_desired(0)
        self.touched_at = self.fake.world.now

    def may_be_kept(self, now: datetime) -> None:
        """Somebody's word is carried out now that may keep it up, whether anybody hears of it or not."""
        self.maybe_kept_until = now + LONGEST_KEEP

    def kept(self, at: datetime, until: datetime) -> None:
        self.kept_at, self.keep_until, self.stop_until = at, until, None

    def told_to_stop(self, now: datetime) -> bool:
        return self.leaving or (self.stop_until is not None and now < self.stop_until)


Truths = Mapping["ServiceId", Truth]
