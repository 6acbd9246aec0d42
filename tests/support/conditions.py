"""Every condition of a racing write that the product has, wherever it stands."""

from __future__ import annotations

from chalicelib.fleet import conditions as fleet
from chalicelib.fleet import waits
from chalicelib.fleet.identity import conditions as identity
from chalicelib.record import approval_conditions, conditions, outbox_conditions, state_conditions
from chalicelib.record.conditions import Condition

from reports import keep_conditions

_ROOMS = (conditions, state_conditions, approval_conditions, outbox_conditions, fleet, waits, identity, keep_conditions)

EVERY = sorted(
    {one for room in _ROOMS for one in vars(room).values() if isinstance(one, Condition)}, key=lambda one: one.name
)
