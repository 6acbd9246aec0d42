"""Whether AWS lets the functions do what they are for: a boundary or an organisation's rule may take it from them.

Asked of IAM's own simulator: reading, and for the roles that act, the stop of a service that bears the tag for it, the
row in the table, and the policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chalicelib.decide import words
from chalicelib.doctor.deployment import ROLE
from chalicelib.doctor.finding import Finding, skipped, well, wrong
from chalicelib.doctor.marked import TAG, VALUE

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

READING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "SweepRole": ("ecs:ListClusters", "ecs:ListServices", "cloudwatch:GetMetricData"),
        "AwsEventsRole": ("cloudwatch:GetMetricData",),
        "TransitionRole": ("cloudwatch:GetMetricData",),
        "SlackActionsRole": ("cloudwatch:GetMetricData",),
    }
)
"""Of the roles that act, by their names in the template: rights that AWS gives without a resource."""


@dataclass(frozen=True, slots=True)
class Ask:
    """``resource`` is an ARN, empty for all; ``tagged`` says that it bears the tag of what is managed."""

    actions: tuple[str, ...]
    resource: str = ""
    tagged: bool = False

    def request(self) -> dict[str, Any]:
        """For SimulatePrincipalPolicy."""
        key = f"aws:ResourceTag/{TAG}"
        tag = {"ContextKeyName": key, "ContextKeyValues": [VALUE], "ContextKeyType": "string"}
        return {
            "ActionNames": list(self.actions),
            **({"ResourceArns": [self.resource]} if self.resource else {}),
            **({"ContextEntries": [tag]} if self.tagged else {}),
        }


def of_functions(patient: Patient) -> Iterator[Finding]:
    if patient.deployment is None:
        yield skipped("this is no stack's table: no role to look at")
        return
    roles = patient.deployment.of_type(ROLE)
    account = patient.clients.sts.get_caller_identity()
    partition, number = account["Arn"].split(":")[1], account["Account"]
    on_resources = tuple(_on_resources(patient, f"arn:{partition}:dynamodb:{patient.region}:{number}:table/"))
    asked = refused = 0
    for role, reading in READING.items():
        if role not in roles:
            continue
        arn = f"arn:{partition}:iam::{number}:role/{roles[role]}"
        for ask in (Ask(reading), *on_resources):
            answer = patient.clients.iam.simulate_principal_policy(PolicySourceArn=arn, **ask.request())
            for result in answer["EvaluationResults"]:
                asked += 1
                if result["EvalDecision"] != "allowed":
                    refused += 1
                    yield _refusal(roles[role], ask, result)
    if not refused:
        yield well(f"{words.counted(asked, 'right')} of the roles that act: all are there")


def _on_resources(patient: Patient, tables: str) -> Iterator[Ask]:
    """What every role that acts has to do. A stop is asked about for a service that may be stopped, if there is one."""
    yield Ask(("dynamodb:GetItem", "dynamodb:UpdateItem"), f"{tables}{patient.table.name}")
    marked = sorted(facts.arn for facts in patient.services.values() if facts.tags.get(TAG) == VALUE)
    if marked:
        yield Ask(("ecs:UpdateService",), marked[0], tagged=True)


def _refusal(role: str, ask: Ask, result: Mapping[str, Any]) -> Finding:
    where = f" on {ask.resource.rpartition(':')[2]}" if ask.resource else ""
    return wrong(
        f"{role} may not {result['EvalActionName']}{where} ({result['EvalDecision']})",
        "look at its permissions boundary, the organisation's service control policies and, for a service, whether "
        "ClusterPattern matches its cluster; then deploy",
    )
