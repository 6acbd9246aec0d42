"""Slack behind slack_sdk's own HTTP, in memory: whatever goes wrong between the two is wrong here, request by request.

    wire = Wire(clock)
    with wire.plugged_in(): ...                       # `SlackClient` now speaks to ``wire.workspace``
    wire.decide = lambda method: WireFault.TIMEOUT_AFTER if coin() else None

It stands where urllib would open a connection, so that slack_sdk's reading of status, headers and body is the real one.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from email.message import Message
from enum import StrEnum
from typing import Any
from unittest.mock import patch
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request

from chalicelib.local.slack_workspace import Refusal, Workspace
from faults.people import MEMBERS, TOKEN

RETRY_AFTER_SECONDS = 90
PAGE = "<html><body>502 Bad Gateway</body></html>"


class WireFault(StrEnum):
    UNREACHABLE = "Slack could not be reached"
    TIMEOUT_BEFORE = "Slack timed out before it had effect"
    TIMEOUT_AFTER = "Slack timed out after it had effect"
    SERVER_ERROR = "Slack answered 5xx"
    GATEWAY_AFTER = "Slack answered 5xx after it had effect"
    RATE_LIMITED = "Slack answered 429 with Retry-After"
    MALFORMED = "Slack answered with an unreadable body"
    FATAL = "Slack answered that it had an error of its own"


AFTER = frozenset({WireFault.TIMEOUT_AFTER, WireFault.GATEWAY_AFTER, WireFault.MALFORMED})


class Answer:
    """As urllib gives it."""

    def __init__(self, body: str, kind: str = "application/json; charset=utf-8") -> None:
        self.status = self.code = 200
        self.headers = _headers(kind)
        self._body = body.encode()

    def read(self) -> bytes:
        return self._body


class Wire:
    """``down``: nothing gets through. ``before`` is told of each request, ``accepted`` of each that had its effect, and
    ``whispered`` of what only the person sees who asked (by its ``response_url``)."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.workspace = Workspace(MEMBERS, seconds=lambda: now().timestamp())
        self.down = False
        self.decide: Callable[[str], WireFault | None] = lambda method: None
        self.before: Callable[[str], None] = lambda method: None
        self.accepted: Callable[[str, Mapping[str, Any]], None] = lambda method, said: None
        self.injected: Callable[[WireFault], None] = lambda fault: None
        self.whispered: Callable[[str], None] = lambda text: None
        self.count: Counter[WireFault] = Counter()

    def heal(self) -> None:
        self.down = False
        self.decide = lambda method: None

    @contextmanager
    def plugged_in(self) -> Iterator[None]:
        with ExitStack() as stack:
            for room in ("web.base_client", "webhook.client"):
                stack.enter_context(patch(f"slack_sdk.{room}.urlopen", self._open))
                stack.enter_context(patch(f"slack_sdk.{room}.load_http_proxy_from_env", lambda logger: None))
            yield

    def _open(self, request: Request, **_: object) -> Answer:
        url = urlsplit(request.full_url)
        method = url.path.rpartition("/")[2] if url.path.startswith("/api/") else "response_url"
        self.before(method)
        fault = WireFault.UNREACHABLE if self.down else self.decide(method)
        if fault is not None:
            self.count[fault] += 1
            self.injected(fault)
        match fault:
            case WireFault.UNREACHABLE:
                raise URLError(ConnectionRefusedError(111, "Connection refused"))
            case WireFault.TIMEOUT_BEFORE:
                raise URLError(TimeoutError("timed out"))
            case WireFault.SERVER_ERROR:
                raise _refused(request, 503, PAGE)
            case WireFault.RATE_LIMITED:
                raise _refused(request, 429, "", {"Retry-After": str(RETRY_AFTER_SECONDS)})
            case WireFault.FATAL:
                return Answer(json.dumps({"ok": False, "error": "internal_error"}))
        answer = self._answered(method, _said(request))
        match fault:
            case WireFault.TIMEOUT_AFTER:
                raise TimeoutError("timed out")
            case WireFault.GATEWAY_AFTER:
                raise _refused(request, 502, PAGE)
            case WireFault.MALFORMED:
                return Answer(PAGE, "text/html")
            case _:
                return answer

    def _answered(self, method: str, said: Mapping[str, Any]) -> Answer:
        try:
            if method == "response_url":
                self.whispered(json.dumps(said))
                return Answer("ok", "text/plain")
            told = self.workspace.call(method, said)
        except Refusal as refusal:
            return Answer(json.dumps({"ok": False, "error": str(refusal)}))
        self.accepted(method, said)
        return Answer(json.dumps({"ok": True, **told}))


def _said(request: Request) -> Mapping[str, Any]:
    assert request.get_header("Authorization") in (None, f"Bearer {TOKEN}")
    body = request.data if isinstance(request.data, bytes) else b""
    if "json" in str(request.get_header("Content-type")):
        found: Mapping[str, Any] = json.loads(body)
        return found
    return dict(parse_qsl(body.decode() or urlsplit(request.full_url).query))


def _refused(request: Request, status: int, body: str, headers: Mapping[str, str] | None = None) -> HTTPError:
    made = _headers("text/html")
    for name, value in (headers or {}).items():
        made[name] = value
    return HTTPError(request.full_url, status, "refused", made, io.BytesIO(body.encode()))


def _headers(kind: str) -> Message:
    made = Message()
    made["Content-Type"] = kind
    return made
