"""Lists: whose rows they hold, in which order, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from chalicelib.decide.decision import Evidence
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.entrypoints.api.paging import pack, page, unpack
from chalicelib.errors import Unfit
from chalicelib.fleet.model import InstanceState
from chalicelib.local.front import CLUSTER
from chalicelib.record.history import Entry, EntryKind
from hypothesis import given
from hypothesis import strategies as st
from support.api_stage import ApiStage, api_stage


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiStage]:
    """Seven instances: of ada's every other one; and two months of history."""
    with api_stage(tmp_path_factory.mktemp("many"), at="2026-11-20T10:00+09:00") as stage:
        for number in range(7):
            stage.fleet.launch(
                f"inst-{number}",
                owner="ada" if number % 2 else "ben",
                state=InstanceState.STOPPED if number == 3 else InstanceState.RUNNING,
                created_at=stage.fleet.clock.now() - timedelta(hours=number),
            )
        for days in range(0, 60, 3):
            _note(stage, days, stage.fleet.row(f"inst-{days % 2}").service)
        _note(stage, 1, None, kind=EntryKind.FREEZE)
        yield stage


def _note(stage: ApiStage, days_ago: int, service: ServiceId | None, *, kind: EntryKind = EntryKind.ACTED) -> None:
    stage.fleet.app.history.append(
        Entry(
            at=stage.fleet.clock.now() - timedelta(days=days_ago, minutes=1),
            kind=kind,
            who="sweep",
            reason=f"{days_ago} days ago",
            service=service,
            action=ActionKind.STOP if service else None,
            evidence=(Evidence("requests", "0", "requests", since=stage.fleet.clock.now()),),
            price_usd_per_hour=Decimal("1.006"),
        )
    )


def _all(api: ApiStage, path: str, who: str) -> list[dict[str, Any]]:
    """Every row, page by page."""
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = api.call("GET", f"{path}{'&' if '?' in path else '?'}limit=2{cursor}", who=who)
        assert answer.status == 200, answer.text
        rows += answer.json["items"]
        assert len(answer.json["items"]) <= 2
        if answer.json["next_cursor"] is None:
            return rows
        cursor = f"&cursor={answer.json['next_cursor']}"


def _ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["instance_id"].removeprefix("inst-") for row in rows]


@pytest.mark.parametrize(
    ("who", "query", "ids"),
    [
        ("admin", "", "0123456"),
        ("rita", "", "0123456"),
        ("ada", "", "135"),
        ("ben", "", "0246"),
        ("admin", "?sort=created_at", "6543210"),
        ("admin", "?status=stopped", "3"),
        ("admin", "?status=stopped,running&sort=status", "0124563"),
        ("admin", "?status=stopped&status=running", "0123456"),
        ("ada", "?model_id=llama2-7b", ""),
        ("ada", "?environment=dev&sort=model_id", "135"),
        ("ada", "?environment=prod", ""),
    ],
)
def test_instances_come_whole_in_order_and_only_to_whom_they_are_shown(
    who: str, query: str, ids: str, many: ApiStage
) -> None:
    assert "".join(_ids(_all(many, f"/api/instances{query}", who))) == ids


def test_a_user_finds_nothing_of_another_by_naming_them(many: ApiStage) -> None:
    ben = many.fleet.user("ben").sub

    assert _all(many, f"/api/instances?user_id={ben}", "ada") == []
    assert len(_all(many, f"/api/instances?user_id={ben}", "admin")) == 4


def test_an_instance_has_the_names_of_the_seed_and_a_price_with_its_currency(many: ApiStage) -> None:
    shown = many.call("GET", "/api/instances/inst-1", who="ada").json

    assert shown["instance_id"] == "inst-1"
    assert shown["model_id"] == "tinyllama"
    assert shown["user_id"] == many.fleet.user("ada").sub
    assert shown["ecs_service_arn"].startswith("arn:aws:ecs:")
    assert shown["endpoint_url"] == many.fleet.row().endpoint_url
    assert shown["status"] == "running"
    assert shown["created_at"] == "2026-11-20T00:00:00.000Z"
    assert shown["price"] == {"amount": "0.05", "currency": "USD", "per": "hour"}


def test_a_cursor_of_another_order_is_refused(many: ApiStage) -> None:
    cursor = many.call("GET", "/api/instances?limit=2", who="admin").json["next_cursor"]

    assert many.call("GET", f"/api/instances?sort=status&cursor={cursor}", who="admin").status == 422


