"""The application on the faulty cloud, its events and its truth: what a schedule of faults plays on.

Times move by `go_to`; everything of ours happens in `run`, through the handlers that are deployed.
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import app as deployed
import botocore.session
from chalice.local import LambdaContext
from chalice.test import Client
from chalicelib.decide.facts import ServiceId
from chalicelib.entrypoints import middleware
from chalicelib.entrypoints.tending import tend
from chalicelib.errors import LifecycleError
from chalicelib.runtime import compose, compose_slack
from chalicelib.runtime.compose import App
from faults.cloud import WholeAws
from faults.fleet import FLEET, MONDAY, POLICIES, Blueprint
from faults.invariants import Invariant, Verdicts
from faults.process import House, OurClock, by_our_clock
from faults.rest import history
from faults.settlers import Settlers
from faults.wanted import Wants
from faults.watch import Watch
from faults.watch_lines import LinesWatch
from faults.watch_parts import PartsWatch
from faults.watch_post import PostWatch
from faults.watch_record import RecordWatch
from faults.watch_rights import RightsWatch
from faults.wire import Wire
from support import strict_scheduler
from support.aws_events import envelope, queue_event
from support.toy_cloud import Killed

RECEIVED_AT_MOST = 4
"""Then an event goes to the dead letters."""
MEMORY_MIB, RUNTIME_MS = 512, 270_000
"""Of a function; the machine's time hardly counts here."""
SILENCE = io.StringIO()
FAILED = "a mistake of the program itself"


