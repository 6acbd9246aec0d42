"""The border of the HTTP API, below what an HTTP client can send: API Gateway's own events, with anything inside.

schemathesis makes requests of the served document; these are beside it: bytes that are no UTF-8, bodies said to be
base64, JSON nested beyond reading, headers and queries of several values, tokens that are none, pieces of paths that
decode to no text. Whoever may write makes real changes; what was refused may have made none.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import app as deployed
from chalicelib.entrypoints.api.routes import ROUTES
from chalicelib.entrypoints.api.routing import Route
from fuzz.app_events import Invocation
from fuzz.hunt import Border, Take
from fuzz.mutations import bytes_near, odd_texts, texts_near, trees_near
from hypothesis import strategies as st
from support.api_stage import Answer, ApiStage, api_stage, check_answer, operation_of

AT = "2026-11-18T12:00+09:00"
_MODEL = {
    "model_name": "Small", "ollama_name": "llama3.2:1b", "image_uri": "ollama/ollama:0.9", "cpu_req": 1024,
    "memory_req": 4096, "gpus": 1, "gpu_memory_mib": 8192, "weights": {"come_from": "pull", "source": ""},
}  # fmt: skip
_PERSON = {"email": "ada@example.com", "password": "Correct-horse-1"}
BODIES: Mapping[str, Any] = {
    "POST /api/auth/login": _PERSON,
    "POST /api/auth/challenge": {"challenge": "SOFTWARE_TOKEN_MFA", "session": "s", "email": "ada@example.com",
                                 "responses": {"code": "123456"}},
    "POST /api/auth/refresh": {"refresh_token": "r"},
    "POST /api/auth/signup": {**_PERSON, "name": "Ada"},
    "POST /api/auth/signup/confirm": {"email": "ada@example.com", "code": "123456"},
    "POST /api/auth/signup/resend": {"email": "ada@example.com"},
    "POST /api/auth/reset-password": {"email": "ada@example.com"},
    "POST /api/auth/reset-password/confirm": {"email": "a@example.com", "code": "1", "new_password": "Better-one-2"},
    "PUT /api/user/profile": {"name": "Ada", "zone": "Asia/Tokyo"},
    "PUT /api/user/password": {"present_password": "Correct-horse-1", "new_password": "Better-one-2"},
    "PUT /api/user/totp": {"code": "123456"},
    "POST /api/users": {"email": "new@example.com", "role": "User"},
    "PUT /api/users/{id}": {"role": "ReadOnly", "enabled": True},
    "POST /api/models": {**_MODEL, "model_id": "small"},
    "PUT /api/models/{id}": {**_MODEL, "revision": 1},
    "POST /api/models/start": {"model_id": "llama3.2-1b", "environment": "dev", "time_to_live_minutes": 60},
    "POST /api/instances/{id}/start": {"until": "2026-11-18T18:00:00+09:00", "reason": "demo"},
    "PUT /api/instances/{id}/override": {"action": "keep", "minutes": 60, "force": False, "reason": "demo"},
}  # fmt: skip
QUERIES: Mapping[str, tuple[str, ...]] = {
    "cursor": ("WyJpZCIsImEiLCJiIl0", "e30", "====", ""), "limit": ("1", "0", "1e3"), "sort": ("created", "-id"),
    "role": ("Admin",), "email": ("ada@example.com",), "gpu": ("true",), "remove": ("true",), "force": ("yes",),
    "until": ("2026-11-18T18:00:00+09:00", "0001-01-01T00:00:00+23:59"), "reason": ("demo",),
    "status": ("running,stopped",),
    "since": ("2026-11-18T00:00:00Z", "9999-12-31T23:59:59-23:59"), "user_id": ("s",), "mode": ("enforce",),
    "service": ("gpu-dev/chat",), "kind": ("decision",), "model_id": ("a",), "environment": ("dev",), "owner": ("x",),
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One event of API Gateway, before the stage fills in what only it knows: ids, and a token of ``who``."""

    route: Route
    piece: str
    query: Mapping[str, list[str]] | None
    headers: Mapping[str, str]
    who: str
    body: bytes | None
    is_text: bool
    encoded: bool


def _bodies(route: Route) -> st.SearchStrategy[bytes | None]:
    seed = BODIES.get(str(route))
    if seed is None:
        return st.one_of(st.none(), st.none(), st.none(), st.binary(max_size=20))
    near = trees_near((seed,)).map(json.dumps)
    deep = st.integers(1, 30_000).map(lambda depth: '{"reason":' * depth)
    return bytes_near(st.one_of(near, near, near, texts_near((json.dumps(seed),)), deep, odd_texts))


