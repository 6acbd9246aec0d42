"""The composition root: makes every part of the application and puts it together. Nothing else makes clients.

`current` is for handlers: built once, from the environment, when the first event arrives. Local mode and tests put
their own application in its place with `install`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.errors import UnknownService
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import Clock, SystemClock
from chalicelib.runtime.settings import Settings

if TYPE_CHECKING:
    from chalicelib.controller.asking import Approvals
    from chalicelib.controller.controller import Controller
    from chalicelib.controller.interruptions import Interruptions
    from chalicelib.controller.pacing import Pace
    from chalicelib.controller.parts import Parts
    from chalicelib.controller.ports import Herald
    from chalicelib.decide.facts import ServiceFacts, ServiceId
    from chalicelib.execute.entries import PriceOf
    from chalicelib.execute.executor import Executor
    from chalicelib.fleet.identity.identity import Identity
    from chalicelib.notify.delivering import Post
    from chalicelib.notify.notice import Notifier
    from chalicelib.observe.inventory import Inventory
    from chalicelib.observe.signals import ProbeSource
    from chalicelib.record.controls import Controls
    from chalicelib.record.history import History
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.record.states import States
    from chalicelib.record.table import Table
    from chalicelib.runtime.compose_fleet import Fleet


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
    approvals: Approvals
    interruptions: Interruptions
    post: Post | None = None
    """None in a deployment that tells nobody anything."""
    identity: Identity | None = None
    """None in a deployment without a user pool."""
    fleet: Fleet | None = None
    """None in a deployment that launches nothing."""


def build(
    settings: Settings,
    clients: Clients,
    clock: Clock,
    *,
    notifier: Notifier | None = None,
    herald: Herald | None = None,
    take_force: bool = True,
    workers: int = 8,
    pace: Pace | None = None,
) -> App:
    """Makes the application.

    ``take_force`` False: policies are only looked at, never taken into force (a person's command must not replace
    what the deployment runs on). ``pace`` None: actions follow each other as quickly as they can. Raises
    ConfigurationError for an address of policies that is none.
    """
    from chalicelib.controller.asking import Approvals
    from chalicelib.controller.controller import Controller
    from chalicelib.observe.inventory import Inventory
    from chalicelib.record.controls import Controls
    from chalicelib.record.history import History
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.record.states import States
    from chalicelib.record.table import Table
    from chalicelib.runtime import compose_post
    from chalicelib.runtime.compose_spot import interruptions_of

    table = Table(clients.dynamodb, settings.table)
    record = _Record(table, States(table), Controls(table), History(table), PoliciesInForce(table))
    inventory = Inventory(clients.ecs, clients.scaling, clients.elb, clusters=settings.clusters)
    told = notifier or compose_post.notifier(settings, table)
    herald = herald or compose_post.herald(settings, table)
    parts = _parts(
        settings, clients, clock, record, inventory, told, herald=herald, take_force=take_force, workers=workers,
        pace=pace,
    )  # fmt: skip
    controller = Controller(parts, timedelta(seconds=settings.full_refresh_seconds))
    app = App(
        settings, clients, clock, controller, inventory, record.states, record.controls, record.history,
        record.policies, told, Approvals(controller, parts.questions, parts.policies_now, parts.price),
        interruptions_of(clients, parts),
        compose_post.post(settings, clients, clock, table, record.policies),
    )  # fmt: skip
    if settings.pool is None and settings.fleet is None:
        return app
    from chalicelib.runtime.compose_fleet import people_and_fleet

    identity, fleet = people_and_fleet(app, table)
    return replace(app, identity=identity, fleet=fleet)


@dataclass(frozen=True, slots=True)
class _Record:
    table: Table
    states: States
    controls: Controls
    history: History
    policies: PoliciesInForce


def _parts(
    settings: Settings,
    clients: Clients,
    clock: Clock,
    record: _Record,
    inventory: Inventory,
    notifier: Notifier,
    *,
    herald: Herald | None,
    take_force: bool,
    workers: int,
    pace: Pace | None,
) -> Parts:
    from chalicelib.controller.book import PolicyBook
    from chalicelib.controller.booking import Booker, Deadlines
    from chalicelib.controller.learning import Learning
    from chalicelib.controller.looking import Looker
    from chalicelib.controller.memo import Memo
    from chalicelib.controller.parts import Parts
    from chalicelib.controller.questions import Questions
    from chalicelib.controller.recalling import Recall
    from chalicelib.controller.telling import Teller
    from chalicelib.execute.gate import Gate
    from chalicelib.observe.cloudwatch import CloudWatchSignals
    from chalicelib.observe.hosts import Hosts
    from chalicelib.observe.policy_source import source_of
    from chalicelib.record.approvals import ApprovalRows
    from chalicelib.record.learned import LearnedRows
    from chalicelib.record.snapshots import Snapshots
    from chalicelib.runtime.compose_acting import actor_of, desk_of, price_in
    from chalicelib.runtime.compose_spot import capacity_of

    price = price_in(settings.region)
    rows = LearnedRows(record.table)
    signals = CloudWatchSignals(clients.cloudwatch)
    asked = probes(settings, clients, clock)
    source = source_of(settings.policies, clients.s3 if settings.policies.startswith("s3://") else None)
    executor = _executor(clients, clock, record, inventory, price)
    desk = desk_of(settings, clients)
    timers = Deadlines(desk, clock) if desk else None
    questions = Questions(ApprovalRows(record.table), record.controls, record.history, clock, herald, timers)
    gate = Gate(executor, questions)
    actor = actor_of(settings, clock, record.table, record.controls, gate, price, workers=workers, pace=pace)
    return Parts(
        clock=clock,
        inventory=inventory,
        signals=signals,
        looker=Looker(
            signals, asked, Recall(rows, record.history, price), capacity_of(clients, record.table, settings.region)
        ),
        source=source,
        book=PolicyBook(source if take_force else None, record.policies, frozenset(one.name for one in asked)),
        in_force=PolicyBook(None, record.policies),
        states=record.states,
        controls=record.controls,
        memo=Memo(Snapshots(record.table)),
        executor=executor,
        hosts=Hosts(clients.ecs),
        actor=actor,
        booker=Booker(desk, actor),
        teller=Teller(record.history, price),
        notifier=notifier,
        learning=Learning(rows),
        questions=questions,
        history=record.history,
        price=price,
    )


def probes(settings: Settings, clients: Clients, clock: Clock) -> tuple[ProbeSource, ...]:
    """What is asked of a service just before a stop."""
    from chalicelib.observe.protection import TaskProtection

    if not settings.probe_ollama and clients.ask_ollama is None:
        return (TaskProtection(clients.ecs),)
    from chalicelib.observe.ollama import TaskAnswers
    from chalicelib.observe.probes import OllamaPs

    return TaskProtection(clients.ecs), OllamaPs(TaskAnswers(clients.ecs, clients.ask_ollama), pause=clock.sleep)


def _executor(clients: Clients, clock: Clock, record: _Record, inventory: Inventory, price: PriceOf) -> Executor:
    from chalicelib.execute.executor import Executor
    from chalicelib.observe.fleet import Gone
    from chalicelib.runtime.compose_acting import new_id

    def look(service: ServiceId, now: datetime) -> ServiceFacts:
        found = inventory.refresh([service], now)[service]
        if isinstance(found, Gone):
            raise UnknownService(f"{service} does not exist any more.")
        return found

    return Executor(
        clients.ecs,
        clients.scaling,
        record.states,
        record.history,
        look,
        new_id=new_id,
        price=price,
        clock=clock,
    )


_installed: App | None = None


def current() -> App:
    """The application of this process. Raises ConfigurationError when the environment does not say how to build it."""
    global _installed
    if _installed is None:
        settings = Settings.from_env(os.environ)
        from chalicelib.runtime.compose_acting import real_pace

        _installed = build(settings, Clients(region=settings.region), SystemClock(), pace=real_pace())
    return _installed


def install(app: App | None) -> None:
    """Puts ``app`` in the place of the one `current` would build; None takes it away again."""
    global _installed
    _installed = app
