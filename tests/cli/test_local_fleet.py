"""--local: the same commands on the fleet of a running `lifecycle up`, in its simulated time."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.cli.main import lifecycle
from chalicelib.local.handoff import UP_FILE, UpFile
from chalicelib.local.scenario import week
from chalicelib.local.world import World, open_world
from chalicelib.runtime.clock import SteppedClock
from click.testing import CliRunner, Result


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Monday 09:00 and the first sweep done, as `lifecycle up` would hold it."""
    scenario = week(days=1)
    with open_world(
        scenario, SteppedClock(scenario.start), log=io.StringIO(), sweep_every=timedelta(hours=3)
    ) as opened:
        for _ in opened.run_until(scenario.start + timedelta(hours=9)):
            pass
        yield opened


@pytest.fixture
def up(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    UpFile(
        endpoint=world.aws.endpoint,
        region=world.aws.region,
        table=world.app.settings.table,
        policies=world.app.settings.policies,
        api="",
        simulated_start=world.clock.now(),
        real_start=datetime.now(UTC),
        speed=0.0,
        pid=os.getpid(),
    ).write(UP_FILE)
    return world


def run(*words: str) -> Result:
    return CliRunner().invoke(lifecycle, ["--local", *words], catch_exceptions=False)


def test_status_shows_the_simulated_fleet_with_its_own_policies_and_time(up: World) -> None:
    result = run("status")
    assert result.exit_code == Exit.DONE, result.stderr
    for blueprint in up.scenario.fleet:
        assert str(blueprint.id) in result.stdout


def test_a_write_says_that_the_account_is_simulated_and_reaches_the_running_fleet(up: World) -> None:
    result = run("keep", "prod-chat", "--for", "1h", "--reason", "trying it out", "--yes")
    assert result.exit_code == Exit.DONE, result.stderr
    assert "the simulated AWS of `lifecycle up`" in result.stderr
    said = up.app.controls.read(up.clock.now()).overrides
    assert [one.reason for one in said] == ["trying it out"]
    assert said[0].until == up.clock.now() + timedelta(hours=1)
