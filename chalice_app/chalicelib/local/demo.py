"""`lifecycle demo`: a week of a small GPU fleet on the embedded AWS, through the deployed handlers, in a minute.

Ends with 1 when a service that was in use all the time was stopped: then the demo has shown a fault, not a feature.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

from chalicelib.entrypoints.middleware import logger
from chalicelib.local import results, weekly
from chalicelib.local.naming import our_command
from chalicelib.local.people import told
from chalicelib.local.scenario import Scenario
from chalicelib.local.scenario import week as demo_week
from chalicelib.local.screen import Screen, screen
from chalicelib.local.slack_workspace import Member
from chalicelib.local.timeline import Timeline
from chalicelib.local.told_in_slack import Kept, write
from chalicelib.local.witness import Witness
from chalicelib.local.world import World, open_world
from chalicelib.notify.notice import LogNotifier
from chalicelib.runtime.clock import SteppedClock
from reports.figures import WeekReport
from reports.page import hours, share, usd

if TYPE_CHECKING:
    from chalicelib.controller.controller import Controller

SWEEP_EVERY = timedelta(minutes=15)
"""Deployed it is 5 minutes; three times as many sweeps would show the same and take three times as long."""
OUT = Path("out") / "demo"
USD_PER_METRIC = Decimal("0.01") / 1000
"""CloudWatch GetMetricData, per metric asked for."""
MONTH_DAYS = Decimal("30.4")


def run_demo(
    *, out: Path = OUT, scenario: Scenario | None = None, sweep_every: timedelta = SWEEP_EVERY, on: Screen | None = None
) -> int:
    """The exit code: 0, or 1 when something was stopped that must not be."""
    scenario, on = scenario or demo_week(), on or screen()
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    clock, kept = SteppedClock(scenario.start), Kept(LogNotifier(logger))
    with (
        (out / "handlers.log").open("w", encoding="utf-8") as log,
        open_world(scenario, clock, log=log, sweep_every=sweep_every, notifier=kept) as world,
    ):
        _introduce(world, on, time.perf_counter() - began)
        witness = Witness(world.app.controller, world.aws.region, scenario.zone)
        world.use(dataclasses.replace(world.app, controller=cast("Controller", witness)))
        timeline = Timeline(scenario.zone)
        seconds = _play(world, witness, timeline, on)
        write(out / "slack.html", kept.notices, Member("U0READER", "you@example.com", scenario.zone.key))
        return _conclude(world, timeline, on, out, seconds)


def _introduce(world: World, on: Screen, seconds: float) -> None:
    scenario = world.scenario
    begins, ends = _first_and_last_day(scenario)
    every = int(world.sweep_every.total_seconds() // 60)
    on.say(f"ollama-lifecycle: {_length(scenario)} of a small GPU fleet", style="bold")
    on.say(f"Simulated AWS on {world.aws.endpoint.removeprefix('http://')}, no account, no credentials used "
           "(AWS_* ignored).")  # fmt: skip
    on.say(
        f"{len(scenario.fleet)} services, {begins} to {ends}, times in {scenario.zone.key}; "
        f"the deployed handlers sweep every {every} simulated minutes."
    )
    on.say(f"Set-up took {seconds:.1f} s; {_days(scenario)} will take well under a minute.")
    on.say()


def _play(world: World, witness: Witness, timeline: Timeline, on: Screen) -> float:
    """Runs the whole time; real seconds it took."""
    scenario = world.scenario
    world.before_deed = lambda deed: witness.say(told(deed, scenario.zone))
    began, length = time.perf_counter(), scenario.end - scenario.start
    with on.progress(f"Playing {_days(scenario)}") as progress:
        for at in world.run_until(scenario.end - timedelta(seconds=1)):
            for line in timeline.add(witness.heard()):
                on.line(line, scenario.zone)
            progress((at - scenario.start) / length)
    return time.perf_counter() - began


def _conclude(world: World, timeline: Timeline, on: Screen, out: Path, seconds: float) -> int:
    scenario = world.scenario
    entries = tuple(world.app.history.since(scenario.start, scenario.end))
    report = results.weekly(world, entries)
    wrong = results.mistakes(world, entries)
    _repetitions(timeline, on)
    on.say()
    _table(world, report, on)
    on.say()
    facts = _facts(world, seconds)
    for name, value in facts[:2]:
        on.say(f"{name}: {value}")
    begins, ends = _first_and_last_day(scenario)
    title = f"{_length(scenario).capitalize()} of a GPU fleet: {begins} to {ends}"
    lead = "What the policies of the demo did with a simulated fleet, what it cost, and what it would have cost."
    told_page = results.page(world, timeline.lines, facts, title, lead)
    files = results.write(out, report, told_page, scenario)
    on.say()
    on.say(f"Report: {files.html}   (the same as JSON: {files.json}; what the handlers logged: {out / 'handlers.log'})")
    on.say(f"What people would have read in Slack: {out / 'slack.html'}")
    mailed = weekly.write(world, out)
    on.say(f"The weekly cost report, as it is mailed: {mailed}   (in Japanese, and as text, CSV and XLSX, beside it)")
    _promises(world, wrong, on)
    _next(on, files.html, mailed)
    on.say("MODE simulated: nothing outside this process was changed, except the files named above.", style="dim")
    return 1 if wrong else 0


def _repetitions(timeline: Timeline, on: Screen) -> None:
    if timeline.repeated:
        counted = ", ".join(f"{count} {word.value}" for word, count in timeline.repeated.most_common())
        on.say(f"{'':9}  and the same again on other days: {counted} (every action is in the report)", style="dim")


def _table(world: World, report: WeekReport, on: Screen) -> None:
    length = Decimal((report.until - report.since).total_seconds()) / 3600
    head = ("SERVICE", "STOPS", "STARTS", "BY HAND", "REFUSED", "HOURS ON", "SPENT", "ALWAYS ON", "SAVED")
    rows = [
        (
            row.service.name + (f" x{row.tasks}" if row.tasks > 1 else ""),
            str(row.stops),
            str(row.starts),
            str(row.by_hand),
            str(world.meter.refused[row.service]),
            f"{hours(row.ran.host_hours / row.tasks)} of {length:.0f}",
            usd(row.ran.usd),
            usd(row.baseline.usd),
            usd(row.saved.usd),
        )
        for row in report.rows
    ]
    refused = str(sum(world.meter.refused.values()))
    foot = ("total", "", "", "", refused, "", usd(report.ran.usd), usd(report.baseline.usd), usd(report.saved.usd))
    on.table(head, rows, foot)
    on.say()
    on.say(
        f"{usd(report.ran.usd)} of {usd(report.baseline.usd)} spent, {share(report.saved_share)} saved. "
        f"Baseline: {report.baseline_name}.",
        style="bold",
    )
    on.say(
        f"{hours(report.ran.gpu_hours)} of {hours(report.baseline.gpu_hours)} GPU hours; list prices of "
        f"{_price_months(report)}, simulated traffic. REFUSED: requests that found the service stopped."
    )


def _price_months(report: WeekReport) -> str:
    months = sorted({f"{row.price.as_of:%Y-%m}" for row in report.rows if row.price})
    return " and ".join(months) or "no date"


def _facts(world: World, seconds: float) -> list[tuple[str, str]]:
    effort, scenario = world.effort, world.scenario
    every = int(world.sweep_every.total_seconds() // 60)
    per_month = effort.metrics_asked * USD_PER_METRIC / len(scenario.fleet) / scenario.days * MONTH_DAYS * 1000
    return [
        ("Run", f"{seconds:.1f} s for {effort.sweeps} sweeps and {effort.events} ECS events"),
        (
            "CloudWatch metrics asked for",
            f"{effort.metrics_asked:,}, {effort.metrics_per_service_and_sweep:.2f} per service and sweep; "
            f"for 1,000 such services ${per_month:,.0f} a month at a sweep every {every} min",
        ),
        ("Task hours that the simulated ECS held", f"{results.held_hours(world):,.1f}"),
    ]


def _promises(world: World, wrong: Sequence[results.Mistake], on: Screen) -> None:
    on.say()
    if wrong:
        for mistake in wrong:
            on.say(f"WRONG  {mistake.text}", style="bold red")
        return
    kept = ", ".join(one.id.name for one in world.scenario.fleet if one.never_stopped)
    on.say(f"Never stopped, as promised: {kept}.", style="green")


def _next(on: Screen, html: Path, mailed: Path) -> None:
    on.say()
    ours = our_command()
    steps = [
        (f"open {html}", "the same week as a page with a calendar"),
        (f"open {mailed}", "what it cost and saved, as the mail for managers"),
        ("make up", f"keep this fleet running; then, elsewhere, {ours} --local status"),
        (f"{ours} plan", "your own account, read-only: what the policies here would do, and why"),
    ]
    wide = max(len(command) for command, _ in steps)
    on.say("Next:")
    for command, what in steps:
        on.say(f"  {command:{wide}}   {what}")
    on.say()


def _first_and_last_day(scenario: Scenario) -> tuple[str, str]:
    first: datetime = scenario.start.astimezone(scenario.zone)
    last = (scenario.end - timedelta(seconds=1)).astimezone(scenario.zone)
    return f"{first:%a} {first.day} {first:%b}", f"{last:%a} {last.day} {last:%b %Y}"


def _length(scenario: Scenario) -> str:
    return {1: "a day", 7: "a week"}.get(scenario.days, f"{scenario.days} days")


def _days(scenario: Scenario) -> str:
    return "the day" if scenario.days == 1 else f"the {scenario.days} days"


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m chalicelib.local.demo [DAYS [FIRST_DAY]]``."""
    match [int(one) for one in (sys.argv[1:] if arguments is None else arguments)]:
        case []:
            return run_demo()
        case [days]:
            return run_demo(scenario=demo_week(days=days))
        case [days, first_day, *_]:
            return run_demo(scenario=demo_week(days=days, first_day=first_day))
        case _:
            return 64


if __name__ == "__main__":
    sys.exit(main())
