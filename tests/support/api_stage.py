"""The HTTP API before a launched model on the embedded AWS, with tokens of an issuer that tests can make lie.

with api_stage(tmp_path, at="2026-11-20T10:00+09:00") as api:
    assert api.call("GET", "/api/instances", who="ada").json["items"] == []
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import app as deployed
from chalice.test import Client
from chalicelib.entrypoints.api.openapi import document
from chalicelib.fleet.catalog import Catalog
from chalicelib.fleet.identity.identity import build_identity
from chalicelib.fleet.identity.pace import Pace
from chalicelib.fleet.identity.tokens import Tokens
from chalicelib.fleet.launching import StartRequest
from chalicelib.fleet.logs import LogReader
from chalicelib.fleet.model import Instance
from chalicelib.fleet.people import Caller
from chalicelib.local.front import LOG_GROUP
from chalicelib.runtime import compose
from jsonschema import Draft202012Validator
from support.fleet_stage import OPEN_ALWAYS, FleetStage, fleet_stage
from support.issuer import Issuer


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def problem(self) -> str:
        """The kind of the problem; empty for an answer that is none."""
        if self.headers.get("Content-Type") != "application/problem+json":
            return ""
        return str(self.json["type"]).rpartition("#")[2]


def operation_of(method: str, path: str) -> Mapping[str, Any] | None:
    """That of the document; None for a path or a method that nobody serves."""
    parts = path.split("/")
    for template, methods in sorted(document()["paths"].items()):
        wanted = template.split("/")
        if len(wanted) == len(parts) and all(a == b or a == "{id}" for a, b in zip(wanted, parts, strict=True)):
            found: Mapping[str, Any] | None = methods.get(method.lower())
            return found
    return None


def check_answer(operation: Mapping[str, Any], answer: Answer) -> None:
    """Fails for an answer that the OpenAPI document does not know: its status, its content type, or its shape."""
    made = document()
    assert str(answer.status) in operation["responses"], answer.text
    told = operation["responses"][str(answer.status)]
    if "$ref" in told:
        told = made["components"]["responses"][told["$ref"].rpartition("/")[2]]
    if "content" not in told:
        assert answer.text == ""
        return
    content = told["content"][answer.headers["Content-Type"].partition(";")[0]]
    if "json" in answer.headers["Content-Type"]:
        Draft202012Validator({**content["schema"], "components": made["components"]}).validate(answer.json)


@dataclass
class NotedStarts:
    """Answers every start with the one instance that is there."""

    stage: FleetStage
    starts: list[tuple[StartRequest, Caller, str]] = field(default_factory=list)

    def start(self, request: StartRequest, caller: Caller, key: str) -> Instance:
        self.starts.append((request, caller, key))
        return self.stage.row()


@dataclass
class NotedRemovals:
    stage: FleetStage
    removed: list[str] = field(default_factory=list)

    def remove(self, instance_id: str, *, when_quiet: bool = False) -> Instance:
        self.removed.append(instance_id)
        return self.stage.row(instance_id)


@dataclass
class ApiStage:
    fleet: FleetStage
    issuer: Issuer
    launcher: NotedStarts
    remover: NotedRemovals
    catalog: Catalog
    client: Client

    def token(self, who: str, **changed: Any) -> str:
        """An id token of one of the pool's people: ada and ben are Users, rita is ReadOnly, admin is Admin."""
        user = self.fleet.user(who)
        said = {"sub": user.sub, "email": user.email, "groups": (user.role.value,), **changed}
        return self.issuer.token(self.fleet.clock.now(), **said)

    def call(
        self,
        method: str,
        path: str,
        *,
        who: str = "",
        token: str = "",
        body: object = None,
        raw: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """Every answer is held to the document on the way."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who or token:
            sent["Authorization"] = f"Bearer {token or self.token(who)}"
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        if content:
            sent.setdefault("Content-Type", "application/json")
        got = self.client.http.request(method, path, headers=sent, body=content)
        answer = Answer(got.status_code, got.headers, got.body.decode())
        if operation := operation_of(method, path.partition("?")[0]):
            check_answer(operation, answer)
        return answer


@contextmanager
def api_stage(folder: Path, policies: str = OPEN_ALWAYS, *, at: str, launches: bool = False) -> Iterator[ApiStage]:
    """``launches``: starts and removals are carried out; else they are only noted."""
    with fleet_stage(folder, policies, at=at) as stage:
        issuer = Issuer()
        pace = Pace(pause=lambda seconds: None)
        identity = build_identity(stage.table, stage.clients.cognito, stage.pool.settings, stage.clock, pace=pace)
        identity = replace(identity, tokens=Tokens(issuer.pool, issuer.fetch, stage.clock))
        catalog = Catalog(stage.table)
        launcher, remover = NotedStarts(stage), NotedRemovals(stage)
        parts = SimpleNamespace(
            catalog=catalog,
            instances=stage.instances,
            launcher=stage.launcher if launches else launcher,
            remover=stage.remover if launches else remover,
            wishes=stage.wishes,
            keeper=stage.keeper,
            logs=LogReader(stage.clients.logs, LOG_GROUP),
        )
        known = {one.name: getattr(stage.app, one.name) for one in fields(stage.app)}
        compose.install(cast(Any, SimpleNamespace(**{**known, "identity": identity, "fleet": parts})))
        try:
            with Client(deployed.app) as client:
                yield ApiStage(stage, issuer, launcher, remover, catalog, client)
        finally:
            compose.install(None)
