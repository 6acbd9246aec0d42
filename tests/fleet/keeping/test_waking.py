"""A request finds an instance asleep: one start, whoever asks and however many; or a reason why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from chalicelib.errors import AwsUnreachable, TooMany
from chalicelib.fleet.answers import request_of
from chalicelib.fleet.model import Capacity, ColdStarts, InstanceState
from chalicelib.fleet.people import Caller
from chalicelib.fleet.start_times import whole_start
from chalicelib.fleet.waits import TURN, Waits
from chalicelib.fleet.waking import Waker, WakerParts
from support.fleet_stage import OFFICE, PLACEMENT, FleetStage, fleet_stage

DEAR = replace(PLACEMENT, usd_per_hour=Decimal("4.96"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[FleetStage]:
    """An instance of Ada's that she has stopped."""
    with fleet_stage(tmp_path, at="2026-11-18T09:00+09:00") as made:
        made.run()
        made.wishes.stop(made.row().service, made.caller("ada"), force=True)
        made.after(minutes=5)
        assert made.row().state is InstanceState.STOPPED
        yield made


def starts(stage: FleetStage) -> int:
    entries = stage.app.history.of_service(stage.row().service)
    return sum(entry.action == "start" and entry.outcome == "begun" for entry in entries)


def test_however_many_ask_at_once_it_is_started_once_and_all_are_told_to_come_back(stage: FleetStage) -> None:
    stage.token("ada")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: stage.request("/v1/chat/completions"), range(12)))

    assert {status for status, _, _ in answers} == {503}
    assert all(int(headers["retry-after"]) <= 120 for _, headers, _ in answers)
    assert starts(stage) == 1
    stage.after(minutes=5)
    assert stage.row().cold_starts.count == 1
    assert stage.row().cold_starts.waiting_requests == 12


def told(stage: FleetStage) -> tuple[int, str]:
    status, headers, body = stage.request()
    assert status == 503, body
    return int(headers["retry-after"]), body


def test_the_wait_that_people_are_told_is_what_the_whole_last_start_took(stage: FleetStage) -> None:
    assert stage.row().start_seconds == 240
    assert stage.row().weights_seconds is not None
    begun = stage.clock.now()

    seconds, said = told(stage)
    assert seconds == 120, "as long as clients bear"
    assert f"should answer at {begun + timedelta(minutes=4):%H:%M:%S} UTC" in said
    stage.clock.advance(timedelta(minutes=3))
    seconds, said = told(stage)
    assert seconds == 60
    assert f"should answer at {begun + timedelta(minutes=4):%H:%M:%S} UTC" in said


def test_a_start_that_is_late_says_so_and_bids_people_come_less_often(stage: FleetStage) -> None:
    told(stage)
    waits = []
    for minutes in (4, 1, 1):
        stage.clock.advance(timedelta(minutes=minutes))
        seconds, said = told(stage)
        assert "takes longer than the 240 s expected; it is given up at" in said
        waits.append(seconds)
    assert waits == [30, 60, 120]


def test_a_start_that_was_never_measured_counts_placement_image_weights_and_health_checks(stage: FleetStage) -> None:
    unknown = replace(stage.row(), start_seconds=None, cold_starts=ColdStarts(), weights_seconds=5.0)
    fargate = replace(unknown, placement=replace(PLACEMENT, capacity=Capacity.FARGATE))
    gpu = replace(unknown, placement=replace(PLACEMENT, capacity=Capacity.GPU_HOST))
    assert whole_start(fargate) == timedelta(seconds=40 + 60 + 5 + 45)
    assert whole_start(gpu) == timedelta(seconds=150 + 60 + 5 + 45)


def test_only_its_owner_and_admin_wake_it(stage: FleetStage) -> None:
    status, headers, body = stage.request(who="ben")
    assert (status, "retry-after" in headers) == (403, False)
    assert "only its owner or an Admin" in body
    assert stage.request(who="rita")[0] == 401, "ReadOnly may use no model"
    assert stage.request(who="")[0] == 401, "the balancer itself asks for a token"
    assert stage.request(who="", Authorization="Bearer x.y.z")[0] == 401
    assert stage.desired() == 0

    assert stage.request(who="admin")[0] == 503
    assert stage.desired() == 1


def test_the_function_checks_the_token_too(stage: FleetStage) -> None:
    host = stage.row().host_name
    for headers in ({"host": host}, {"host": host, "authorization": f"Bearer {stage.token('ada')[:-4]}AAAA"}):
        response = stage.invoke("wake", {"httpMethod": "POST", "path": "/api/chat", "headers": headers})
        assert response["statusCode"] == 401
    for other in ("ollama-inst-9.ollama.localhost", "ollama-inst-1.evil.example", ""):
        headers = {"host": other, "authorization": f"Bearer {stage.token('ada')}"}
        response = stage.invoke("wake", {"httpMethod": "POST", "path": "/api/chat", "headers": headers})
        assert response["statusCode"] == 404
    assert stage.desired() == 0


def test_what_was_told_to_stay_stopped_until_a_time_is_not_woken_before(stage: FleetStage) -> None:
    row = stage.row()
    stage.wishes.stop(row.service, stage.caller("ada"), until=stage.clock.now() + timedelta(hours=1), reason="quota")
    status, _, body = stage.request()
    assert status == 403
    assert "stay stopped until" in body
    assert stage.desired() == 0

    stage.after(hours=1, minutes=1)
    assert stage.request()[0] == 503
    assert stage.desired() == 1


