"""Whether what people wrote is what rules: a policy with errors is ruled by its last good version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.decide import words
from chalicelib.doctor.finding import Finding, well, wrong

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient


def held(patient: Patient) -> Iterator[Finding]:
    in_force = patient.in_force
    for name in sorted(in_force.held):
        yield wrong(
            f"the policy {name} has errors, and its last good version rules",
            "`lifecycle validate --policies` of what lies in the bucket shows them; upload a version without errors",
        )
    if in_force.source_was_silent:
        yield wrong("the bucket of policies does not answer, so what was read last rules", "see that it is there")
    elif not in_force.held:
        yield well(f"{words.counted(len(in_force.since), 'policy', 'policies')} as they were uploaded")
