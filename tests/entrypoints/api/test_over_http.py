"""Through Chalice's local server, over a socket: where nobody but us parses tokens, and threads share one app."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Thread

import app as deployed
import pytest
from chalice.cli.factory import CLIFactory
from chalicelib.local.gateway import GatewayHandler
from support.api_stage import ApiStage
from support.chalice_package import ROOT

Got = tuple[int, Mapping[str, str], bytes]


@pytest.fixture(scope="module", params=["chalice local", "make up"])
def port(request: pytest.FixtureRequest, api: ApiStage) -> Iterator[int]:
    factory = CLIFactory(str(ROOT / "chalice_app"))
    config = factory.create_config_obj(chalice_stage_name="dev")
    before = deployed.app.__class__
    server = factory.create_local_server(deployed.app, config, "127.0.0.1", 0)
    handler = partial(GatewayHandler, app_object=deployed.app, config=config)
    server.server.RequestHandlerClass = handler if request.param == "make up" else server.server.RequestHandlerClass
    thread = Thread(target=server.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server.server_address[1]
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server.server_close()
        deployed.app.__class__ = before


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> Got:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("token", ["Bearer garbage", "Bearer a.b.c", "Bearer ..", "Bearer", "Basic YTpi", "\xe9"])
def test_what_is_no_token_is_refused_and_the_connection_stays(token: str, port: int) -> None:
    status, headers, body = ask(port, "GET", "/api/models", Authorization=token)

    assert (status, headers["content-type"]) == (401, "application/problem+json")
    assert headers["www-authenticate"].startswith("Bearer ")
    assert json.loads(body)["status"] == 401


def test_a_body_and_a_query_come_through_as_they_were_sent(port: int, api: ApiStage) -> None:
    token = f"Bearer {api.token('ada')}"

    status, _, body = ask(port, "GET", "/api/instances?status=running&limit=1", Authorization=token)
    assert (status, json.loads(body)["items"][0]["instance_id"]) == (200, "inst-1")

    status, _, body = ask(
        port, "POST", "/api/models/start", '{"model_id": "größer"}'.encode(), Authorization=token,
        Content_Type="application/json; charset=utf-8",
    )  # fmt: skip
    assert (status, json.loads(body)["errors"][0]["field"]) == (422, "body.model_id")


def test_requests_side_by_side_never_see_each_others_caller(port: int, api: ApiStage) -> None:
    people = {name: f"Bearer {api.token(name)}" for name in ("ada", "ben", "admin", "rita")}

    def seen(name: str) -> tuple[str, str]:
        _, _, body = ask(port, "GET", "/api/user/profile", Authorization=people[name])
        return name, str(json.loads(body)["email"])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(seen, list(people) * 10))

    assert all(email == f"{name}@example.com" for name, email in answers)


def test_requests_side_by_side_are_each_answered_and_counted(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Powertools keeps metrics and log keys for one invocation a process, which is all that Lambda ever has."""
    often, before = 400, sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ask(port, "GET", "/api/health"), range(often)))
    finally:
        sys.setswitchinterval(before)

    assert [(status, body) for status, _, body in answers if status != 200] == []
    assert capsys.readouterr().out.count('"Handled":[1.0]') == often


def test_pages_of_other_origins_are_let_in_by_nobody_unless_the_deployment_says_so(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, headers, _ = ask(port, "OPTIONS", "/api/models", Origin="https://console.example.com")
    assert status == 204
    assert "access-control-allow-origin" not in headers

    monkeypatch.setenv("LIFECYCLE_CORS_ORIGIN", "https://console.example.com")
    status, headers, _ = ask(port, "OPTIONS", "/api/models", Origin="https://console.example.com")
    assert headers["access-control-allow-origin"] == "https://console.example.com"
    assert headers["access-control-allow-methods"] == "GET, POST"
    assert "Authorization" in headers["access-control-allow-headers"]
    status, headers, _ = ask(port, "GET", "/api/models", Origin="https://console.example.com")
    assert (status, headers["access-control-allow-origin"]) == (401, "https://console.example.com")
    status, headers, _ = ask(port, "GET", "/api/models", Origin="https://elsewhere.example.com")
    assert (status, headers["vary"]) == (401, "Origin")
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("port", ["make up"], indirect=True)
@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/api/instances/a/b/c", 404, "not-found"),
        ("POST", "/api/", 404, "not-found"),
        ("PATCH", "/api/models", 405, "method-not-allowed"),
        ("TRACE", "/api/models", 405, "method-not-allowed"),
        ("BREW", "/api/models", 405, "method-not-allowed"),
    ],
)
def test_what_the_gateway_refuses_by_itself_has_our_one_shape_here_too(
    method: str, path: str, status: int, kind: str, port: int
) -> None:
    got, headers, body = ask(port, method, path, b"{}", Authorization="B\xe9arer x")

    assert (got, headers["content-type"]) == (status, "application/problem+json")
    assert json.loads(body)["type"].endswith(f"#{kind}")


@pytest.mark.parametrize("port", ["make up"], indirect=True)
def test_an_answer_to_head_has_no_body(port: int) -> None:
    status, _, body = ask(port, "HEAD", "/api/health")

    assert (status, body) == (405, b"")
