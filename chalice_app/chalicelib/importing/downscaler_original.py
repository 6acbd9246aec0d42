"""kube-downscaler as it runs: at each pass it asks whether now is uptime and not downtime, or in one of its periods."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from chalicelib.importing.custodian_original import GAP
from chalicelib.importing.downscaler_spec import Recurring, Spec
from chalicelib.importing.model import Wish
from chalicelib.importing.scheduler_original import REPEATED
from chalicelib.importing.wall import MINUTE, by_wall_clock, gap_before, in_second_pass
from chalicelib.policy.windows import MINUTES_OF_DAY


@dataclass(frozen=True, slots=True)
class UptimeAndDowntime:
    """Up in uptime unless it is downtime."""

    zone: ZoneInfo
    uptime: Spec
    downtime: Spec

    def wishes(self, begin: datetime, minutes: int) -> bytes:
        up, down = matching(self.uptime, begin, minutes), matching(self.downtime, begin, minutes)
        return bytes(one & (1 - other) for one, other in zip(up, down, strict=True))

    def reason(self, begin: datetime, end: datetime) -> str | None:
        return REPEATED if in_second_pass(self.zone, begin, end) else None


@dataclass(frozen=True, slots=True)
class Periods:
    """Scaled up in one kind of period, down in the other; overlapping ones cancel, outside of both it is left alone.

    With one kind alone, left alone is as good as open (only downscale) or closed (only upscale).
    """

    zone: ZoneInfo
    upscale: Spec
    downscale: Spec

    def wishes(self, begin: datetime, minutes: int) -> bytes:
        up, down = matching(self.upscale, begin, minutes), matching(self.downscale, begin, minutes)
        outside = Wish.RUNNING if self.upscale.never else Wish.STOPPED if self.downscale.never else Wish.EITHER
        wish = {(0, 0): outside, (1, 0): Wish.RUNNING, (0, 1): Wish.STOPPED, (1, 1): Wish.EITHER}
        return bytes(wish[one, other] for one, other in zip(up, down, strict=True))

    def reason(self, begin: datetime, end: datetime) -> str | None:
        if in_second_pass(self.zone, begin, end):
            return REPEATED
        return GAP.replace("Custodian", "kube-downscaler") if gap_before(self.zone, begin) else None


def matching(spec: Spec, begin: datetime, minutes: int) -> bytes:
    """1 for each minute in which the definition matches."""
    if spec.always:
        return b"\1" * minutes
    found = bytearray(minutes)
    for one in spec.recurring:
        said = by_wall_clock(one.zone, begin, minutes, lambda day, one=one: _day(one, day))  # type: ignore[misc]
        found = bytearray((int.from_bytes(found) | int.from_bytes(said)).to_bytes(minutes))
    for span in spec.absolute:
        first, last = (min(max(round((at - begin) / MINUTE), 0), minutes) for at in (span.begin, span.end))
        found[first:last] = b"\1" * (last - first)
    return bytes(found)


def _day(one: Recurring, day: date) -> bytes:
    if day.weekday() not in one.days or one.never_matches:
        return bytes(MINUTES_OF_DAY)
    return bytes(one.begin) + b"\1" * (one.end - one.begin) + bytes(MINUTES_OF_DAY - one.end)
