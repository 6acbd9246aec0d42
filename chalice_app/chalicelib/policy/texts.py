"""How each kind of measured value is read from text: durations, moments, zones, shares, counts, booleans.

Every function takes the text as written and gives a value, or raises `ScalarError` with one sentence that says what
to write instead. Nothing is guessed: a bare number has no unit, a short zone name has no place, ``yes`` is no boolean.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from chalicelib.policy.dates import parse_date
from chalicelib.policy.moments import parse_moment
from chalicelib.policy.problems import ScalarError, nearest_word

SHARE_PATTERN = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$"
COUNT_PATTERN = r"^[0-9]{1,9}$"
RATE_PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,6})? (B|KiB|MiB)/s$"

_DURATION = re.compile(r"^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$")
_SPACED = re.compile(r"^([0-9]+)\s*(d|days?|h|hr|hrs|hours?|m|mins?|minutes?|s|secs?|seconds?)$", re.IGNORECASE)
_ISO_DURATION = re.compile(r"^P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?)?$", re.IGNORECASE)
_RATE_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024 * 1024}
LONGEST_DURATION_DAYS = 366
SHORTEST_STOP_AFTER = timedelta(minutes=5)
TOO_SHORT_TO_TELL = "write 5m or more: the newest 2 minutes of metrics are not trusted"


class Threshold(float):
    """What counts as busy, as a plain float in the signal's own unit: percent, a count, or bytes per second."""

    __slots__ = ("text", "unit")

    unit: Literal["percent", "count", "bytes-per-second"]
    text: str

    def __new__(cls, value: float, unit: Literal["percent", "count", "bytes-per-second"], text: str) -> Threshold:
        made = super().__new__(cls, value)
        made.unit, made.text = unit, text
        return made

    def __getnewargs__(self) -> tuple[float, str, str]:  # type: ignore[override]
        return float(self), self.unit, self.text

    def __str__(self) -> str:
        return self.text


def parse_duration(text: str) -> timedelta:
    """``90s``, ``1h30m``, ``3d`` (a day is 24 hours) -> timedelta. Raises ScalarError."""
    if match := _DURATION.fullmatch(text):
        days, hours, minutes, seconds = (float(part[:-1]) if part else 0 for part in match.groups())
        try:
            length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except OverflowError:
            length = timedelta.max
        if length > timedelta(days=LONGEST_DURATION_DAYS):
            raise ScalarError("LC029", f"longer than a year; write at most {LONGEST_DURATION_DAYS}d")
        return length
    raise ScalarError("LC030", _duration_hint(text))


def parse_stop_after(text: str) -> timedelta | str:
    """A duration of 5 minutes or more, or ``adaptive``. Raises ScalarError."""
    if text == "adaptive":
        return text
    if not _DURATION.fullmatch(text) and (meant := nearest_word(text, ("adaptive",))):
        raise ScalarError("LC030", f"write {meant}, or a duration as 30m")
    length = parse_duration(text)
    if length < SHORTEST_STOP_AFTER:
        raise ScalarError("LC060", TOO_SHORT_TO_TELL)
    return length


def _duration_hint(text: str) -> str:
    if re.fullmatch(r"[0-9]+", text):
        are_hours = len(text) < 3 and int(text) <= 24
        return f"{text} what? write {text}h or {text}m" if are_hours else f"{text} what? write {text}m or {text}s"
    if decimal := re.fullmatch(r"([0-9]+)\.([0-9]+)\s*h", text):
        minutes = round(float(f"0.{decimal[2]}") * 60)
        hours = f"{decimal[1]}h" if decimal[1].strip("0") else ""
        return f"no fractions; write {hours}{minutes}m"
    if re.fullmatch(r"[0-9]+\.[0-9]+\s*[dms]?", text):
        return "no fractions; write whole units, as 1h30m or 90s"
    if re.fullmatch(r"[0-9]+M", text):
        return f"is M a minute or a month? minutes are lower case: write {text[:-1]}m"
    if (iso := _ISO_DURATION.fullmatch(text)) and any(iso.groups()):
        parts = zip(iso.groups(), "dhms", strict=True)
        return f"ISO 8601 durations are not read; write {''.join(f'{n}{unit}' for n, unit in parts if n)}"
    if spaced := _SPACED.fullmatch(text):
        return f"no space, one letter; write {spaced[1]}{spaced[2][0].lower()}"
    return "write a duration as 90s, 30m, 2h, 1h30m or 3d"


