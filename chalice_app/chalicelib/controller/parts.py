"""What the controller leads, made by ``runtime.compose``, and the second look before a stop that needs most of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from chalicelib.controller import counting
from chalicelib.controller.acting import Actor
from chalicelib.controller.book import PolicyBook
from chalicelib.controller.booking import Booker
from chalicelib.controller.governed import Known
from chalicelib.controller.learning import Learning
from chalicelib.controller.looking import Looker
from chalicelib.controller.memo import Memo
from chalicelib.controller.questions import Questions
from chalicelib.controller.telling import Teller
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.govern import govern
from chalicelib.decide.limits import Candidate
from chalicelib.errors import ObservationError
from chalicelib.execute.doing import Clock
from chalicelib.execute.entries import PriceOf
from chalicelib.execute.executor import Executor
from chalicelib.execute.guards import Again
from chalicelib.notify.notice import Notifier
from chalicelib.observe.cloudwatch import CloudWatchSignals
from chalicelib.observe.fleet import Fleet, Gone
from chalicelib.observe.hosts import Hosts
from chalicelib.observe.inventory import Inventory
from chalicelib.observe.policy_source import PolicySource
from chalicelib.observe.snapshot import Look
from chalicelib.policy.model import PolicySet
from chalicelib.record.controls import Controls
from chalicelib.record.history import History
from chalicelib.record.states import States


@dataclass(frozen=True, slots=True)
class Parts:
    """``source`` is where a survey reads its policies; ``book`` takes them into force, ``in_force`` only reads those
    that are."""

    clock: Clock
    inventory: Inventory
    signals: CloudWatchSignals
    looker: Looker
    source: PolicySource
    book: PolicyBook
    in_force: PolicyBook
    states: States
    controls: Controls
    memo: Memo
    executor: Executor
    hosts: Hosts
    actor: Actor
    booker: Booker
    teller: Teller
    notifier: Notifier
    learning: Learning
    questions: Questions
    history: History
    price: PriceOf

    def policies_now(self) -> PolicySet:
        """Those in force at this moment, read afresh."""
        return self.in_force.afresh(self.clock.now())

    def recount(
        self, candidates: Sequence[Candidate], fleet: Fleet, known: Known
    ) -> Mapping[str, Sequence[ServiceFacts]]:
        """See `counting.recount`."""
        return counting.recount(candidates, fleet, known.policies, self.inventory, self.states, self.clock)

    def look_again(self, id: ServiceId, known: Known, looks: Mapping[ServiceId, Look]) -> Callable[[], Again]:
        """Looks and decides once more just before a write: the time, the service, its signals, people's words.

        Signals that were found absent not long ago are asked for again, in case one has come to life.
        """

        def look() -> Again:
            now = self.clock.now()
            facts = self.inventory.refresh([id], now)[id]
            if isinstance(facts, Gone):
                raise ObservationError(f"{id} does not exist any more.")
            memories = {**known.memories, id: self.states.get(id).memory}
            fresh = replace(known, controls=self.controls.read(now), memories=memories)
            last = looks.get(id)
            asking_all = {id: replace(last, absent_since=MappingProxyType({}))} if last else {}
            (again,) = self.looker.look([facts], fresh, asking_all, now, sure=True)
            return Again(facts, again.decision or _nobody_decides(facts, fresh, now))

        return look


def _nobody_decides(facts: ServiceFacts, known: Known, now: datetime) -> Decision:
    """For a service without a ruling policy: nothing is wanted of it; a freeze of everything still holds."""
    said, rule, because = "no policy governs it any more", RuleName.DEFAULT, Because.HOURS
    if frozen := known.controls.switches.frozen_by:
        said, rule, because = f"everything is frozen by {frozen}", RuleName.FREEZE_ALL, Because.FREEZE
    elif govern(known.policies, facts).never_touch:
        said, rule, because = "a policy says never to touch it", RuleName.NEVER_TOUCH, Because.EXCLUDE
    return Decision(facts.id, Wanted.LEAVE, rule, because, said, (), now)
