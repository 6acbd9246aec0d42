"""The only writes to ECS and Application Auto Scaling, each with its refusals in one clear sentence.

Raises `ActionFailed`. Throttling is retried inside botocore (standard retries with jitter, set by runtime/clients);
what still arrives here has used up its tries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chalicelib.decide.capacity import Strategy
from chalicelib.decide.facts import ScalingBounds, ServiceId
from chalicelib.errors import ActionFailed

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.client import ApplicationAutoScalingClient
    from mypy_boto3_ecs.client import ECSClient

_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "ClusterNotFoundException": "{service}: there is no cluster {cluster} in this account and region.",
        "ServiceNotFoundException": "{service}: there is no such service in cluster {cluster}; was it deleted?",
        "ServiceNotActiveException": "{service} is being deleted (not ACTIVE), so it cannot be changed.",
        "ObjectNotFoundException": "{service}: its autoscaling target is gone.",
        "ConcurrentUpdateException": "{service}: autoscaling is being changed by somebody else; we try again.",
    }
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException"})


def set_desired_count(ecs: ECSClient, service: ServiceId, count: int, *, new_deployment: bool = False) -> None:
    arguments: dict[str, Any] = {"cluster": service.cluster, "service": service.name, "desiredCount": count}
    if new_deployment:
        arguments["forceNewDeployment"] = True
    _call(service, "ecs:UpdateService", lambda: ecs.update_service(**arguments))


def set_placement(ecs: ECSClient, service: ServiceId, to: Strategy) -> None:
    """ECS takes another strategy only together with a forced deployment."""
    arguments: dict[str, Any] = {
        "cluster": service.cluster,
        "service": service.name,
        "capacityProviderStrategy": [
            {"capacityProvider": one.name, "base": one.base, "weight": one.weight} for one in to
        ],
        "forceNewDeployment": True,
    }
    _call(service, "ecs:UpdateService", lambda: ecs.update_service(**arguments))


def drain_host(ecs: ECSClient, service: ServiceId, cluster: str, container_instance: str) -> None:
    """No new task goes there, and those of services are replaced. ``service`` is one of them, for what is said."""
    _call(
        service,
        "ecs:UpdateContainerInstancesState",
        lambda: ecs.update_container_instances_state(
            cluster=cluster, containerInstances=[container_instance], status="DRAINING"
        ),
    )


def suspend_scaling(scaling: ApplicationAutoScalingClient, service: ServiceId) -> None:
    """All three switches off; bounds that are not named stay as they are."""
    _register(scaling, service, SuspendedState=_switches(True, True, True))


def restore_scaling(scaling: ApplicationAutoScalingClient, service: ServiceId, bounds: ScalingBounds) -> None:
    """Bounds and switches exactly as given."""
    _register(
        scaling,
        service,
        MinCapacity=bounds.min_capacity,
        MaxCapacity=bounds.max_capacity,
        SuspendedState=_switches(bounds.scale_in_suspended, bounds.scale_out_suspended, bounds.scheduled_suspended),
    )


def _switches(scale_in: bool, scale_out: bool, scheduled: bool) -> dict[str, bool]:
    return {
        "DynamicScalingInSuspended": scale_in,
        "DynamicScalingOutSuspended": scale_out,
        "ScheduledScalingSuspended": scheduled,
    }


def _register(scaling: ApplicationAutoScalingClient, service: ServiceId, **arguments: Any) -> None:
    _call(
        service,
        "application-autoscaling:RegisterScalableTarget",
        lambda: scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/{service.cluster}/{service.name}",
            ScalableDimension="ecs:service:DesiredCount",
            **arguments,
        ),
    )


def describe(ecs: ECSClient, cluster: str, names: list[str]) -> list[Mapping[str, Any]]:
    """Up to ten services of one cluster as ECS describes them, events included."""
    service = ServiceId(cluster, names[0])
    answer = _call(service, "ecs:DescribeServices", lambda: ecs.describe_services(cluster=cluster, services=names))
    found: list[Mapping[str, Any]] | None = answer.get("services")
    if found is None:
        raise ActionFailed(f"{service}: ecs:DescribeServices answered nothing that can be read.")
    return found


def _call(service: ServiceId, action: str, call: Callable[[], Any]) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

    try:
        return call()
    except ClientError as error:
        raise ActionFailed(_sentence(service, action, error.response.get("Error", {}))) from error
    except ParamValidationError:
        raise
    except NoCredentialsError as error:
        raise ActionFailed(f"{service}: no AWS credentials were found for {action}.") from error
    except BotoCoreError as error:
        said = f"{service}: no answer to {action}, so it may or may not have happened ({error})."
        raise ActionFailed(said, uncertain=True) from error
    except Exception as error:  # botocore's parsers and others raise outside its own tree; one service's ends here
        kind = type(error).__name__
        said = f"{service}: {action} got an answer that cannot be read ({kind}), so it may or may not have happened."
        raise ActionFailed(said, uncertain=True) from error


def _sentence(service: ServiceId, action: str, error: Mapping[str, Any]) -> str:
    code, message = str(error.get("Code", "")), str(error.get("Message", ""))
    if code in _SENTENCES:
        return _SENTENCES[code].format(service=service, cluster=service.cluster)
    if code in _DENIED:
        if action == "ecs:UpdateService":
            return f"{service}: our role may not call {action} on it; has it the tag lifecycle:managed=true?"
        return f"{service}: our role may not call {action}; add it to its policy."
    if code in _THROTTLED:
        return f"{service}: AWS throttled {action} and went on doing so; the next look tries again."
    return f"{service}: {action} was refused: {message or code}"
