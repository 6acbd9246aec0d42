"""Every endpoint of the OpenAPI document against every kind of caller: a new route without a rule fails here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from chalicelib.entrypoints.api.openapi import document
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
"""Let in, and served."""

EVERYBODY = dict.fromkeys(CALLERS, IN)
ANY_ROLE = {"ReadOnly": IN, "User, own": IN, "User, another's": IN, "Admin": IN}
WHOEVER_SEES_IT = {**ANY_ROLE, "User, another's": 404}
OWNER_AND_ADMIN = {**WHOEVER_SEES_IT, "ReadOnly": 403}
USER_AND_ADMIN = {**ANY_ROLE, "ReadOnly": 403}
ONLY_ADMIN = {"ReadOnly": 403, "User, own": 403, "User, another's": 403, "Admin": IN}

WHO_MAY: dict[str, dict[str, int]] = {
    "POST /api/auth/login": EVERYBODY,
    "POST /api/auth/challenge": EVERYBODY,
    "POST /api/auth/refresh": EVERYBODY,
    "POST /api/auth/signup": EVERYBODY,
    "POST /api/auth/signup/confirm": EVERYBODY,
    "POST /api/auth/signup/resend": EVERYBODY,
    "POST /api/auth/reset-password": EVERYBODY,
    "POST /api/auth/reset-password/confirm": EVERYBODY,
    "GET /api/user/profile": ANY_ROLE,
    "PUT /api/user/profile": ANY_ROLE,
    "PUT /api/user/password": ANY_ROLE,
    "POST /api/user/totp": ANY_ROLE,
    "PUT /api/user/totp": ANY_ROLE,
    "DELETE /api/user/totp": ANY_ROLE,
    "GET /api/users": ONLY_ADMIN,
    "POST /api/users": ONLY_ADMIN,
    "GET /api/users/{id}": ONLY_ADMIN,
    "PUT /api/users/{id}": ONLY_ADMIN,
    "GET /api/models": ANY_ROLE,
    "POST /api/models": ONLY_ADMIN,
    "GET /api/models/{id}": ANY_ROLE,
    "PUT /api/models/{id}": ONLY_ADMIN,
    "DELETE /api/models/{id}": ONLY_ADMIN,
    "POST /api/models/start": USER_AND_ADMIN,
    "DELETE /api/models/{id}/stop": OWNER_AND_ADMIN,
    "GET /api/instances": ANY_ROLE,
    "GET /api/instances/{id}": WHOEVER_SEES_IT,
    "GET /api/instances/{id}/logs": OWNER_AND_ADMIN,
    "POST /api/instances/{id}/start": OWNER_AND_ADMIN,
    "PUT /api/instances/{id}/override": OWNER_AND_ADMIN,
    "DELETE /api/instances/{id}/override": OWNER_AND_ADMIN,
    "GET /api/instances/{id}/why": WHOEVER_SEES_IT,
    "GET /api/policies": ANY_ROLE,
    "GET /api/decisions": ANY_ROLE,
    "GET /api/health": EVERYBODY,
    "GET /api/openapi.json": EVERYBODY,
    "GET /api/docs": EVERYBODY,
}
"""Written by hand: a route that is let open by its own declaration fails here."""

NO_ACCESS_TOKEN = (422, "header.X-Access-Token: Field required.")
WRONG_CODE = (422, "The code is wrong or has run out")
NOT_SERVED = {
    "POST /api/auth/challenge": (422, "has a form that the user pool does not take"),
    "POST /api/auth/refresh": (401, "The refresh token does not hold any more"),
    "POST /api/auth/signup/confirm": WRONG_CODE,
    "POST /api/auth/reset-password/confirm": WRONG_CODE,
    "PUT /api/user/profile": NO_ACCESS_TOKEN,
    "PUT /api/user/password": NO_ACCESS_TOKEN,
    "POST /api/user/totp": NO_ACCESS_TOKEN,
    "PUT /api/user/totp": NO_ACCESS_TOKEN,
    "DELETE /api/user/totp": NO_ACCESS_TOKEN,
}
"""Whoever is let in here needs something more, which only the pool gives out: they get exactly this."""

REMOVED = "removed-1b"
"""A model that is there to be removed."""

OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method.upper()} {path}")
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]


def test_the_table_names_every_operation_of_the_document() -> None:
    assert {str(one.id) for one in OPERATIONS} == set(WHO_MAY)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_each_endpoint_lets_in_whom_its_rule_names_and_nobody_else(
    path: str, method: str, operation: dict[str, Any], caller: str, api: ApiStage
) -> None:
    name = f"{method.upper()} {path}"
    if name == "DELETE /api/models/{id}":
        _put_there(REMOVED, api)
    body = _body(name, operation, api)
    answer = api.call(method.upper(), _address(name, api), token=CALLERS[caller](api), body=body)

    wanted = WHO_MAY[name].get(caller, 401 if caller in NOBODY else 403)
    if wanted == IN and name in NOT_SERVED:
        status, says = NOT_SERVED[name]
        assert (answer.status, says in answer.json["detail"]) == (status, True), answer.text
    elif wanted == IN:
        assert answer.status in (200, 201, 202, 204), answer.text
    else:
        assert answer.status == wanted, answer.text
        assert answer.problem == {401: "not-authenticated", 403: "forbidden", 404: "not-found"}[wanted]
        assert ("WWW-Authenticate" in answer.headers) is (wanted == 401)


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer-like"])
def test_a_good_token_under_another_scheme_is_no_token(scheme: str, api: ApiStage) -> None:
    answer = api.call("GET", "/api/instances", Authorization=f"{scheme} {api.token('admin')}")

    assert (answer.status, answer.problem) == (401, "not-authenticated")


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


def test_read_only_learns_nobodys_address_and_the_owner_and_admin_do(api: ApiStage) -> None:
    api.call("PUT", "/api/instances/inst-1/override", who="ada", body={"action": "keep", "minutes": 90})
    paths = ("/api/instances", "/api/instances/inst-1", "/api/instances/inst-1/why", "/api/decisions")

    told = {path: api.call("GET", path, who="rita") for path in paths}

    assert {path: answer.status for path, answer in told.items()} == dict.fromkeys(paths, 200)
    assert [path for path, answer in told.items() if "ada@" in answer.text] == []
    assert (told[paths[1]].json["owner"], told[paths[1]].json["user_id"]) == (None, None)
    assert told[paths[3]].json["items"][0]["who"] == "somebody"
    assert api.call("GET", f"/api/instances?user_id={api.fleet.user('ada').sub}", who="rita").json["items"] == []
    for who in ("ada", "admin"):
        assert api.call("GET", "/api/instances/inst-1", who=who).json["owner"] == "ada@example.com"
        assert "ada@example.com" in api.call("GET", "/api/decisions", who=who).text


def _address(name: str, api: ApiStage) -> str:
    path = name.partition(" ")[2]
    if path.startswith("/api/users/"):
        return path.replace("{id}", api.fleet.user("ben").sub)
    if path == "/api/models/{id}":
        return path.replace("{id}", REMOVED if name.startswith("DELETE") else "llama2-7b")
    return path.replace("{id}", "inst-1")


def _put_there(model_id: str, api: ApiStage) -> None:
    """So that it can be removed, whichever test came before."""
    if model_id not in {one["model_id"] for one in api.call("GET", "/api/models", who="admin").json["items"]}:
        example = _example(document()["paths"]["/api/models"]["post"])
        assert api.call("POST", "/api/models", who="admin", body={**example, "model_id": model_id}).status == 201


def _body(name: str, operation: dict[str, Any], api: ApiStage) -> Any:
    if name == "POST /api/auth/login":
        ada = api.fleet.user("ada")
        return {"email": ada.email, "password": ada.password}
    return _example(operation)


def _example(operation: dict[str, Any]) -> Any:
    if "requestBody" not in operation:
        return None
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    (example,) = document()["components"]["schemas"][name]["examples"]
    return example
