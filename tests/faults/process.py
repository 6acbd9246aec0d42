"""Our own processes in the town: built anew after each death, without threads, on a clock that is stepped."""

from __future__ import annotations

import datetime as real
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from chalicelib.entrypoints.slack.door import Door
from chalicelib.execute.bookings import BookingSettings
from chalicelib.fleet.identity.identity import Identity, build_identity
from chalicelib.fleet.identity.tokens import Tokens
from chalicelib.fleet.settings import FleetSettings
from chalicelib.local.slack_workspace import TEAM
from chalicelib.notify.settings import NoticeSettings, Outbox
from chalicelib.notify.slack.settings import SlackSettings
from chalicelib.policy import loader
from chalicelib.policy.document import Document, read_document
from chalicelib.policy.loader import Loaded
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.compose import App, build
from chalicelib.runtime.compose_slack import build_door
from chalicelib.runtime.settings import Settings
from faults.front import CLUSTER, LISTENER, WAKE
from faults.watch import MOST_PER_RUN
from faults.watch_post import CHANNEL
from support.issuer import POOL, Issuer
from support.strict_scheduler import GROUP, TARGET

if TYPE_CHECKING:
    from chalicelib.record.table import Table
    from faults.cloud import WholeAws

MOST_INSTANCES = 2
USED = (
    "chalicelib.abreast.ThreadPoolExecutor",
    "chalicelib.observe.calls.ThreadPoolExecutor",
    "chalicelib.observe.parts.ThreadPoolExecutor",
    "chalicelib.observe.inventory.ThreadPoolExecutor",
    "chalicelib.ledger.reading.ThreadPoolExecutor",
)
TOLD_THE_TIME = ("base", "persistence.base", "persistence.datarecord", "persistence.dynamodb")
"""Where Powertools' idempotency asks the machine's clock."""


class OneAfterAnother:
    """An executor without threads: the same schedule is the same sequence of calls, every time."""

    def __init__(self, *_: object, **__: object) -> None:
        return

    def __enter__(self) -> OneAfterAnother:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*arguments))
        except Exception as error:  # noqa: BLE001  it is raised where the result is asked for
            done.set_exception(error)
        return done

    def map(self, work: Callable[..., Any], *items: Any) -> Iterator[Any]:
        return map(work, *items)


class OurClock:
    """The time as we believe it is: it never goes back, and may be wrong by ``skew``."""

    def __init__(self, start: datetime) -> None:
        self.true = start
        self.skew = timedelta(0)
        self._last = start

    def now(self) -> datetime:
        self._last = max(self._last, self.true + self.skew)
        return self._last

    def sleep(self, seconds: float) -> None:
        """Nobody steps this clock while its handler waits."""


class OurClients(Clients):
    """One client for each service, whoever asks for it. ``short``: its calls skip botocore's own work."""

    def __init__(self, aws: WholeAws, *, short: bool) -> None:
        super().__init__(aws.session)
        self._aws = aws
        self._short = short
        self._made: dict[str, Any] = {}

    def _make(self, service: str, **more: Any) -> Any:
        if service not in self._made:
            made = super()._make(service, **more)
            if self._short:
                self._aws.shorten(made)
            self._made[service] = made
        return self._made[service]

    def hurried(self, service: str) -> Any:
        return self._make(service)


SETTINGS = Settings(
    table="t",
    policies="s3://b/policies",
    max_actions_per_run=MOST_PER_RUN,
    pool=POOL,
    fleet=FleetSettings(
        cluster=CLUSTER, vpc_id="vpc-1", subnet_ids=("subnet-1",), security_group_ids=("sg-1",),
        execution_role_arn="arn:aws:iam::123456789012:role/execution", log_group="/ollama/launched",
        task_role_arn="arn:aws:iam::123456789012:role/task", listener_arns=(LISTENER,), domain="ollama.example.com",
        wake_function_arn=WAKE, max_instances_per_user=MOST_INSTANCES,
    ),
    outbox=Outbox.DELIVER,
    notices=NoticeSettings(channel=CHANNEL),
    bookings=BookingSettings(GROUP, TARGET, "arn:aws:iam::123456789012:role/wake", "arn:aws:sqs:eu-central-1:1:dead"),
    slack=SlackSettings("slack", (TEAM,), "https://sqs.example.com/slack"),
)  # fmt: skip


class House:
    """Builds what one process of ours consists of. The user pool's tokens bear the true time."""

    def __init__(self, aws: WholeAws, clock: OurClock, *, short: bool) -> None:
        self.clock = clock
        self.issuer = Issuer()
        self._clients = OurClients(aws, short=short)
        self._settings = replace(SETTINGS, region=aws.session.region_name)

    def process(self) -> App:
        with patch("chalicelib.runtime.compose_fleet._identity", self._identity):
            made = build(self._settings, self._clients, self.clock, workers=1)
        assert made.fleet
        launcher: Any = made.fleet.launcher
        launcher._parts = replace(launcher._parts, pause=self.clock.sleep)
        return made

    def door(self) -> Door:
        assert self._settings.slack
        return build_door(self._settings.slack, self._clients, self._settings.table, self.clock)

    def _identity(self, app: App, table: Table, pool: Any) -> Identity:
        made = build_identity(table, app.clients.cognito, pool, self.clock)
        return replace(made, tokens=Tokens(pool, self.issuer.fetch, self.clock))


@cache
def _document(name: str, text: str) -> Document:
    return read_document(name, text)


class ReadOnce:
    """The policies' loader with a memory: what it makes of the same texts on the same day is always the same."""

    def __init__(self) -> None:
        self._load = loader._Load.run
        self._made: dict[tuple[object, ...], Loaded] = {}

    def run(self, load: Any) -> Loaded:
        if load.held:
            return self._load(load)
        key = (*((name, id(document)) for name, document in load.documents.items()), load.today)
        if key not in self._made:
            self._made[key] = self._load(load)
        return self._made[key]


@contextmanager
def by_our_clock(clock: OurClock) -> Iterator[None]:
    """No thread runs, a library that would ask the machine's clock asks ours, and policies are read once."""

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: real.tzinfo | None = None) -> Any:
            return clock.now()

    told, waits = SimpleNamespace(datetime=Datetime, timedelta=timedelta), SimpleNamespace(sleep=clock.sleep)
    once = ReadOnce()
    with ExitStack() as stack:
        stack.enter_context(patch("chalicelib.policy.loader.read_document", _document))
        stack.enter_context(patch("chalicelib.policy.loader._Load.run", lambda load: once.run(load)))
        stack.enter_context(patch("chalicelib.entrypoints.transitions.time", waits))
        for name in USED:
            stack.enter_context(patch(name, OneAfterAnother))
        for room in TOLD_THE_TIME:
            stack.enter_context(patch(f"aws_lambda_powertools.utilities.idempotency.{room}.dt", told))
        yield
