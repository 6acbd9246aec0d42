"""Makes what acts: the actor with its rations and its pace, and the desk that books wake-ups for edges of the clock."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from chalicelib.controller.acting import Actor
from chalicelib.controller.pacing import Pace
from chalicelib.controller.rationing import Rations
from chalicelib.record.turns import Turns

if TYPE_CHECKING:
    from chalicelib.execute.bookings import Desk
    from chalicelib.execute.entries import PriceOf
    from chalicelib.execute.gate import Gate
    from chalicelib.record.controls import Controls
    from chalicelib.record.table import Table
    from chalicelib.runtime.clients import Clients
    from chalicelib.runtime.clock import Clock
    from chalicelib.runtime.settings import Settings


def actor_of(
    settings: Settings,
    clock: Clock,
    table: Table,
    controls: Controls,
    gate: Gate,
    price: PriceOf,
    *,
    workers: int,
    pace: Pace | None,
) -> Actor:
    return Actor(
        gate,
        Rations(controls, Turns(table), clock, owner=lambda: f"run:{new_id()}"),
        most=settings.max_actions_per_run,
        seconds=settings.handler_seconds,
        stopwatch=pace.stopwatch if pace else time.monotonic,
        workers=workers,
        price=price,
        pace=pace,
    )


def price_in(region: str) -> PriceOf:
    from chalicelib.prices import hourly_price

    return lambda facts: hourly_price(facts, region)


def desk_of(settings: Settings, clients: Clients) -> Desk | None:
    """None where nothing is to be booked."""
    if settings.bookings is None:
        return None
    from chalicelib.execute.bookings import Desk

    return Desk(clients.scheduler, settings.bookings)


def real_pace() -> Pace:
    """In seconds that really pass: for AWS itself, never for a clock that is stepped."""
    return Pace(time.monotonic, time.sleep)


def new_id() -> str:
    return uuid.uuid4().hex[:12]
