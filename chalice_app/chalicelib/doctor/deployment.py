"""The stack behind a table of record: its functions, roles and groups, and what its functions were told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.observe.calls import Failed, attempt

if TYPE_CHECKING:
    from chalicelib.runtime.clients import Clients

STACKS_TABLE = "-LifecycleTable-"
"""How CloudFormation names the table of our stack: STACK-LifecycleTable-SUFFIX."""
FUNCTION, ROLE, GROUP = "AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Scheduler::ScheduleGroup"


@dataclass(frozen=True, slots=True)
class Resource:
    logical: str
    physical: str
    type: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """``told``: the environments of the functions, each value of a name once; those of one stack agree."""

    stack: str
    resources: tuple[Resource, ...]
    told: Mapping[str, str]

    def of_type(self, type: str) -> Mapping[str, str]:
        """Logical id -> physical id."""
        return {one.logical: one.physical for one in self.resources if one.type == type}


def deployment_of(table: str, clients: Clients, region: str) -> Deployment | None:
    """None where the table is no stack's, as on the embedded AWS, or its stack cannot be seen."""
    stack, found, _ = table.partition(STACKS_TABLE)
    if not found:
        return None
    resources = attempt(lambda: _resources(clients.formation(region), stack))
    if isinstance(resources, Failed):
        return None
    functions = [one.physical for one in resources if one.type == FUNCTION]
    told = attempt(lambda: _told(clients.functions, functions))
    return Deployment(stack, tuple(resources), {} if isinstance(told, Failed) else told)


def _resources(formation: Any, stack: str) -> list[Resource]:
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return [
        Resource(str(one["LogicalResourceId"]), str(one.get("PhysicalResourceId", "")), str(one["ResourceType"]))
        for page in pages
        for one in page["StackResourceSummaries"]
    ]


def _told(functions: Any, names: Sequence[str]) -> Mapping[str, str]:
    """An empty value says less than one that is there: the function that needs it has it."""
    told: dict[str, str] = {}
    for name in names:
        variables = functions.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
        told |= {key: str(value) for key, value in variables.items() if value or key not in told}
    return told
