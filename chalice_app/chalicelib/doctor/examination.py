"""All checks in their order, each by itself: what one cannot read stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from chalicelib.doctor import (
    concurrency,
    cost_tags,
    drift,
    figures,
    hosts,
    logs,
    marked,
    matching,
    policies,
    quotas,
    rights,
    schedules,
    secrets,
    slack,
)
from chalicelib.doctor.finding import Finding, Level
from chalicelib.errors import LifecycleError
from chalicelib.observe.calls import Failed, attempt

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

LONGEST = 200

Check = Callable[["Patient"], Iterator[Finding]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("held", policies.held),
    ("unmatched", matching.unmatched),
    ("claims", matching.claimed_twice),
    ("spelling", matching.near_misses),
    ("managed", marked.as_managed),
    ("figures", figures.of_services),
    ("sweeps", figures.of_ours),
    ("hosts", hosts.hosts_go),
    ("gpus", quotas.of_gpus),
    ("rights", rights.of_functions),
    ("drift", drift.of_templates),
    ("lambda", concurrency.of_lambda),
    ("wake-ups", schedules.pending),
    ("secrets", secrets.present),
    ("slack", slack.reachable),
    ("logs", logs.retention),
    ("cost tags", cost_tags.activated),
)


def examine(patient: Patient) -> Iterator[tuple[str, Finding]]:
    """By title. What cannot be read is unknown, in AWS's own words. Raises AwsUnreachable without credentials."""
    for title, check in CHECKS:
        try:
            found = attempt(lambda check=check: list(check(patient)))  # type: ignore[misc]
        except LifecycleError as error:
            found = [Finding(Level.UNKNOWN, str(error))]
        if isinstance(found, Failed):
            found = [Finding(Level.UNKNOWN, _short(found.reason))]
        for finding in found:
            yield title, finding


def _short(reason: str) -> str:
    """One line, also where the answer was a page of HTML."""
    return reason.partition("\n")[0].partition(": <!doctype")[0][:LONGEST]
