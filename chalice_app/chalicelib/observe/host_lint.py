"""Whether hosts really go when their tasks do, and whether Spot tasks can end within the two minutes they are given.

A desired count of zero stops no host: the capacity provider's Auto Scaling group must be let shrink to zero. What keeps
it from that, and what would cut requests when a Spot host is taken, is said in sentences; nothing is changed. Read by
`lifecycle doctor`, not by sweeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.observe.calls import chunks, one_sentence
from chalicelib.observe.capacity import Described

NOTICE_SECONDS = 120
DRAIN_AND_STOP_SECONDS = 110
"""Of the two minutes, what is left when the warning has come through EventBridge and ECS."""
DEFAULT_STOP_SECONDS = 30
"""Of a container that names no stop timeout: https://docs.aws.amazon.com/AmazonECS/latest/APIReference"""
GROUPS_PER_CALL = 50
_NEEDED = ("Launch", "Terminate", "AlarmNotification")


@dataclass(frozen=True, slots=True)
class Group:
    """An Auto Scaling group, as far as it decides whether hosts go."""

    name: str
    min_size: int
    suspended: frozenset[str] = frozenset()
    protects_new_hosts: bool = False


def host_doubts(providers: Iterable[Described], groups: Mapping[str, Group]) -> Iterator[str]:
    """One sentence for each thing that keeps hosts without tasks running."""
    for one in providers:
        if one.managed_instances is not None:
            yield from _managed_instances(one)
        elif one.group:
            yield from _group(one, groups.get(one.group))


def drain_doubt(service: str, deregistration_seconds: int, stop_seconds: int) -> str | None:
    """A Spot task leaves its load balancer, then is stopped: both have to fit."""
    whole = deregistration_seconds + stop_seconds
    if whole <= DRAIN_AND_STOP_SECONDS:
        return None
    return (
        f"{service}: deregistration delay {deregistration_seconds} s and stop timeout {stop_seconds} s together are "
        f"{whole} s; on Spot the host is gone after {NOTICE_SECONDS} s, so set both to at most "
        f"{DRAIN_AND_STOP_SECONDS} s together"
    )


def stop_seconds(task_definition: Mapping[str, Any]) -> int:
    """The longest of its containers."""
    return max(
        (int(one.get("stopTimeout") or DEFAULT_STOP_SECONDS) for one in task_definition["containerDefinitions"]),
        default=DEFAULT_STOP_SECONDS,
    )


def read_groups(autoscaling: Any, names: Iterable[str]) -> dict[str, Group]:
    """Raises ObservationError."""
    found: dict[str, Group] = {}
    with one_sentence("read the Auto Scaling groups"):
        for some in chunks(sorted(set(names)), GROUPS_PER_CALL):
            answer = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=list(some))
            for one in answer["AutoScalingGroups"]:
                suspended = frozenset(str(process["ProcessName"]) for process in one.get("SuspendedProcesses", ()))
                protects = bool(one.get("NewInstancesProtectedFromScaleIn", False))
                found[one["AutoScalingGroupName"]] = Group(
                    one["AutoScalingGroupName"], int(one["MinSize"]), suspended, protects
                )
    return found


def _group(provider: Described, group: Group | None) -> Iterator[str]:
    name = f"capacity provider {provider.name}"
    scaling = provider.managed_scaling or {}
    if scaling.get("status") != "ENABLED":
        yield f"{name}: managed scaling is off, so its hosts stay when their tasks are gone; switch it on"
    elif int(scaling.get("targetCapacity", 100)) < 100:
        yield f"{name}: target capacity {scaling['targetCapacity']} % keeps hosts to spare; 100 % keeps none"
    if group is None:
        yield f"{name}: its Auto Scaling group {provider.group} does not exist"
        return
    if group.min_size > 0:
        hosts = "1 host" if group.min_size == 1 else f"{group.min_size} hosts"
        yield f"{name}: its group {group.name} never has fewer than {hosts}, which are paid for day and night"
    if stuck := [process for process in _NEEDED if process in group.suspended]:
        yield f"{name}: {', '.join(stuck)} of its group {group.name} is suspended; resume it, or no host comes or goes"
    if group.protects_new_hosts and not provider.managed_termination_protection:
        yield (
            f"{name}: hosts of {group.name} are protected from scale-in, and managed termination protection, which "
            "takes that from hosts without tasks, is off"
        )


def _managed_instances(provider: Described) -> Iterator[str]:
    optimization = (provider.managed_instances or {}).get("infrastructureOptimization") or {}
    if optimization.get("scaleInAfter") == -1:
        yield f"capacity provider {provider.name}: scaleInAfter is -1, so idle instances stay; set 0 to 3600 seconds"
