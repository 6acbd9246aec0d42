"""The live fleet, from its start to Ctrl-C, as another terminal sees it."""

from __future__ import annotations

import io
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chalicelib.decide.approval import closed_until
from chalicelib.errors import ConfigurationError
from chalicelib.local.handoff import UpFile, read_up_file
from chalicelib.local.scenario import week, working_weeks
from chalicelib.local.screen import PlainScreen
from chalicelib.local.timeline import NAMES
from chalicelib.local.up import WEEKS, LiveClock, run_up
from chalicelib.policy.loader import load
from chalicelib.record.controls import Controls
from chalicelib.record.history import Entry, EntryKind, History
from chalicelib.record.table import Table

NOBODY = " " * (NAMES + 1)
"""What stands in the column of services where a line is about none."""


def wait_for(path: Path) -> UpFile:
    for _ in range(600):
        try:
            return read_up_file(path)
        except ConfigurationError:
            time.sleep(0.05)
    raise AssertionError("the fleet did not come up")


def printed_within_20_seconds(printed: io.StringIO, words: str) -> None:
    for _ in range(400):
        if words in printed.getvalue():
            return
        time.sleep(0.05)
    raise AssertionError(f"{words!r} was not printed, but:\n{printed.getvalue()}")


def test_the_fleet_runs_live_is_reachable_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed, stop, errors = io.StringIO(), threading.Event(), io.StringIO()
    monkeypatch.setattr("sys.stderr", errors)
    folder = tmp_path / ".lifecycle"
    thread = threading.Thread(
        target=run_up,
        kwargs={"speed": 600.0, "scenario": week(days=1), "folder": folder, "on": PlainScreen(printed), "stop": stop},
    )
    thread.start()
    try:
        up = wait_for(folder / "up.json")
        with urllib.request.urlopen(f"{up.api}/api/health", timeout=10) as answer:
            assert answer.status == 200
        names = up.clients().ecs.list_services(cluster="gpu-prod")["serviceArns"]
        assert len(names) == 4
        assert (Path(up.policies) / "dev.lifecycle.yaml").is_file()
        printed_within_20_seconds(printed, "STOP   ")
        controls = Controls(Table(up.clients().dynamodb, up.table))
        controls.freeze_all("mika@example.com", "release", up.clock.now())
        history = History(Table(up.clients().dynamodb, up.table))
        history.append(Entry(up.clock.now(), EntryKind.FREEZE, "mika@example.com", "froze everything: release"))
        printed_within_20_seconds(printed, f"SAID   {NOBODY}mika: froze everything: release")
        (Path(up.policies) / "dev.lifecycle.yaml").write_text("lifecycle: v1\npolicies: nonsense\n", encoding="utf-8")
        printed_within_20_seconds(printed, f"POLICY {NOBODY}dev.lifecycle.yaml")
    finally:
        stop.set()
        thread.join(timeout=30)

    assert not thread.is_alive()
    assert "STOP   dev-chat" in printed.getvalue()
    assert not (folder / "up.json").exists()
    assert "/api/health" not in errors.getvalue()
    assert "/api/health" in (folder / "handlers.log").read_text(encoding="utf-8")
    assert printed.getvalue().rstrip().endswith("nothing else was changed.")


def test_live_it_begins_when_the_hours_of_every_policy_are_open() -> None:
    scenario = working_weeks(WEEKS)
    files = {path.name: path.read_text(encoding="utf-8") for path in scenario.policies.iterdir()}
    policies = load(files, today=scenario.start.date()).policies.policies

    assert {one.name: closed_until(one, scenario.start) for one in policies} == {one.name: None for one in policies}
    assert all(deed.at > scenario.start for deed in scenario.deeds)


def test_no_time_passes_for_a_handler_while_it_runs() -> None:
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    clock = LiveClock(midnight, datetime.now(UTC) - timedelta(seconds=1), 600.0)

    clock.set(midnight + timedelta(minutes=5))

    assert clock.now() == midnight + timedelta(minutes=5)
    assert clock.due() >= midnight + timedelta(minutes=10)
