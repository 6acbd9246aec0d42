"""Whether somebody changed by hand what the stack made: the next deployment would take it back, or fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chalicelib.doctor.finding import Finding, Level, skipped, well, wrong

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

TRIES, SECONDS = 30, 2.0
"""A stack of a hundred resources is compared within half a minute."""
CHANGED = ("MODIFIED", "DELETED")


def of_templates(patient: Patient) -> Iterator[Finding]:
    if patient.deployment is None:
        yield skipped("this is no stack's table")
        return
    formation, stack = patient.clients.formation(patient.region), patient.deployment.stack
    begun = formation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    state = _waited(patient, formation, begun)
    if state.get("DetectionStatus") != "DETECTION_COMPLETE":
        yield Finding(Level.UNKNOWN, f"CloudFormation compares {stack} still: ask again in a minute")
        return
    if state.get("StackDriftStatus") != "DRIFTED":
        yield well(f"{stack} is as its template says")
        return
    found = formation.describe_stack_resource_drifts(StackName=stack, StackResourceDriftStatusFilters=list(CHANGED))
    for one in found["StackResourceDrifts"]:
        paths = ", ".join(str(each["PropertyPath"]) for each in one.get("PropertyDifferences", ()))
        was = f"{one['LogicalResourceId']} was {str(one['StackResourceDriftStatus']).lower()}"
        yield wrong(
            f"{was} by hand{f' ({paths})' if paths else ''}",
            "put it back, or into the template, and deploy: `lifecycle deploy`",
        )


def _waited(patient: Patient, formation: Any, begun: str) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for _ in range(TRIES):
        state = formation.describe_stack_drift_detection_status(StackDriftDetectionId=begun)
        if state.get("DetectionStatus") != "DETECTION_IN_PROGRESS":
            break
        patient.pause(SECONDS)
    return state
