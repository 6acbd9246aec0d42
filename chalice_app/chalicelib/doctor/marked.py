"""Whether what policies rule bears the tag without which AWS lets nobody of ours stop, start or move it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.decide import words
from chalicelib.decide.govern import govern
from chalicelib.doctor.finding import Finding, skipped, well, wrong

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceFacts
    from chalicelib.doctor.patient import Patient

TAG, VALUE = "lifecycle:managed", "true"
LAUNCHED = "ollama-inst-"
"""As the functions' policies say them (chalice_app/.chalice): launched models may be stopped by their names."""
PARAMETER = "OnlyTagged"
NAMED = 10


def as_managed(patient: Patient) -> Iterator[Finding]:
    if patient.deployment is None:
        yield skipped("this is no stack's table: no role asks for a tag")
        return
    (stack,) = patient.clients.formation(patient.region).describe_stacks(StackName=patient.deployment.stack)["Stacks"]
    made_with = {one["ParameterKey"]: one.get("ParameterValue") for one in stack.get("Parameters", ())}
    if made_with.get(PARAMETER) == "false":
        yield skipped(f"{PARAMETER} is false: services need no tag")
        return
    ruled = [facts for facts in patient.services.values() if govern(patient.policies, facts).ruling]
    without = [facts for facts in ruled if not _is_marked(facts)]
    if not without:
        yield well(f"{words.counted(len(ruled), 'ruled service')} may be stopped and started")
        return
    names = words.listed([f"{facts.id}{_instead(facts)}" for facts in without], most=NAMED)
    yield wrong(
        f"without the tag {TAG}={VALUE} AWS refuses to stop, start or move {names}",
        f"aws ecs tag-resource --resource-arn {without[0].arn} --tags key={TAG},value={VALUE}",
    )


def _is_marked(facts: ServiceFacts) -> bool:
    return facts.tags.get(TAG) == VALUE or facts.id.name.startswith(LAUNCHED)


def _instead(facts: ServiceFacts) -> str:
    """A tag that was meant to be it."""
    near = [f"{key}={value}" for key, value in facts.tags.items() if key.strip().lower() == TAG]
    return f" (it has {near[0]})" if near else ""