_PIECES = (
    st.sampled_from(("INSTANCE", "INSTANCE", "ada", "%FF", "%00", "a%2Fb", "..", "%ED%A0%80", "a" * 3_000)) | odd_texts
)
_QUERY = st.one_of(
    st.none(),
    st.dictionaries(
        st.sampled_from(tuple(QUERIES)) | odd_texts, st.lists(odd_texts, min_size=1, max_size=3), min_size=1, max_size=2
    ),
    st.sampled_from(tuple(QUERIES)).flatmap(lambda name: st.sampled_from(QUERIES[name]).map(lambda one: {name: [one]})),
)
_NO_HEADERS: st.SearchStrategy[dict[str, str]] = st.just({"Content-Type": "application/json"})
_HEADERS = st.dictionaries(
    st.sampled_from(("Content-Type", "Authorization", "Idempotency-Key", "X-Access-Token", "Origin", "Accept", "Host")),
    odd_texts | st.sampled_from(("application/json; charset=utf-16", "Bearer a.b.c", "Bearer", "text/plain", "*/*")),
    max_size=3,
)
_WHO = ("admin", "admin", "ada", "ada", "ben", "rita", "")


def _asked(route: Route) -> st.SearchStrategy[Asked]:
    return st.builds(
        Asked, st.just(route), _PIECES, _QUERY, st.one_of(_NO_HEADERS, _NO_HEADERS, _HEADERS), st.sampled_from(_WHO),
        _bodies(route), st.booleans(), st.booleans(),
    )  # fmt: skip


REQUESTS = st.sampled_from(ROUTES).flatmap(_asked)


@dataclass
class _Stand:
    api: ApiStage
    instance: str
    number: int = 0

    def take(self, asked: Asked) -> None:
        self.number += 1
        before = len(self.api.launcher.starts), len(self.api.remover.removed)
        got = deployed.app(self._event(asked), Invocation())
        answer = Answer(got["statusCode"], _headers(got), _text(got))
        assert answer.status < 500, answer
        assert isinstance(got["body"], str)
        if answer.status >= 400:
            assert answer.problem, answer
            assert answer.json["detail"].strip()
            assert before == (len(self.api.launcher.starts), len(self.api.remover.removed)), "refused, and done"
        path = asked.route.path.replace("{id}", "x")
        operation = operation_of(asked.route.method, path)
        assert operation is not None
        check_answer(operation, answer)

    def _event(self, asked: Asked) -> dict[str, Any]:
        piece = self.instance if asked.piece == "INSTANCE" else asked.piece
        headers = dict(asked.headers)
        if asked.who and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.api.token(asked.who)}"
        named = asked.query or {}
        path, method = asked.route.path.replace("{id}", piece), asked.route.method
        return {
            "resource": asked.route.path, "path": path, "httpMethod": method, "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": {name: values[-1] for name, values in named.items()} or None,
            "multiValueQueryStringParameters": asked.query, "stageVariables": None, "body": _body_of(asked),
            "pathParameters": {"id": piece} if asked.route.names else None, "isBase64Encoded": asked.encoded,
            "requestContext": {
                "resourcePath": asked.route.path, "httpMethod": method, "path": f"/v1{path}",
                "requestId": f"c6af9ac6-7b61-11e6-9a41-{self.number:012}", "stage": "v1",
                "identity": {"sourceIp": "192.0.2.1"},
            },
        }  # fmt: skip


def _body_of(asked: Asked) -> str | None:
    """As API Gateway hands it over; what is broken only where a body is read, for API Gateway breaks none."""
    if asked.body is None:
        return None
    whole = asked.is_text or str(asked.route) not in BODIES
    if not asked.encoded:
        return asked.body.decode("utf-8", "replace" if whole else "surrogateescape")
    return base64.b64encode(asked.body).decode()[: None if whole else -1]


def _headers(got: Mapping[str, Any]) -> dict[str, str]:
    return {**got.get("headers", {}), **{name: one[-1] for name, one in got.get("multiValueHeaders", {}).items()}}


def _text(got: Mapping[str, Any]) -> str:
    return base64.b64decode(got["body"]).decode() if got.get("isBase64Encoded") else str(got["body"])


@contextmanager
def _room() -> Iterator[Take]:
    with tempfile.TemporaryDirectory() as folder, api_stage(Path(folder), at=AT) as api:
        api.fleet.run()
        yield _Stand(api, "inst-1").take


API_REQUESTS = Border("HTTP API", REQUESTS, _room)
