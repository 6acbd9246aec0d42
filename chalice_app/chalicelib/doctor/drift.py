"""Whether somebody changed by hand what the stack made: the next deployment would take it back, or fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chalicelib.decide import words
from chalicelib.doctor.finding import Finding, Level, skipped, well, wrong

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

NESTED = "AWS::CloudFormation::Stack"
TRIES, SECONDS = 30, 2.0
"""A stack of a hundred resources is compared within half a minute."""
CHANGED = ("MODIFIED", "DELETED")


def of_templates(patient: Patient) -> Iterator[Finding]:
    """The stack with the functions, the one that it is nested in, and the others there."""
    if patient.deployment is None:
        yield skipped("this is no stack's table")
        return
    formation = patient.clients.formation(patient.region)
    stacks = _family(formation, patient.deployment.stack)
    begun = {stack: formation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"] for stack in stacks}
    well_so_far = True
    for stack, id in begun.items():
        state = _waited(patient, formation, id)
        if state.get("DetectionStatus") != "DETECTION_COMPLETE":
            well_so_far = False
            yield Finding(Level.UNKNOWN, f"CloudFormation did not compare {stack}; ask again in a minute")
        elif state.get("StackDriftStatus") == "DRIFTED":
            well_so_far = False
            yield from _changes(formation, stack)
    if well_so_far:
        yield well(f"{words.listed([_name(stack) for stack in stacks], most=2)} as their templates say")


def _family(formation: Any, stack: str) -> tuple[str, ...]:
    """Names or ARNs, the outermost first."""
    (described,) = formation.describe_stacks(StackName=stack)["Stacks"]
    root = described.get("RootId")
    if not root:
        return (stack,)
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=root)
    found = [one for page in pages for one in page["StackResourceSummaries"]]
    return (root, *(str(one["PhysicalResourceId"]) for one in found if one["ResourceType"] == NESTED))


def _changes(formation: Any, stack: str) -> Iterator[Finding]:
    for one in _drifts(formation, stack):
        if one.get("ResourceType") == NESTED:
            continue  # said by its own stack
        paths = ", ".join(str(each["PropertyPath"]) for each in one.get("PropertyDifferences", ()))
        was = f"{one['LogicalResourceId']} of {_name(stack)} was {str(one['StackResourceDriftStatus']).lower()}"
        yield wrong(
            f"{was} by hand{f' ({paths})' if paths else ''}",
            "put it back, or into the template, and deploy: `lifecycle deploy`",
        )


def _drifts(formation: Any, stack: str) -> Iterator[dict[str, Any]]:
    more: dict[str, str] = {}
    while True:
        found = formation.describe_stack_resource_drifts(
            StackName=stack, StackResourceDriftStatusFilters=list(CHANGED), **more
        )
        yield from found["StackResourceDrifts"]
        if not found.get("NextToken"):
            return
        more = {"NextToken": found["NextToken"]}


def _name(stack: str) -> str:
    """Of an ARN: ``…:stack/NAME/id``."""
    return stack.split("/")[1] if "/" in stack else stack


def _waited(patient: Patient, formation: Any, begun: str) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for _ in range(TRIES):
        state = formation.describe_stack_drift_detection_status(StackDriftDetectionId=begun)
        if state.get("DetectionStatus") != "DETECTION_IN_PROGRESS":
            break
        patient.pause(SECONDS)
    return state
