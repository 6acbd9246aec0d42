"""The live fleet, from its start to Ctrl-C, as another terminal sees it."""

from __future__ import annotations

import io
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chalicelib.errors import ConfigurationError
from chalicelib.local.handoff import UpFile, read_up_file
from chalicelib.local.scenario import week
from chalicelib.local.screen import PlainScreen
from chalicelib.local.up import LiveClock, run_up


def wait_for(path: Path) -> UpFile:
    for _ in range(600):
        try:
            return read_up_file(path)
        except ConfigurationError:
            time.sleep(0.05)
    raise AssertionError("the fleet did not come up")


def test_the_fleet_runs_live_is_reachable_and_leaves_nothing_behind(tmp_path: Path) -> None:
    printed, stop = io.StringIO(), threading.Event()
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
        for _ in range(400):
            if "STOP   " in printed.getvalue():
                break
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join(timeout=30)

    assert not thread.is_alive()
    assert "STOP   dev-chat, dev-vision" in printed.getvalue()
    assert not (folder / "up.json").exists()
    assert printed.getvalue().rstrip().endswith("nothing else was changed.")


def test_no_time_passes_for_a_handler_while_it_runs() -> None:
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    clock = LiveClock(midnight, datetime.now(UTC) - timedelta(seconds=1), 600.0)

    clock.set(midnight + timedelta(minutes=5))

    assert clock.now() == midnight + timedelta(minutes=5)
    assert clock.due() >= midnight + timedelta(minutes=10)
