"""The composition root: makes every part of the application and puts it together. Nothing else makes clients.

`current` is for handlers: built once, from the environment, when the first event arrives. Local mode and tests put
their own application in its place with `install`.
"""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.errors import UnknownService
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import Clock, SystemClock
from chalicelib.runtime.settings import Settings

if TYPE_CHECKING:
    from chalicelib.controller.controller import Controller
    from chalicelib.decide.facts import ServiceFacts, ServiceId
    from chalicelib.notify.notice import Notifier
    from chalicelib.observe.inventory import Inventory
    from chalicelib.record.controls import Controls
    from chalicelib.record.history import History
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.record.states import States

SHARE_FOR_ACTING = 0.6
"""Of a handler's time: the rest is for looking, and for the actions that are under way when it ends."""


@dataclass(frozen=True, slots=True)
class App:
    """Everything an entry point may use."""

    settings: Settings
    clients: Clients
    clock: Clock
    controller: Controller
    inventory: Inventory
    states: States
    controls: Controls
    history: History
    policies_in_force: PoliciesInForce
    notifier: Notifier


def build(
    settings: Settings,
    clients: Clients,
    clock: Clock,
    *,
    notifier: Notifier | None = None,
    take_force: bool = True,
    workers: int = 8,
) -> App:
    """Makes the application.

    ``take_force`` False: policies are only looked at, never taken into force (a person's command must not replace
    what the deployment runs on). Raises ConfigurationError for an address of policies that is none.
    """
    from chalicelib.controller.acting import Actor
    from chalicelib.controller.book import PolicyBook
    from chalicelib.controller.controller import Controller
    from chalicelib.controller.looking import Looker
    from chalicelib.controller.memo import Memo
    from chalicelib.controller.parts import Parts
    from chalicelib.controller.telling import Teller
    from chalicelib.execute.executor import Executor
    from chalicelib.observe.cloudwatch import CloudWatchSignals
    from chalicelib.observe.fleet import Gone
    from chalicelib.observe.inventory import Inventory
    from chalicelib.observe.policy_source import source_of
    from chalicelib.observe.probes import TaskProtection
    from chalicelib.prices import Price, hourly_price
    from chalicelib.record.controls import Controls
    from chalicelib.record.history import History
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.record.snapshots import Snapshots
    from chalicelib.record.states import States
    from chalicelib.record.table import Table

    table = Table(clients.dynamodb, settings.table)
    states, controls, history = States(table), Controls(table), History(table)
    inventory = Inventory(clients.ecs, clients.scaling, clients.elb, clusters=settings.clusters)
    signals = CloudWatchSignals(clients.cloudwatch)
    source = source_of(settings.policies, clients.s3 if settings.policies.startswith("s3://") else None)
    in_force = PoliciesInForce(table)

    def look(service: ServiceId, now: datetime) -> ServiceFacts:
        found = inventory.refresh([service], now)[service]
        if isinstance(found, Gone):
            raise UnknownService(f"{service} does not exist any more.")
        return found

    def price(facts: ServiceFacts) -> Price | None:
        return hourly_price(facts, settings.region)

    executor = Executor(
        clients.ecs,
        clients.scaling,
        states,
        history,
        look,
        new_id=lambda: uuid.uuid4().hex[:12],
        price=price,
    )
    told = notifier or _log_notifier()
    parts = Parts(
        inventory=inventory,
        signals=signals,
        looker=Looker(signals, (TaskProtection(clients.ecs),)),
        source=source,
        book=PolicyBook(source if take_force else None, in_force),
        in_force=PolicyBook(None, in_force),
        states=states,
        controls=controls,
        memo=Memo(Snapshots(table)),
        executor=executor,
        actor=Actor(
            executor,
            controls,
            most=settings.max_actions_per_run,
            seconds=settings.handler_seconds * SHARE_FOR_ACTING,
            stopwatch=time.monotonic,
            workers=workers,
        ),
        teller=Teller(history, price),
        notifier=told,
    )
    controller = Controller(parts, timedelta(seconds=settings.full_refresh_seconds))
    return App(settings, clients, clock, controller, inventory, states, controls, history, in_force, told)


_installed: App | None = None


def current() -> App:
    """The application of this process. Raises ConfigurationError when the environment does not say how to build it."""
    global _installed
    if _installed is None:
        settings = Settings.from_env(os.environ)
        _installed = build(settings, Clients(region=settings.region), SystemClock())
    return _installed


def install(app: App | None) -> None:
    """Puts ``app`` in the place of the one `current` would build; None takes it away again."""
    global _installed
    _installed = app


def _log_notifier() -> Notifier:
    from aws_lambda_powertools import Logger

    from chalicelib.notify.notice import LogNotifier

    return LogNotifier(Logger(service="lifecycle"))
