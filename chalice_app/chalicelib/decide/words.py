"""How times, lengths and counts are said in reasons: short, in the policy's zone, the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from math import isfinite

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clock(at: datetime, zone: tzinfo = UTC) -> str:
    """``Mon 23 Nov 08:00 JST``."""
    local = at.astimezone(zone)
    return (
        f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month]} "
        f"{local.hour:02}:{local.minute:02} {local.tzname() or 'UTC'}"
    )


def clock_with_year(at: datetime, zone: tzinfo = UTC) -> str:
    """``Thu 31 Dec 2026 10:00 JST``."""
    local = at.astimezone(zone)
    return (
        f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month]} {local.year} "
        f"{local.hour:02}:{local.minute:02} {local.tzname() or 'UTC'}"
    )


def time_of_day(at: datetime, zone: tzinfo = UTC) -> str:
    """``08:00``."""
    local = at.astimezone(zone)
    return f"{local.hour:02}:{local.minute:02}"


def day(at: datetime, zone: tzinfo = UTC) -> str:
    """``31 Dec``."""
    local = at.astimezone(zone)
    return f"{local.day} {_MONTHS[local.month]}"


def length(span: timedelta) -> str:
    """``45 s``, ``41 min``, ``2 h 5 min``, ``3 d 4 h``: the two largest units, rounded down."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def number(value: float) -> str:
    """``3``, ``0.5``, ``51200``: no needless decimals."""
    if not isfinite(value):
        return str(value)
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.3g}"


def counted(count: float, one: str, many: str = "") -> str:
    """``1 request``, ``2 requests``."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """A person's own reason, made ready to stand inside a sentence: no line breaks, no closing full stop."""
    return " ".join(text.split()).rstrip(".")


def listed(words: Sequence[str], joint: str = "and", most: int = 6) -> str:
    """`a, b and c`; from more than ``most`` on, the rest is counted."""
    if len(words) > most:
        return f"{', '.join(words[:most])} {joint} {len(words) - most} more"
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"
