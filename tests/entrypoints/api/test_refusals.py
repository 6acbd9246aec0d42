"""What a client can send wrongly, and what it is told: one shape, HTTP's own statuses, never a stack trace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from chalicelib.entrypoints import middleware
from chalicelib.entrypoints.api.openapi import document
from chalicelib.entrypoints.api.problems import ABOUT, Kind, internal, problem_of
from chalicelib.errors import (
    ActionFailed,
    AwsUnreachable,
    ConditionFailed,
    ConfigurationError,
    Conflict,
    Forbidden,
    LifecycleError,
    Locked,
    LoginRefused,
    NoRecord,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotManageable,
    PolicyError,
    SwitchedOff,
    TooMany,
    Unfit,
    UnknownService,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support.api_stage import Answer, ApiStage

START = "/api/models/start"


def _fields(answer: Answer) -> dict[str, str]:
    return {one["field"]: one["message"] for one in answer.json["errors"]}


@pytest.mark.parametrize(
    ("raw", "status", "kind"),
    [
        (b"{", 400, "malformed-request"),
        (b"\xff\xfe", 400, "malformed-request"),
        (b'{"model_id": "\\ud800"}', 400, "malformed-request"),
        (b"[" * 30_000, 400, "malformed-request"),
        (b"[]", 422, "invalid-request"),
        (b"null", 422, "invalid-request"),
        (b'"text"', 422, "invalid-request"),
        (b"{}", 422, "invalid-request"),
        (b'{"model_id": 1}', 422, "invalid-request"),
        (b'{"model_id": "x", "unknown": 1}', 422, "invalid-request"),
        (b'{"model_id": "x", "time_to_live_minutes": NaN}', 422, "invalid-request"),
        (b'{"model_id": "x", "time_to_live_minutes": 1e400}', 422, "invalid-request"),
        (b'{"model_id": "x", "time_to_live_minutes": "60"}', 422, "invalid-request"),
        (b'{"model_id": "a\\u0000b"}', 422, "invalid-request"),
        (b'{"model_id": "' + b"x" * 65_000 + b'"}', 422, "invalid-request"),
        (b" " * 66_000, 413, "too-large"),
    ],
)
def test_a_body_is_refused_as_unreadable_or_by_its_fields(raw: bytes, status: int, kind: str, api: ApiStage) -> None:
    answer = api.call("POST", START, who="ada", raw=raw)

    assert (answer.status, answer.problem) == (status, kind), answer.text


def test_every_wrong_field_is_named_with_its_place(api: ApiStage) -> None:
    body = {"model_id": "Ünknown", "time_to_live_minutes": 5, "envronment": "dev"}

    answer = api.call("POST", START, who="ada", body=body, Idempotency_Key="two words")

    assert _fields(answer).keys() == {"header.Idempotency-Key"}
    answer = api.call("POST", START, who="ada", body=body)
    assert _fields(answer).keys() == {"body.model_id", "body.time_to_live_minutes", "body.envronment"}


def test_another_content_type_is_refused_with_its_name(api: ApiStage) -> None:
    answer = api.call("POST", START, who="ada", raw=b"<a/>", Content_Type="text/xml")

    assert (answer.status, answer.problem) == (415, "unsupported-media-type")
    assert "text/xml" in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "query.limit"),
        ("limit=101", "query.limit"),
        ("limit=ten", "query.limit"),
        ("limit=10&limit=20", "query.limit"),
        ("sort=price", "query.sort"),
        ("status=asleep", "query.status.0"),
        ("colour=red", "query.colour"),
        ("cursor=", "query.cursor"),
        ("cursor=garbage", "query.cursor"),
        ("cursor=WzEsMiwzXQ", "query.cursor"),
        ("cursor=%F0%9F%92%A9", "query.cursor"),
    ],
)
def test_a_wrong_query_is_refused_by_its_field(query: str, field: str, api: ApiStage) -> None:
    answer = api.call("GET", f"/api/instances?{query}", who="ada")

    assert (answer.status, answer.problem) == (422, "invalid-request"), answer.text
    assert field in _fields(answer)


@pytest.mark.parametrize("since", ["yesterday", "2026-11-20T10:00:00", "1700000000", "0001-01-01T00:00:00+14:00"])
def test_a_moment_needs_an_offset_and_has_to_be_one(since: str, api: ApiStage) -> None:
    answer = api.call("GET", f"/api/decisions?since={since.replace('+', '%2B')}", who="admin")

    assert answer.status == 422
    assert _fields(answer).keys() == {"query.since"}


@pytest.mark.parametrize("name", ["%FF", "a%20b", "a%2Fb", "..", "x" * 2000, "%00", "-", "inst-1%0A"])
def test_a_name_that_nothing_can_have_is_not_found(name: str, api: ApiStage) -> None:
    for path in (f"/api/instances/{name}", f"/api/models/{name}", f"/api/users/{name}"):
        answer = api.call("GET", path, who="admin")
        assert (answer.status, answer.problem) == (404, "not-found"), answer.text


def test_a_piece_of_a_path_is_read_as_a_url_means_it(api: ApiStage) -> None:
    assert api.call("GET", "/api/instances/inst%2D1", who="ada").json["instance_id"] == "inst-1"


def test_another_method_is_refused_with_those_that_there_are(api: ApiStage) -> None:
    answer = api.call("PATCH", "/api/models", who="ada")

    assert (answer.status, answer.problem) == (405, "method-not-allowed")
    assert {"GET", "POST"} <= set(re.split(r", ?", answer.headers["Allow"]))


def test_a_mistake_of_ours_tells_its_id_and_nothing_else(api: ApiStage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("secret words")

    monkeypatch.setattr(type(api.fleet.instances), "all", fails)

    answer = api.call("GET", "/api/instances", who="ada")

    assert (answer.status, answer.problem) == (500, "internal")
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert answer.json["instance"].startswith("urn:uuid:")


def test_aws_that_does_not_answer_is_told_without_its_words(api: ApiStage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise AwsUnreachable("arn:aws:dynamodb:…:table/secret did not answer")

    monkeypatch.setattr(type(api.fleet.instances), "all", fails)

    answer = api.call("GET", "/api/instances", who="ada")

    assert (answer.status, answer.problem) == (503, "unavailable")
    assert "secret" not in answer.text
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (NotAuthenticated("x"), 401, Kind.NOT_AUTHENTICATED),
        (LoginRefused("x"), 401, Kind.LOGIN_REFUSED),
        (Forbidden("x"), 403, Kind.FORBIDDEN),
        (NotAllowed("x"), 403, Kind.NOT_ALLOWED),
        (NotFound("x"), 404, Kind.NOT_FOUND),
        (UnknownService("x"), 404, Kind.NOT_FOUND),
        (Conflict("x"), 409, Kind.CONFLICT),
        (Locked("x"), 409, Kind.CONFLICT),
        (NotManageable("x"), 409, Kind.CONFLICT),
        (ConditionFailed("same-revision", "x"), 409, Kind.CONFLICT),
        (Unfit("x"), 422, Kind.INVALID),
        (TooMany("x"), 429, Kind.TOO_MANY),
        (ActionFailed("x"), 502, Kind.AWS_FAILED),
        (NoRecord("x"), 503, Kind.UNAVAILABLE),
        (SwitchedOff("x"), 503, Kind.SWITCHED_OFF),
        (ConfigurationError("x"), 503, Kind.UNAVAILABLE),
        (PolicyError("x"), 503, Kind.UNAVAILABLE),
        (LifecycleError("x"), 500, Kind.INTERNAL),
    ],
)
def test_each_exception_has_its_status(error: LifecycleError, status: int, kind: Kind) -> None:
    problem = problem_of(error)

    assert (problem.status, problem.kind) == (status, kind)


def test_who_is_over_a_limit_hears_how_long_to_wait() -> None:
    assert problem_of(TooMany("x", retry_after_seconds=42)).headers == {"Retry-After": "42"}
    assert problem_of(TooMany("x")).headers == {}


def test_every_kind_of_problem_is_explained_on_the_page(api: ApiStage) -> None:
    page = api.call("GET", "/api/docs").text

    for kind in ABOUT:
        assert f'id="{kind.value}"' in page


def test_a_problem_has_the_members_that_rfc_9457_names() -> None:
    made = json.loads(internal().document("c0a80001-0000-4000-8000-000000000001"))

    assert made.keys() == {"type", "title", "status", "detail", "instance"}
    assert made["instance"] == "urn:uuid:c0a80001-0000-4000-8000-000000000001"


def test_what_fails_outside_of_a_view_has_our_one_shape_too(api: ApiStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "build_lambda_context_model", lambda context: context.what_lambda_does_not_tell)

    answer = api.call("GET", "/api/models", who="ada")

    assert (answer.status, answer.problem) == (500, "internal")


def _posts() -> Iterator[str]:
    for path, methods in document()["paths"].items():
        if "requestBody" in methods.get("post", {}) and "{" not in path:
            yield path


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(sorted(_posts())), body=_JSON | st.binary(max_size=60))
def test_whatever_is_posted_no_answer_is_a_mistake_of_ours(path: str, body: Any, api: ApiStage) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    answer = api.call("POST", path, who="admin", raw=raw)

    assert answer.status < 500, answer.text


_GETS = [(path, methods["get"]) for path, methods in document()["paths"].items() if "get" in methods]
_TEXT = st.text(max_size=30) | st.sampled_from(["0", "-1", "1e9", "null", "true", "2026-11-20T00:00:00Z", "inst-1"])


@settings(max_examples=120, deadline=None)
@given(which=st.sampled_from(_GETS), data=st.data())
def test_whatever_is_asked_for_no_answer_is_a_mistake_of_ours(
    which: tuple[str, dict[str, Any]], data: st.DataObject, api: ApiStage
) -> None:
    path, operation = which
    asked = {one["name"]: data.draw(_TEXT) for one in operation.get("parameters", []) if data.draw(st.booleans())}
    id = asked.pop("id", "inst-1")
    address = path.replace("{id}", quote(id, safe="") or "-")

    answer = api.call("GET", f"{address}?{urlencode(asked)}" if asked else address, who="admin")

    assert answer.status < 500, answer.text
