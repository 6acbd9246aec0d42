"""Cloud Custodian off-hours as they run: it acts in exact hours of the wall clock and holds nothing in between.

With both a stop and a start policy the service stays as the last of them left it. With one alone it is only touched in
that policy's hours; outside of them Custodian leaves it alone, which for a stop is as good as open and for a start as
good as closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from chalicelib.importing.custodian_schedule import Act, Kind
from chalicelib.importing.model import Wish
from chalicelib.importing.wall import MINUTE, by_wall_clock, gap_before
from chalicelib.policy.moments import clock_changes, wall_time

GAP = "an hour that the clock skips: the edge is the end of the gap; Custodian leaves it out that day"
SKIPPED_STOP = "a stop that skip-days left out: here hours close all the same; Custodian lets it run on"

_NOTHING, _STOP, _START, _BOTH = range(4)
_LOOK_BACK = timedelta(days=40)


@dataclass(frozen=True)
class Custodian:
    """``acts`` and ``skipped`` (days on which nothing is done) by kind of filter; one kind may be missing."""

    zone: ZoneInfo
    acts: Mapping[Kind, tuple[Act, ...]]
    skipped: Mapping[Kind, frozenset[date]]

    def wishes(self, begin: datetime, minutes: int) -> bytes:
        if set(self.acts) == {"off"}:
            return by_wall_clock(self.zone, begin, minutes, self._day).translate(_STOPS_ONLY)
        if set(self.acts) == {"on"}:
            return by_wall_clock(self.zone, begin, minutes, self._day).translate(_STARTS_ONLY)
        before = round(_LOOK_BACK / MINUTE)
        acts = by_wall_clock(self.zone, begin - _LOOK_BACK, minutes + before, self._day)
        wish, said = int(Wish.EITHER), bytearray(acts)
        for at, act in enumerate(acts):
            if act != _NOTHING:
                wish = _AFTER[act]
            said[at] = wish
        return bytes(said[before:])

    def reason(self, begin: datetime, end: datetime) -> str | None:
        if len(self.acts) < 2:
            return None
        local = wall_time(self.zone, begin)
        if gap_before(self.zone, begin) or self._acts_in_gap(begin):
            return GAP
        return SKIPPED_STOP if any(day <= local.date() for day in self.skipped["off"]) else None

    def _acts_in_gap(self, begin: datetime) -> bool:
        """Whether an hour in which it would act was skipped in the week before."""
        hours = {act.hour for acts in self.acts.values() for act in acts}
        for change in clock_changes(self.zone, begin - timedelta(days=7), begin):
            if change.forward and hours & {change.before.hour, (change.after - MINUTE).hour}:
                return True
        return False

    def _day(self, day: date) -> bytes:
        off, on = (day not in self.skipped.get(kind, ()) and kind in self.acts for kind in ("off", "on"))
        return self._days[day.weekday(), off, on]

    @cached_property
    def _days(self) -> dict[tuple[int, bool, bool], bytes]:
        return {
            (weekday, off, on): b"".join(
                bytes([self._at(weekday, hour, "off") * off + self._at(weekday, hour, "on") * on * 2]) * 60
                for hour in range(24)
            )
            for weekday in range(7)
            for off in (False, True)
            for on in (False, True)
        }

    def _at(self, weekday: int, hour: int, kind: Kind) -> bool:
        return any(act.hour == hour and weekday in act.days for act in self.acts.get(kind, ()))


_AFTER = {_STOP: int(Wish.STOPPED), _START: int(Wish.RUNNING), _BOTH: int(Wish.EITHER)}
_STOPS_ONLY = bytes.maketrans(bytes([_NOTHING, _STOP]), bytes([Wish.RUNNING, Wish.STOPPED]))
_STARTS_ONLY = bytes.maketrans(bytes([_NOTHING, _START]), bytes([Wish.STOPPED, Wish.RUNNING]))
