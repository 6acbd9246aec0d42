"""What a request to a sleeping instance hears, in the form its client reads."""

from __future__ import annotations

import base64
import json
from http import HTTPStatus
from typing import Any

import pytest
from chalicelib.fleet.answers import Answer, render, request_of

STARTING = Answer(HTTPStatus.SERVICE_UNAVAILABLE, "model_starting", "inst-1 is starting.", 300)
REFUSED = Answer(HTTPStatus.FORBIDDEN, "model_stopped", 'closed until <b>"Monday"</b>')


def event(path: str = "/api/chat", *, method: str = "POST", many: bool = False, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()} or {"host": "x"}
    given: dict[str, Any] = {"multiValueHeaders": {n: [v] for n, v in named.items()}} if many else {"headers": named}
    return {"httpMethod": method, "path": path, "body": "", "isBase64Encoded": False, **given}


def body_of(response: dict[str, Any]) -> str:
    assert response["isBase64Encoded"] is True
    return base64.b64decode(response["body"]).decode()


def test_an_openai_client_gets_openai_s_error_and_is_never_told_to_wait_longer_than_two_minutes() -> None:
    response = render(STARTING, request_of(event("/v1/chat/completions")))
    assert response["statusCode"] == 503
    assert response["statusDescription"] == "503 Service Unavailable"
    assert response["headers"]["Retry-After"] == "120"
    assert json.loads(body_of(response)) == {
        "error": {"message": "inst-1 is starting.", "type": "server_error", "param": None, "code": "model_starting"}
    }


def test_an_ollama_client_gets_ollama_s_error() -> None:
    assert json.loads(body_of(render(STARTING, request_of(event("/api/chat"))))) == {"error": "inst-1 is starting."}


def test_a_browser_gets_a_page_that_asks_again_and_holds_no_foreign_markup() -> None:
    browser = event("/", method="GET", accept="text/html,application/xhtml+xml", host="x")
    page = body_of(render(STARTING, request_of(browser)))
    assert '<meta http-equiv="refresh" content="120">' in page
    refused = render(REFUSED, request_of(browser))
    assert "Retry-After" not in refused["headers"]
    assert "<b>" not in body_of(refused)
    assert "refresh" not in body_of(refused)


@pytest.mark.parametrize("many", [True, False])
def test_an_answer_has_the_form_of_headers_that_the_question_had(many: bool) -> None:
    response = render(STARTING, request_of(event(many=many, Host="Ollama-Inst-1.Example:443")))
    assert ("multiValueHeaders" in response, "headers" in response) == (many, not many)
    assert request_of(event(many=many, Host="Ollama-Inst-1.Example:443")).host == "ollama-inst-1.example"


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("", ""), ("abc", "")],
)
def test_a_token_is_a_bearer_s(header: str, token: str) -> None:
    assert request_of(event(authorization=header)).token == token


def test_an_event_without_headers_is_a_request_without_a_host() -> None:
    request = request_of({"httpMethod": "GET", "path": "/", "headers": None})
    assert (request.host, request.token, request.is_health_check) == ("", "", False)


def test_who_shows_no_token_is_told_how() -> None:
    answer = Answer(HTTPStatus.UNAUTHORIZED, "invalid_token", "No token.")
    assert render(answer, request_of(event()))["headers"]["WWW-Authenticate"].startswith("Bearer")
