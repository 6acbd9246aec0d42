"""Makes what is read of capacity, for policies with ``spot:``; no client is made before one of them asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.observe.capacity import Capacity
from chalicelib.observe.commitments import Commitments

if TYPE_CHECKING:
    from chalicelib.controller.interruptions import Interruptions
    from chalicelib.controller.parts import Parts
    from chalicelib.record.table import Table
    from chalicelib.runtime.clients import Clients


def capacity_of(clients: Clients, table: Table, region: str) -> Capacity:
    commitments = Commitments(lambda: clients.cost_explorer, table, region)
    return Capacity(clients.ecs, lambda: clients.autoscaling, commitments.covered_by)


def interruptions_of(clients: Clients, parts: Parts) -> Interruptions:
    from chalicelib.controller.interruptions import Interruptions

    return Interruptions(
        ecs=clients.ecs,
        hosts=parts.hosts,
        states=parts.states,
        controls=parts.controls,
        history=parts.history,
        memo=parts.memo,
        notifier=parts.notifier,
        policies=parts.policies_now,
    )
