"""Cloud Custodian's schedules as it reads them: the off-hours tag, its defaults, its zones.

What a tag means is settled by what Custodian 0.9.53 does with it, quirks included: free text means the defaults, one
wrong part makes it leave the service alone, an ``on`` it cannot see (behind a space) never happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from chalicelib.importing.zones import zone_of_any_case

Kind = Literal["off", "on"]

DEFAULT_TAG = "maid_offhours"
DEFAULT_ZONE = "et"
DEFAULT_HOUR: Mapping[Kind, int] = {"off": 19, "on": 7}

_DAYS = {"m": 0, "t": 1, "w": 2, "h": 3, "f": 4, "s": 5, "u": 6}
_ESCAPES = ("(", ")", "[", "]", ",", ";", "=", "/", "-")
"""In the order in which Custodian undoes them: ``u28`` is ``(``."""

_ALIASES: Mapping[str, str] = {
    "pdt": "America/Los_Angeles",
    "pt": "America/Los_Angeles",
    "pst": "America/Los_Angeles",
    "ast": "America/Phoenix",
    "at": "America/Phoenix",
    "est": "America/New_York",
    "edt": "America/New_York",
    "et": "America/New_York",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "ct": "America/Chicago",
    "mst": "America/Denver",
    "mdt": "America/Denver",
    "mt": "America/Denver",
    "gmt": "Etc/GMT",
    "gt": "Etc/GMT",
    "bst": "Europe/London",
    "ist": "Europe/Dublin",
    "cet": "Europe/Berlin",
    "it": "Asia/Kolkata",
    "jst": "Asia/Tokyo",
    "kst": "Asia/Seoul",
    "sgt": "Asia/Singapore",
    "aet": "Australia/Sydney",
    "brt": "America/Sao_Paulo",
    "nzst": "Pacific/Auckland",
    "utc": "Etc/UTC",
}
"""Custodian's own abbreviations (its documentation of ``tz``); each stands for a place and follows its clocks."""


@dataclass(frozen=True, slots=True)
class Act:
    """Custodian acts in the whole of this hour on these weekdays (0 = Monday)."""

    days: frozenset[int]
    hour: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """When one kind of filter acts."""

    zone: ZoneInfo
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Untimed:
    """Custodian never acts on such a service. ``opted_out``: because the tag says so; else the tag is ``wrong``."""

    why: str
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a filter's own keys say; used where a tag says nothing else. ``zone`` as written."""

    kind: Kind
    zone: str
    acts: tuple[Act, ...]


def zone_of(text: str) -> ZoneInfo | None:
    """An abbreviation of Custodian's or a name of the tz database, in any case."""
    return zone_of_any_case(_ALIASES.get(text.lower(), text))


def plain_tag(value: str) -> str:
    """A tag's value as Custodian reads it: lower case, escapes undone, quotes around it dropped."""
    text = value.lower()
    for mark in _ESCAPES:
        text = text.replace(f"u{ord(mark):x}", mark)
    return text.strip("'").strip('"')


def scheduled(value: str, defaults: Defaults) -> Schedule | Untimed:
    """What one kind of filter makes of a tag's value (as written)."""
    text = plain_tag(value)
    if text == "off":
        return Untimed('the value "off" opts out', opted_out=True)
    text = ";".join(part for part in text.split(";") if part)
    keys = _keys(text)
    zone, acts = defaults.zone, defaults.acts
    unknown = next((key for key in keys if key not in ("on", "off", "tz")), None)
    if unknown is not None:
        return Untimed(f'Custodian knows no "{unknown}" in the tag "{value}" and leaves the service alone')
    if defaults.kind in keys:
        parts = _parts(text)
        if parts is None:
            return Untimed(f'Custodian cannot read the tag "{value}" and leaves the service alone')
        zone, acts = parts.zone or zone, parts.acts.get(defaults.kind, ())
    elif "tz" in keys:
        zone = keys["tz"]
    found = zone_of(zone) if zone else None
    if found is None:
        return Untimed(f'Custodian knows no time zone "{zone}" and leaves the service alone')
    return Schedule(found, acts)


@dataclass(frozen=True, slots=True)
class _Parts:
    zone: str
    acts: Mapping[str, tuple[Act, ...]]


def _keys(text: str) -> dict[str, str]:
    """Custodian looks for keys between spaces and semicolons; words that are no ``key=value`` are free text."""
    pairs = [piece.split("=") for part in text.split(" ") for piece in part.split(";")]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _parts(text: str) -> _Parts | None:
    """Custodian reads the schedule between semicolons alone; anything else there spoils the whole."""
    zone, acts = "", {}
    for piece in text.split(";"):
        key, equals, value = piece.partition("=")
        if not equals or "=" in value:
            return None
        if key == "tz":
            zone = value
            continue
        read = _acts(value)
        if read is None:
            return None
        acts[key] = read
    return _Parts(zone, acts)


def _acts(text: str) -> tuple[Act, ...] | None:
    """``[(m-f,19),(s,13)]`` -> acts."""
    found = []
    for group in text.replace("[", "").replace("]", "").split(",("):
        days_text, comma, hour = group.replace("(", "").replace(")", "").partition(",")
        if not comma or not (hour.isascii() and hour.isdigit()) or int(hour) > 23:
            return None
        days = _days(days_text)
        if days is None:
            return None
        found.append(Act(days, int(hour)))
    return tuple(found)


def _days(text: str) -> frozenset[int] | None:
    if text in _DAYS:
        return frozenset({_DAYS[text]})
    ends = [_DAYS[part] for part in text.split("-") if part in _DAYS]
    if len(ends) != 2:
        return None
    first, last = ends
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
