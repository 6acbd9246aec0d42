"""One model's whole life through every part: launched, used, stopped, woken, kept, removed. Nothing is left behind."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from chalicelib.errors import NotFound
from chalicelib.fleet.launching import StartRequest
from chalicelib.fleet.model import InstanceState, RoutedTo
from support.fleet_stage import fleet_stage


def test_a_model_is_launched_used_stopped_woken_by_a_request_and_removed(tmp_path: Path) -> None:
    with fleet_stage(tmp_path, at="2026-11-18T09:00+09:00") as stage:
        ada = stage.caller("ada")
        made = stage.launcher.start(StartRequest("tinyllama", "dev"), ada, "first")
        assert made.state is InstanceState.STARTING
        assert stage.request(id=made.id)[0] == 503, "the wake function answers from the first moment on"

        stage.after(minutes=5)
        assert stage.row(made.id).state is InstanceState.RUNNING
        status, _, body = stage.request("/v1/chat/completions", id=made.id)
        assert (status, "simulated model" in body) == (200, True)
        assert stage.request(id=made.id, who="ben")[0] == 200, "a team shares its models"
        assert stage.request(id=made.id, who="rita")[0] == 401, "ReadOnly, whom anybody may make of themselves"
        assert stage.request("/api/delete", id=made.id)[0] == 401, "administration is not for Users"
        assert stage.request("/api/delete", id=made.id, who="admin")[0] == 200

        stage.after(minutes=15)
        assert stage.wishes.stop(made.service, ada).became == "acted"
        assert stage.keeper.look(made.id, stage.clock.now()).routed_to is RoutedTo.WAKE
        stage.after(minutes=5)
        assert stage.row(made.id).state is InstanceState.STOPPED

        status, headers, _ = stage.request(id=made.id)
        assert (status, int(headers["retry-after"]) <= 120) == (503, True)
        stage.after(minutes=5)
        assert stage.row(made.id).state is InstanceState.RUNNING
        assert stage.request(id=made.id)[0] == 200

        stage.after(minutes=15)
        stage.wishes.stop(made.service, ada)
        stage.remover.remove(made.id)
        assert stage.keeper.look(made.id, stage.clock.now()).state is InstanceState.REMOVING
        assert stage.request(id=made.id)[0] == 404
        stage.after(minutes=5)
        with pytest.raises(NotFound):
            stage.row(made.id)
        stage.clock.advance(timedelta(minutes=5))
        assert stage.keeper.tend(stage.clock.now(), full=True) == (), "no orphan"
        assert stage.request(id=made.id)[0] == 404
