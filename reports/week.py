"""GPU hours and dollars of each service over a span of time, from the history, against a named baseline.

The baseline is what would have run had nobody stopped anything: every service always on, at the size it has when
it runs. Three choices make the saving smaller rather than larger where the record cannot tell: a service counts
as on from the moment its start was asked for, until the moment its tasks were seen to have ended, and for
``host_scale_in`` more, because the instance outlives its last task.

Money is exact (Decimal), in US dollars at list price. A service whose price is not known has hours and no dollars,
and the totals say how many such services there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.record.history import Entry, EntryKind

from reports.figures import ZERO, Amount, Row, Shape, Span, WeekReport

HOST_SCALE_IN = timedelta(minutes=15)
"""How long a GPU host outlives its last task: an ECS capacity provider's scale-in takes about 15 minutes."""

UNDONE = "undone"
"""A hand's entry with this outcome names the action of ours that a person turned round, not what the person did."""

_HOUR = Decimal(3600)


def week(
    entries: Iterable[Entry],
    shapes: Sequence[Shape],
    since: datetime,
    until: datetime,
    *,
    host_scale_in: timedelta = HOST_SCALE_IN,
) -> WeekReport:
    """``entries`` of ``[since, until]`` in any order; services without a shape are not in the report."""
    in_span = [entry for entry in entries if since <= entry.at <= until]
    turns = _turns(in_span, shapes, since)
    spans = _spans(turns, shapes, until, host_scale_in)
    counts = _counts(in_span)
    sizes = {turn.service: turn.tasks for turn in turns if turn.tasks}
    rows = tuple(_row(shape, spans[shape.service], sizes, counts, until - since) for shape in shapes)
    return WeekReport(
        since=since,
        until=until,
        rows=rows,
        ran=sum((row.ran for row in rows), ZERO),
        baseline=sum((row.baseline for row in rows), ZERO),
        unpriced=tuple(row.service for row in rows if row.price is None),
    )


@dataclass(frozen=True, slots=True)
class _Turn:
    """From ``at`` on, ``tasks`` tasks are paid for."""

    service: ServiceId
    at: datetime
    tasks: int


def _turns(entries: Sequence[Entry], shapes: Sequence[Shape], since: datetime) -> list[_Turn]:
    sizes = {shape.service: shape.tasks for shape in shapes}
    turns = [_Turn(shape.service, since, shape.tasks if shape.running_at_start else 0) for shape in shapes]
    for entry in _acts(entries):
        if entry.service not in sizes:
            continue
        running = (entry.action is ActionKind.START) != (entry.kind is EntryKind.HAND and entry.outcome == UNDONE)
        tasks = (entry.desired_count or sizes[entry.service]) if running else 0
        turns.append(_Turn(entry.service, entry.at, tasks))
    return turns


def _acts(entries: Sequence[Entry]) -> list[Entry]:
    """One entry for each action that took effect: a start when it was begun, a stop when it was seen to be done."""
    chosen: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda one: one.at):
        if entry.action is None:
            continue
        if entry.kind is EntryKind.HAND:
            chosen[f"hand {entry.at.isoformat()} {entry.service}"] = entry
        elif entry.kind is EntryKind.ACTED and entry.action_id:
            if entry.action is ActionKind.START:
                chosen.setdefault(entry.action_id, entry)
            else:
                chosen[entry.action_id] = entry
    return list(chosen.values())


def _spans(
    turns: Sequence[_Turn], shapes: Sequence[Shape], until: datetime, host_scale_in: timedelta
) -> Mapping[ServiceId, tuple[Span, ...]]:
    frame = pd.DataFrame(
        {
            "service": [str(turn.service) for turn in turns],
            "since": pd.to_datetime([turn.at for turn in turns], utc=True),
            "tasks": [turn.tasks for turn in turns],
        }
    ).sort_values(["service", "since"], kind="stable")
    end = pd.Timestamp(until).tz_convert("UTC")
    frame["until"] = frame.groupby("service")["since"].shift(-1).fillna(end)
    on = frame[frame["tasks"] > 0].copy()
    next_on = on.groupby("service")["since"].shift(-1).fillna(end)
    on["until"] = (on["until"] + host_scale_in).where(on["until"] < end, end).combine(next_on, min)
    found: dict[str, list[Span]] = {}
    for service, begins, ends, tasks in zip(on["service"], on["since"], on["until"], on["tasks"], strict=True):
        found.setdefault(service, []).append(Span(begins.to_pydatetime(), ends.to_pydatetime(), int(tasks)))
    return {shape.service: tuple(found.get(str(shape.service), ())) for shape in shapes}


def _counts(entries: Sequence[Entry]) -> Mapping[tuple[ServiceId, str], int]:
    """Actions, each once however many entries tell it: (service, word) -> how many."""
    seen: dict[tuple[ServiceId, str], set[str]] = {}
    for entry in entries:
        if entry.service is None or entry.action is None:
            continue
        match entry.kind:
            case EntryKind.HAND:
                word, key = "by hand", entry.at.isoformat()
            case EntryKind.FAILED if entry.action is ActionKind.START:
                word, key = "failed start", entry.action_id or entry.at.isoformat()
            case EntryKind.ACTED:
                word, key = entry.action.value, entry.action_id or entry.at.isoformat()
            case _:
                continue
        seen.setdefault((entry.service, word), set()).add(key)
    return {key: len(actions) for key, actions in seen.items()}


def _row(
    shape: Shape,
    spans: tuple[Span, ...],
    sizes: Mapping[ServiceId, int],
    counts: Mapping[tuple[ServiceId, str], int],
    length: timedelta,
) -> Row:
    tasks = max(sizes.get(shape.service, shape.tasks), shape.tasks)
    ran = sum((_seconds(span.until - span.since) * span.tasks for span in spans), 0)
    return Row(
        service=shape.service,
        tasks=tasks,
        spans=spans,
        ran=_amount(shape, ran),
        baseline=_amount(shape, _seconds(length) * tasks),
        price=shape.price,
        stops=counts.get((shape.service, "stop"), 0),
        starts=counts.get((shape.service, "start"), 0),
        failed_starts=counts.get((shape.service, "failed start"), 0),
        by_hand=counts.get((shape.service, "by hand"), 0),
    )


def _amount(shape: Shape, task_seconds: int) -> Amount:
    hours = Decimal(task_seconds) / _HOUR
    return Amount(
        host_hours=hours,
        gpu_hours=None if shape.gpus_per_task is None else hours * shape.gpus_per_task,
        usd=None if shape.price is None else hours * shape.price.usd_per_hour,
    )


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
