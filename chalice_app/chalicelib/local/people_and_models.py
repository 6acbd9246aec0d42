"""The part of the live fleet that people use: the user pool, the catalog, and a load balancer for what they launch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.decide.facts import ServiceId
from chalicelib.fleet.catalog import Catalog
from chalicelib.fleet.instances import Instances
from chalicelib.fleet.model import SERVICE_PREFIX
from chalicelib.fleet.seed_models import seed_models
from chalicelib.fleet.settings import FleetSettings
from chalicelib.local.balancer import Balancer, serving
from chalicelib.local.doors import Mail
from chalicelib.local.front import make_front
from chalicelib.local.handlers import invoke_wake
from chalicelib.local.launched import LaunchedModels
from chalicelib.local.launched_meter import LaunchedMeter
from chalicelib.local.pool import SeededPool, seed_pool
from chalicelib.record.table import Table

if TYPE_CHECKING:
    from chalicelib.local.aws import EmbeddedAws
    from chalicelib.local.fleet import SimulatedTasks
    from chalicelib.local.metrics import MetricStore
    from chalicelib.runtime.clients import Clients
    from chalicelib.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class PeopleAndModels:
    """``port``: where the load balancer answers on the loopback address."""

    pool: SeededPool
    settings: FleetSettings
    models: LaunchedModels
    port: int


@contextlib.contextmanager
def opened(
    aws: EmbeddedAws,
    clients: Clients,
    clock: Clock,
    tasks: SimulatedTasks,
    store: MetricStore,
    table_name: str,
    *,
    port: int = 0,
    post: Callable[[Mail], None] = lambda mail: None,
) -> Iterator[PeopleAndModels]:
    """Everything there and the load balancer answering; ``port`` 0 takes any that is free."""
    table = Table(clients.dynamodb, table_name)
    pool = seed_pool(aws, clients, table, post=post)
    instances = Instances(table)
    Catalog(table).plant(seed_models, clock.now())
    front = make_front(aws, clients)
    tasks.follow_new_services()

    def model_of(service: ServiceId) -> str:
        return instances.get(service.name.removeprefix(SERVICE_PREFIX)).ollama_name

    def invoke(arn: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        return invoke_wake(event)

    models = LaunchedModels(aws, clock, tasks, LaunchedMeter(store, tasks, clock.now()), model_of)
    balancer = Balancer(clients, front.listener_arn, invoke=invoke, serve=models.serve, count=models.count)
    with serving(balancer, port) as bound:
        yield PeopleAndModels(pool, front.settings(bound), models, bound)
