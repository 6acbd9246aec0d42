"""Keeps what is said of each instance true: its state, its route, its end. Looks at the world, whatever happened.

    starting ──ready, answers──► running ──desired 0──► stopping ──tasks ended──► stopped
       │  ▲                         │ its task died        │ desired > 0             │ desired > 0
       │  └─────────────────────────┴──────────────────────┴─────────────────────────┘
       └──not ready in time: stopped by us──► failed

It starts and stops nothing itself: an end of time and a failed start become words (`Wishes.take_down`) that the
controller carries out with its guards. What the last sweep saw is believed only as long as it agrees with the row;
what contradicts it is looked at afresh first. With nothing launched it costs one query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never

from chalicelib.decide.facts import OverrideKind, ServiceFacts, ServiceId
from chalicelib.errors import LifecycleError
from chalicelib.fleet.addressed import addressed
from chalicelib.fleet.heard import Became
from chalicelib.fleet.model import Instance, InstanceState, RoutedTo
from chalicelib.fleet.readiness import NotReady, Ready, Unreadable
from chalicelib.fleet.settled import UNSETTLED, agrees, is_lost, is_made, ready_within
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.observe.fleet import Gone

if TYPE_CHECKING:
    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.launching import Launcher
    from chalicelib.fleet.readiness import Readiness
    from chalicelib.fleet.removing import Remover
    from chalicelib.fleet.routing import Routes
    from chalicelib.fleet.waits import Waits
    from chalicelib.fleet.wishes import Wishes
    from chalicelib.observe.inventory import Inventory
    from chalicelib.record.controls import Controls

LastSeen = Callable[[], Mapping[ServiceId, ServiceFacts]]
"""The services as the last sweep or look left them."""
WhatWentWrong = Callable[[ServiceId, datetime], str]
"""What ECS said of a service since a moment; empty when nothing."""
FindOrphans = Callable[[datetime], Iterable[Notice]]

STAYS_DOWN = timedelta(days=30)
"""How long the word holds that ends a time to live; a person's word that extends it replaces this one."""
FAILED_STAYS_DOWN = timedelta(hours=1)
TIME_IS_OVER = "its time to live is over"


@dataclass(frozen=True, slots=True)
class KeeperParts:
    instances: Instances
    inventory: Inventory
    controls: Controls
    wishes: Wishes
    routes: Routes
    readiness: Readiness
    waits: Waits
    launcher: Launcher
    remover: Remover
    last_seen: LastSeen
    went_wrong: WhatWentWrong
    orphans: FindOrphans = lambda now: ()


