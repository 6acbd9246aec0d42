"""What kube-downscaler's annotations leave alone, as entries of our ``exclude``.

There an exclusion ends at an instant, here with a day of the policy's zone: it is rounded up, for an exclusion that
ends too early stops what its owner wanted to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.importing.downscaler_file import Annotated
from chalicelib.importing.model import Excluded
from chalicelib.importing.render import name_glob
from chalicelib.policy.moments import wall_time

_UNTIL_FORMS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_EVERY = "?*"
"""Every name, as a glob that is no lone ``*``."""


@dataclass(frozen=True, slots=True)
class Gone:
    """An exclusion: its ``name`` is a glob, and it holds before ``until`` (UTC), or for good when that is None."""

    name: str
    until: datetime | None
    reason: str

    def within(self, zone: ZoneInfo) -> Excluded:
        """Through the last day of the zone of which any instant is excluded."""
        return Excluded(self.name, None if self.until is None else _last_day(self.until, zone), self.reason)

    def told(self, zone: ZoneInfo) -> Iterator[str]:
        """A sentence where a whole day is longer than the original."""
        day = None if self.until is None else _last_day(self.until, zone)
        if self.until is not None and day is not None and wall_time(zone, self.until).date() == day:
            yield (
                f"{self.reason} ends within a day of {zone.key}; exclusions here end with a day, so it is excluded "
                f"through the whole of {day}."
            )


def gone(one: Annotated) -> Gone | None:
    """The exclusion of a resource by its name, or of all that stands in a namespace: whatever else is said of these,
    kube-downscaler leaves them alone. Raises ImportRefused for an end that is no moment."""
    name = _EVERY if one.kind == "Namespace" else name_glob(one.name)
    if one.keys.get("exclude", "false").lower() != "false":
        return Gone(name, None, "downscaler/exclude")
    until = one.keys.get("exclude-until", "")
    for form in _UNTIL_FORMS:
        try:
            moment = datetime.strptime(until, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return Gone(name, moment, f"downscaler/exclude-until {until} UTC")
    if not until:
        return None
    raise one.source.refuse(f'{one.what}: exclude-until "{until}" is no moment; write 2026-12-31 or 2026-12-31T18:00')


def _last_day(until: datetime, zone: ZoneInfo) -> date | None:
    """None, which is for good, where calendars end before that day does."""
    try:
        day = wall_time(zone, until - timedelta(microseconds=1)).date()
    except OverflowError:
        day = until.date()
    return None if day == date.max else day