def duration_text(length: timedelta) -> str:
    """A text that `parse_duration` reads back as ``length``; in hours up to two days, as people say it."""
    seconds = int(length.total_seconds())
    parts = []
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    for unit, size in units if length >= timedelta(days=2) else units[1:]:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_exclude_until(text: str) -> date | None:
    """A date (that day included), or None for ``never``. Raises ScalarError."""
    if text == "never":
        return None
    return parse_date(text)


def parse_instant(text: str, zone: ZoneInfo | None) -> datetime:
    """A moment with its own offset, or a wall time in ``zone`` -> aware datetime in UTC. Raises ScalarError."""
    moment = parse_moment(text)
    if moment.offset is None and zone is None:
        raise ScalarError("LC032", f"in which zone? no hours.timezone stands here; write {text}Z or {text}+09:00")
    return moment.resolve(zone or ZoneInfo("UTC"))


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every IANA zone name. Read from the ``tzdata`` package, whose spelling does not depend on the file system."""
    try:
        listed = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    except (ModuleNotFoundError, FileNotFoundError):
        return frozenset(available_timezones())
    return frozenset(listed)


def parse_zone(text: str) -> ZoneInfo:
    """An IANA zone in its exact case, ``Area/City`` or ``UTC``. Raises ScalarError."""
    if re.fullmatch(r"(UTC|GMT)?[+-][0-9]{1,2}(:?[0-9]{2})?", text):
        raise ScalarError(
            "LC031", "an offset is no zone, for clocks change; write an IANA zone such as Asia/Tokyo, or UTC"
        )
    if text != "UTC" and "/" not in text:
        place = next((name for name in sorted(zone_names()) if name.rpartition("/")[2].lower() == text.lower()), None)
        if place is not None and "/" in place:
            raise ScalarError("LC031", f"write the IANA name in full: {place}")
        raise ScalarError("LC031", "abbreviations are ambiguous; write the IANA name of a place, as Asia/Tokyo, or UTC")
    if text not in zone_names():
        meant = nearest_word(text, zone_names())
        raise ScalarError("LC031", f"no such IANA time zone; write {meant or 'Asia/Tokyo'}, in this very spelling")
    return ZoneInfo(text)


def parse_share(text: str) -> Threshold:
    """``5%`` -> 5.0 percent. Raises ScalarError."""
    if not re.fullmatch(SHARE_PATTERN, text):
        raise ScalarError("LC033", _share_hint(text))
    return Threshold(float(text[:-1]), "percent", text)


def _share_hint(text: str) -> str:
    if re.fullmatch(r"[0-9]+", text):
        return f"{text} what? write {text}%"
    if re.fullmatch(r"0?\.[0-9]+", text):
        return f"write shares in percent: {float(text) * 100:g}%"
    return "write a share of 0% to 100%, as 5%"


def parse_busy_above(text: str) -> Threshold:
    """``5%``, a count ``0`` or a rate ``50 KiB/s``; which of them fits is the signal's business. Raises ScalarError."""
    if re.fullmatch(COUNT_PATTERN, text):
        return Threshold(float(text), "count", text)
    if re.fullmatch(RATE_PATTERN, text):
        number, unit = text.removesuffix("/s").split(" ")
        return Threshold(float(number) * _RATE_BYTES[unit], "bytes-per-second", text)
    if re.fullmatch(SHARE_PATTERN, text):
        return parse_share(text)
    if re.fullmatch(r"0?\.[0-9]+", text) or text.endswith("%"):
        raise ScalarError("LC033", _share_hint(text))
    raise ScalarError("LC033", "write 5% for gpu and cpu, 50 KiB/s for network-out, a whole number for counts")


def parse_boolean(text: str) -> bool:
    """Only ``true`` and ``false``. Raises ScalarError."""
    if text in ("true", "false"):
        return text == "true"
    meant = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
    word = text.lower() if text.lower() in ("true", "false") else meant.get(text.lower())
    raise ScalarError("LC034", f"write {word}" if word else "write true or false")


def parse_true(text: str) -> bool:
    """``true``, for a key that says nothing else. Raises ScalarError."""
    if not parse_boolean(text):
        raise ScalarError("LC050", "this can only be true; leave it out otherwise")
    return True


def parse_integer(text: str) -> int:
    """A whole number from 0. Raises ScalarError."""
    if not re.fullmatch(COUNT_PATTERN, text):
        raise ScalarError("LC036", "write a whole number in digits, as 5")
    return int(text)


def parse_priority(text: str) -> int:
    """A whole number from 0 to 1000. Raises ScalarError."""
    if not re.fullmatch(COUNT_PATTERN, text) or int(text) > 1000:
        raise ScalarError("LC036", "write a whole number from 0 to 1000; the higher one wins")
    return int(text)
