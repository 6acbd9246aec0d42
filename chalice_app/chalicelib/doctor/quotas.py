"""How many GPU hosts AWS lets this account run: a new account's quotas are 0, and then no start comes up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.decide import words
from chalicelib.doctor.finding import Finding, Level, warning, well, wrong
from chalicelib.observe.calls import Failed, attempt
from chalicelib.prices.tags import INSTANCE_TYPE_TAG

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

SMALLEST_HOST = 4
"""vCPUs of a g4dn.xlarge, g5.xlarge or g6.xlarge: quotas count vCPUs."""
RAISE = (
    "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {code} --desired-value {value}"
)


@dataclass(frozen=True, slots=True)
class Quota:
    """``families``: the first letters of the instance types that it counts."""

    code: str
    name: str
    families: tuple[str, ...]
    spot: bool


QUOTAS = (
    Quota("L-DB2E81BA", "on-demand G and VT hosts", ("g", "vt"), spot=False),
    Quota("L-3819A6DF", "Spot G and VT hosts", ("g", "vt"), spot=True),
    Quota("L-417A185B", "on-demand P hosts", ("p",), spot=False),
    Quota("L-7212CCBC", "Spot P hosts", ("p",), spot=True),
)
"""https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html"""


def of_gpus(patient: Patient) -> Iterator[Finding]:
    """Wrong where hosts of the kind are used, a warning where none is yet."""
    used = {facts.tags.get(INSTANCE_TYPE_TAG, "").strip() for facts in patient.services.values()} - {""}
    wants_spot = any(policy.spot is not None for policy in patient.policies.policies)
    unread: dict[str, list[str]] = {}
    for quota in QUOTAS:
        answer = attempt(
            lambda quota=quota: patient.clients.quotas.get_service_quota(ServiceCode="ec2", QuotaCode=quota.code)  # type: ignore[misc]
        )
        if isinstance(answer, Failed):
            unread.setdefault(answer.reason, []).append(quota.name)
            continue
        yield _judged(quota, int(answer["Quota"]["Value"]), used, wants_spot=wants_spot)
    for reason, names in unread.items():
        yield Finding(Level.UNKNOWN, f"quotas of {words.listed(names)}: {reason}")


def _judged(quota: Quota, vcpus: int, used: set[str], *, wants_spot: bool) -> Finding:
    says = f"{quota.name}: {vcpus} vCPUs"
    if vcpus >= SMALLEST_HOST:
        return well(says)
    fix = RAISE.format(code=quota.code, value=8 * SMALLEST_HOST)
    is_used = any(type.startswith(quota.families) for type in used) and (wants_spot or not quota.spot)
    return wrong(f"{says}, so none of them starts", fix) if is_used else warning(f"{says}; nobody needs one yet", fix)
