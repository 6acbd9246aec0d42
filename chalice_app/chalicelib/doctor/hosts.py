"""Capacity providers whose hosts do not go when their tasks do: then a stop saves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.decide import words
from chalicelib.decide.capacity import FARGATE_PROVIDERS
from chalicelib.doctor.finding import Finding, Level, skipped, well, wrong
from chalicelib.observe.capacity import Capacity
from chalicelib.observe.host_lint import host_doubts, read_groups

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient


def hosts_go(patient: Patient) -> Iterator[Finding]:
    aws = patient.clients
    described = Capacity(aws.ecs, lambda: aws.autoscaling, lambda facts, now: "").described(patient.now)
    used = {use.name for facts in patient.services.values() for use in facts.capacity_providers} - FARGATE_PROVIDERS
    if described is None and used:
        yield Finding(Level.UNKNOWN, "the capacity providers cannot be read")
        return
    mine = [one for one in described or () if one.name in used or one.provider]
    if not mine:
        yield skipped("no service runs on a capacity provider with hosts")
        return
    doubts = list(host_doubts(mine, read_groups(aws.autoscaling, [one.group for one in mine if one.group])))
    for doubt in doubts:
        yield wrong(doubt, "runbooks/spot-and-its-hosts.md says how")
    if not doubts:
        yield well(f"hosts of {words.counted(len(mine), 'capacity provider')} go with their tasks")
