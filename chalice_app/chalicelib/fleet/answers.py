"""What a request to a sleeping instance hears, in the form its client understands. Pure.

Clients of OpenAI's interface (``/v1/…``) get OpenAI's error object, others Ollama's; a browser gets a page that asks
again by itself. Only what waiting can mend is a 503 or 429 with ``Retry-After``: libraries repeat those by
themselves.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

LONGEST_RETRY_SECONDS = 120
"""Clients and proxies give up on longer ones."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the load balancer hands it over. Header names are lower case; of several values the first."""

    method: str
    path: str
    headers: Mapping[str, str]
    many_values: bool
    """Whether the target group speaks in ``multiValueHeaders``: the answer must then, too."""

    @property
    def host(self) -> str:
        return self.headers.get("host", "").partition(":")[0].lower()

    @property
    def token(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def is_health_check(self) -> bool:
        return self.headers.get("user-agent", "").startswith("ELB-HealthChecker/")


@dataclass(frozen=True, slots=True)
class Answer:
    """``code`` is one word for programs. ``retry_after_seconds`` None where waiting does not help."""

    status: HTTPStatus
    code: str
    message: str
    retry_after_seconds: int | None = None


def request_of(event: Mapping[str, Any]) -> Request:
    """Reads an event of an Application Load Balancer, in either of its two forms."""
    many = event.get("multiValueHeaders")
    if many is not None:
        headers = {str(name).lower(): str(values[0]) for name, values in many.items() if values}
    else:
        headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    method, path = str(event.get("httpMethod", "GET")), str(event.get("path") or "/")
    return Request(method, path, headers, many is not None)


def render(answer: Answer, request: Request) -> dict[str, Any]:
    """The response that the load balancer understands."""
    if _wants_page(request):
        kind, body = "text/html; charset=utf-8", _page(answer)
    elif request.path == "/v1" or request.path.startswith("/v1/"):
        kind, body = "application/json", json.dumps({"error": _openai_error(answer)})
    else:
        kind, body = "application/json", json.dumps({"error": answer.message})
    headers = {"Content-Type": kind, "Cache-Control": "no-store"}
    if answer.retry_after_seconds is not None:
        headers["Retry-After"] = str(min(answer.retry_after_seconds, LONGEST_RETRY_SECONDS))
    if answer.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="ollama"'
    response: dict[str, Any] = {
        "statusCode": int(answer.status),
        "statusDescription": f"{int(answer.status)} {answer.status.phrase}",
        "isBase64Encoded": True,
        "body": base64.b64encode(body.encode()).decode(),
    }
    if request.many_values:
        return response | {"multiValueHeaders": {name: [value] for name, value in headers.items()}}
    return response | {"headers": headers}


def _wants_page(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def _openai_error(answer: Answer) -> Mapping[str, str | None]:
    kinds = {
        HTTPStatus.UNAUTHORIZED: "authentication_error",
        HTTPStatus.FORBIDDEN: "permission_error",
        HTTPStatus.NOT_FOUND: "not_found_error",
        HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    }
    kind = kinds.get(answer.status, "server_error")
    return {"message": answer.message, "type": kind, "param": None, "code": answer.code}


def _page(answer: Answer) -> str:
    again = ""
    if answer.retry_after_seconds is not None:
        again = f'<meta http-equiv="refresh" content="{min(answer.retry_after_seconds, LONGEST_RETRY_SECONDS)}">'
    title = "Starting" if answer.code == "model_starting" else answer.status.phrase
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}<title>{html.escape(title)}</title>'
        "<style>body{font:1.1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:36rem;padding:0 1rem}</style>"
        f"</head><body><h1>{html.escape(title)}</h1><p>{html.escape(answer.message)}</p></body></html>"
    )
