"""Cloud Custodian's off-hours vectors in our words: ``off`` and ``on`` become cron edges, skip-days become holidays.

Custodian acts in the exact hour and at no other time; we hold a state. So where it would act, we must be in the state
it acts for, and where it would not, we must not close (or open) in that hour either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.policy.calendars import HolidayRules
from chalicelib.policy.cron import parse_cron
from chalicelib.policy.dates import parse_date_range
from chalicelib.policy.moments import clock_changes
from chalicelib.policy.problems import ScalarError
from chalicelib.policy.texts import parse_zone
from chalicelib.policy.timetable import Timetable
from vector_verdict import DecidedOtherwise, RefusedOnPurpose, Verdict, readable, verdict

FILE = "custodian_offhours"

WHICH_SERVICES = "which resources are governed (opt-in, opt-out tags): match and exclude say that, not hours"
PARSER = "spelling of Custodian's tag (one-letter days, free text, escapes, unknown keys): ours has its own tag"
GAP = "an hour that the clock skips: the edge is the end of the gap, Custodian leaves it out that day"
ZONE_ALIAS = "zone abbreviations and lower-case zones are refused as ambiguous: write the IANA name"
NO_SILENT_ZONE = "no zone given: hours.timezone must be written"
MARKED = "mark-for-op tags: a delayed operation, not hours; a person's override has an end instead"
TWO_LISTS = "two sources of skip days: holidays has one list, extra"

_DAYS = {"m": "MON", "t": "TUE", "w": "WED", "h": "THU", "f": "FRI", "s": "SAT", "u": "SUN"}
_FROM_MONDAY = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
_GROUP = re.compile(r"\(([^()]*)\)")
_SPEC = re.compile(r"(?:\[\(.*\)\]|\([^()]*\))")


def judge(data: Mapping[str, Any]) -> Iterator[Verdict]:
    kinds: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
        "vectors": ("hours", _hours),
        "parser_vectors": ("parser", _parser),
        "tz_vectors": ("zones", _zone),
        "unescape_vectors": ("unescape", lambda vector: _refuse(PARSER)),
        "validate_vectors": ("validate", _validate),
        "marked_for_op_vectors": ("marked-for-op", lambda vector: _refuse(MARKED)),
    }
    for key, (kind, check) in kinds.items():
        for number, vector in enumerate(data[key], start=1):
            name = vector.get("id", f"{kind}-{number}")
            yield verdict(FILE, kind, name, lambda check=check, vector=vector: check(vector))


def _refuse(reason: str) -> str:
    raise RefusedOnPurpose(reason)


def _hours(vector: Mapping[str, Any]) -> str:
    config, tag = vector["filter_config"], vector["tag_value"]
    tag = tag if tag is None else _unescaped(tag).lower().strip("\"' ")
    if tag is None and "fallback-schedule" in config:
        tag = config["fallback-schedule"]
    if (tag is None and not config.get("opt-out")) or tag in ("off", "on"):
        _refuse(WHICH_SERVICES)
    if vector["resolved_tz"] is None:
        return "" if not readable(parse_zone, _parts(tag or "")["tz"]) else "our reader takes the zone"
    try:
        table = _timetable(vector["resolved_tz"], config, _parts(tag or ""))
    except ScalarError:  # the tag's text is refused: such a service is left alone
        return "our reader refuses it" if vector["expect_match"] else ""
    at = datetime.fromisoformat(vector["instant_utc"])
    opens = vector["filter"] == "onhour"
    if vector["expect_match"]:
        return "" if table.phase(at).open is opens else f"expected {'open' if opens else 'closed'} at {at.isoformat()}"
    hour = at.replace(minute=0, second=0)
    acts = [one for one in table.transitions(hour, at + timedelta(microseconds=1)) if one.opens is opens]
    if acts and any(change.forward and change.at == hour for change in clock_changes(table.zone, hour, at)):
        raise DecidedOtherwise(GAP)
    return f"acts at {acts[0].at.isoformat()}" if acts else ""


def _timetable(zone: str, config: Mapping[str, Any], parts: Mapping[str, str]) -> Timetable:
    days = {"on": "MON-FRI", "off": "MON-FRI"}
    if config.get("weekends") is False:
        days = {"on": "*", "off": "*"}
    if config.get("weekends-only"):
        days = {"on": "MON", "off": "FRI"}
    hours = {"on": str(config.get("onhour", 7)), "off": str(config.get("offhour", 19))}
    edges = {key: _crons(parts[key]) if key in parts else [f"0 {hours[key]} * * {days[key]}"] for key in ("on", "off")}
    holidays = HolidayRules(extra=tuple(parse_date_range(day) for day in config.get("skip-days", [])))
    return Timetable.of_cron(
        ZoneInfo(zone),
        tuple(parse_cron(text) for text in edges["on"]),
        tuple(parse_cron(text) for text in edges["off"]),
        holidays,
    )


def _parts(tag: str) -> dict[str, str]:
    """``off=(m-f,19);tz=et`` -> its keys; words that are no key are free text, as Custodian takes it."""
    found: dict[str, str] = {}
    for part in re.split(r"[; ]", tag):
        key, equals, value = part.partition("=")
        if equals and key not in ("off", "on", "tz"):
            _refuse(PARSER)
        if equals:
            found[key] = value
    return found


def _crons(spec: str) -> list[str]:
    """``[(m-f,19),(s,13)]`` -> five-field cron. What cannot be a day or an hour passes through for our reader."""
    groups = [group for group in _GROUP.findall(spec) if group]
    if not groups or not _SPEC.fullmatch(spec):
        _refuse(PARSER)
    return [f"0 {hour} * * {_days(days)}" for days, _, hour in (group.partition(",") for group in groups)]


def _days(text: str) -> str:
    if any(len(part) > 1 for part in text.split("-")):
        _refuse(PARSER)
    return "-".join(_DAYS.get(part, part) for part in text.split("-"))


def _unescaped(tag: str) -> str:
    """Custodian's escapes for labels: ``u28`` for an opening bracket, and so on; only where it began with one."""
    if not re.match(r"(?:off|on|tz)u3d", tag.lower()):
        return tag
    return re.sub(r"u(28|29|2c|3b|3d|5b|5d)", lambda match: chr(int(match[1], 16)), tag)


