"""Whether Lambda lets the functions reserve their places, asked before a first deployment, which would fail half-way.

A new account may run 10 functions at once and reserve none; CloudFormation finds out after it has made the rest.
"""

from __future__ import annotations

from typing import Any

from chalicelib.deploy.templates import Document
from chalicelib.doctor.concurrency import CODE
from chalicelib.errors import ConfigurationError
from chalicelib.observe.calls import Failed, attempt

KEPT_FREE = 100
"""What Lambda keeps for functions without a reservation.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""


def places(app: Document) -> int:
    """How many the application's functions reserve together."""
    return sum(
        int(one.get("Properties", {}).get("ReservedConcurrentExecutions", 0)) for one in app["Resources"].values()
    )


def must_have_room(functions: Any, wanted: int) -> None:
    """Raises ConfigurationError with what to ask AWS for. Who may not read the limits finds out from CloudFormation."""
    answer = attempt(functions.get_account_settings)
    if isinstance(answer, Failed):
        return
    limits = answer["AccountLimit"]
    free, whole = int(limits["UnreservedConcurrentExecutions"]), int(limits["ConcurrentExecutions"])
    if free - wanted >= KEPT_FREE:
        return
    raise ConfigurationError(
        f"Lambda lets this account run {whole} functions at once, {free} of them without a reservation. Ours reserve "
        f"{wanted}, and {KEPT_FREE} have to stay free. Ask AWS for more, which costs nothing: aws service-quotas "
        f"request-service-quota-increase --service-code lambda --quota-code {CODE} --desired-value 1000"
    )
