"""The whole of it on one clock: the embedded AWS, its fleet and traffic, its people, and the deployed application.

Time moves from one happening to the next: a sweep that is due, a task that boots or ends, a deed of a person, a
batch of events that SQS hands over. The application sees nothing of this: its handlers are called as AWS would.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TextIO

from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.fleet import Event, SimulatedTasks
from chalicelib.local.handlers import Handlers
from chalicelib.local.held import HeldModels
from chalicelib.local.meter import Meter
from chalicelib.local.metrics import MetricStore
from chalicelib.local.people import do
from chalicelib.local.protection import answer_task_protection
from chalicelib.local.scenario import Deed, Scenario
from chalicelib.local.seed import TABLE, make_fleet
from chalicelib.local.slack_local import CHANNEL
from chalicelib.notify.settings import NoticeSettings, Outbox
from chalicelib.runtime import compose
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import Clock
from chalicelib.runtime.settings import Settings

if TYPE_CHECKING:
    from chalicelib.local.doors import Mail
    from chalicelib.local.people_and_models import PeopleAndModels
    from chalicelib.local.slack_local import LocalSlack
    from chalicelib.notify.notice import Notifier

DELIVER_EVERY = timedelta(minutes=1)
"""As deployed."""

EVENTS_ARRIVE_AFTER = timedelta(seconds=5)
"""EventBridge, the queue and its batching window."""

FULL_REFRESH = timedelta(hours=4)
"""The fleet is described whole this often; deployed it is half an hour. Task events tell what changes in between."""


LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Steppable(Clock, Protocol):
    """A clock that can be put forward."""

    def set(self, to: datetime) -> None: ...


@dataclass(slots=True)
class Effort:
    """What the week took: ``metrics_asked`` is what CloudWatch would bill, ``looked`` counts services by sweep."""

    sweeps: int = 0
    event_batches: int = 0
    events: int = 0
    looked: int = 0
    metrics_asked: int = 0

    @property
    def metrics_per_service_and_sweep(self) -> float:
        return self.metrics_asked / self.looked if self.looked else 0.0


@dataclass(slots=True)
class World:
    """Made by `open_world`."""

    scenario: Scenario
    aws: EmbeddedAws
    clients: Clients
    clock: Steppable
    tasks: SimulatedTasks
    meter: Meter
    metrics: MetricStore
    app: compose.App
    handlers: Handlers
    sweep_every: timedelta
    next_sweep: datetime
    next_delivery: datetime
    people: PeopleAndModels | None = None
    """None where nobody logs in and nothing is launched."""
    slack: LocalSlack | None = None
    """None where nobody reads what people are told."""
    before_deed: Callable[[Deed], None] = lambda deed: None
    """Told what somebody is about to do."""
    effort: Effort = field(default_factory=Effort)
    _inbox: list[tuple[datetime, Event]] = field(default_factory=list)
    _played_until: datetime = LONG_AGO
    _deeds_done: int = 0

    def run_until(self, end: datetime) -> Iterator[datetime]:
        """Plays everything up to ``end``, which is included; gives each instant at which something happened."""
        while (at := self._next_happening()) <= end:
            self._play(at)
            yield at
        self._pass_time(end)

    def hear(self) -> None:
        """What people clicked and typed in Slack since the last time, done at the present instant."""
        if self.slack is not None:
            self.slack.asked(self.handlers.slack_actions)
            self._collect()

    def use(self, app: compose.App) -> None:
        """From now on the handlers get this application."""
        self.app = app
        compose.install(app)

    def _next_happening(self) -> datetime:
        instants = [self.next_sweep, *(at for at, _ in self._inbox[:1])]
        if (change := self.tasks.next_change()) is not None:
            instants.append(change)
        if self._deeds_done < len(self.scenario.deeds):
            instants.append(self.scenario.deeds[self._deeds_done].at)
        if self.slack is not None:
            instants.append(self.next_delivery)
        return max(min(instants), self._played_until)

    def _play(self, at: datetime) -> None:
        self._pass_time(at)
        self._do_deeds(at)
        self._deliver(at)
        if at >= self.next_sweep:
            self.next_sweep += self.sweep_every
            answer = self.handlers.sweep(at)
            self.effort.sweeps += 1
            self.effort.looked += answer["looked"]
            self.effort.metrics_asked += answer["metrics_asked"]
        if self.slack is not None and at >= self.next_delivery:
            self.next_delivery = at + DELIVER_EVERY
            self.handlers.deliver(at)
        self._collect()

    def _pass_time(self, at: datetime) -> None:
        """The minutes up to ``at`` were measured with the tasks as they were until then."""
        self._played_until = at
        self.meter.measure_until(at)
        if self.people is not None:
            self.people.models.pass_time(at)
        self.clock.set(at)
        self._collect()

    def _collect(self) -> None:
        arrive = self.clock.now() + EVENTS_ARRIVE_AFTER
        self._inbox.extend((arrive, event) for event in self.tasks.step())

    def _do_deeds(self, at: datetime) -> None:
        deeds = self.scenario.deeds
        while self._deeds_done < len(deeds) and deeds[self._deeds_done].at <= at:
            deed = deeds[self._deeds_done]
            self.before_deed(deed)
            with self.handlers.logging():
                do(deed, self.app, at, self.scenario.zone)
            self._deeds_done += 1

    def _deliver(self, at: datetime) -> None:
        batch = [event for due, event in self._inbox if due <= at]
        if not batch:
            return
        self._inbox = [(due, event) for due, event in self._inbox if due > at]
        self.effort.event_batches += 1
        self.effort.events += len(batch)
        failed = self.handlers.aws_events(batch)
        if failed:
            raise RuntimeError(f"{len(failed)} of {len(batch)} events were not understood by their handler")


@contextlib.contextmanager
def open_world(
    scenario: Scenario,
    clock: Steppable,
    *,
    log: TextIO,
    sweep_every: timedelta,
    with_people: bool = False,
    front_port: int = 0,
    slack_port: int = 0,
    notifier: Notifier | None = None,
    post: Callable[[Mail], None] = lambda mail: None,
) -> Iterator[World]:
    """Everything running and the first sweep due at once. On leaving, the handlers forget this world.

    ``with_people``: with a user pool, a catalog of models and a load balancer for what is launched of them, which
    answers on ``front_port``, and with a stand-in for Slack on ``slack_port``; ``post`` gets the mails that people are
    sent. ``notifier`` takes the place of the deployed one.
    """
    with EmbeddedAws() as aws, contextlib.ExitStack() as stack:
        answer_task_protection()
        clients = aws.clients()
        tasks = SimulatedTasks(aws, clock)
        placed = make_fleet(aws, clients, tasks, scenario.fleet, scenario.start)
        store = MetricStore(aws)
        people, slack = None, None
        if with_people:
            from chalicelib.local import slack_local
            from chalicelib.local.people_and_models import opened

            people = stack.enter_context(opened(aws, clients, clock, tasks, store, TABLE, port=front_port, post=post))
            slack = stack.enter_context(slack_local.opened(clients, people.pool, clock, TABLE, port=slack_port))
        app = compose.build(_settings(scenario, aws, people, slack), clients, clock, notifier=notifier)
        compose.install(app)
        stack.callback(compose.install, None)
        meter = Meter(scenario, store, tasks, placed)
        held = HeldModels(aws, clock, meter.traffic)
        aws.answer_for_ollama(lambda address: (people and people.models.held_at(address)) or held.at(address))
        yield World(
            scenario=scenario,
            aws=aws,
            clients=clients,
            clock=clock,
            tasks=tasks,
            meter=meter,
            metrics=store,
            app=app,
            handlers=Handlers(aws.region, log),
            sweep_every=sweep_every,
            next_sweep=scenario.start,
            next_delivery=scenario.start,
            people=people,
            slack=slack,
        )


def _settings(
    scenario: Scenario, aws: EmbeddedAws, people: PeopleAndModels | None, slack: LocalSlack | None
) -> Settings:
    clusters = dict.fromkeys(blueprint.id.cluster for blueprint in scenario.fleet)
    return Settings(
        table=TABLE,
        policies=str(scenario.policies),
        region=aws.region,
        clusters=(*clusters, people.settings.cluster) if people else tuple(clusters),
        full_refresh_seconds=int(FULL_REFRESH.total_seconds()),
        pool=people.pool.settings if people else None,
        fleet=people.settings if people else None,
        slack=slack.settings if slack else None,
        outbox=Outbox.DELIVER if slack else Outbox.OFF,
        notices=NoticeSettings(channel=CHANNEL) if slack else NoticeSettings(),
    )
