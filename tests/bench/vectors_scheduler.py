"""Instance Scheduler's vectors in our words: a period becomes windows, and cron where only cron can say it (15W)."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.policy.cron import parse_cron
from chalicelib.policy.texts import parse_zone
from chalicelib.policy.timetable import Timetable
from chalicelib.policy.window_text import parse_window
from chalicelib.policy.windows import MONTHS, WEEKDAYS
from vector_verdict import DecidedOtherwise, RefusedOnPurpose, Verdict, readable, verdict

FILE = "instance_scheduler"
MINUTE = timedelta(minutes=1)

ONE_SIDED = "a period with only a begin or only an end: hours say when they open and when they close, never 'hands off'"
EMPTY = "begin equals end: refused as 'empty or all day? write all-day'"
BRIDGED = "the minute between two periods is bridged: here touching windows are one and 24:00 can be written"
REPEATED = "in the second pass of a repeated hour nothing happens again: each edge is one instant"
OVERNIGHT = "an end before the begin is an overnight window"
MIDNIGHT = "24:00 is the end of a day"
PEER_BUG = "the peer keeps only the last digit of a step (a mistake of its own); ours counts the step that is written"
LAST_WEEKDAY = "LW, the last weekday of a month, is understood in cron(...)"
NO_FLAGS = "memory of the last action (enforced, retain_running, stop_new_instances): here overrides and openings"
HANDS = "starts and stops by hand and failed starts are weighed by decide and the record, not by hours"
CAPACITY = "capacity of instance types: ECS places tasks"
ENDLESS = "an override without an end: here every override expires"

_STEP = re.compile(r"(?P<range>[^/]+)/(?P<step>\d+)")


def judge(data: Mapping[str, Any]) -> Iterator[Verdict]:
    checks = {
        "desired_state": _desired_state,
        "recurrence_days": _recurrence_days,
        "validation": _validation,
        "sequence": _sequence,
        "capacity_failure": _capacity,
    }
    for vector in data["vectors"]:
        check = checks[vector["kind"]]
        yield verdict(FILE, vector["kind"], vector["id"], lambda check=check, vector=vector: check(vector))


def _desired_state(vector: Mapping[str, Any]) -> str:
    zone, at = parse_zone(vector["schedule"]["timezone"]), datetime.fromisoformat(vector["at"])
    return _compare(_timetable(zone, vector["periods"]), at, vector["expect"]["desired_state"], vector["periods"])


def _compare(table: Timetable, at: datetime, expected: str, periods: list[Mapping[str, Any]]) -> str:
    ours = "running" if table.phase(at).open else "stopped"
    if ours == expected:
        return ""
    if at.astimezone(table.zone).fold == 1:
        raise DecidedOtherwise(REPEATED)
    if expected == "running" and len(periods) > 1 and all(table.phase(at + n * MINUTE).open for n in (-1, 1)):
        raise RefusedOnPurpose(BRIDGED)
    return f"{at.isoformat()}: expected {expected}, got {ours}"


def _recurrence_days(vector: Mapping[str, Any]) -> str:
    expect = vector["expect"]
    expected = expect.get("days_of_month", expect.get("sane"))
    year, month = (int(part) for part in vector["month"].split("-"))
    table = _timetable(ZoneInfo("UTC"), [vector["period"]])
    last = calendar.monthrange(year, month)[1]
    ours = [day for day in range(1, last + 1) if table.phase(datetime(year, month, day, 12, tzinfo=UTC)).open]
    if ours != expected and vector["note"].startswith("BUG"):
        raise DecidedOtherwise(PEER_BUG)
    return "" if ours == expected else f"expected days {expected}, got {ours}"


def _sequence(vector: Mapping[str, Any]) -> str:
    flags = set(vector["schedule"]) - {"timezone"}
    if any(("begintime" in period) != ("endtime" in period) for period in vector["periods"]):
        raise RefusedOnPurpose(ONE_SIDED)
    if flags:
        raise RefusedOnPurpose(NO_FLAGS)
    if any(step.get("external") or step.get("start_api_fails") for step in vector["steps"]):
        raise RefusedOnPurpose(HANDS)
    table = _timetable(parse_zone(vector["schedule"]["timezone"]), vector["periods"])
    wrong = [
        _compare(table, datetime.fromisoformat(step["at"]), step["expect"]["actual_after"], vector["periods"])
        for step in vector["steps"]
    ]
    return "; ".join(one for one in wrong if one)


def _capacity(vector: Mapping[str, Any]) -> str:
    raise RefusedOnPurpose(CAPACITY)


def _validation(vector: Mapping[str, Any]) -> str:
    definition, expected = vector["definition"], vector["expect"]["valid"]
    if vector["level"] == "schedule":
        if "override_status" in definition:
            raise RefusedOnPurpose(ENDLESS)
        ours = readable(parse_zone, definition["timezone"])
        return "" if ours == expected else f"expected valid={expected} for {definition['timezone']}"
    begin, end = definition.get("begintime"), definition.get("endtime")
    if (begin is None) != (end is None):
        if expected:
            raise RefusedOnPurpose(ONE_SIDED)
        definition = {"begintime": begin or "00:00", "endtime": end or "23:59"}  # so that the time itself is judged
    if set(definition) == {"name"}:
        ours = readable(parse_window, "")
    else:
        windows, crons = _texts(definition)
        ours = all(readable(parse_window, text) for text in windows) and all(readable(parse_cron, t) for t in crons)
    if ours and not expected:
        raise DecidedOtherwise(_why_more_is_taken(definition))
    return "" if ours == expected else f"expected valid={expected}"


def _why_more_is_taken(definition: Mapping[str, Any]) -> str:
    if definition.get("monthdays") == ["LW"]:
        return LAST_WEEKDAY
    return MIDNIGHT if definition.get("endtime") == "24:00" else OVERNIGHT


# From their periods to our texts


def _timetable(zone: ZoneInfo, periods: list[Mapping[str, Any]]) -> Timetable:
    windows: list[str] = []
    crons: list[str] = []
    for period in periods:
        more_windows, more_crons = _texts(period)
        windows += more_windows
        crons += more_crons
    if crons and not windows:  # a whole day by cron: the stop of every midnight, beaten by a start at the same time
        return Timetable.of_cron(zone, tuple(parse_cron(text) for text in crons), (parse_cron("0 0 * * *"),))
    return Timetable.of_windows(zone, tuple(parse_window(text) for text in windows))


def _texts(period: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Windows and, for whole days near a day of the month, cron starts. Unknown items pass through unchanged, so that
    our reader refuses them and not this translation."""
    times = _times(period)
    months = _items(period.get("months"), MONTHS, 1)
    prefix = f"{','.join(months)} " if months else ""
    month_days = _items(period.get("monthdays"), tuple(str(day) for day in range(1, 32)), 1)
    weekdays = _items(period.get("weekdays"), WEEKDAYS, 0)
    if month_days and weekdays:
        return [f"{prefix}{day} {times}" for day in _both(month_days, weekdays)], []
    crons = [f"cron(0 0 {item} * ? *)" for item in month_days if item.endswith("W")]
    days = [_month_day(item) for item in month_days if not item.endswith("W")] + _weekday_texts(weekdays)
    if not days and not crons:
        days = ["daily"]
    return [f"{prefix}{day} {times}" for day in days], crons