class Keeper:
    def __init__(self, parts: KeeperParts) -> None:
        self._parts = parts

    def tend(self, now: datetime, *, full: bool = False, mend: bool = True) -> tuple[Notice, ...]:
        """Looks at every instance; one that fails never stops the others. ``full``: also for what belongs to none.

        ``mend`` False leaves what makes and removes parts to the next sweep, whose role alone may; so does a freeze.
        """
        parts = self._parts
        rows = parts.instances.all()
        notices: list[Notice] = []
        undone = [row for row in rows if mend and row.work_until is not None and row.work_until <= now]
        if undone and not self._is_frozen(now):
            healed = parts.launcher.heal(now)
            notices += [Notice(now, NoticeKind.MENDED, None, one.text) for one in healed]
            rows = parts.instances.all()
        made = [row for row in rows if is_made(row) and (mend or row.state is not InstanceState.REMOVING)]
        facts = self._facts(made, now)
        for row in made:
            try:
                told = self._step(row, facts.get(row.service), now)[1]
            except LifecycleError as error:
                told = Notice(now, NoticeKind.UNREADABLE, row.service, f"{row.id}: {error}")
            notices += [addressed(told, row, facts.get(row.service), parts.wishes)] if told else []
        if full:
            notices += parts.orphans(now)
        return tuple(notices)

    def look(self, instance_id: str, now: datetime) -> Instance:
        """Brings one instance up to date at once, after a word was said for it. Raises NotFound and what AWS raises."""
        row = self._parts.instances.get(instance_id)
        if not is_made(row):
            return row
        facts = self._parts.inventory.refresh([row.service], now)[row.service]
        return self._step(row, None if isinstance(facts, Gone) else facts, now)[0]

    def _facts(self, rows: Iterable[Instance], now: datetime) -> Mapping[ServiceId, ServiceFacts]:
        """What the last sweep saw of the settled ones that it agrees with; the others are described now."""
        rows = list(rows)
        seen = self._parts.last_seen() if any(row.state not in UNSETTLED for row in rows) else {}
        believed = {row.service: seen[row.service] for row in rows if agrees(row, seen.get(row.service), now)}
        fresh = [row.service for row in rows if row.service not in believed and not is_lost(row, seen)]
        found = self._parts.inventory.refresh(fresh, now) if fresh else {}
        return believed | {id: facts for id, facts in found.items() if not isinstance(facts, Gone)}

    # --- one instance; each gives the row as it stands afterwards, and what people are to be told

    def _step(self, row: Instance, facts: ServiceFacts | None, now: datetime) -> tuple[Instance, Notice | None]:
        if row.state is InstanceState.REMOVING:
            return self._remove(row, facts, now), None
        if facts is None:
            return self._failed(row, "its ECS service is gone", now)
        if facts.desired_count > 0 and row.expires_at is not None and row.expires_at <= now:
            facts = self._end_its_time(row, facts, now)
        match row.state:
            case InstanceState.STARTING:
                return self._starting(row, facts, now)
            case InstanceState.RUNNING:
                return self._running(row, facts, now), None
            case InstanceState.STOPPING | InstanceState.STOPPED | InstanceState.FAILED:
                return self._down(row, facts, now), None
            case InstanceState.REMOVED:
                return row, None
            case other:
                assert_never(other)

    def _starting(self, row: Instance, facts: ServiceFacts, now: datetime) -> tuple[Instance, Notice | None]:
        if facts.desired_count == 0:
            return self._stopping(row, facts, now), None
        ready = self._parts.readiness.of(row)
        late = now > (row.ready_by or row.changed_at + ready_within(row))
        match ready:
            case Ready():
                return self._is_ready(row, ready, now)
            case NotReady(because):
                return self._give_up(row, because, now) if late else (row, None)
            case Unreadable(because):
                return row, Notice(now, NoticeKind.UNREADABLE, row.service, f"{row.id}: {because}") if late else None
            case other:
                assert_never(other)

    def _is_ready(self, row: Instance, ready: Ready, now: datetime) -> tuple[Instance, Notice]:
        waited = self._parts.waits.end(row.id)
        cold = row.cold_starts
        if waited is not None:
            cold = replace(
                cold,
                count=cold.count + 1,
                waiting_requests=cold.waiting_requests + waited.requests,
                wake_requested_at=waited.since,
                last_wait_seconds=(now - waited.since).total_seconds(),
            )
        took = (now - ready.task_since).total_seconds() if ready.task_since else None
        begun = min(row.changed_at, waited.since) if waited else row.changed_at
        after = self._become(
            row, InstanceState.RUNNING, "", now, RoutedTo.MODEL,
            ready_at=now, ready_by=None, weights_seconds=took, start_seconds=(now - begun).total_seconds(),
            cold_starts=cold,
        )  # fmt: skip
        loaded = f" {took:.0f} s after its task began" if took is not None else ""
        return after, Notice(now, NoticeKind.STARTED, row.service, f"{row.id}: {row.ollama_name} answers{loaded}")

    def _give_up(self, row: Instance, because: str, now: datetime) -> tuple[Instance, Notice | None]:
        """Never leaves it billing: it is failed only once its stop has begun, and tried again until then."""
        why = self._parts.went_wrong(row.service, row.changed_at) or because
        reason = f"not ready in time: {why}"
        heard = self._parts.wishes.take_down(row.service, reason=reason, until=now + FAILED_STAYS_DOWN, force=True)
        if heard.became in (Became.REFUSED, Became.FAILED):
            return row, None
        return self._failed(row, reason, now)

    def _failed(self, row: Instance, reason: str, now: datetime) -> tuple[Instance, Notice | None]:
        if row.state is InstanceState.FAILED:
            return row, None
        self._parts.waits.end(row.id)
        after = self._become(row, InstanceState.FAILED, reason, now, row.routed_to, ready_by=None)
        return after, Notice(now, NoticeKind.START_FAILED, row.service, f"{row.id}: {reason}")

    def _running(self, row: Instance, facts: ServiceFacts, now: datetime) -> Instance:
        if facts.desired_count == 0:
            return self._stopping(row, facts, now)
        if facts.running_count == 0:
            return self._begin(row, "its task ended, and ECS starts another", now)
        return self._routed(row, RoutedTo.MODEL)

    def _down(self, row: Instance, facts: ServiceFacts, now: datetime) -> Instance:
        if facts.desired_count > 0:
            return self._begin(row, "", now)
        if row.state is InstanceState.STOPPING and facts.running_count == 0:
            return self._become(row, InstanceState.STOPPED, row.state_reason, now, RoutedTo.WAKE)
        return self._routed(row, RoutedTo.WAKE)

    def _begin(self, row: Instance, reason: str, now: datetime) -> Instance:
        ready_by = now + ready_within(row)
        return self._become(row, InstanceState.STARTING, reason, now, RoutedTo.WAKE, ready_by=ready_by)

    def _stopping(self, row: Instance, facts: ServiceFacts, now: datetime) -> Instance:
        """The route turns to the wake function before the state does: a request that comes now is told to come back."""
        over = row.expires_at is not None and row.expires_at <= now
        reason = TIME_IS_OVER if over else ""
        state = InstanceState.STOPPED if facts.running_count == 0 else InstanceState.STOPPING
        self._parts.waits.end(row.id)
        return self._become(row, state, reason, now, RoutedTo.WAKE, ready_by=None)

    def _remove(self, row: Instance, facts: ServiceFacts | None, now: datetime) -> Instance:
        if self._is_frozen(now):
            return row
        if facts is not None and facts.desired_count > 0 and not self._is_told_to_stop(row.service, now):
            self._parts.wishes.take_down(row.service, reason="it is removed", until=now + STAYS_DOWN, force=False)
        if facts is None or facts.desired_count == 0:
            row = self._routed(row, RoutedTo.WAKE)  # which says that there is no such instance any more
            if row.state_reason:
                row = self._parts.instances.change(row.id, lambda one: replace(one, state_reason=""))
        return self._parts.remover.go_on(row, now)

    def _end_its_time(self, row: Instance, facts: ServiceFacts, now: datetime) -> ServiceFacts:
        """The service as it is afterwards: stopped, unless somebody still uses it."""
        if self._is_told_to_stop(row.service, now):
            return facts
        self._parts.wishes.take_down(row.service, reason=TIME_IS_OVER, until=now + STAYS_DOWN, force=False)
        found = self._parts.inventory.refresh([row.service], now)[row.service]
        return facts if isinstance(found, Gone) else found

    def _is_frozen(self, now: datetime) -> bool:
        return self._parts.controls.read(now).switches.frozen_by is not None

    def _is_told_to_stop(self, service: ServiceId, now: datetime) -> bool:
        said = self._parts.controls.read(now).overrides
        return any(word.service == service and word.kind is OverrideKind.STOP for word in said)

    # --- how

    def _become(
        self, row: Instance, state: InstanceState, reason: str, now: datetime, route: RoutedTo, **more: object
    ) -> Instance:
        """Route first, then row: whoever dies in between finds the row as it was and does both again."""
        row = self._routed(row, route)
        changed = {"state": state, "state_reason": reason, "changed_at": now, **more}

        def edit(one: Instance) -> Instance:
            return replace(one, **changed) if one.state is row.state else one  # type: ignore[arg-type]

        return self._parts.instances.change(row.id, edit)

    def _routed(self, row: Instance, to: RoutedTo) -> Instance:
        if row.routed_to is to or not row.resources.rule_arn:
            return row
        self._parts.routes.point(row, to)
        return self._parts.instances.change(row.id, lambda one: replace(one, routed_to=to))
