"""After the week: what it cost, by the record; whether anything happened that must not; the files that tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.local.scenario import Scenario
from chalicelib.local.timeline import Line, Word
from chalicelib.local.world import World
from chalicelib.prices import GPUS_PER_INSTANCE, instance_price
from chalicelib.record.history import Entry, EntryKind
from reports.figures import Shape, WeekReport
from reports.page import Page, Told, as_html, as_json
from reports.strip import Marks
from reports.week import week

NOTES = (
    "The AWS and all traffic are simulated; prices are list prices, without discounts.",
    "Hours are counted from the record of what was done: from the moment a start was asked for until its tasks had "
    "ended, and 15 minutes more, because a host outlives its last task.",
    "Starts and stops count actions; a start that failed and was tried again counts each time.",
)

_REFUSED_MARK = timedelta(minutes=15)
"""Refused requests closer together than this share one mark on the calendar."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something the demo promises never to happen."""

    service: ServiceId
    text: str


@dataclass(frozen=True, slots=True)
class Files:
    html: Path
    json: Path


def weekly(world: World, entries: Sequence[Entry]) -> WeekReport:
    scenario, region = world.scenario, world.aws.region
    shapes = [
        Shape(
            service=blueprint.id,
            tasks=blueprint.size,
            price=instance_price(blueprint.instance_type, region),
            gpus_per_task=GPUS_PER_INSTANCE.get(blueprint.instance_type),
        )
        for blueprint in scenario.fleet
    ]
    return week(entries, shapes, scenario.start, scenario.end)


def held_hours(world: World) -> float:
    """Task hours within the scenario, from the simulated ECS itself: the record is checked against it."""
    start, end = world.scenario.start, world.scenario.end
    held = (
        min(one.until or end, end) - max(one.since, start)
        for blueprint in world.scenario.fleet
        for one in world.tasks.paid(blueprint.id)
        if (one.until or end) > start
    )
    return sum(held, timedelta()).total_seconds() / 3600


def mistakes(world: World, entries: Sequence[Entry]) -> tuple[Mistake, ...]:
    """Judged twice: by our own record, and by the tasks of the simulated ECS, which know nothing of it."""
    stops = {
        entry.service
        for entry in entries
        if entry.kind is EntryKind.ACTED and entry.action is ActionKind.STOP and entry.service is not None
    }
    found: list[Mistake] = []
    for blueprint in world.scenario.fleet:
        if not blueprint.never_stopped:
            continue
        ended = any(held.until is not None for held in world.tasks.paid(blueprint.id))
        if ended or blueprint.id in stops:
            found.append(Mistake(blueprint.id, f"{blueprint.id} was stopped, although {blueprint.never_stopped}"))
    return tuple(found)


def page(world: World, lines: Sequence[Line], facts: Sequence[tuple[str, str]], title: str, lead: str) -> Page:
    return Page(
        title=title,
        lead=lead,
        chronicle=[_told(one) for one in lines if not _says_nothing_new(one)],
        marks=Marks(refused=_refused(world), holidays=world.scenario.holidays),
        notes=NOTES,
        refused={one.id: world.meter.refused[one.id] for one in world.scenario.fleet},
        facts=facts,
        policies=_policies(world.scenario),
    )


def write(folder: Path, report: WeekReport, told: Page, scenario: Scenario) -> Files:
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder / "index.html", folder / "week.json")
    files.html.write_text(as_html(report, told, scenario.zone), encoding="utf-8")
    files.json.write_text(json.dumps(as_json(report, told), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return files


def _told(line: Line) -> Told:
    return Told(line.at, line.word.value, line.names, line.text, line.saves, line.is_loud)


def _says_nothing_new(line: Line) -> bool:
    """A service that is kept is kept at every look: the first says it all. What was done is told each time."""
    return line.is_repetition and line.word in (Word.KEEP, Word.LEAVE, Word.WAIT, Word.WOULD)


def _refused(world: World) -> Mapping[ServiceId, Sequence[datetime]]:
    """One mark for each quarter of an hour."""
    marks: dict[ServiceId, list[datetime]] = {}
    for service, instants in world.meter.refused_at.items():
        kept = marks.setdefault(service, [])
        for at in instants:
            if not kept or at - kept[-1] >= _REFUSED_MARK:
                kept.append(at)
    return marks


def _policies(scenario: Scenario) -> Mapping[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(scenario.policies.glob("*.yaml"))}
