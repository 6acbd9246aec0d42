"""Whether Lambda has room: a new account may run 10 functions at once, and three of ours reserve a place each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.doctor.finding import Finding, warning, well

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

LEAST_FREE = 20
"""Two batches of events, the scheduler, Slack and a handful of people at once, twice over."""
CODE = "L-B99A9384"


def of_lambda(patient: Patient) -> Iterator[Finding]:
    limits = patient.clients.functions.get_account_settings()["AccountLimit"]
    free, whole = int(limits["UnreservedConcurrentExecutions"]), int(limits["ConcurrentExecutions"])
    says = f"{free} of {whole} functions may run at once without a reservation"
    if free >= LEAST_FREE:
        yield well(says)
        return
    yield warning(
        f"{says}: ours wait for those of others",
        f"aws service-quotas request-service-quota-increase --service-code lambda --quota-code {CODE} "
        "--desired-value 1000",
    )
