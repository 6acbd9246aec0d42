"""The invariants of acts, checked against what AWS was really asked and what the table really holds.

The watch sees every call that had an effect, the moment it had it, whoever heard of it or not. It knows what is true
of a service (`faults.fleet`) and nothing of the rules, so that it cannot make their mistakes. What the record, the
instances, the post and the people have to do with it stands in the watches beside this one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from chalicelib.decide.facts import ServiceId
from chalicelib.record.codec import memory_of, when
from faults.fleet import KEPT_RUNNING, MINUTE, STOPS_PER_HOUR
from faults.invariants import Invariant, Verdicts
from faults.truth import Act, Truth

if TYPE_CHECKING:
    from support.strict_rows import Rows

TRUST = 2 * MINUTE
"""The newest minutes of metrics, which CloudWatch does not have yet."""
CLOSED_QUIET = 5 * MINUTE
"""How long a service was not used that is stopped because its hours are over, or because somebody said so."""
HELD_AGAIN_AFTER = timedelta(minutes=10)
"""What a limit holds is looked at again so much later."""
MOST_PER_RUN = 6
CUT_AFTER = timedelta(minutes=30)


@dataclass
class Watch:
    """``run`` is the number of the run that makes the present call; ``tolerance`` how wrong our clock may be."""

    rows: Rows
    truths: Mapping[ServiceId, Truth]
    now: Callable[[], datetime]
    run: Callable[[], int]
    verdicts: Verdicts
    tolerance: timedelta = timedelta(0)
    acts: list[Act] = field(default_factory=list)
    holder: dict[ServiceId, int] = field(default_factory=dict)
    taken_tasks: set[str] = field(default_factory=set)
    """Tasks whose host AWS has said it takes."""
    forgotten: int = 0
    """Acts that a restored table cannot know of."""
    _was: dict[ServiceId, int] = field(default_factory=dict)
    _ran: dict[ServiceId, int] = field(default_factory=dict)
    _per_run: Counter[int] = field(default_factory=Counter)
    _unpack: TypeDeserializer = field(default_factory=TypeDeserializer)

    # --- each call

    def begins(self, operation: str, params: Mapping[str, Any]) -> None:
        if operation == "ecs.UpdateService":
            id = ServiceId(params["cluster"], params["service"])
            fake = self.truths[id].fake
            self._was[id], self._ran[id] = fake.desired, fake.running

    def ended(self, operation: str, params: Mapping[str, Any]) -> None:
        match operation:
            case "dynamodb.UpdateItem" if ":set_lock_owner" in params.get("ExpressionAttributeValues", {}):
                self.holder[ServiceId.parse(params["Key"]["sk"]["S"])] = self.run()
            case "ecs.UpdateService":
                id = ServiceId(params["cluster"], params["service"])
                self._alone(id)
                was, became = self._was[id], self.truths[id].fake.desired
                moves = "capacityProviderStrategy" in params
                if was != became or (moves and was):  # where it is to start is part of the start
                    to = str(params["capacityProviderStrategy"][-1]["capacityProvider"]) if moves else ""
                    word = self.truths[id].told_to_stop(self.now() - self.tolerance)
                    self._acted(Act(self.now(), id, was, became, self.run(), to, word))
            case "application-autoscaling.RegisterScalableTarget":
                _, cluster, name = params["ResourceId"].split("/")
                self._alone(ServiceId(cluster, name))

    def _alone(self, id: ServiceId) -> None:
        row = self.row(id)
        until = when(row["lock_until"]) if "lock_until" in row else None
        holds = self.holder.get(id) == self.run() and until is not None and until + self.tolerance > self.now()
        said = f"{id}: run {self.run()} acts; {self.holder.get(id)} held the lock"
        self.verdicts.hold(Invariant.NO_OVERLAP, holds, said)

    # --- each act

    def _acted(self, act: Act) -> None:
        truth = self.truths[act.service]
        self.acts.append(act)
        self._per_run[act.run] += 1
        made = self._per_run[act.run]
        self.verdicts.hold(Invariant.RUN_LIMIT, made <= MOST_PER_RUN, f"run {act.run} makes action {made}")
        match act.kind:
            case "stop":
                self._stopped(act, truth)
            case "move":
                self._moved(act, truth)
            case _ if act.was == 0:
                self._started(act, truth)

    def _stopped(self, act: Act, truth: Truth) -> None:
        of, now, hold = truth.blueprint, act.at, self.verdicts.hold
        is_open = of.is_open(now)
        hold(Invariant.EXCLUDED, not of.excluded, f"{act.service}")
        kept = truth.keep_until is not None and now < truth.keep_until - self.tolerance
        hold(Invariant.OVERRIDDEN, not kept, f"{act.service} is kept until {truth.keep_until}")
        saved = memory_of(self.row(act.service)).saved_size
        enough = saved is not None and saved.desired_count >= act.was
        hold(Invariant.SIZE_SAVED, enough, f"{act.service} at {act.was} stopped with {saved} saved")
        truth.taken, truth.stopped_at = True, now
        cut = of.cut and not is_open and not of.is_open(now - CUT_AFTER + self.tolerance)
        if self._ran[act.service] and not cut:  # what has no task is used by nobody
            self._nobody_used_it(act, truth)
        if is_open and of.environment == "dev" and not act.by_word:
            lately = self.idle_stops(timedelta(hours=1) - 2 * self.tolerance)
            hold(Invariant.STOPS_PER_HOUR, lately <= STOPS_PER_HOUR, f"{act.service} is number {lately}")
        if of.environment == "pool":
            hold(Invariant.KEEP_RUNNING, self._pool_runs() >= KEPT_RUNNING, f"{act.service} was the last that ran")

    def _nobody_used_it(self, act: Act, truth: Truth) -> None:
        of, now, hold = truth.blueprint, act.at, self.verdicts.hold
        if of.streams:
            hold(Invariant.STREAMING, not truth.use.at(now), f"{act.service} streams")
        elif of.measured:
            by_idleness = of.is_open(now) and of.stop_after and not act.by_word
            self._was_quiet(
                Invariant.BUSY, act, truth, of.stop_after if by_idleness and of.stop_after else CLOSED_QUIET
            )
        else:
            near = of.is_open(now + self.tolerance) and of.is_open(now - self.tolerance)
            said = f"{act.service} has no signal, its hours are open, and nobody asked"
            hold(Invariant.UNKNOWN, not near or act.by_word, said)

    def _was_quiet(self, invariant: Invariant, act: Act, truth: Truth, quiet: timedelta) -> None:
        now, hold = act.at, self.verdicts.hold
        used = truth.use.within(now - TRUST - quiet + self.tolerance, now - TRUST - self.tolerance)
        hold(invariant, used is None, f"{act.service} was used at {used} and is taken at {now}")
        blind = truth.blind_since is not None and truth.blind_since <= now - TRUST - quiet - self.tolerance
        hold(Invariant.UNKNOWN, not blind, f"{act.service}: no metrics since {truth.blind_since}")

    def _moved(self, act: Act, truth: Truth) -> None:
        """Tasks that are all there and that nobody takes are replaced for money's sake alone."""
        taken = any(task.arn in self.taken_tasks for task in truth.fake.tasks)
        if self._ran[act.service] >= act.was and not taken:
            self._was_quiet(Invariant.MOVED, act, truth, CLOSED_QUIET)

    def idle_stops(self, within: timedelta) -> int:
        """Of the policy that limits them, until now."""
        return sum(
            (of := self.truths[act.service].blueprint).environment == "dev" and of.is_open(act.at)
            for act in self.acts[self.forgotten :]
            if act.service in self.truths and act.became == 0 and act.at > self.now() - within and not act.by_word
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
        row = self.plain(self.rows.item("SLOTS", "office") or {})
        return sum(when(stamp) > self.now() - within for stamp in row.get("stamps", ()))

    def _pool_runs(self) -> int:
        return sum(one.fake.running > 0 for one in self.truths.values() if one.blueprint.environment == "pool")

    def _started(self, act: Act, truth: Truth) -> None:
        right = not truth.taken or act.became == truth.size
        said = f"{act.service} of size {truth.size} is started with {act.became}"
        self.verdicts.hold(Invariant.SIZE_GIVEN_BACK, right, said)
        truth.taken = False

    # --- for the watches beside

    def row(self, id: ServiceId) -> dict[str, Any]:
        return self.plain(self.rows.item("STATE", str(id)) or {})

    def plain(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._unpack.deserialize(value) for name, value in item.items()}
