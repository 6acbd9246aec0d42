"""Which rule of a listener takes a request, and whether its token passes: as the load balancer documents it. Pure but
for the fetching of keys.

Rules are tried in the order of their priorities; all conditions of one must hold. Within a rule the actions run in
their order: a token that does not hold ends the request with 401, whatever other rules say.
"""

from __future__ import annotations

import fnmatch
import json
import re
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from chalicelib.local.aws import LOOPBACK

Fetch = Callable[[str], bytes]
LEEWAY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """What conditions look at."""

    method: str
    host: str
    path: str
    authorization: str


@dataclass(frozen=True, slots=True)
class Forward:
    target_group_arn: str


@dataclass(frozen=True, slots=True)
class Fixed:
    status: int
    body: str = ""
    kind: str = "text/plain"


Taken = Forward | Fixed
UNAUTHORIZED = Fixed(401, "401 Authorization Required")


def take(rules: Sequence[Mapping[str, Any]], asked: Asked, fetch: Fetch) -> Taken:
    """``rules`` as DescribeRules gives them, in any order; the default rule is the last to be tried."""
    for rule in sorted(rules, key=_rank):
        if all(_holds(condition, asked) for condition in rule.get("Conditions", [])):
            return _run(sorted(rule["Actions"], key=lambda action: action.get("Order", 0)), asked, fetch)
    return Fixed(404)


def _rank(rule: Mapping[str, Any]) -> float:
    return float("inf") if rule["Priority"] == "default" else int(rule["Priority"])


def _holds(condition: Mapping[str, Any], asked: Asked) -> bool:
    match condition["Field"]:
        case "host-header":
            values = condition.get("HostHeaderConfig", {}).get("Values") or condition.get("Values", [])
            return any(fnmatch.fnmatchcase(asked.host.lower(), str(value).lower()) for value in values)
        case "path-pattern":
            config = condition.get("PathPatternConfig", {})
            if any(re.search(str(value), asked.path) for value in config.get("RegexValues", [])):
                return True
            values = config.get("Values") or condition.get("Values", [])
            return any(fnmatch.fnmatchcase(asked.path, str(value)) for value in values)
        case "http-request-method":
            return asked.method in condition.get("HttpRequestMethodConfig", {}).get("Values", [])
        case other:
            raise NotImplementedError(f"the local load balancer knows no condition {other}")


def _run(actions: Sequence[Mapping[str, Any]], asked: Asked, fetch: Fetch) -> Taken:
    for action in actions:
        match action["Type"]:
            case "jwt-validation":
                if not token_passes(action["JwtValidationConfig"], asked.authorization, fetch):
                    return UNAUTHORIZED
            case "forward":
                return Forward(_heaviest(action))
            case "fixed-response":
                said = action["FixedResponseConfig"]
                return Fixed(
                    int(said["StatusCode"]), said.get("MessageBody", ""), said.get("ContentType", "text/plain")
                )
            case other:
                raise NotImplementedError(f"the local load balancer knows no action {other}")
    return Fixed(503)


def _heaviest(action: Mapping[str, Any]) -> str:
    """Our rules weigh one group 1 and the other 0, so there is nothing to draw lots for."""
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    return str(max(groups, key=lambda group: int(group.get("Weight", 1)))["TargetGroupArn"])


def token_passes(config: Mapping[str, Any], authorization: str, fetch: Fetch) -> bool:
    """RS256 by the keys of ``JwksEndpoint``, the issuer, the times, and every additional claim."""
    import jwt

    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return False
    try:
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(json.loads(fetch(config["JwksEndpoint"]))).keys}
        key = keys[jwt.get_unverified_header(token).get("kid")]
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=config["Issuer"],
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp"], "verify_aud": False},
        )
    except (jwt.PyJWTError, KeyError, ValueError):
        return False
    return all(_claim_holds(one, claims) for one in config.get("AdditionalClaims", []))


def _claim_holds(wanted: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    value, allowed = claims.get(wanted["Name"]), set(wanted["Values"])
    match wanted["Format"]:
        case "single-string":
            return value in allowed
        case "string-array":
            return isinstance(value, list) and bool(allowed & set(value))
        case "space-separated-values":
            return isinstance(value, str) and bool(allowed & set(value.split()))
        case other:
            raise NotImplementedError(f"the local load balancer knows no claim format {other}")


def fetch_here(url: str) -> bytes:
    """Keys of the embedded user pool; nothing that is not on this machine."""
    if urlsplit(url).hostname not in (LOOPBACK, "localhost"):
        raise ValueError(f"{url} is not on this machine")
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the loopback address only
        found: bytes = answer.read()
    return found
