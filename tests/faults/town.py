"""The application on the faulty cloud, its people, its events and its truth: what a schedule of faults plays on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

import botocore.session
from chalicelib.controller.asking import Answer, AnswerKind
from chalicelib.decide.facts import Override, OverrideKind, ServiceId
from chalicelib.errors import LifecycleError, RecordUnavailable
from chalicelib.execute.plan import PlanKind
from chalicelib.fleet.people import Caller, Role
from chalicelib.record.approval import Question
from chalicelib.record.history import Entry
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.compose import App, build
from chalicelib.runtime.settings import Settings
from faults.cloud import WholeAws
from faults.fleet import FLEET, MONDAY, POLICIES, Blueprint, Use
from faults.watch import MOST_PER_RUN, Invariant, Truth, Watch
from support.strict_world import Series
from support.toy_cloud import Killed

ADA = Caller("sub-ada", "ada@example.com", Role.USER, frozenset({"leads"}))
BOOT = timedelta(minutes=4)
USED = (
    "chalicelib.abreast.ThreadPoolExecutor",
    "chalicelib.observe.calls.ThreadPoolExecutor",
    "chalicelib.observe.parts.ThreadPoolExecutor",
    "chalicelib.observe.inventory.ThreadPoolExecutor",
    "chalicelib.ledger.reading.ThreadPoolExecutor",
)


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


class People:
    """Where notices and questions go. ``down``: Slack, and what puts words down for it, does not answer."""

    def __init__(self) -> None:
        self.down = False
        self.missed = 0

    def tell(self, told: object) -> None:
        if self.down:
            self.missed += 1
            if isinstance(told, Question):
                raise RecordUnavailable("no outbox")


class Town:
    """Times move by `go_to`; everything of ours happens in `run`."""

    def __init__(self, seed: int, core: botocore.session.Session, *, short: bool) -> None:
        start = MONDAY.astimezone(UTC)
        self.chance = Random(f"town {seed}")
        self.aws = WholeAws(start, core=core)
        self.aws.shelf.objects |= {key: text.encode() for key, text in POLICIES.items()}
        self.clock = OurClock(start)
        self.people = People()
        self.truths = {one.id: self._settle_in(one, Use(seed, one)) for one in FLEET}
        self.count: Counter[str] = Counter()
        self._runs: list[int] = [0]
        self._next_run = 1
        self._clients = Clients(self.aws.session)
        if short:
            for name in ("ecs", "scaling", "elb", "cloudwatch", "dynamodb", "s3"):
                self.aws.shorten(getattr(self._clients, name))
        self.settings = Settings("t", "s3://b/policies", self.aws.session.region_name, max_actions_per_run=MOST_PER_RUN)
        self.app, self.twin, self.judge = self._process(), self._process(), self._process()
        self.watch = Watch(self.aws.rows, self.truths, lambda: self.clock.true, lambda: self._runs[-1])
        self.aws.trouble.before = self._before
        self.aws.trouble.after = lambda operation, params, _: self.watch.ended(operation, params)
        self.at_call: Callable[[str], None] | None = None
        """Happens before every call of ours: where another process slips in."""
        self.backups = [self.aws.rows.backup()]
        self._tasks = self._counts()

    def _process(self) -> App:
        return build(self.settings, self._clients, self.clock, notifier=self.people, herald=self.people, workers=1)

    def _settle_in(self, of: Blueprint, use: Use) -> Truth:
        fake = self.aws.world.add_service(
            of.cluster, of.name, desired=of.size, tags={"environment": of.environment, **of.tags}, scaling=of.scaling,
            behind="app/shared/0123456789abcdef" if of.measured else None, boot=BOOT,
        )  # fmt: skip
        truth = Truth(of, fake, use, size=of.size)
        if of.measured:
            healthy: dict[datetime, float | None] = {}

            def health(at: datetime) -> float | None:
                return None if _blind(truth, at) else healthy.setdefault(at, 1.0 if fake.running else None)

            fake.sends("healthy-hosts", health)
            fake.sends("requests", _requests(truth))
        return truth

    # --- time

    def go_to(self, moment: datetime) -> None:
        """The world goes on without us: tasks boot, streams run, autoscaling acts, a backup is taken at midnight."""
        if moment.date() != self.clock.true.date():
            self.backups = [*self.backups[-1:], self.aws.rows.backup()]
        self.clock.true = self.aws.world.now = moment
        for truth in self.truths.values():
            truth.fake.settle()
            if truth.blueprint.streams:
                until = moment + timedelta(hours=1) if truth.use.at(moment) else None
                for task in truth.fake.tasks:
                    task.protected_until = until
        off = [truth for truth in self.truths.values() if not truth.fake.desired]
        self.aws.world.let_autoscaling_act()
        for truth in off:
            if truth.fake.desired:
                truth.hands += 1
                truth.size = truth.size if truth.taken else truth.fake.desired

    # --- our processes

    def run(self, work: Callable[[App], object], app: App | None = None) -> None:
        """One run of a process, to its end or its death. Nothing that it raises goes further."""
        self._runs.append(self._next_run)
        self._next_run += 1
        self.count["runs"] += 1
        self.watch.checked[Invariant.IN_WORDS] += 1
        try:
            report = work(app or self.app)
            for outcome in getattr(report, "outcomes", ()):
                if "a mistake of the program itself" in outcome.reason:
                    self.watch.broken(Invariant.IN_WORDS, outcome.reason)
        except Killed:
            self.count["deaths"] += 1
            if app is None:
                self.app = self._process()
        except LifecycleError:
            self.count["runs that could not go on"] += 1
        except Exception as leaked:  # noqa: BLE001  whatever it is, it should have been in our words
            self.watch.broken(Invariant.IN_WORDS, f"{type(leaked).__name__}: {leaked} at {_where(leaked)}")
        finally:
            self._runs.pop()
            self.aws.trouble.revive()

    def sweep(self, app: App | None = None, *, full: bool | None = None) -> None:
        self.run(lambda one: one.controller.sweep(self.clock.now(), full=full), app)
        self.watch.look()

    def hear(self, ids: list[ServiceId]) -> None:
        """One batch of events, as the queue hands it over."""
        if ids:
            self.run(lambda one: one.controller.look_at(ids, self.clock.now(), why="an event", force=False))
            self.watch.look()

    def events(self) -> list[ServiceId]:
        """The services whose tasks changed since the last time: ECS has an event of each."""
        before, self._tasks = self._tasks, self._counts()
        return [id for id, counts in self._tasks.items() if counts != before[id]]

    def _counts(self) -> dict[ServiceId, tuple[int, int]]:
        return {id: (truth.fake.desired, truth.fake.running) for id, truth in self.truths.items()}

    def unhealed(self) -> dict[ServiceId, str]:
        """What is still to be done, as a look that writes nothing finds it: why, by service."""
        survey = self.judge.controller.survey(self.clock.now(), in_force=True)
        return {
            one.facts.id: f"{one.facts.id}: {one.decision.reason if one.decision else one.plan.kind}"
            for one in survey.decided
            if one.plan
            and one.plan.steps
            and not one.plan.refusal
            and not one.held
            and not one.awaits_yes
            and not (one.plan.kind is PlanKind.STOP and self.watch.may_wait(one.facts.id))
        }

    def at_rest(self) -> bool:
        """Nothing is under way: no lock, no pending action, no interrupted one."""
        now = self.clock.true
        return all(
            row.memory.pending is None
            and row.memory.draining_since is None
            and (row.lock_until is None or row.lock_until <= now)
            for row in map(self.judge.states.get, self.truths)
        )

    def history(self) -> tuple[Entry, ...]:
        return tuple(self.judge.history.since(MONDAY, self.clock.true + timedelta(days=1)))

    def _before(self, operation: str, params: Any) -> None:
        if self.at_call is not None and self._runs[-1]:
            self.at_call(operation)
        self.watch.begins(operation, params)

    # --- people

    def somebody_acts(self) -> None:
        """Now and then: keeps a service, turns one on or off by hand, answers a question."""
        truth = self.chance.choice(list(self.truths.values()))
        match self.chance.randrange(12):
            case 0:
                self._keep(truth)
            case 1 if truth.fake.desired == 0 and not self._acts_on(truth):
                truth.turned_on_by_hand()
            case 2 if truth.fake.desired and not truth.blueprint.excluded and not self._acts_on(truth):
                truth.fake.set_desired(0)
            case 3 | 4 | 5:
                self.run(self._answer)

    def _acts_on(self, truth: Truth) -> bool:
        """Hands that meet a run of ours half-way are another story (tests/controller)."""
        row = self.aws.rows.item("STATE", str(truth.blueprint.id)) or {}
        return bool(row.keys() & {"pending_action", "draining_since", "lock_until"})

    def _keep(self, truth: Truth) -> None:
        now = self.clock.now()
        until = now + timedelta(minutes=self.chance.randrange(60, 300))
        word = Override(f"o-{now:%d%H%M%S}", truth.blueprint.id, OverrideKind.KEEP, until, "owner", "a test", now)

        def say(app: App) -> None:
            if app.controls.add_override(word):
                truth.keep_until = until

        self.run(say)

    def _answer(self, app: App) -> None:
        now = self.clock.now()
        for question in app.approvals.pending(now)[:1]:
            kind = self.chance.choice([AnswerKind.APPROVE, AnswerKind.APPROVE, AnswerKind.DENY, AnswerKind.SNOOZE])
            app.approvals.answer(question.id, question.version, Answer(kind, None, "a test"), ADA, now)


def _requests(truth: Truth) -> Series:
    return lambda at: 2.0 if not truth.blueprint.streams and truth.use.at(at) and not _blind(truth, at) else None


def _blind(truth: Truth, at: datetime) -> bool:
    return truth.blind_since is not None and at >= truth.blind_since


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


@contextmanager
def town(seed: int, core: botocore.session.Session | None = None, *, short: bool = False) -> Iterator[Town]:
    """``short``: calls skip botocore's own work (`WholeAws.shorten`). ``core``: see `StrictAws`."""
    with ExitStack() as stack:
        for name in USED:
            stack.enter_context(patch(name, OneAfterAnother))
        yield Town(seed, core or botocore.session.Session(), short=short)
