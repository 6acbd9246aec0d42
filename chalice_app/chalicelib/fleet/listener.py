"""The rules and target groups of one instance on its load balancer, as data for Elastic Load Balancing. Pure.

The first rule closes Ollama's administration to all but Admin, the second serves every User and Admin of the pool, for
a team shares its models; both answer only to the instance's own host name. Without a token that holds, and a role in it
that may launch, nobody gets past the load balancer.
"""

from __future__ import annotations

from typing import Any

from chalicelib.fleet.model import PORT, SERVICE_PREFIX, Instance, RoutedTo
from chalicelib.fleet.people import Role
from chalicelib.fleet.routing import forward
from chalicelib.fleet.settings import FleetSettings, PoolSettings

ADMIN_PATHS = (r"^/+api/+(pull|push|create|delete|copy|blobs).*$", r"^.*%.*$", r"^.*/\.{1,2}(/.*)?$")
"""Regular expressions of Ollama's administration, and of every path that Ollama reads otherwise than the load balancer
does, which compares what was sent: Ollama takes ``/api/%64elete`` and ``/x/../api/delete`` for ``/api/delete``. Nobody
needs such paths, so they are closed with the rest. A condition takes three values and a rule five, the host name being
one. They hold for the whole path as well as for a part, whichever is asked."""

DRAIN_SECONDS = 900
"""A generation may take that long to end after its task was taken out."""
IDLE_SECONDS = 600
"""The load balancer waits that long for the next byte: a large model says nothing while it loads and reads."""


def rule_conditions(instance: Instance, *, admin: bool) -> list[dict[str, Any]]:
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": [instance.host_name]}}
    if not admin:
        return [host]
    return [host, {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": list(ADMIN_PATHS)}}]


def rule_actions(
    instance: Instance, settings: FleetSettings, pool: PoolSettings | None, *, admin: bool
) -> list[dict[str, Any]]:
    """Check the token, then forward: requests to whoever wakes it until the model answers, administration always to
    the model (which nobody wakes in order to delete something)."""
    checks = _token_checks(settings, pool, admin=admin)
    to = RoutedTo.MODEL if admin else RoutedTo.WAKE
    return [*checks, forward(instance.resources, to, order=len(checks) + 1)]


def _token_checks(settings: FleetSettings, pool: PoolSettings | None, *, admin: bool) -> list[dict[str, Any]]:
    if not settings.demand_token or pool is None:
        return []
    claims = [_claim("aud", "single-string", pool.client_id), _claim("token_use", "single-string", "id")]
    let_in = [role.value for role in Role if role is Role.ADMIN or (role.may_write and not admin)]
    claims.append({"Name": "cognito:groups", "Format": "string-array", "Values": let_in})
    config = {"JwksEndpoint": pool.jwks_url, "Issuer": pool.issuer, "AdditionalClaims": claims}
    return [{"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": config}]


def _claim(name: str, format: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Format": format, "Values": [value]}


def target_group_name(instance: Instance) -> str:
    """At most 32 characters, letters, digits and hyphens."""
    return f"{SERVICE_PREFIX}{instance.id}"


def target_group(instance: Instance, settings: FleetSettings) -> dict[str, Any]:
    """CreateTargetGroup's arguments, without tags."""
    return {
        "Name": target_group_name(instance),
        "TargetType": "ip",
        "Protocol": "HTTP",
        "ProtocolVersion": "HTTP1",
        "Port": PORT,
        "VpcId": settings.vpc_id,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": "/api/tags",
        "HealthCheckIntervalSeconds": 15,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 5,
        "Matcher": {"HttpCode": "200"},
    }


TARGET_GROUP_ATTRIBUTES = (
    {"Key": "deregistration_delay.timeout_seconds", "Value": str(DRAIN_SECONDS)},
    {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"},
)


def load_balancer_arn(listener_arn: str) -> str:
    """``…:listener/app/name/id/listener-id`` -> ``…:loadbalancer/app/name/id``."""
    return listener_arn.replace(":listener/", ":loadbalancer/", 1).rpartition("/")[0]
