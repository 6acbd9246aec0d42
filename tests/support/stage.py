"""The whole application on the strict fake AWS, with a clock that is stepped: what controller tests play on.

with staged(tmp_path, POLICY, at="2026-11-20T18:00+09:00") as stage:
    chat = stage.add("chat", requests=busy_until("19:00"))
    stage.run_until("21:00")
    assert chat.desired == 0
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.controller.pacing import Pace
from chalicelib.controller.ports import Herald
from chalicelib.controller.report import Report
from chalicelib.decide.facts import Override, OverrideKind, ServiceId
from chalicelib.execute.bookings import BookingSettings
from chalicelib.notify.notice import Notice, Silence
from chalicelib.record.history import Entry
from chalicelib.record.table import create_table
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SteppedClock
from chalicelib.runtime.compose import App, build
from chalicelib.runtime.settings import Settings
from support.moto_record import serialised
from support.strict_aws import StrictAws
from support.strict_world import FakeService, Series

TABLE = "lifecycle-test"
CLUSTER = "gpu-dev"


@dataclass
class Stage:
    aws: StrictAws
    app: App
    clock: SteppedClock
    folder: Path
    zone: ZoneInfo
    every: timedelta = timedelta(minutes=5)
    reports: list[Report] = field(default_factory=list)
    every_call_takes: timedelta = timedelta(0)
    """How far the clock goes on with each call to AWS, also in the middle of a run."""
    before_call: Callable[[str], None] | None = None
    """Happens before every call to AWS, named as in ``dynamodb.PutItem``."""
    _turning: threading.Lock = field(default_factory=threading.Lock)

    # --- the world

    def add(
        self,
        name: str,
        *,
        requests: Series | float | None = None,
        tags: Mapping[str, str] | None = None,
        ready_for: timedelta = timedelta(days=1),
        scaling: tuple[int, int] | None = None,
        desired: int = 1,
        **more: object,
    ) -> FakeService:
        """A service behind the load balancer, which reports healthy hosts while it runs."""
        service = self.aws.world.add_service(
            CLUSTER,
            name,
            desired=desired,
            started=self.clock.now() - ready_for,
            tags={"environment": "dev"} if tags is None else tags,
            scaling=scaling,
            **more,  # type: ignore[arg-type]
        )
        if service.target_groups:
            service.sends("healthy-hosts", self._health_of(service))
            service.sends("requests", requests)
        return service

    def _health_of(self, service: FakeService) -> Series:
        """What it reported for a minute stays reported, whatever becomes of the service afterwards."""
        seen: dict[datetime, float | None] = {}

        def health(at: datetime) -> float | None:
            return seen.setdefault(at, 1.0 if service.running else None)

        return health

    def write(self, policy: str, name: str = "policy.yaml") -> None:
        (self.folder / name).write_text(policy)

    # --- time

    def at(self, text: str) -> datetime:
        """``21:00`` is the next such time, ``Mon 08:00`` the next such moment, else an ISO moment."""
        now = self.clock.now().astimezone(self.zone)
        if text[:4].isdigit():
            return datetime.fromisoformat(text)
        day, _, clock = text.rpartition(" ")
        moment = datetime.combine(now.date(), time.fromisoformat(clock), self.zone)
        while moment <= now or (day and moment.strftime("%a") != day):
            moment = datetime.combine(moment.date() + timedelta(days=1), time.fromisoformat(clock), self.zone)
        return moment

    def set(self, to: datetime) -> None:
        self.clock.set(to)
        self.aws.world.now = self.clock.now()

    def _called(self, model: Any, **_: object) -> None:
        if self.every_call_takes:
            with self._turning:
                self.set(self.clock.now() + self.every_call_takes)
        if self.before_call:
            self.before_call(f"{model.service_model.service_name}.{model.name}")

    @contextmanager
    def while_calling(self, happens: Callable[[str], None]) -> Iterator[None]:
        """``happens`` before every call that is made inside, but not before the calls that it makes itself."""

        def once(operation: str) -> None:
            self.before_call = None
            try:
                happens(operation)
            finally:
                self.before_call = once

        self.before_call = once
        try:
            yield
        finally:
            self.before_call = None

    def another(self, workers: int = 1, herald: Herald | None = None) -> App:
        """A second deployment of the same application on the same table: another handler's container."""
        clients = Clients(self.aws.session)
        vars(clients)["dynamodb"] = self.app.clients.dynamodb  # serialised: one table, one partition
        return build(self.app.settings, clients, self.clock, notifier=Silence(), workers=workers, herald=herald)

    def run_until(self, text: str) -> None:
        """Sweeps every quarter of an hour, within the last hour every five minutes, the last time at ``text``."""
        end = self.at(text)
        while (left := end - self.clock.now()) > self.every:
            self.set(self.clock.now() + (self.every if left <= timedelta(hours=1) else 3 * self.every))
            self.sweep()
        self.set(end)
        self.sweep()

    def sweep(self, *, full: bool | None = None) -> Report:
        report = self.app.controller.sweep(self.clock.now(), full=full)
        self.reports.append(report)
        return report

    def look_at(self, service: FakeService) -> Report:
        report = self.app.controller.look_at([id_of(service)], self.clock.now(), why="a test asked")
        self.reports.append(report)
        return report

    # --- people

    def says(self, service: FakeService, kind: OverrideKind, until: str, *, force: bool = False) -> None:
        now = self.clock.now()
        self.app.controls.add_override(
            Override(f"o-{now:%d%H%M%S}", id_of(service), kind, self.at(until), "owner", "a test", now, force)
        )

    # --- what can be seen afterwards

    @property
    def notices(self) -> list[Notice]:
        return [notice for report in self.reports for notice in report.notices]

    def told(self, service: FakeService) -> list[tuple[str, str]]:
        return [(one.kind.value, one.text) for one in self.notices if one.service == id_of(service)]

    def history(self, service: FakeService) -> list[Entry]:
        """Oldest first."""
        return list(reversed(self.app.history.of_service(id_of(service))))


def id_of(service: FakeService) -> ServiceId:
    return ServiceId(service.cluster, service.name)


@contextmanager
def staged(
    folder: Path,
    policy: str,
    *,
    at: str,
    zone: str = "Asia/Tokyo",
    full_refresh_minutes: int = 30,
    workers: int = 1,
    most: int = 50,
    bookings: BookingSettings | None = None,
    pace: Pace | None = None,
) -> Iterator[Stage]:
    start = datetime.fromisoformat(at)
    policies = folder / "policies"
    policies.mkdir(exist_ok=True)
    (policies / "policy.yaml").write_text(policy)
    clock = SteppedClock(start)
    with StrictAws(clock.now(), moto=True) as aws:
        stage: Stage | None = None

        def called(model: Any, **_: object) -> None:
            if stage is not None:
                stage._called(model)

        aws.session.events.register_first("before-call", called)
        clients = Clients(aws.session)
        create_table(serialised(clients.dynamodb), TABLE)
        settings = Settings(
            table=TABLE,
            policies=str(policies),
            region=aws.session.region_name,
            full_refresh_seconds=full_refresh_minutes * 60,
            max_actions_per_run=most,
            bookings=bookings,
        )
        app = build(settings, clients, clock, notifier=Silence(), workers=workers, pace=pace)
        stage = Stage(aws, app, clock, policies, ZoneInfo(zone))
        yield stage
