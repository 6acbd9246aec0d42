"""AWS Instance Scheduler's schedules as it runs them (its README and its 3.2.8 sources): each poll asks the wall clock.

A period is running from its begin to before its end on its days, else stopped; of several, one that runs wins. With
more than one period a single minute between two running ones is bridged. The clock's fold is ignored, so the second
pass of a repeated hour says what the first said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from chalicelib.importing.model import Wish
from chalicelib.importing.recurrence import Days
from chalicelib.importing.wall import DAY, MINUTE, by_wall_clock, in_second_pass
from chalicelib.policy.windows import MINUTES_OF_DAY

REPEATED = "in the second pass of a repeated hour nothing happens again: each edge is one instant"

BRIDGED = "the minute that is bridged between two periods is open here on the days, too, on which nothing follows"


@dataclass(frozen=True, slots=True)
class Period:
    """``begin`` and ``end`` in minutes of the day. Two-sided: what has one side only has no counterpart here."""

    name: str
    days: Days
    begin: int
    end: int


@dataclass(frozen=True)
class InstanceScheduler:
    zone: ZoneInfo
    periods: tuple[Period, ...]

    def wishes(self, begin: datetime, minutes: int) -> bytes:
        return bytes(by_wall_clock(self.zone, begin, minutes, self.day))

    def reason(self, begin: datetime, end: datetime) -> str | None:
        if in_second_pass(self.zone, begin, end):
            return REPEATED
        return BRIDGED if len(self.periods) > 1 and end - begin == MINUTE else None

    def day(self, day: date) -> bytes:
        """The wishes of a local day's minutes."""
        if any(period.days.undefined_in(day) for period in self.periods):
            return bytes([Wish.EITHER]) * MINUTES_OF_DAY
        if len(self.periods) == 1:
            return self._profile(self._running(day))
        return self._bridged(self._running(day - DAY), self._running(day), self._running(day + DAY))

    def _running(self, day: date) -> tuple[bool, ...]:
        return tuple(period.days.on(day) for period in self.periods)

    @cached_property
    def _profiles(self) -> dict[tuple[bool, ...], bytes]:
        return {}

    def _profile(self, running: tuple[bool, ...]) -> bytes:
        found = self._profiles.get(running)
        if found is None:
            day = bytearray(MINUTES_OF_DAY)
            for period, is_on in zip(self.periods, running, strict=True):
                if is_on:
                    day[period.begin : period.end] = b"\1" * max(period.end - period.begin, 0)
            found = self._profiles[running] = bytes(day)
        return found

    @cached_property
    def _bridges(self) -> dict[tuple[tuple[bool, ...], ...], bytes]:
        return {}

    def _bridged(self, *days: tuple[bool, ...]) -> bytes:
        found = self._bridges.get(days)
        if found is None:
            before, here, after = (self._profile(running) for running in days)
            line = before[-1:] + here + after[:1]
            day = bytearray(here)
            for minute in range(MINUTES_OF_DAY):
                if not here[minute] and line[minute] and line[minute + 2]:
                    day[minute] = Wish.RUNNING
            found = self._bridges[days] = bytes(day)
        return found
