"""The local load balancer takes the rule that AWS would take, and checks tokens as a rule says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalicelib.local.listener_rules import Asked, Fixed, Forward, take
from support.issuer import POOL, Issuer

NOW = datetime.now(UTC)
ADMIN_ONLY = {"Format": "string-array", "Name": "cognito:groups", "Values": ["Admin"]}


def check(*claims: Mapping[str, Any]) -> dict[str, Any]:
    config = {"JwksEndpoint": POOL.jwks_url, "Issuer": POOL.issuer, "AdditionalClaims": list(claims)}
    return {"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": config}


def to(group: str, weight: int = 1, other: str = "wake") -> dict[str, Any]:
    groups = [{"TargetGroupArn": other, "Weight": 1 - weight}, {"TargetGroupArn": group, "Weight": weight}]
    return {"Type": "forward", "Order": 2, "ForwardConfig": {"TargetGroups": groups}}


def rule(priority: str, *actions: Mapping[str, Any], host: str = "", paths: tuple[str, ...] = ()) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = []
    if host:
        conditions.append({"Field": "host-header", "HostHeaderConfig": {"Values": [host]}})
    if paths:
        conditions.append({"Field": "path-pattern", "PathPatternConfig": {"Values": list(paths)}})
    return {"Priority": priority, "Conditions": conditions, "Actions": list(actions)}


RULES = [
    rule("default", {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}),
    rule("11", check(), to("model"), host="one.example"),
    rule("10", check(ADMIN_ONLY), to("model"), host="one.example", paths=("/api/pull*", "/api/delete")),
    rule("9", check(), to("model", weight=0), host="two.example"),
]


def taken(host: str, path: str, token: str = "", issuer: Issuer | None = None) -> object:
    authorization = f"Bearer {token}" if token else ""
    return take(RULES, Asked("POST", host, path, authorization), (issuer or Issuer()).fetch)


def token(groups: tuple[str, ...] = ("User",), **changed: Any) -> str:
    return Issuer().token(NOW, groups=groups, **changed)


def test_the_first_rule_by_priority_takes_the_request_and_the_default_what_is_left() -> None:
    assert taken("one.example", "/api/chat", token()) == Forward("model")
    assert taken("ONE.example", "/api/chat", token()) == Forward("model")
    assert taken("three.example", "/api/chat", token()) == Fixed(404)
    assert taken("two.example", "/api/chat", token()) == Forward("wake"), "the group with the weight"


def test_administration_is_admin_s_and_a_refused_token_falls_through_to_no_other_rule() -> None:
    for path in ("/api/pull", "/api/delete"):
        found = taken("one.example", path, token())
        assert isinstance(found, Fixed)
        assert found.status == 401
        assert taken("one.example", path, token(("Admin",))) == Forward("model")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x.y.z",
        token(exp=(NOW - timedelta(minutes=5)).timestamp()),
        token(iss="https://elsewhere.example"),
        token()[:-6] + "AAAAAA",
    ],
)
def test_a_token_that_does_not_hold_gets_nobody_in(bad: str) -> None:
    found = taken("one.example", "/api/chat", bad)
    assert isinstance(found, Fixed)
    assert found.status == 401