class Town:
    """``at_call`` happens before every call of ours: where another process slips in."""

    def __init__(
        self, seed: int, core: botocore.session.Session, *, short: bool, fleet: Sequence[Blueprint] = FLEET
    ) -> None:
        start = MONDAY.astimezone(UTC)
        self.aws = WholeAws(start, core=core)
        self.aws.shelf.objects |= {key: text.encode() for key, text in POLICIES.items()}
        self.clock = OurClock(start)
        self.wire = Wire(lambda: self.clock.true)
        self.settlers = Settlers(self.aws, seed, fleet)
        self.truths = self.settlers.truths
        self.house = House(self.aws, self.clock, short=short)
        self.count: Counter[str] = Counter()
        self.at_call: Callable[[str], None] | None = None
        self.queue: list[tuple[str, int]] = []
        """Events that came back, and how often each was received."""
        self._runs: list[int] = [0]
        self._next_run = 1
        self.client = Client(deployed.app)
        self.app, self.twin, self.judge = (self.house.process() for _ in range(3))
        self.door = self.house.door()
        self._watch(Verdicts(lambda: self.clock.true))
        self.backups = [self.aws.rows.backup()]
        self._tasks = self._counts()

    def _watch(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.watch = Watch(self.aws.rows, self.truths, lambda: self.clock.true, lambda: self._runs[-1], verdicts)
        self.wants, self.record, self.post = Wants(self.watch), RecordWatch(self.watch), PostWatch(self.watch)
        self.lines = LinesWatch(self.watch, self.post.troubled)
        self.parts, self.rights = PartsWatch(self.watch, self.aws.front), RightsWatch(self.watch, self.aws.front)
        self.aws.trouble.before, self.aws.trouble.after = self._before, self._after
        self.aws.trouble.injected = self.wire.injected = lambda fault: self.post.troubled.add(self._runs[-1])
        self.wire.before = lambda method: self._before(f"slack.{method}", {})
        self.wire.accepted = self.post.accepted

    def _before(self, operation: str, params: Mapping[str, Any]) -> None:
        if self.at_call is not None and self._runs[-1]:
            self.at_call(operation)
        self.watch.begins(operation, params)
        self.post.begins(operation, params)

    def _after(self, operation: str, params: Mapping[str, Any], _: object) -> None:
        self.watch.ended(operation, params)
        self.lines.ended(operation, params)
        self.post.ended(operation, params)
        self.rights.ended(operation, params)

    # --- time

    def go_to(self, moment: datetime) -> None:
        """The world goes on without us; a backup is taken at midnight."""
        if moment.date() != self.clock.true.date():
            self.backups = [*self.backups[-1:], self.aws.rows.backup()]
        self.clock.true = self.aws.world.now = moment
        self.settlers.live_until(moment)

    # --- our processes

    def run(self, work: Callable[[App], object], app: App | None = None) -> None:
        """One run of a process, to its end or its death. Nothing that it raises goes further."""
        self._runs.append(self._next_run)
        self._next_run += 1
        self.count["runs"] += 1
        self.verdicts.checked[Invariant.IN_WORDS] += 1
        compose.install(app or self.app)
        compose_slack.install_door(self.door)
        try:
            with redirect_stdout(SILENCE):
                work(app or self.app)
        except Killed:
            self.count["deaths"] += 1
            self.post.troubled.add(self._runs[-1])
            if app is None:
                self.app, self.door = self.house.process(), self.house.door()
        except LifecycleError:
            self.count["runs that could not go on"] += 1
        except Exception as leaked:  # noqa: BLE001  whatever it is, it should have been in our words
            self.leaked(leaked)
        finally:
            self._runs.pop()
            self.aws.trouble.revive()
            compose.install(self.app)
        self.record.look()

    def leaked(self, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, LifecycleError):
            self.verdicts.broken(Invariant.IN_WORDS, f"{type(error).__name__}: {error} at {_where(error)}")

    def told(self, report: Any) -> dict[str, int]:
        """In the place of `entrypoints.told.told`, which only counts."""
        for outcome in report.outcomes:
            if FAILED in outcome.reason:
                self.verdicts.broken(Invariant.IN_WORDS, outcome.reason)
        return {}

    def invoke(self, name: str, event: Mapping[str, Any]) -> Any:
        """A function as it is deployed, within `run`."""
        return deployed.app.handler_map[name](dict(event), LambdaContext(name, MEMORY_MIB, RUNTIME_MS))

    def sweep(self, app: App | None = None, *, full: bool | None = None) -> None:
        if full is None:
            self.run(lambda one: self.invoke("sweep", envelope("aws.events", "Scheduled Event", {})), app)
        else:
            self.run(lambda one: self._sweep_all(one), app)
        self.deliver()

    def _sweep_all(self, app: App) -> None:
        self.told(app.controller.sweep(self.clock.now(), full=True))
        tend(app, sweep=True)

    def fire(self) -> list[Mapping[str, Any]]:
        """What was booked for an edge of the clock that has come, each once; gives them, for who fires twice."""
        due = strict_scheduler.due(self.aws.world, self.clock.true)
        for event in due:
            self.wake(event)
        return due

    def wake(self, event: Mapping[str, Any]) -> None:
        self.run(lambda one: self.invoke("transition", event))

    def deliver(self) -> None:
        """What waits to be told is sent: deployed every minute, here whenever there may be anything."""
        if any(one["sk"]["S"].startswith("TO#") for one in self.aws.rows.partition("OUTBOX")):
            self.run(lambda one: self.invoke("deliver", envelope("aws.events", "Scheduled Event", {})))

    def hear(self, bodies: list[str]) -> None:
        """One batch of events, and those that came back, as the queue hands them over."""
        batch = [*self.queue, *((body, 0) for body in bodies)]
        if not batch:
            return
        self.queue = batch

        def handle(_: App) -> None:
            answer = self.invoke("aws_events", queue_event(*(body for body, _ in batch)))
            failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
            self.queue = [one for number, one in enumerate(batch) if f"message-{number}" in failed]

        self.run(handle)
        again = [(body, received + 1) for body, received in self.queue]
        self.queue = [one for one in again if one[1] < RECEIVED_AT_MOST]
        self.count["events given up"] += len(again) - len(self.queue)

    def events(self) -> list[str]:
        """Of the services whose tasks changed since the last time: ECS has an event of each."""
        before, self._tasks = self._tasks, self._counts()
        return [self.settlers.event(id) for id, counts in self._tasks.items() if counts != before.get(id)]

    def _counts(self) -> dict[ServiceId, tuple[int, int]]:
        return {id: (truth.fake.desired, truth.fake.running) for id, truth in self.truths.items()}

    # --- after a disaster

    def restored(self) -> None:
        """Yesterday's table is put in the place of today's."""
        self.aws.rows.restore(self.backups[0])
        stands = history(self)
        self.record.restored(stands)
        self.lines.restored(stands)
        self.post.restored()
        self.settlers.after_a_restore(self.aws.rows)


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


@contextmanager
def town(
    seed: int,
    core: botocore.session.Session | None = None,
    *,
    short: bool = False,
    fleet: Sequence[Blueprint] = FLEET,
) -> Iterator[Town]:
    """``short``: calls skip botocore's own work (`WholeAws.shorten`). ``core``: see `StrictAws`."""
    made = Town(seed, core or botocore.session.Session(), short=short, fleet=fleet)
    level = middleware.logger.log_level
    with ExitStack() as stack:
        stack.enter_context(by_our_clock(made.clock))
        stack.enter_context(made.wire.plugged_in())
        stack.enter_context(
            patch.object(middleware.logger, "exception", lambda *_, **__: made.leaked(sys.exc_info()[1]))
        )
        for room in ("events", "schedules", "transitions"):
            stack.enter_context(patch(f"chalicelib.entrypoints.{room}.told", made.told))
        middleware.logger.setLevel("CRITICAL")
        try:
            yield made
        finally:
            middleware.logger.setLevel(level)
            compose.install(None)
            compose_slack.install_door(None)
