"""Whether logs end: a group without a retention is kept, and paid for, for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.doctor.finding import Finding, skipped, warning, well

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

KEEP = "aws logs put-retention-policy --log-group-name {name} --retention-in-days 14"


def retention(patient: Patient) -> Iterator[Finding]:
    if patient.deployment is None:
        yield skipped("this is no stack's table: no log groups to look at")
        return
    pages = patient.clients.logs.get_paginator("describe_log_groups")
    groups = [
        group
        for prefix in (f"/aws/lambda/{patient.deployment.stack}-", f"/ollama/{patient.deployment.stack}")
        for page in pages.paginate(logGroupNamePrefix=prefix)
        for group in page["logGroups"]
    ]
    endless = [str(group["logGroupName"]) for group in groups if not group.get("retentionInDays")]
    for name in endless:
        yield warning(f"{name} is kept for ever", f"{KEEP.format(name=name)} (three years are 1096)")
    if not endless:
        kept = sorted({int(group["retentionInDays"]) for group in groups})
        yield well(f"{len(groups)} log groups are kept for {' or '.join(map(str, kept)) or 'no'} days")