def _times(period: Mapping[str, Any]) -> str:
    begin, end = period.get("begintime"), period.get("endtime")
    if begin is None and end is None:
        return "all-day"
    if begin is None or end is None:
        raise RefusedOnPurpose(ONE_SIDED)
    if begin == end:
        raise RefusedOnPurpose(EMPTY)
    return f"{begin:0>5}-{end:0>5}"


def _items(texts: list[str] | None, names: tuple[str, ...], first: int) -> list[str]:
    """Their comma lists, ranges, numbers and steps as single items in our names; steps are counted out here."""
    found: list[str] = []
    for item in (part.strip() for text in texts or [] for part in text.split(",")):
        step = _STEP.fullmatch(item)
        if step is None:
            found.append("-".join(_name(part, names, first) for part in item.split("-")) if item[0] != "-" else item)
            continue
        start, _, end = step["range"].partition("-")
        low = names.index(_name(start, names, first))
        high = names.index(_name(end, names, first)) if end else len(names) - 1
        found += [names[index] for index in range(low, high + 1, int(step["step"]))]
    return found


def _name(text: str, names: tuple[str, ...], first: int) -> str:
    """``0`` -> ``mon``, ``Apr`` -> ``apr``, ``3L`` -> ``thuL``; anything else as it is."""
    plain = re.match(r"\d+|[A-Za-z]{3}", text)
    if plain is None:
        return text
    word, rest = plain[0].lower(), text[plain.end() :]
    if word.isdecimal() and 0 <= int(word) - first < len(names):
        word = names[int(word) - first]
    return word + rest


def _month_day(item: str) -> str:
    if item == "L":
        return "last-day"
    return f"day {item.replace('-L', '-31')}"


def _weekday_texts(items: list[str]) -> list[str]:
    plain = [item for item in items if "#" not in item and not item.endswith("L")]
    found = [",".join(plain)] if plain else []
    for item in items:
        day, mark, number = item.partition("#")
        if mark:
            found.append(f"{['1st', '2nd', '3rd', '4th', '5th'][int(number) - 1]}-{day}")
        elif item.endswith("L"):
            found.append(f"last-{item[:-1]}")
    return found


def _both(month_days: list[str], weekdays: list[str]) -> list[str]:
    """A weekday within one week of the month is an nth weekday; other combinations our windows do not say."""
    weeks = {"1-7": "1st", "8-14": "2nd", "15-21": "3rd", "22-28": "4th"}
    if len(month_days) == len(weekdays) == 1 and month_days[0] in weeks and weekdays[0] in WEEKDAYS:
        return [f"{weeks[month_days[0]]}-{weekdays[0]}"]
    raise RefusedOnPurpose("days of the month together with weekdays, other than the nth weekday")
