"""Every endpoint of the OpenAPI document against every kind of caller: a new route without a rule fails here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from chalicelib.entrypoints.api.openapi import document
from chalicelib.entrypoints.api.routing import Needs
from support.api_stage import ApiStage
from support.issuer import POOL, Issuer, tampered

Caller = Callable[[ApiStage], str]


def _of_another_pool(api: ApiStage) -> str:
    return api.token("admin", iss=POOL.issuer.replace("abc123", "other"))


CALLERS: dict[str, Caller] = {
    "no token": lambda api: "",
    "no token at all, but text": lambda api: "garbage",
    "expired": lambda api: api.token("admin", exp=(api.fleet.clock.now() - timedelta(minutes=5)).timestamp()),
    "wrong issuer": _of_another_pool,
    "signed by somebody else": lambda api: Issuer("theirs").token(
        api.fleet.clock.now(), kid="first", groups=("Admin",)
    ),
    "tampered": lambda api: tampered(api.token("ben"), **{"cognito:groups": ["Admin"]}),
    "an access token": lambda api: api.token("admin", use="access", email=None),
    "without a role": lambda api: api.token("ada", groups=("Gardeners",)),
    "ReadOnly": lambda api: api.token("rita"),
    "User, own": lambda api: api.token("ada"),
    "User, another's": lambda api: api.token("ben"),
    "Admin": lambda api: api.token("admin"),
}
NOBODY = frozenset(list(CALLERS)[:7])

IN = 0
"""Let in: whatever the view then says about the request."""

RULES: dict[Needs, dict[str, int]] = {
    Needs.SELF: {"ReadOnly": IN, "User, own": IN, "User, another's": IN, "Admin": IN},
    Needs.READ: {"ReadOnly": IN, "User, own": IN, "User, another's": IN, "Admin": IN},
    Needs.SEE: {"ReadOnly": IN, "User, own": IN, "User, another's": 404, "Admin": IN},
    Needs.WRITE: {"ReadOnly": 403, "User, own": IN, "User, another's": IN, "Admin": IN},
    Needs.OWN: {"ReadOnly": 403, "User, own": IN, "User, another's": 404, "Admin": IN},
    Needs.ADMIN: {"ReadOnly": 403, "User, own": 403, "User, another's": 403, "Admin": IN},
}

OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method.upper()} {path}")
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]


def expected(needs: Needs, caller: str) -> int:
    if needs is Needs.OPEN:
        return IN
    if caller in NOBODY:
        return 401
    return 403 if caller == "without a role" else RULES[needs][caller]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_each_endpoint_lets_in_whom_its_rule_names_and_nobody_else(
    path: str, method: str, operation: dict[str, Any], caller: str, api: ApiStage
) -> None:
    answer = api.call(method.upper(), _address(path, api), token=CALLERS[caller](api), body=_example(operation))

    wanted = expected(Needs(operation["x-needs"]), caller)
    assert answer.status < 500, answer.text
    if wanted == IN:
        assert answer.problem not in ("not-authenticated", "forbidden", "not-found"), answer.text
    else:
        assert answer.status == wanted, answer.text
        assert answer.problem == {401: "not-authenticated", 403: "forbidden", 404: "not-found"}[wanted]
        assert ("WWW-Authenticate" in answer.headers) is (wanted == 401)


def test_who_is_shut_out_changes_nothing(api: ApiStage) -> None:
    before = api.fleet.row(), len(api.launcher.starts), api.fleet.desired()

    for method, path in (("DELETE", "/api/models/inst-1/stop"), ("POST", "/api/models/start")):
        for caller in (*NOBODY, "ReadOnly"):
            api.call(method, path, token=CALLERS[caller](api), body={"model_id": "tinyllama"})
    api.call("DELETE", "/api/models/inst-1/stop", who="ben")

    assert (api.fleet.row(), len(api.launcher.starts), api.fleet.desired()) == before


def test_what_another_has_and_what_nobody_has_are_told_alike(api: ApiStage) -> None:
    others = api.call("GET", "/api/instances/inst-1", who="ben").json
    nobodys = api.call("GET", "/api/instances/inst-9", who="ben").json

    assert {**others, "instance": ""} == {**nobodys, "instance": ""}


def _address(path: str, api: ApiStage) -> str:
    if path.startswith("/api/users/"):
        return path.replace("{id}", api.fleet.user("ben").sub)
    if path == "/api/models/{id}":
        known = api.catalog.get("tinyllama") if any(one.id == "tinyllama" for one in api.catalog.all()) else None
        return path.replace("{id}", "llama2-7b" if known is None else "tinyllama")
    return path.replace("{id}", "inst-1")


def _example(operation: dict[str, Any]) -> Any:
    if "requestBody" not in operation:
        return None
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    (example,) = document()["components"]["schemas"][name]["examples"]
    return example
