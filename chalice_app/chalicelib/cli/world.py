"""Reaches the deployed world for a command: the application built on the chosen account, its services by name.

Refuses nothing of its own; failures of AWS reach `exits` as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.cli.desk import Desk
from chalicelib.cli.progress import waiting
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.fleet.finding import find_service

if TYPE_CHECKING:
    from chalicelib.cli.book import Book
    from chalicelib.observe.inventory import Inventory
    from chalicelib.policy.model import Policy
    from chalicelib.runtime.compose import App


def build_app(desk: Desk) -> App:
    """The same application as the one deployed, on this run's clients, clock and table.

    It never takes policies into force: a person's command acts on what the deployment runs on, and `plan` only looks
    at the local files.
    """
    from chalicelib.notify.notice import Silence
    from chalicelib.notify.outbox import OutboxHerald
    from chalicelib.record.outbox import OutboxRows
    from chalicelib.record.table import Table
    from chalicelib.runtime.compose import build
    from chalicelib.runtime.settings import Settings

    clients = desk.aws()
    region = desk.region or clients.session.region_name or ""
    settings = Settings(table=desk.table, policies=desk.policies, region=region)
    herald = OutboxHerald(OutboxRows(Table(clients.dynamodb, desk.table)))  # the deployment shows what is asked here
    return build(settings, clients, desk.time(), notifier=Silence(), herald=herald, take_force=False)


def inventory(desk: Desk) -> Inventory:
    from chalicelib.observe.inventory import Inventory

    clients = desk.aws()
    return Inventory(clients.ecs, clients.scaling, clients.elb)


def all_services(desk: Desk) -> Mapping[ServiceId, ServiceFacts]:
    with waiting("Reading the services"):
        return inventory(desk).refresh_all(desk.now()).services


def one_service(desk: Desk, text: str) -> ServiceFacts:
    """The service meant by ``text``. A full name costs a few calls, a bare one a look at every service.

    Raises UnknownService with the nearest spelling or the candidates.
    """
    if "/" in text:
        try:
            wanted = ServiceId.parse(text)
        except ValueError:
            wanted = None
        if wanted is not None:
            found = inventory(desk).refresh([wanted], desk.now()).get(wanted)
            if isinstance(found, ServiceFacts):
                return found
    services = all_services(desk)
    return services[find_service(text, services)]


def governing_policy(desk: Desk, book: Book, name: str) -> Policy:
    """The policy in ``book`` that governs the service ``name``: the ruling one, else the first that shadows it.

    Raises UnknownService, and Stop when no policy matches the service.
    """
    from chalicelib.cli.exits import Stop
    from chalicelib.decide.govern import govern

    facts = one_service(desk, name)
    governance = govern(book.loaded.policies, facts)
    if governance.ruling is not None:
        return governance.ruling
    if governance.shadows:
        return governance.shadows[0]
    if governance.tied:
        tied = " and ".join(f"{policy.name} ({policy.source})" for policy in governance.tied)
        raise Stop(f"{facts.id} is claimed by {tied} with the same priority: give one of them a higher priority.")
    raise Stop(f"No policy in {book.where} matches {facts.id}: {governance.nearest}.")
