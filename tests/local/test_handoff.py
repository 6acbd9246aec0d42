from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chalicelib.errors import ConfigurationError
from chalicelib.local.handoff import ScaledClock, UpFile, read_up_file

SIMULATED = datetime(2026, 11, 23, tzinfo=UTC)
UP = UpFile(
    endpoint="http://127.0.0.1:4566",
    region="ap-northeast-1",
    table="lifecycle",
    policies="policies",
    api="http://127.0.0.1:8000",
    simulated_start=SIMULATED,
    real_start=datetime(2026, 11, 21, tzinfo=UTC),
    speed=60.0,
    pid=os.getpid(),
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    UP.write(tmp_path / "deep" / "up.json")

    assert read_up_file(tmp_path / "deep" / "up.json") == UP


def test_the_clock_runs_at_its_speed_from_its_start() -> None:
    began = datetime.now(UTC) - timedelta(seconds=10)

    now = ScaledClock(SIMULATED, began, 60.0).now()

    assert timedelta(minutes=10) <= now - SIMULATED < timedelta(minutes=20)


def test_no_file_and_a_broken_file_and_an_ended_fleet_each_get_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "up.json"
    with pytest.raises(ConfigurationError, match="no local fleet runs here"):
        read_up_file(path)

    path.write_text(json.dumps({"endpoint": "x"}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_up_file(path)

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    replace(UP, pid=ended.pid).write(path)
    with pytest.raises(ConfigurationError, match="has ended"):
        read_up_file(path)


def test_a_file_that_points_away_from_this_machine_gives_no_clients(tmp_path: Path) -> None:
    path = tmp_path / "up.json"
    replace(UP, endpoint="https://ecs.ap-northeast-1.amazonaws.com").write(path)

    with pytest.raises(ConfigurationError, match="not on 127"):
        read_up_file(path).clients()
