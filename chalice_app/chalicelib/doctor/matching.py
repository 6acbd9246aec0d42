"""Which services no policy matches, which two of one priority claim, and which miss one by a letter's case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.decide import words
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.govern import govern, matches
from chalicelib.doctor.finding import Finding, warning, well, wrong
from chalicelib.policy.model import Mode, Policy, PolicySet

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient
    from chalicelib.policy.sections.services import Match

NAMED = 10


def unmatched(patient: Patient) -> Iterator[Finding]:
    found = [facts for facts in patient.services.values() if _nobody(patient.policies, facts)]
    if not found:
        yield well(f"each of {words.counted(len(patient.services), 'service')} is matched")
        return
    names = words.listed([str(facts.id) for facts in found], most=NAMED)
    yield warning(
        f"no policy matches {names}: nothing is stopped or started there",
        f"`lifecycle why {found[0].id}` says which policy comes nearest; to leave them alone on purpose, "
        "put them under `never-touch`",
    )


def claimed_twice(patient: Patient) -> Iterator[Finding]:
    well_so_far = True
    for facts in patient.services.values():
        if tied := govern(patient.policies, facts).tied:
            well_so_far = False
            names = " and ".join(f"{policy.name} ({policy.source})" for policy in tied)
            yield wrong(f"{facts.id} is claimed by {names}, so neither acts", "give one of them a higher `priority`")
    if well_so_far:
        yield well("no service is claimed by two policies of one priority")


def near_misses(patient: Patient) -> Iterator[Finding]:
    """A tag in another case, with blanks around it or another dash, is another tag to AWS and to us."""
    live = [policy for policy in patient.policies.policies if policy.mode is not Mode.DISABLED]
    well_so_far = True
    for facts in patient.services.values():
        for policy in live:
            if not matches(policy, facts) and matches(_folded_policy(policy), _folded_facts(facts)):
                well_so_far = False
                only = govern(PolicySet(policies=(policy,)), facts).nearest
                yield warning(
                    f"{facts.id} misses policy {policy.name} by its spelling ({only.partition(': ')[2]})",
                    "write the service's tag or name exactly as the policy has it",
                )
    if well_so_far:
        yield well("no service misses a policy by the case of a letter")


def _nobody(policies: PolicySet, facts: ServiceFacts) -> bool:
    found = govern(policies, facts)
    return not (found.ruling or found.shadows or found.tied or found.never_touch)


def _folded_policy(policy: Policy) -> Policy:
    return policy.model_copy(update={"match": _folded_match(policy.match)})


def _folded_match(match: Match) -> Match:
    def each(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if values is None else tuple(_folded(one) for one in values)

    tags = None if match.tags is None else {_folded(key): each(globs) for key, globs in match.tags.items()}
    return match.model_copy(update={"clusters": each(match.clusters), "names": each(match.names), "tags": tags})


def _folded_facts(facts: ServiceFacts) -> ServiceFacts:
    id = ServiceId(_folded(facts.id.cluster), _folded(facts.id.name))
    return replace(facts, id=id, tags={_folded(key): _folded(value) for key, value in facts.tags.items()})


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().lower())
