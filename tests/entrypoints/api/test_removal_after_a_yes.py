"""A policy wants a yes before an instance is removed: the API asks, somebody else says yes, then it goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from chalicelib.controller.asking import Answer, AnswerKind, Became
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.fleet.model import InstanceState
from chalicelib.fleet.wishes import Wishes
from chalicelib.runtime import compose
from chalicelib.runtime.compose_fleet import _removal_of
from support.api_stage import ApiStage, api_stage
from support.fleet_stage import OFFICE

ASKS = 'approval: {for: [remove], ask: "#ops", approvers: [group:leads]}'


@pytest.fixture
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiStage]:
    policies = OFFICE.replace("    mode:", f"    {ASKS}\n    mode:")
    with api_stage(tmp_path_factory.mktemp("life"), policies, at="2026-11-20T10:00+09:00", launches=True) as stage:
        app = stage.fleet.app
        app.approvals.carries_out(ApprovalAction.REMOVE, _removal_of(stage.fleet.remover))
        cast(Any, compose.current().fleet).wishes = Wishes(
            app.controller,
            app.inventory,
            app.policies_in_force,
            app.controls,
            app.history,
            stage.fleet.clock,
            instances=stage.fleet.instances,
            approvals=app.approvals,
        )
        yield stage


def test_an_instance_is_removed_only_after_somebody_else_s_yes(api: ApiStage) -> None:
    started = api.call("POST", "/api/models/start", who="ada", body={"model_id": "tinyllama"}, Idempotency_Key="k1")
    id = str(started.json["instance_id"])
    api.fleet.after(minutes=20)

    for _ in range(2):
        answer = api.call("DELETE", f"/api/models/{id}/stop?remove=true&reason=done", who="ada")
        assert (answer.status, answer.json["instance"]["status"]) == (202, "running")
        assert "asked in #ops whether to remove it" in answer.json["reason"]
    now, approvals = api.fleet.clock.now(), api.fleet.app.approvals
    (question,) = approvals.pending(now)
    assert (question.instance, question.action, question.reason[-4:]) == (id, ApprovalAction.REMOVE, "done")
    assert question.stakes.usd_per_hour and question.steps, "what it costs, and what would be done"

    yes, ada, admin = Answer(AnswerKind.APPROVE), api.fleet.caller("ada"), api.fleet.caller("admin")
    assert approvals.answer(question.id, 1, yes, ada, now).became is Became.REFUSED
    assert approvals.answer(question.id, 1, Answer(AnswerKind.SNOOZE), admin, now).became is Became.REFUSED
    said = approvals.answer(question.id, 1, yes, admin, now)

    assert (said.became, said.text) == (Became.COUNTED, "It is removed when its tasks have ended")
    assert api.fleet.row(id).state is InstanceState.REMOVING
    api.fleet.every_five_minutes(minutes=30)
    assert api.call("GET", f"/api/instances/{id}", who="ada").status == 404


def test_a_removal_that_is_denied_leaves_it_and_is_not_asked_again_at_once(api: ApiStage) -> None:
    started = api.call("POST", "/api/models/start", who="ada", body={"model_id": "tinyllama"}, Idempotency_Key="k1")
    id = str(started.json["instance_id"])
    api.fleet.after(minutes=5)
    api.call("DELETE", f"/api/models/{id}/stop?remove=true", who="ada")
    now, approvals = api.fleet.clock.now(), api.fleet.app.approvals
    (question,) = approvals.pending(now)
    approvals.answer(question.id, 1, Answer(AnswerKind.DENY, reason="still needed"), api.fleet.caller("admin"), now)

    answer = api.call("DELETE", f"/api/models/{id}/stop?remove=true", who="ada")

    assert "no (still needed)" in answer.json["reason"]
    assert approvals.pending(now) == ()
    assert api.fleet.row(id).state is InstanceState.RUNNING