def test_a_freeze_holds_requests_too_and_the_refusal_is_weighed_once_in_a_while(stage: FleetStage) -> None:
    stage.app.controls.freeze_all("admin", "incident 7", stage.clock.now())
    assert stage.request()[0] == 403
    with stage.calls() as calls:
        status, _, body = stage.request()
    assert (status, "incident 7" in body) == (403, True)
    assert [call for call in calls if call.startswith("ecs.")] == []

    stage.app.controls.unfreeze("admin", stage.clock.now())
    stage.after(minutes=1)
    assert stage.request()[0] == 503


def test_a_wake_that_died_is_tried_again_after_its_turn(stage: FleetStage) -> None:
    assert Waits(stage.table).take_turn("inst-1", stage.clock.now()).ours
    assert stage.request()[0] == 503
    assert stage.desired() == 0, "somebody else's turn"

    stage.clock.advance(TURN)
    assert stage.request()[0] == 503
    assert stage.desired() == 1


def test_a_failed_instance_says_why_and_is_started_by_people_only(stage: FleetStage) -> None:
    stage.unhealthy = True
    stage.wishes.start(stage.row().service, stage.caller("ada"))
    stage.keeper.look("inst-1", stage.clock.now())
    stage.after(minutes=21)
    assert stage.row().state is InstanceState.FAILED

    status, headers, body = stage.request()
    assert (status, "retry-after" in headers) == (503, False)
    assert "failed: not ready in time" in body
    assert stage.desired() == 0


def test_closed_hours_are_opened_by_no_request_and_the_answer_names_the_opening(tmp_path: Path) -> None:
    with fleet_stage(tmp_path, OFFICE, at="2026-11-18T19:30+09:00") as stage:
        stage.run()
        stage.after(minutes=40)
        stage.after(minutes=10)
        assert stage.row().state is InstanceState.STOPPED

        status, _, body = stage.request()
        assert status == 403
        assert "closed until Thu 19 Nov 08:00 JST" in body
        assert stage.desired() == 0

        stage.wishes.start(stage.row().service, stage.caller("ada"), length=timedelta(hours=1))
        assert stage.desired() == 1, "a person's word may, where the policy allows it"


def test_what_idleness_stopped_is_woken_and_found_idle_again_only_after_its_warm_up(tmp_path: Path) -> None:
    with fleet_stage(tmp_path, OFFICE, at="2026-11-18T10:00+09:00") as stage:
        stage.run()
        stage.every_five_minutes(minutes=90)
        assert stage.row().state is InstanceState.STOPPED

        assert stage.request()[0] == 503
        stage.after(minutes=5)
        assert stage.request()[0] == 200
        stage.every_five_minutes(minutes=25)
        assert stage.desired() == 1
        stage.every_five_minutes(minutes=75)
        assert stage.desired() == 0


def test_while_the_pools_keys_cannot_be_read_a_client_is_told_to_come_back(stage: FleetStage) -> None:
    def nobody_knows(token: str) -> Caller:
        raise AwsUnreachable("the pool's keys could not be read")

    parts = WakerParts(stage.instances, stage.wishes, stage.keeper, Waits(stage.table), nobody_knows, stage.clock)
    request = request_of({"path": "/api/chat", "headers": {"host": stage.row().host_name, "authorization": "Bearer x"}})
    answer = Waker(parts).answer(request)
    assert (answer.status, answer.retry_after_seconds) == (503, 30)
    assert stage.desired() == 0


def test_a_wake_counts_against_the_limits_of_its_owner_and_is_told_so_in_each_client_s_words(stage: FleetStage) -> None:
    """The limit is 5 USD an hour."""
    stage.launch("inst-2", placement=DEAR)

    openai = stage.request("/v1/chat/completions")
    ollama = stage.request("/api/chat")
    page = stage.request("/", method="GET", Accept="text/html")

    assert [status for status, _, _ in (openai, ollama, page)] == [429] * 3
    assert {headers["retry-after"] for _, headers, _ in (openai, ollama, page)} == {"120"}
    said = "would cost 5.01 USD an hour"
    error = json.loads(openai[2])["error"]
    assert (error["type"], error["code"], said in error["message"]) == ("rate_limit_error", "rate_limit_exceeded", True)
    assert said in json.loads(ollama[2])["error"]
    assert "<h1>Too Many Requests</h1>" in page[2]
    assert said in page[2]
    assert stage.desired() == 0

    with pytest.raises(TooMany):
        stage.wishes.start(stage.row().service, stage.caller("admin"))
    with pytest.raises(TooMany):
        stage.wishes.keep(stage.row().service, stage.caller("ada"))
    stage.wishes.stop(stage.row("inst-2").service, stage.caller("ada"), force=True)
    stage.after(minutes=5)
    assert stage.request()[0] == 503
    assert stage.desired() == 1


def test_a_start_that_came_to_nothing_leaves_its_place_to_others(
    stage: FleetStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.launch("inst-2", placement=DEAR)
    ada = stage.caller("ada")
    stage.wishes.stop(stage.row("inst-2").service, ada, force=True)
    stage.after(minutes=5)

    def fails(*_: object, **__: object) -> None:
        raise AwsUnreachable("ECS does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(type(stage.app.controller), "look_at", fails)
        with pytest.raises(AwsUnreachable):
            stage.wishes.start(stage.row().service, ada)

    stage.wishes.start(stage.row("inst-2").service, ada)
    assert stage.desired("inst-2") == 1
