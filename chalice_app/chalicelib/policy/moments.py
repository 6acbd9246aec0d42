"""Wall clocks and instants: what instant a local time is, and what a moment written in a policy means.

One rule for clock changes, used by every edge of every schedule: a local time is **the first instant at which the
wall clock shows that time or a later one**. So a time that the clock shows twice is its first pass, and a time that it
skips is the end of the gap. The rule never runs backwards, which is why no schedule flaps at a clock change.

A moment that a person wrote (``2026-03-08T02:30``) is held to more: when that wall time does not exist, it is refused
with the time to write instead, because somebody meant something by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from chalicelib.policy.dates import check_year
from chalicelib.policy.problems import ScalarError

BAD_MOMENT = "LC022"
MOMENT_IN_GAP = "LC023"

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?P<offset>Z|[+-]\d{2}:\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """One step of a zone's wall clock: at ``at`` (UTC) it went from ``before`` to ``after`` (local, naive)."""

    at: datetime
    before: datetime
    after: datetime

    @property
    def forward(self) -> bool:
        """True for a gap (times are skipped), False for times that come twice."""
        return self.after > self.before


@dataclass(frozen=True, slots=True)
class LocalMoment:
    """A moment as written. Without an offset it is a wall time, and only a zone makes it an instant."""

    text: str
    local: datetime
    """Naive."""
    offset: timedelta | None = None

    def __str__(self) -> str:
        return self.text

    def resolve(self, zone: ZoneInfo) -> datetime:
        """The instant in UTC: a wall time in ``zone``, its first pass when it comes twice.

        Raises ScalarError when the wall time is skipped by a clock change of ``zone``.
        """
        if self.offset is not None:
            return self.local.replace(tzinfo=timezone(self.offset)).astimezone(UTC)
        instant = first_instant(zone, self.local)
        if wall_time(zone, instant) != self.local:
            after = wall_time(zone, instant)
            raise ScalarError(
                MOMENT_IN_GAP,
                f"{self.local:%H:%M} on {self.local:%Y-%m-%d} does not exist in {zone.key}: "
                f"the clocks go forward to {after:%H:%M}; write {after:%Y-%m-%dT%H:%M}",
            )
        return instant


def parse_moment(text: str) -> LocalMoment:
    """``2026-12-31T10:00``, with seconds or not, with ``Z`` or ``+09:00`` or in the policy's zone.

    Raises ScalarError for other forms and for dates, times and offsets that do not exist.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ScalarError(
            BAD_MOMENT, "write a moment as 2026-12-31T10:00 (in the policy's time zone) or 2026-12-31T10:00+09:00"
        )
    check_year(int(text[:4]))
    try:
        local = datetime.fromisoformat(match.group(0).removesuffix(match["offset"] or ""))
    except ValueError:
        raise ScalarError(BAD_MOMENT, f"there is no {match.group(0)} on any calendar or clock") from None
    return LocalMoment(text, local, _offset(match["offset"]))


def first_instant(zone: ZoneInfo, local: datetime) -> datetime:
    """The first instant (UTC) at which the wall clock of ``zone`` shows ``local`` (naive) or later."""
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if not _is_skipped(first, second):
        return first.astimezone(UTC)
    # Read with the offset after the change the instant is before it, read with the offset before it is not (PEP 495):
    # the end of the gap lies between.
    return _change_between(zone, second.astimezone(UTC), first.astimezone(UTC))


def _is_skipped(first: datetime, second: datetime) -> bool:
    """Whether the clock never shows this time: only in a gap is the later reading's offset the greater one."""
    before, after = first.utcoffset(), second.utcoffset()
    return before is not None and after is not None and before < after


def wall_time(zone: ZoneInfo, instant: datetime) -> datetime:
    """What the wall clock of ``zone`` shows at ``instant``, naive."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[ClockChange]:
    """Every step of the wall clock with ``start <= at < end``, in order. Steps under a day apart count as one."""
    step = timedelta(days=1)
    earlier, last = start.astimezone(UTC) - timedelta(seconds=1), end.astimezone(UTC)
    while earlier < last:
        later = min(earlier + step, last)
        if earlier.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            at = _change_between(zone, earlier, later)
            if at < last:
                second = timedelta(seconds=1)
                yield ClockChange(at, wall_time(zone, at - second) + second, wall_time(zone, at))
        earlier = later


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the offset becomes that of ``after``. Halves the span, so some 17 looks for a day."""
    target = after.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == target:
            high = middle
        else:
            low = middle
    return before + timedelta(seconds=high)


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text == "Z":
        return timedelta(0)
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        raise ScalarError(BAD_MOMENT, f"no clock is {text} from UTC; offsets look like +09:00 or -05:00")
    return (1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes)
