"""Whether AWS lets the functions do what they are for: a boundary or an organisation's rule may take it from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from chalicelib.doctor.deployment import ROLE
from chalicelib.doctor.finding import Finding, skipped, well, wrong

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

WITHOUT_RESOURCE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "SweepRole": ("ecs:ListClusters", "ecs:ListServices", "cloudwatch:GetMetricData"),
        "AwsEventsRole": ("cloudwatch:GetMetricData",),
        "TransitionRole": ("cloudwatch:GetMetricData",),
    }
)
"""Rights that AWS gives without a resource, so that they can be asked about without naming one."""


def of_functions(patient: Patient) -> Iterator[Finding]:
    if patient.deployment is None:
        yield skipped("this is no stack's table: no role to look at")
        return
    roles = patient.deployment.of_type(ROLE)
    asked = {role: actions for role, actions in WITHOUT_RESOURCE.items() if role in roles}
    account = patient.clients.sts.get_caller_identity()
    partition = account["Arn"].split(":")[1]
    refused = 0
    for role, actions in asked.items():
        arn = f"arn:{partition}:iam::{account['Account']}:role/{roles[role]}"
        answer = patient.clients.iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(actions))
        for result in answer["EvaluationResults"]:
            if result["EvalDecision"] != "allowed":
                refused += 1
                yield wrong(
                    f"{roles[role]} may not {result['EvalActionName']} ({result['EvalDecision']})",
                    "look at its permissions boundary and the organisation's service control policies, then deploy",
                )
    if not refused:
        yield well(f"{len(asked)} roles may do what was asked of them")