def _parser(vector: Mapping[str, Any]) -> str:
    if not vector["tag_value"]:
        _refuse(PARSER)
    parts, expected = _parts(vector["tag_value"]), vector["expect"]
    try:
        ours = {key: [parse_cron(text) for text in _crons(parts[key])] for key in ("off", "on")}
    except ScalarError:
        return "" if expected is None else "our reader refuses it"
    if expected is None:
        return "our reader takes it"
    theirs = {key: [(set(one["days"]), (one["hour"],)) for one in expected[key]] for key in ours}
    found = {key: [(set(one.weekdays), one.hours) for one in crons] for key, crons in ours.items()}
    return "" if found == theirs else f"expected {theirs}, got {found}"


def _zone(vector: Mapping[str, Any]) -> str:
    if not readable(parse_zone, vector["alias"]):
        raise DecidedOtherwise(ZONE_ALIAS)
    return "" if parse_zone(vector["alias"]).key == vector["iana"] else "another zone"


def _validate(vector: Mapping[str, Any]) -> str:
    config, expected = vector["config"], vector["valid"]
    if "skip-days-from" in config:
        _refuse(TWO_LISTS)
    if not config:
        raise DecidedOtherwise(NO_SILENT_ZONE)
    ours = all(
        (readable(parse_zone, str(value)) if key == "default_tz" else readable(parse_cron, f"0 {value} * * *"))
        for key, value in config.items()
    )
    return "" if ours == expected else f"expected valid={expected}"
