"""The deployment watches itself: every figure that an alarm or a widget looks at is really published, with its unit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import app as deployed
import pytest
from chalice.test import Client
from chalicelib.controller.standing import Standing, standing_of
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.facts import ServiceId, ServiceMemory
from chalicelib.entrypoints import middleware
from chalicelib.errors import NotDelivered
from chalicelib.notify.backlog import Backlog, backlog_of
from chalicelib.record.approval import Question, State
from chalicelib.record.outbox import Letter, Sort
from chalicelib.runtime import compose
from support.aws_events import envelope
from support.chalice_package import ROOT
from support.monitoring import Metric, alarms, template, widgets
from support.stub_controller import NOW, StubController, installed

TICK = envelope("aws.events", "Scheduled Event", {})
HOUR = timedelta(hours=1)
Published = dict[str, tuple[str, float]]
"""Name -> unit and sum."""


def published(capsys: pytest.CaptureFixture[str]) -> Published:
    found: Published = {}
    for line in capsys.readouterr().out.splitlines():
        if '"_aws"' in line:
            body = json.loads(line)
            (directive,) = body["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == middleware.NAMESPACE
            assert directive["Dimensions"] == [["service"]]
            for one in directive["Metrics"]:
                found[one["Name"]] = (one["Unit"], sum(body[one["Name"]]))
    return found


def run(function: str, capsys: pytest.CaptureFixture[str]) -> Published:
    with Client(deployed.app) as client:
        client.lambda_.invoke(function, TICK)
    return published(capsys)


@pytest.fixture
def swept(capsys: pytest.CaptureFixture[str]) -> Published:
    with installed(StubController()):
        return run("sweep", capsys)


@pytest.fixture
def quiet() -> Iterator[None]:
    """A deployment that tells nobody anything and makes no report."""
    settings = SimpleNamespace(report=None)
    compose.install(cast(Any, SimpleNamespace(post=None, settings=settings, clock=SimpleNamespace(now=lambda: NOW))))
    yield
    compose.install(None)


@pytest.fixture
def all_published(swept: Published, quiet: None, capsys: pytest.CaptureFixture[str]) -> Published:
    found = dict(swept)
    for function in ("deliver", "weekly_report"):
        found |= run(function, capsys)
    with installed(StubController(fails=RuntimeError("nobody foresaw it"))), pytest.raises(RuntimeError):
        run("sweep", capsys)
    with installed(StubController(unbooked="no answer")):
        found |= run("sweep", capsys)
    return found | {"Unhandled": ("Count", 1.0)}


def test_every_figure_of_ours_that_an_alarm_or_a_widget_looks_at_is_published(all_published: Published) -> None:
    watched = ours(metric for alarm in alarms() for metric in alarm.metrics)
    shown = ours(metric for metrics in widgets().values() for metric in metrics)

    assert watched
    assert watched - all_published.keys() == set()
    assert shown - all_published.keys() == set()
    assert watched - shown == {"Unbooked"}, "what rings can be seen on the page, but for one"


def test_a_sweep_that_fails_counts_as_unhandled_and_not_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    with installed(StubController(fails=RuntimeError("nobody foresaw it"))), pytest.raises(RuntimeError):
        run("sweep", capsys)

    found = published(capsys)

    assert found["Unhandled"] == ("Count", 1.0)
    assert "SweepsDone" not in found


def test_nothing_waiting_is_published_as_0_so_that_silence_is_another_thing(
    swept: Published, quiet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    delivered, reported = run("deliver", capsys), run("weekly_report", capsys)

    assert swept["UnknownServices"] == swept["StartsFailed"] == ("Count", 0.0)
    assert swept["OldestQuestion"] == delivered["OutboxOldest"] == ("Seconds", 0.0)
    assert reported["ReportOverdue"] == reported["ReportNotReached"] == ("Count", 0.0)


def test_a_run_says_what_it_cost_by_its_memory_and_by_what_it_asked(swept: Published) -> None:
    unit, usd = swept["OwnUsd"]

    assert unit == "None"
    assert 0.00004 < usd < 0.0002, "4 metrics at 1 USD for 100,000, and a moment of Lambda"


def test_two_deployments_in_one_account_are_counted_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "models-App-1A2B")

    with installed(StubController()), Client(deployed.app) as client:
        client.lambda_.invoke("sweep", TICK)

    (line,) = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert json.loads(line)["service"] == "models-App-1A2B"


def test_a_report_that_is_due_and_reaches_nobody_is_overdue(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise NotDelivered("the mail server is away")

    monkeypatch.setattr("reports.running.run", refuse)
    report = SimpleNamespace(is_due=lambda now: True, recipients=("cfo@example.com",))
    settings, clock = SimpleNamespace(report=report), SimpleNamespace(now=lambda: NOW)
    compose.install(cast(Any, SimpleNamespace(settings=settings, clock=clock)))
    try:
        with pytest.raises(NotDelivered), Client(deployed.app) as client:
            client.lambda_.invoke("weekly_report", TICK)
    finally:
        compose.install(None)

    assert published(capsys)["ReportOverdue"] == ("Count", 1.0)


def letter(*, made: datetime, due: datetime, tries: int = 0) -> Letter:
    return Letter("n", Sort.NOTICE, "{}", made, due, tries=tries)


def test_quiet_hours_are_no_backlog_and_a_letter_that_fails_waits_since_it_was_made() -> None:
    quiet_until_later = letter(made=NOW - 9 * HOUR, due=NOW + HOUR)
    failing = letter(made=NOW - 2 * HOUR, due=NOW + HOUR, tries=3)
    due = letter(made=NOW - 9 * HOUR, due=NOW - HOUR)

    assert backlog_of([quiet_until_later], NOW) == Backlog(0, 0)
    assert backlog_of([quiet_until_later, failing, due], NOW) == Backlog(2, 7200)


def test_what_stands_is_counted_from_what_a_run_knows() -> None:
    asked = Question("q", ServiceId("a", "b"), ApprovalAction.IDLE_STOP, "dev", "1", NOW - HOUR, "idle")
    answered = Question(
        "r", ServiceId("a", "c"), ApprovalAction.IDLE_STOP, "dev", "1", NOW - 9 * HOUR, "idle", state=State.DONE
    )
    doubtful = ServiceMemory(unknown_since=datetime(2026, 11, 20, tzinfo=UTC))
    gone = ServiceMemory(unknown_since=datetime(2026, 11, 20, tzinfo=UTC), gone_since=NOW)

    standing = standing_of([doubtful, gone, ServiceMemory()], [asked, answered], ["dev"], NOW)

    assert standing == Standing(unknown=1, held=1, questions_open=1, oldest_question_seconds=3600)


def ours(metrics: Iterable[Metric]) -> set[str]:
    return {one.name for one in metrics if one.namespace == middleware.NAMESPACE}


# --- the templates, held to the code


def test_there_are_more_alarms_and_widgets_than_anybody_asked_for() -> None:
    assert len(alarms()) >= 11
    assert len(widgets()) >= 9


def test_every_alarm_goes_to_people_when_it_rings_and_when_it_ends() -> None:
    for alarm in alarms():
        assert alarm.actions == alarm.ok_actions == [{"Ref": "Alarms"}], alarm.name


def test_the_time_outs_that_alarms_count_with_are_the_functions_own() -> None:
    config = json.loads((ROOT / "chalice_app" / ".chalice" / "config.json").read_text())
    (slow,) = [alarm for alarm in alarms() if alarm.name == "slow"]
    shares = {one: int(hundredth) / 10 for one, hundredth in re.findall(r"FILL\((\w+), 0\) / (\d+)", slow.expression)}
    functions = {metric.id: metric.of.removesuffix("Function") for metric in slow.metrics}

    assert set(shares) == set(functions)
    for stage in config["stages"].values():
        timeouts = {_as_chalice(name): one["lambda_timeout"] for name, one in stage["lambda_functions"].items()}
        assert {functions[id]: share for id, share in shares.items()}.items() <= timeouts.items()


def test_alarms_look_at_functions_and_queues_that_the_stack_names() -> None:
    outputs = template("app-resources.yaml")["Outputs"]
    named = {parameter for alarm in alarms() for metric in alarm.metrics if (parameter := metric.of)}

    assert named <= set(outputs)
    assert {"DeadLettersName", "EventQueueName", "Deployment", "SweepFunction"} <= named


def _as_chalice(name: str) -> str:
    """As Chalice names the resource of a function."""
    return "APIHandler" if name == "api_handler" else "".join(part.capitalize() for part in name.split("_"))


def test_a_metric_math_alarm_holds_at_most_ten_metrics() -> None:
    assert all(len(alarm.metrics) <= 10 for alarm in alarms())


def test_who_is_told_nothing_when_figures_are_missing_is_said_for_each_alarm() -> None:
    silent_is_bad = {alarm.name for alarm in alarms() if alarm.missing == "breaching"}

    assert silent_is_bad == {"sweep-late", "outbox-backlog"}
