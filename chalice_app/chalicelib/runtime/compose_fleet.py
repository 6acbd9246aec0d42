"""Puts together what launches, keeps and wakes instances, out of the parts the application already has."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.errors import SwitchedOff

if TYPE_CHECKING:
    from chalicelib.controller.ports import Deed
    from chalicelib.decide.facts import ServiceFacts, ServiceId
    from chalicelib.fleet.catalog import Catalog
    from chalicelib.fleet.identity.identity import Identity
    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.keeping import Keeper
    from chalicelib.fleet.launching import Launcher
    from chalicelib.fleet.limits import Limits
    from chalicelib.fleet.logs import LogReader
    from chalicelib.fleet.people import Caller
    from chalicelib.fleet.readiness import Ask
    from chalicelib.fleet.removing import Remover
    from chalicelib.fleet.settings import FleetSettings, PoolSettings
    from chalicelib.fleet.waits import Waits
    from chalicelib.fleet.waking import Waker
    from chalicelib.fleet.wishes import Wishes
    from chalicelib.fleet.workshop import Workshop
    from chalicelib.record.approval import Question
    from chalicelib.record.table import Table
    from chalicelib.runtime.clients import Clients
    from chalicelib.runtime.compose import App


@dataclass(frozen=True, slots=True)
class Fleet:
    """Models, and what was launched of them."""

    settings: FleetSettings
    catalog: Catalog
    instances: Instances
    launcher: Launcher
    remover: Remover
    wishes: Wishes
    logs: LogReader
    keeper: Keeper
    waker: Waker


def people_and_fleet(app: App, table: Table) -> tuple[Identity | None, Fleet | None]:
    """The user pool and the fleet of ``app``, as far as its settings name them."""
    settings = app.settings
    identity = _identity(app, table, settings.pool) if settings.pool else None
    return identity, _fleet(settings.fleet, app, table, identity) if settings.fleet else None


def _identity(app: App, table: Table, pool: PoolSettings) -> Identity:
    """Tokens bear the machine's time, whatever clock the application has."""
    from chalicelib.fleet.identity.identity import build_identity
    from chalicelib.runtime.clock import SystemClock

    return build_identity(table, app.clients.cognito, pool, SystemClock())


def _fleet(settings: FleetSettings, app: App, table: Table, identity: Identity | None) -> Fleet:
    """Makes every part of the fleet; asks AWS for nothing."""
    from chalicelib.decide.approval_action import ApprovalAction
    from chalicelib.fleet.catalog import Catalog
    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.limits import Limits
    from chalicelib.fleet.logs import LogReader
    from chalicelib.fleet.removing import Remover
    from chalicelib.fleet.slots import Slots
    from chalicelib.fleet.waits import Waits
    from chalicelib.fleet.waking import Waker, WakerParts
    from chalicelib.fleet.wishes import Wishes
    from chalicelib.fleet.workshop import Workshop

    clients = app.clients
    instances, catalog, waits = Instances(table), Catalog(table), Waits(table)
    slots = Slots(table, settings.listener_arns)
    shop = Workshop(clients.ecs, clients.elb, slots, instances, settings, app.settings.pool, app.settings.region)
    limits = Limits(table, instances, settings)
    wishes = Wishes(
        app.controller,
        app.inventory,
        app.policies_in_force,
        app.controls,
        app.history,
        app.clock,
        instances=instances,
        limits=limits,
        approvals=app.approvals,
    )
    remover = Remover(shop, app.clock)
    app.approvals.carries_out(ApprovalAction.REMOVE, _removal_of(remover))
    launcher = _launcher(shop, catalog, limits, wishes, app, table)
    keeper = _keeper(shop, launcher, remover, wishes, waits, app, table)
    waker = Waker(WakerParts(instances, wishes, keeper, waits, _verify(identity), app.clock))
    logs = LogReader(clients.logs, settings.log_group)
    return Fleet(settings, catalog, instances, launcher, remover, wishes, logs, keeper, waker)


def _removal_of(remover: Remover) -> Deed:
    def remove(question: Question, now: datetime) -> str:
        remover.remove(question.instance)
        return "It is removed when its tasks have ended"

    return remove


def _launcher(shop: Workshop, catalog: Catalog, limits: Limits, wishes: Wishes, app: App, table: Table) -> Launcher:
    from chalicelib.fleet.launching import Launcher, LauncherParts
    from chalicelib.fleet.once import Once

    return Launcher(
        LauncherParts(
            shop=shop,
            catalog=catalog,
            limits=limits,
            gate=wishes,
            once=Once(table),
            clock=app.clock,
            new_id=lambda: uuid.uuid4().hex,
        )
    )


def _keeper(
    shop: Workshop, launcher: Launcher, remover: Remover, wishes: Wishes, waits: Waits, app: App, table: Table
) -> Keeper:
    from chalicelib.fleet.keeping import Keeper, KeeperParts
    from chalicelib.fleet.orphans import Orphans
    from chalicelib.fleet.readiness import Readiness
    from chalicelib.fleet.routing import Routes

    return Keeper(
        KeeperParts(
            instances=shop.instances,
            inventory=app.inventory,
            controls=app.controls,
            wishes=wishes,
            routes=Routes(shop.elb),
            readiness=Readiness(shop.ecs, shop.elb, _ask(app)),
            waits=waits,
            launcher=launcher,
            remover=remover,
            last_seen=_last_seen(table),
            went_wrong=_went_wrong(app.clients),
            orphans=Orphans(shop).find,
        )
    )


def _ask(app: App) -> Ask | None:
    """Only a function inside the tasks' network can ask a model itself."""
    from chalicelib.fleet.readiness import ask_for_model

    return ask_for_model if app.settings.probe_ollama else None


def _last_seen(table: Table) -> Callable[[], Mapping[ServiceId, ServiceFacts]]:
    """The services as the last sweep or look left them."""

    def seen() -> Mapping[ServiceId, ServiceFacts]:
        from chalicelib.observe.snapshot import load
        from chalicelib.record.snapshots import Snapshots

        picture = load(Snapshots(table).load())
        return picture.fleet.services if picture else {}

    return seen


def _went_wrong(clients: Clients) -> Callable[[ServiceId, datetime], str]:
    """What ECS said of a service since a moment."""

    def said(service: ServiceId, since: datetime) -> str:
        from chalicelib.execute.trouble import Trouble, read_trouble

        found = read_trouble(clients.ecs, {service: since}).get(service, Trouble())
        return found.hopeless or found.last_words

    return said


def _verify(identity: Identity | None) -> Callable[[str], Caller]:
    if identity is None:

        def nobody(token: str) -> Caller:
            raise SwitchedOff("This deployment has no user pool, so nobody can wake anything.")

        return nobody
    return identity.tokens.verify
