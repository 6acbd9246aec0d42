"""The weekly cost report of the demo's week: the report that a deployment mails, of the simulated record and bill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.local.bill import write_bill
from chalicelib.observe.batches import Answer, Query
from chalicelib.policy.loader import load
from chalicelib.policy.model import PolicySet

if TYPE_CHECKING:
    from chalicelib.local.world import World
    from reports.build import Given

TEAM = "GPU demo"
MADE = timedelta(hours=9)
"""Of Monday, by the team's clock."""
TAGS = {"model": "model", "environment": "environment", "owner": "owner"}
"""The tags of the demo's fleet, by which its bill is cut."""


def given(world: World, folder: Path) -> Given:
    """All that the report of the demo's week is made of. Writes the simulated ``bill.csv`` into ``folder``."""
    from reports import gathering
    from reports.sources.asked import asked_for
    from reports.sources.focus import FocusFiles
    from reports.sources.frames import TagKeys
    from reports.values import Known, Week

    scenario = world.scenario
    week = Week.of(scenario.start, scenario.zone)
    now = _made_at(world, week.until)
    reach = gathering.Reach(
        history=world.app.history,
        services=world.app.inventory.refresh_all(now).services,
        policies=_policies(world),
        region=world.aws.region,
        ask=lambda queries: answers(world, queries),
    )
    bill = FocusFiles(write_bill(world, folder / "bill.csv"), TagKeys(**TAGS))
    gathered = bill.gather(asked_for(week, now.date()))
    return gathering.given(Known(reach), gathered, week, now, TEAM)


def _made_at(world: World, week_ends: datetime) -> datetime:
    """A whole week's as a deployment's is: on the Monday after it, when its last day is on the bill."""
    ends = world.scenario.end
    return ends + MADE if ends == week_ends else world.clock.now()


def write(world: World, folder: Path) -> Path:
    """The report in English and Japanese, in every form, below ``folder``; the path of the English page."""
    from reports.build import build
    from reports.writing import forms
    from reports.writing import write as write_forms

    report = build(given(world, folder))
    english = forms(report, "en")
    write_forms(forms(report, "ja", english.pictures), folder / "weekly", "report.ja")
    return write_forms(english, folder / "weekly", "report")


def answers(world: World, queries: Iterable[Query]) -> Mapping[Query, Answer]:
    """As CloudWatch would, without the walk through all datapoints that moto's takes for every hour."""
    return {query: world.metrics.answer(query) for query in queries}


def _policies(world: World) -> PolicySet:
    kept = world.app.policies_in_force.load()
    return load(kept.files, today=world.clock.now().date()).policies if kept else PolicySet()
