"""Time zones as other tools write them, in the spelling that our policies take (``Area/City`` or ``UTC``).

Old names that stand for a place (``Japan``, ``CET``, ``EST5EDT``) become a place whose clocks follow the same rule in
the tz database (the rule for all times to come, with which each of its files ends), so nothing is guessed.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from chalicelib.policy.problems import ScalarError
from chalicelib.policy.texts import parse_zone, zone_names

_WELL_KNOWN = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Panama",
    "America/Phoenix",
    "Asia/Hong_Kong",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Etc/GMT",
    "Europe/Athens",
    "Europe/Brussels",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/London",
    "Pacific/Auckland",
)
"""Of several places with the same rule these are named, because more people know them."""


@lru_cache(maxsize=512)
def known_zone(name: str) -> ZoneInfo | None:
    """The zone of a tz database name in its exact spelling, under a name that our policies take; None if there is none.

    ``US/Eastern`` stays as it is: our language takes it, and people who wrote it know it.
    """
    if name not in zone_names():
        return None
    try:
        return parse_zone(name)
    except ScalarError:
        return _same_rules(name)


@lru_cache(maxsize=512)
def zone_of_any_case(name: str) -> ZoneInfo | None:
    """As `known_zone`, for tools that do not mind upper and lower case."""
    exact = _by_lower_case().get(name.lower())
    return None if exact is None else known_zone(exact)


@lru_cache(maxsize=1)
def _by_lower_case() -> dict[str, str]:
    return {name.lower(): name for name in zone_names()}


def _same_rules(name: str) -> ZoneInfo | None:
    rule = _rule(name)
    if rule == _rule("UTC"):
        return ZoneInfo("UTC")
    same = [other for other in (*_WELL_KNOWN, *sorted(zone_names())) if "/" in other and _rule(other) == rule]
    return parse_zone(same[0]) if same else None


@lru_cache(maxsize=1024)
def _rule(name: str) -> bytes:
    """The last line of a TZif file (RFC 8536): the rule for all instants after its table."""
    return resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes().splitlines()[-1]
