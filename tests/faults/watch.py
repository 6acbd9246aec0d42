"""The invariants, each by its name, checked against what AWS was really asked and what the table really holds.

The watch sees every call that had an effect, the moment it had it, whoever heard of it or not. It knows what is true
of a service (`faults.fleet`) and nothing of the rules, so that it cannot make their mistakes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from chalicelib.decide.facts import ServiceId
from chalicelib.record.approvals import is_question, question_of
from chalicelib.record.codec import memory_of, when
from faults.fleet import KEPT_RUNNING, MINUTE, STOPS_PER_HOUR, Blueprint, Use

if TYPE_CHECKING:
    from chalicelib.record.approval import Question
    from chalicelib.record.history import Entry
    from support.strict_rows import Rows
    from support.strict_world import FakeService

TRUST = 2 * MINUTE
"""The newest minutes of metrics, which CloudWatch does not have yet."""
CLOSED_QUIET = 5 * MINUTE
"""How long a service was not used that is stopped because its hours are over."""
HELD_AGAIN_AFTER = timedelta(minutes=10)
"""What a limit holds is looked at again so much later."""
MOST_PER_RUN = 6
CUT_AFTER = timedelta(minutes=30)


class Invariant(StrEnum):
    BUSY = "a service in use is never stopped"
    STREAMING = "a streaming service is never stopped"
    UNKNOWN = "a service of which nobody can tell is never stopped"
    EXCLUDED = "an excluded service is never stopped"
    OVERRIDDEN = "a service that somebody keeps is never stopped"
    SIZE_SAVED = "the size is saved before a service is stopped, and not lost or overwritten while it is"
    SIZE_GIVEN_BACK = "a start gives back the size and the autoscaling that a stop took"
    ONE_RECORD = "every write to AWS has exactly one record, and every record of success its effect"
    NO_OVERLAP = "no two actions on one service overlap"
    ONE_OUTCOME = "an approval has at most one outcome"
    RUN_LIMIT = "one run makes no more actions than it may"
    STOPS_PER_HOUR = "a policy makes no more idle stops in an hour than it may"
    KEEP_RUNNING = "as many services keep running as the policy says"
    IN_WORDS = "a run that cannot go on says why in our own words"
    HEALED = "after the faults the world reaches the wanted state within two sweeps"


@dataclass(frozen=True)
class Violation:
    invariant: Invariant
    at: datetime
    said: str

    def __str__(self) -> str:
        return f"{self.at:%a %d %H:%M:%S}Z {self.invariant.value}: {self.said}"


@dataclass(frozen=True)
class Act:
    """One change of a desired count that AWS made for us."""

    at: datetime
    service: ServiceId
    was: int
    became: int
    run: int

    @property
    def kind(self) -> str:
        return "stop" if self.became == 0 else "start"


@dataclass
class Truth:
    """One service as the players know it. ``keep_until``: the end of a word that was acknowledged."""

    blueprint: Blueprint
    fake: FakeService
    use: Use
    blind_since: datetime | None = None
    keep_since: datetime | None = None
    keep_until: datetime | None = None
    taken: bool = False
    """Stopped by us, and not yet given back."""
    size: int = 0
    """What people, or autoscaling for them, last ran it at."""
    hands: int = 0
    """How often a person or autoscaling turned it on: a start of ours that finds it on is recorded as begun too."""

    def turned_on_by_hand(self) -> None:
        self.fake.set_desired(self.blueprint.size)
        self.size = self.blueprint.size
        if self.fake.scaling:
            self.fake.scaling.suspended = dict.fromkeys(self.fake.scaling.suspended, False)
        self.taken = False
        self.hands += 1


@dataclass
class Watch:
    """``now`` is the true time; ``run`` the number of the run that makes the present call; ``tolerance`` how wrong our
    clock may be at present."""

    rows: Rows
    truths: Mapping[ServiceId, Truth]
    now: Callable[[], datetime]
    run: Callable[[], int]
    tolerance: timedelta = timedelta(0)
    violations: list[Violation] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    checked: Counter[Invariant] = field(default_factory=Counter)
    _was: dict[ServiceId, int] = field(default_factory=dict)
    _holder: dict[ServiceId, int] = field(default_factory=dict)
    _questions: dict[str, Question] = field(default_factory=dict)
    _seen: dict[str, Any] = field(default_factory=dict)
    _told: dict[tuple[ServiceId, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    _acts_compared: int = 0
    _forgotten: int = 0
    _per_run: Counter[int] = field(default_factory=Counter)
    _unpack: TypeDeserializer = field(default_factory=TypeDeserializer)

    # --- each call

    def begins(self, operation: str, params: Mapping[str, Any]) -> None:
        if operation == "ecs.UpdateService":
            id = ServiceId(params["cluster"], params["service"])
            self._was[id] = self.truths[id].fake.desired

    def ended(self, operation: str, params: Mapping[str, Any]) -> None:
        match operation:
            case "dynamodb.UpdateItem" if ":set_lock_owner" in params.get("ExpressionAttributeValues", {}):
                self._holder[ServiceId.parse(params["Key"]["sk"]["S"])] = self.run()
            case "ecs.UpdateService":
                id = ServiceId(params["cluster"], params["service"])
                self._alone(id)
                was, became = self._was[id], self.truths[id].fake.desired
                if was != became:
                    self._acted(Act(self.now(), id, was, became, self.run()))
            case "application-autoscaling.RegisterScalableTarget":
                _, cluster, name = params["ResourceId"].split("/")
                self._alone(ServiceId(cluster, name))

    def _alone(self, id: ServiceId) -> None:
        row = self._row(id)
        until = when(row["lock_until"]) if "lock_until" in row else None
        holds = self._holder.get(id) == self.run() and until is not None and until + self.tolerance > self.now()
        self._hold(Invariant.NO_OVERLAP, holds, f"{id}: run {self.run()} acts; {self._holder.get(id)} held the lock")

    # --- each act

    def _acted(self, act: Act) -> None:
        truth = self.truths[act.service]
        self.acts.append(act)
        self._per_run[act.run] += 1
        made = self._per_run[act.run]
        self._hold(Invariant.RUN_LIMIT, made <= MOST_PER_RUN, f"run {act.run} makes action {made}")
        if act.became == 0:
            self._stopped(act, truth)
        elif act.was == 0:
            self._started(act, truth)

    def _stopped(self, act: Act, truth: Truth) -> None:
        of, now = truth.blueprint, act.at
        is_open = of.is_open(now)
        self._hold(Invariant.EXCLUDED, not of.excluded, f"{act.service}")
        kept = truth.keep_until is not None and now < truth.keep_until - self.tolerance
        self._hold(Invariant.OVERRIDDEN, not kept, f"{act.service} is kept until {truth.keep_until}")
        saved = memory_of(self._row(act.service)).saved_size
        enough = saved is not None and saved.desired_count >= act.was
        self._hold(Invariant.SIZE_SAVED, enough, f"{act.service} at {act.was} stopped with {saved} saved")
        truth.taken = True
        if of.cut and not is_open and not of.is_open(now - CUT_AFTER + self.tolerance):
            return
        if of.streams:
            self._hold(Invariant.STREAMING, not truth.use.at(now), f"{act.service} streams")
        elif of.measured:
            quiet = of.stop_after if is_open and of.stop_after else CLOSED_QUIET
            used = truth.use.within(now - TRUST - quiet + self.tolerance, now - TRUST - self.tolerance)
            self._hold(Invariant.BUSY, used is None, f"{act.service} was used at {used} and stopped at {now}")
            blind = truth.blind_since is not None and truth.blind_since <= now - TRUST - quiet - self.tolerance
            self._hold(Invariant.UNKNOWN, not blind, f"{act.service}: no metrics since {truth.blind_since}")
        else:
            near = of.is_open(now + self.tolerance) and of.is_open(now - self.tolerance)
            self._hold(Invariant.UNKNOWN, not near, f"{act.service} has no signal, and its hours are open")
        if is_open:
            self._counted(act, of)
        if of.environment == "pool":
            said = f"{act.service} was the last that ran"
            self._hold(Invariant.KEEP_RUNNING, self._pool_runs() >= KEPT_RUNNING, said)

    def _counted(self, act: Act, of: Blueprint) -> None:
        if of.environment == "dev":
            lately = self.idle_stops(timedelta(hours=1) - 2 * self.tolerance)
            self._hold(Invariant.STOPS_PER_HOUR, lately <= STOPS_PER_HOUR, f"{act.service} is number {lately}")

    def idle_stops(self, within: timedelta) -> int:
        """Of the policy that limits them, until now."""
        return sum(
            act.became == 0 and (of := self.truths[act.service].blueprint).environment == "dev" and of.is_open(act.at)
            for act in self.acts[self._forgotten :]
            if act.at > self.now() - within
        )

    def may_wait(self, id: ServiceId) -> bool:
        """Whether a limit allows that this service, which ought to be stopped, still runs."""
        match self.truths[id].blueprint.environment:
            case "dev":
                lately = timedelta(hours=1) + HELD_AGAIN_AFTER + 2 * self.tolerance
                return max(self.idle_stops(lately), self._places_taken(lately)) >= STOPS_PER_HOUR
            case "pool":
                return self._pool_runs() <= KEPT_RUNNING
            case _:
                return False

    def _places_taken(self, within: timedelta) -> int:
        """Also by stops that failed: where no answer came nobody knows, so their places stay taken for the hour."""
        row = self._plain(self.rows.item("SLOTS", "office") or {})
        return sum(when(stamp) > self.now() - within for stamp in row.get("stamps", ()))

    def _pool_runs(self) -> int:
        return sum(one.fake.running > 0 for one in self.truths.values() if one.blueprint.environment == "pool")

    def _started(self, act: Act, truth: Truth) -> None:
        right = not truth.taken or act.became == truth.size
        said = f"{act.service} of size {truth.size} is started with {act.became}"
        self._hold(Invariant.SIZE_GIVEN_BACK, right, said)
        truth.taken = False

    # --- after each step

    def look(self) -> None:
        for id, truth in self.truths.items():
            if truth.fake.desired:
                truth.taken = False  # a person or AWS turned it on
            elif truth.taken and self._is_new(f"STATE {id}", self.rows.item("STATE", str(id))):
                self._size_stands(id, truth)
        for item in self.rows.partition("CONTROL"):
            if self._is_new(item["sk"]["S"], item):
                row = self._plain(item)
                if is_question(row):
                    self._one_outcome(question_of(row))

    def _size_stands(self, id: ServiceId, truth: Truth) -> None:
        saved, of = memory_of(self._row(id)).saved_size, truth.blueprint
        stands = saved is not None and saved.desired_count == truth.size
        if stands and saved is not None and of.scaling:
            bounds = saved.scaling
            kept = bounds and (bounds.min_capacity, bounds.max_capacity, bounds.scale_out_suspended)
            stands = kept == (*of.scaling, False)
        self._hold(Invariant.SIZE_SAVED, stands, f"{id} of size {truth.size} {of.scaling}: {saved} stands")

    def _one_outcome(self, question: Question) -> None:
        before = self._questions.get(question.id)
        self._questions[question.id] = question
        if before is None:
            return
        same_word = before.given is None or before.given == question.given
        closed = before.closed_at is None or (before.state, before.outcome) == (question.state, question.outcome)
        same = same_word and closed and before.version <= question.version
        self._hold(Invariant.ONE_OUTCOME, same, f"{question.service}: {before.state} became {question.state}")

    # --- when all is at rest

    def compare(self, entries: Iterable[Entry]) -> None:
        """The whole history so far against all acts since the last comparison. Then both count as compared."""
        told: dict[tuple[ServiceId, str], set[str]] = defaultdict(set)
        for entry in entries:
            if entry.service and entry.action and entry.action_id and entry.outcome in ("begun", "done"):
                told[entry.service, entry.action.value].add(entry.action_id)
        acts = Counter((act.service, act.kind) for act in self.acts[self._acts_compared :])
        for key in {*acts, *told}:
            new = told[key] - self._told[key]
            more = self.truths[key[0]].hands if key[1] == "start" else 0
            said = f"{key[0]}: {acts[key]} times {key[1]} at AWS (by hand {more}), {len(new)} in the history"
            self._hold(Invariant.ONE_RECORD, acts[key] <= len(new) <= acts[key] + more, said)
            self._told[key] |= new
        self._acts_compared = len(self.acts)
        for id, truth in self.truths.items():
            truth.hands = 0
            if truth.blueprint.scaling and truth.fake.desired and not memory_of(self._row(id)).saved_size:
                scaling = truth.fake.scaling
                assert scaling
                right = (scaling.min_capacity, scaling.max_capacity) == truth.blueprint.scaling
                free = not any(scaling.suspended.values())
                self._hold(Invariant.SIZE_GIVEN_BACK, right and free, f"{id} runs with {scaling}")

    def restored(self) -> None:
        """The table is yesterday's: it cannot know what was saved, asked and told since. A size that nobody remembers
        is set by hand, with its autoscaling, by the person who restored the table."""
        self._acts_compared = self._forgotten = len(self.acts)
        self._questions.clear()
        self._seen.clear()
        self._holder.clear()
        for id, truth in self.truths.items():
            truth.taken = False
            truth.keep_until = None
            saved = memory_of(self._row(id)).saved_size
            if truth.fake.desired == 0 and (saved is None or saved.desired_count < truth.size):
                truth.turned_on_by_hand()

    # --- how

    def broken(self, invariant: Invariant, said: str) -> None:
        self.violations.append(Violation(invariant, self.now(), said))

    def _hold(self, invariant: Invariant, holds: bool, said: str) -> None:
        self.checked[invariant] += 1
        if not holds:
            self.broken(invariant, said)

    def _is_new(self, key: str, item: object) -> bool:
        if self._seen.get(key) is item:
            return False
        self._seen[key] = item
        return True

    def _row(self, id: ServiceId) -> dict[str, Any]:
        return self._plain(self.rows.item("STATE", str(id)) or {})

    def _plain(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._unpack.deserialize(value) for name, value in item.items()}
