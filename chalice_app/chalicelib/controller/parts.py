"""What the controller leads, made by ``runtime.compose``, and the second look before a stop that needs most of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from chalicelib.controller.acting import Actor
from chalicelib.controller.book import PolicyBook
from chalicelib.controller.looking import Known, Looker
from chalicelib.controller.memo import Memo
from chalicelib.controller.telling import Teller
from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import ServiceId
from chalicelib.errors import UnknownService
from chalicelib.execute.executor import Executor
from chalicelib.notify.notice import Notifier
from chalicelib.observe.cloudwatch import CloudWatchSignals
from chalicelib.observe.fleet import Gone
from chalicelib.observe.inventory import Inventory
from chalicelib.observe.policy_source import PolicySource
from chalicelib.observe.snapshot import Look
from chalicelib.record.controls import Controls
from chalicelib.record.states import States


@dataclass(frozen=True, slots=True)
class Parts:
    """``source`` is where a survey reads its policies; ``book`` takes them into force, ``in_force`` only reads those
    that are."""

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
    actor: Actor
    teller: Teller
    notifier: Notifier

    def look_again(
        self, id: ServiceId, known: Known, looks: Mapping[ServiceId, Look], now: datetime
    ) -> Callable[[], Decision]:
        """Decides once more just before a stop: the service, its signals and people's words read afresh.

        Signals that were found absent not long ago are asked for again, in case one has come to life.
        """

        def look() -> Decision:
            facts = self.inventory.refresh([id], now)[id]
            if isinstance(facts, Gone):
                raise UnknownService(f"{id} does not exist any more.")
            memories = {**known.memories, id: self.states.get(id).memory}
            fresh = replace(known, controls=self.controls.read(now), memories=memories)
            last = looks.get(id)
            asking_all = {id: replace(last, absent_since=MappingProxyType({}))} if last else {}
            (again,) = self.looker.look([facts], fresh, asking_all, now)
            if again.decision is None:
                raise UnknownService(f"{id} is not governed by a policy any more: {again.refused}.")
            return again.decision

        return look