def test_models_can_be_asked_for_by_their_need_of_a_gpu(many: ApiStage) -> None:
    with_gpu = _all(many, "/api/models?gpu=true", "rita")
    without = _all(many, "/api/models?gpu=false&sort=-memory_req", "rita")

    assert {one["model_id"] for one in with_gpu} >= {"codellama-13b"}
    assert all(one["gpu_req"] for one in with_gpu)
    assert not any(one["gpu_req"] for one in without)
    sizes = [one["memory_req"] for one in without]
    assert sizes == sorted(sizes, reverse=True)
    assert len(with_gpu) + len(without) == len(_all(many, "/api/models", "rita"))


def test_the_newest_week_of_decisions_is_shown_when_nothing_is_said(many: ApiStage) -> None:
    reasons = [one["reason"] for one in _all(many, "/api/decisions?kind=acted", "admin")]

    assert reasons == ["0 days ago", "3 days ago", "6 days ago"]


def test_decisions_of_two_months_come_whole_over_many_pages_in_both_orders(many: ApiStage) -> None:
    newest_first = _all(many, "/api/decisions?since=2026-09-01T00:00:00Z&kind=acted,freeze", "rita")
    oldest_first = _all(many, "/api/decisions?since=2026-09-01T00:00:00Z&kind=acted,freeze&sort=at", "rita")

    assert len(newest_first) == 21
    assert newest_first == list(reversed(oldest_first))
    assert [one["at"] for one in newest_first] == sorted((one["at"] for one in newest_first), reverse=True)


def test_a_user_reads_the_decisions_about_their_own_instances_and_about_everybody(many: ApiStage) -> None:
    shown = _all(many, "/api/decisions?since=2026-09-01T00:00:00Z&kind=acted,freeze", "ada")

    assert {one["service"] for one in shown} == {str(many.fleet.row("inst-1").service), None}
    assert len(shown) == 11


def test_decisions_can_be_asked_for_by_service_and_kind(many: ApiStage) -> None:
    path = f"/api/decisions?since=2026-09-01T00:00:00Z&service={CLUSTER}/ollama-inst"
    of_service = _all(many, f"{path}-1", "admin")
    freezes = _all(many, "/api/decisions?kind=freeze", "admin")

    assert len(of_service) == 10
    assert [one["kind"] for one in freezes] == ["freeze"]
    assert _all(many, f"{path}-0", "ada") == []


def test_a_decision_tells_its_price_and_evidence(many: ApiStage) -> None:
    shown = many.call("GET", "/api/decisions?limit=1&kind=acted", who="admin").json["items"][0]

    assert shown["price"] == {"amount": "1.006", "currency": "USD", "per": "hour"}
    assert shown["evidence"][0]["name"] == "requests"
    assert shown["evidence"][0]["since"].endswith("Z")


def test_an_end_before_the_beginning_is_refused(many: ApiStage) -> None:
    answer = many.call("GET", "/api/decisions?since=2026-11-20T00:00:00Z&until=2026-11-19T00:00:00Z", who="admin")

    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == "query.since"


def test_an_end_of_another_millennium_has_nothing_before_it(many: ApiStage) -> None:
    answer = many.call("GET", "/api/decisions?until=0210-10-25T11:03:18-07:03", who="admin")

    assert (answer.status, answer.json["items"]) == (200, [])


def test_policies_in_force_are_shown_with_what_they_allow(many: ApiStage) -> None:
    answer = many.call("GET", "/api/policies", who="rita").json

    assert answer["version"]
    (policy,) = answer["items"]
    assert (policy["name"], policy["mode"], policy["allows"]) == ("other", "enforce", ["keep", "stop"])
    assert policy["longest_override_minutes"] == 24 * 60


def test_people_are_listed_page_by_page_and_by_role(many: ApiStage) -> None:
    assert len(_all(many, "/api/users", "admin")) == 4
    assert [one["email"] for one in _all(many, "/api/users?role=ReadOnly", "admin")] == ["rita@example.com"]


@given(
    rows=st.lists(st.tuples(st.text("abc", max_size=3), st.uuids().map(str)), unique=True, max_size=30),
    limit=st.integers(1, 7),
    down=st.booleans(),
)
def test_pages_hold_every_row_once_in_order(rows: list[tuple[str, str]], limit: int, down: bool) -> None:
    order, cursor, seen = ("-x" if down else "x"), None, list[tuple[str, str]]()
    while True:
        shown, cursor = page(rows, lambda row: row, order=order, cursor=cursor, limit=limit)
        seen += shown
        if cursor is None:
            break

    assert seen == sorted(rows, reverse=down)


@given(cursor=st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: raw.hex()))
def test_a_cursor_that_is_none_is_refused_and_nothing_else_happens(cursor: str) -> None:
    with pytest.raises(Unfit) as refused:
        unpack(cursor, "x")
    assert refused.value.field == "cursor"


def test_a_cursor_comes_back_as_it_was() -> None:
    assert unpack(pack("-at", ("2026", "inst-ü")), "-at") == ("2026", "inst-ü")
