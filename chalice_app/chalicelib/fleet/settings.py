"""What launching needs to know of the deployment, parsed once from the environment.

None of it has a default that could launch something in the wrong place: without ``LIFECYCLE_FLEET_CLUSTER`` the fleet
is off, and with it every other address must be there. The CloudFormation stack sets them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from chalicelib.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """The Cognito user pool whose tokens count. ``mail_domains`` may sign themselves up, as ReadOnly; none: by
    invitation only. ``jwks_url`` and ``issuer`` differ from AWS's own only on the embedded AWS."""

    id: str
    client_id: str
    issuer: str
    jwks_url: str
    mail_domains: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, env: Mapping[str, str], region: str) -> PoolSettings | None:
        """None when the deployment has no pool. Raises ConfigurationError naming the variable that is missing."""
        pool = env.get("LIFECYCLE_USER_POOL", "").strip()
        if not pool:
            return None
        issuer = env.get("LIFECYCLE_ISSUER", "").strip() or f"https://cognito-idp.{region}.amazonaws.com/{pool}"
        return cls(
            id=pool,
            client_id=_required(env, "LIFECYCLE_USER_POOL_CLIENT"),
            issuer=issuer,
            jwks_url=env.get("LIFECYCLE_JWKS_URL", "").strip() or f"{issuer}/.well-known/jwks.json",
            mail_domains=mail_domains_of(env),
        )


def mail_domains_of(env: Mapping[str, str]) -> tuple[str, ...]:
    """``LIFECYCLE_MAIL_DOMAINS``, with commas between; a leading @ is forgiven."""
    return tuple(domain.lower().removeprefix("@") for domain in _list(env, "LIFECYCLE_MAIL_DOMAINS"))


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """Where instances are made, and how many a person may have.

    ``listener_arns``: one HTTPS listener for each load balancer that takes instances, filled in this order.
    ``gpu_providers``: EC2 instance type -> ECS capacity provider of the Auto Scaling group that holds such hosts.
    ``max_usd_per_hour_per_user`` counts running and starting instances at their list price.
    """

    cluster: str
    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    execution_role_arn: str
    task_role_arn: str
    log_group: str
    listener_arns: tuple[str, ...]
    domain: str
    wake_function_arn: str
    gpu_providers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    max_instances_per_user: int = 3
    max_usd_per_hour_per_user: Decimal = Decimal("5")
    max_starts_per_minute: int = 6
    endpoint_scheme: str = "https"
    endpoint_port: int | None = None
    infrastructure_role_arn: str = ""
    """ECS makes volumes from snapshots with it; models whose weights come from a snapshot need it."""
    demand_token: bool = True
    """The listener itself validates tokens (``jwt-validation``; HTTPS listeners only)."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> FleetSettings | None:
        """None when launching is off. Raises ConfigurationError naming the variable that is missing or wrong."""
        cluster = env.get("LIFECYCLE_FLEET_CLUSTER", "").strip()
        if not cluster:
            return None
        return cls(
            cluster=cluster,
            vpc_id=_required(env, "LIFECYCLE_FLEET_VPC"),
            subnet_ids=_required_list(env, "LIFECYCLE_FLEET_SUBNETS"),
            security_group_ids=_required_list(env, "LIFECYCLE_FLEET_SECURITY_GROUPS"),
            execution_role_arn=_required(env, "LIFECYCLE_FLEET_EXECUTION_ROLE"),
            task_role_arn=_required(env, "LIFECYCLE_FLEET_TASK_ROLE"),
            log_group=_required(env, "LIFECYCLE_FLEET_LOG_GROUP"),
            listener_arns=_required_list(env, "LIFECYCLE_FLEET_LISTENERS"),
            domain=_required(env, "LIFECYCLE_FLEET_DOMAIN").lower(),
            wake_function_arn=_required(env, "LIFECYCLE_WAKE_FUNCTION"),
            gpu_providers=_pairs(env, "LIFECYCLE_FLEET_GPU_PROVIDERS"),
            max_instances_per_user=int(_number(env, "LIFECYCLE_MAX_INSTANCES_PER_USER", "3")),
            max_usd_per_hour_per_user=_number(env, "LIFECYCLE_MAX_USD_PER_HOUR_PER_USER", "5"),
            max_starts_per_minute=int(_number(env, "LIFECYCLE_MAX_STARTS_PER_MINUTE", "6")),
            infrastructure_role_arn=env.get("LIFECYCLE_FLEET_INFRASTRUCTURE_ROLE", "").strip(),
        )


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"the environment variable {name} is not set; the CloudFormation stack sets it")
    return value


def _list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in env.get(name, "").split(",") if part.strip())


def _required_list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    _required(env, name)
    return _list(env, name)


def _pairs(env: Mapping[str, str], name: str) -> Mapping[str, str]:
    """``g5.xlarge=gpu-a10g,g6.xlarge=gpu-l4``."""
    pairs: dict[str, str] = {}
    for part in _list(env, name):
        instance_type, equals, provider = part.partition("=")
        if not (instance_type and equals and provider):
            raise ConfigurationError(f'{name} has "{part}": write INSTANCE_TYPE=CAPACITY_PROVIDER, with commas between')
        pairs[instance_type] = provider
    return MappingProxyType(pairs)


def _number(env: Mapping[str, str], name: str, default: str) -> Decimal:
    text = env.get(name, "").strip() or default
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise ConfigurationError(f'{name} is "{text}": write a number of 0 or more')
    return value
