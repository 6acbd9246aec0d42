"""What a bug report needs, part by part. A part that cannot be read says so in its place; nothing is written."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import metadata
from typing import TYPE_CHECKING, Any

from chalicelib.doctor.examination import examine
from chalicelib.errors import LifecycleError
from chalicelib.observe.calls import Failed, attempt
from chalicelib.record.history import History, as_text
from chalicelib.record.outbox import OutboxRows

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

LOGS_BACK = timedelta(hours=24)
LINES_A_GROUP = 300
STACK_EVENTS = 100
ENTRIES = 5_000
WANTED_LEVELS = '?ERROR ?WARNING ?CRITICAL ?"Task timed out" ?"Runtime."'
"""A filter pattern of CloudWatch Logs: any of these words."""
PACKAGES = (
    "ollama-lifecycle",
    "boto3",
    "botocore",
    "chalice",
    "pydantic",
    "aws-lambda-powertools",
    "slack-sdk",
    "click",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the bundle, before anything is taken out of it."""

    name: str
    text: str


def gather(patient: Patient, since: datetime, status: Callable[[], str]) -> Iterator[Part]:
    """``since``: how far the history goes back. ``status`` makes the text of what is decided for each service now."""
    parts: Mapping[str, Callable[[], str]] = {
        "about.json": lambda: _about(patient),
        "doctor.txt": lambda: _doctor(patient),
        "status.json": status,
        "history.jsonl": lambda: _history(patient, since),
        "outbox.json": lambda: _outbox(patient),
        "stack.json": lambda: _stack(patient),
        "logs.jsonl": lambda: _logs(patient),
    }
    for name, make in parts.items():
        yield Part(name, _or_why_not(make))
    yield from _policies(patient)


def _or_why_not(make: Callable[[], str]) -> str:
    try:
        made = attempt(make)
    except LifecycleError as error:
        return f"could not be read: {error}\n"
    return f"could not be read: {made.reason}\n" if isinstance(made, Failed) else made


def _about(patient: Patient) -> str:
    versions = {name: _version(name) for name in PACKAGES}
    return _json(
        {
            "at": patient.now.isoformat(),
            "region": patient.region,
            "table": patient.table.name,
            "stack": patient.deployment.stack if patient.deployment else None,
            "python": sys.version.split()[0],
            "system": platform.platform(),
            "versions": versions,
        }
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _doctor(patient: Patient) -> str:
    found = examine(patient)
    return "".join(f"{one.level.value:<4}  {title:<9} {one.says}\n" for title, one in found)


def _history(patient: Patient, since: datetime) -> str:
    entries = list(History(patient.table).since(since, patient.now))
    return "".join(f"{as_text(entry)}\n" for entry in entries[-ENTRIES:])


def _outbox(patient: Patient) -> str:
    """Without what the letters say."""
    rows = OutboxRows(patient.table)
    letters = [("waits", one) for one in rows.waiting().letters] + [("given up", one) for one in rows.dead()]
    return _json(
        [
            {
                "state": state, "id": one.id, "sort": one.sort.value, "address": one.address, "tries": one.tries,
                "made_at": one.made_at.isoformat(), "due_at": one.due_at.isoformat(), "trouble": one.trouble,
            }
            for state, one in letters
        ]
    )  # fmt: skip


def _stack(patient: Patient) -> str:
    if patient.deployment is None:
        return "this is no stack's table\n"
    formation, stack = patient.clients.formation(patient.region), patient.deployment.stack
    events = attempt(lambda: formation.describe_stack_events(StackName=stack)["StackEvents"][:STACK_EVENTS])
    return _json(
        {
            "stack": stack,
            "resources": {one.logical: [one.type, one.physical] for one in patient.deployment.resources},
            "told": dict(patient.deployment.told),
            "events": events.reason if isinstance(events, Failed) else [_event(one) for one in events],
        }
    )


def _event(event: Mapping[str, Any]) -> list[str]:
    names = ("Timestamp", "LogicalResourceId", "ResourceStatus", "ResourceStatusReason")
    return [str(event.get(name, "")) for name in names]


def _logs(patient: Patient) -> str:
    """What the functions said of errors within a day, the newest of each group."""
    if patient.deployment is None:
        return "this is no stack's table\n"
    logs: Any = patient.clients.logs
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"/aws/lambda/{patient.deployment.stack}-"
    )
    groups = [str(one["logGroupName"]) for page in pages for one in page["logGroups"]]
    return "".join(line for group in groups for line in _lines_of(logs, group, patient.now))


def _lines_of(logs: Any, group: str, now: datetime) -> Iterator[str]:
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern=WANTED_LEVELS, startTime=_millis(now - LOGS_BACK), endTime=_millis(now)
    )
    found = [one for page in pages for one in page["events"]]
    for one in found[-LINES_A_GROUP:]:
        line = {"group": group, "at": int(one["timestamp"]), "line": str(one["message"]).strip()}
        yield f"{json.dumps(line, ensure_ascii=False)}\n"


def _policies(patient: Patient) -> Iterator[Part]:
    """As they are in force; what they held before an error is under ``held:``."""
    try:
        files = patient.in_force.files
    except LifecycleError as error:
        yield Part("policies/none.txt", f"could not be read: {error}\n")
        return
    for number, (name, text) in enumerate(sorted(files.items()), start=1):
        file = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)
        yield Part(f"policies/{number:02}-{file}", text)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str) + "\n"


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
