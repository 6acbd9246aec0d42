"""Instance Scheduler's cases as items of its configuration table, imported."""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from chalicelib.errors import ImportRefused
from chalicelib.importing.importing import Imported, import_files
from chalicelib.importing.model import Given
from chalicelib.importing.trees import Source
from chalicelib.policy.timetable import Timetable
from vector_verdict import RefusedOnPurpose, Verdict, verdict
from vectors_scheduler import FILE

_TODAY = date(2026, 1, 1)


def judge(data: Mapping[str, Any]) -> Iterator[Verdict]:
    checks = {
        "desired_state": _desired_state,
        "recurrence_days": _recurrence_days,
        "validation": _validation,
        "sequence": _sequence,
        "capacity_failure": _sequence,
    }
    for vector in data["vectors"]:
        check = checks[vector["kind"]]
        yield verdict(FILE, vector["kind"], vector["id"], lambda check=check, vector=vector: check(vector))


def _imported(periods: Sequence[Mapping[str, Any]], schedule: Mapping[str, Any]) -> Imported:
    """One schedule with these periods, as `aws dynamodb scan` prints them."""
    items: list[dict[str, Any]] = []
    names = []
    for number, period in enumerate(periods, start=1):
        name = f"{period.get('name', 'period')}-{number}"
        kind = period.get("instance_type")
        names.append(f"{name}@{kind}" if kind else name)
        keys = {key: value for key, value in period.items() if key not in ("name", "instance_type")}
        items.append(_item({"type": "period", "name": name, **keys}))
    listed = {"periods": names} if names else {}
    items.append(_item({"type": "schedule", "name": "one", **listed, **schedule}))
    scan = Source("scan.json", json.dumps({"Items": items, "Count": len(items)}))
    return import_files("instance-scheduler", [scan], Given(), _TODAY)


def _item(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _attribute(value) for key, value in keys.items()}


def _attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"SS": value} if isinstance(value, list) else {"S": value}


def _table(periods: Sequence[Mapping[str, Any]], schedule: Mapping[str, Any]) -> Timetable:
    """The imported hours; raises RefusedOnPurpose with the words in which the import leaves the schedule out."""
    done = _imported(periods, schedule)
    if not done.policies:
        raise RefusedOnPurpose(done.left_out[0].why)
    hours = done.policies[0].policy.hours
    assert hours is not None
    return Timetable.of(hours)


def _differs(table: Timetable, at: datetime, expected: str) -> str:
    ours = "running" if table.phase(at).open else "stopped"
    return "" if ours == expected else f"{at.isoformat()}: expected {expected}, got {ours}"


def _desired_state(vector: Mapping[str, Any]) -> str:
    table = _table(vector["periods"], vector["schedule"])
    return _differs(table, datetime.fromisoformat(vector["at"]), vector["expect"]["desired_state"])


def _recurrence_days(vector: Mapping[str, Any]) -> str:
    expected = vector["expect"].get("days_of_month", vector["expect"].get("sane"))
    year, month = (int(part) for part in vector["month"].split("-"))
    table = _table([vector["period"]], {"timezone": "UTC"})
    days = range(1, monthrange(year, month)[1] + 1)
    ours = [day for day in days if table.phase(datetime(year, month, day, 12, tzinfo=UTC)).open]
    return "" if ours == expected else f"expected days {expected}, got {ours}"


def _sequence(vector: Mapping[str, Any]) -> str:
    table = _table(vector["periods"], vector["schedule"])
    wrong = (
        _differs(table, datetime.fromisoformat(step["at"]), step["expect"]["actual_after"]) for step in vector["steps"]
    )
    return "; ".join(one for one in wrong if one)


def _validation(vector: Mapping[str, Any]) -> str:
    definition, valid = vector["definition"], vector["expect"]["valid"]
    periods = [definition] if vector["level"] == "period" else [{"name": "period", "weekdays": ["mon"]}]
    keys = (
        {}
        if vector["level"] == "period"
        else {key: definition[key] for key in definition if key not in ("name", "periods")}
    )
    if "override_status" in definition:
        periods = []
    try:
        done = _imported(periods, keys)
    except ImportRefused as refused:
        return f"refused: {refused}" if valid else ""
    if not valid:
        return "not refused"
    if not done.policies:
        raise RefusedOnPurpose(done.left_out[0].why)
    return ""
