"""Tags by which the report splits the bill: AWS writes one into the bill only once it is activated, and never later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.decide import words
from chalicelib.doctor.finding import Finding, warning, well, wrong

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

ACTIVATE = "aws ce update-cost-allocation-tags-status --cost-allocation-tags-status TagKey={key},Status=Active"


def activated(patient: Patient) -> Iterator[Finding]:
    wanted = sorted(set(_wanted(patient)))
    answer = patient.clients.cost_explorer.list_cost_allocation_tags(TagKeys=wanted)
    states = {str(one["TagKey"]): str(one["Status"]) for one in answer["CostAllocationTags"]}
    for key in wanted:
        if states.get(key) == "Inactive":
            yield wrong(
                f"the tag {key} is not activated for cost allocation: the bill does not know it",
                f"in the account that pays: {ACTIVATE.format(key=key)}; it counts from the next day on",
            )
        elif key not in states:
            yield warning(
                f"no resource that AWS has billed yet bears the tag {key}",
                "tag clusters, services and hosts with it; a day later it can be activated",
            )
    if all(states.get(key) == "Active" for key in wanted):
        yield well(f"the bill knows {words.listed(wanted)}")


def _wanted(patient: Patient) -> tuple[str, ...]:
    from reports.options import tag_keys

    told = patient.deployment.told if patient.deployment else {}
    keys = tag_keys(one for one in told.get("LIFECYCLE_REPORT_TAGS", "").split(",") if one.strip())
    return keys.workload, keys.model, keys.environment, keys.owner
