"""Deals out what policies' limits allow: the slots of the hour, and what may go under ``keep-running``.

Stops under ``keep-running`` are dealt only in the policy's turn, and on services that were counted afresh under it:
another run that acts at the same moment holds its stops until the turn is free. Who cannot count holds as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.limits import Candidate, Held, counts_towards_hour, leaves_some, ration, slots_wanted
from chalicelib.errors import Locked, ObservationError, RecordUnavailable
from chalicelib.execute.doing import A_CALL, Clock
from chalicelib.record.controls import Controls
from chalicelib.record.turns import Turn, Turns

TURN_SECONDS = 600
"""Longer than any handler may run, so that a turn never ends while its owner still acts."""

_ROOM = 2 * A_CALL
"""No stop is begun so close to the end of a turn: its calls could reach AWS after it."""

Members = Mapping[str, Sequence[ServiceFacts]]
"""By policy: the services that it rules."""

Recount = Callable[[Sequence[Candidate]], Members]
"""Describes afresh the services that share a group with these. Raises ObservationError when one cannot be read."""


@dataclass(frozen=True, slots=True)
class Dealt:
    """``allowed`` in the order in which to stop; ``turns`` by policy."""

    allowed: tuple[Candidate, ...] = ()
    held: tuple[Held, ...] = ()
    turns: Mapping[str, Turn] = field(default_factory=dict)


class Rations:
    """``owner`` makes the name under which one run takes its turns."""

    def __init__(self, controls: Controls, turns: Turns, clock: Clock, owner: Callable[[], str]) -> None:
        self._controls = controls
        self._turns = turns
        self._clock = clock
        self._owner = owner

    @contextmanager
    def dealt(self, candidates: Sequence[Candidate], recount: Recount, now: datetime) -> Iterator[Dealt]:
        """``with`` what may stop now: the turns it needed are held inside, and given back at the end."""
        bounded = [one for one in candidates if leaves_some(one)]
        turns, busy = self._take_turns({one.policy.name for one in bounded})
        try:
            yield self._deal(candidates, turns, busy, recount, now)
        finally:
            for turn in turns.values():
                with suppress(RecordUnavailable):  # it ends by itself
                    self._turns.release(turn)

    def give_back(self, dealt: Dealt, used: frozenset[ServiceId], now: datetime) -> None:
        """Slots of stops that surely did not happen are free again; ``used`` are those that did, or may have."""
        unused = Counter(
            one.policy.name for one in dealt.allowed if counts_towards_hour(one, now) and one.facts.id not in used
        )
        with suppress(RecordUnavailable):  # they come free within the hour by themselves
            for name, count in unused.items():
                self._controls.give_back_stops(name, count, now)

    def _deal(
        self,
        candidates: Sequence[Candidate],
        turns: Mapping[str, Turn],
        busy: Mapping[str, str],
        recount: Recount,
        now: datetime,
    ) -> Dealt:
        bounded = [one for one in candidates if leaves_some(one)]
        waiting = [Held(one, f"waits: {busy[one.policy.name]}") for one in bounded if one.policy.name in busy]
        mine = [one for one in bounded if one.policy.name in turns]
        members: Members = {}
        try:
            members = recount(mine) if mine else {}
        except (ObservationError, RecordUnavailable) as uncounted:
            waiting += [Held(one, f"waits: those that stay could not be counted: {uncounted}") for one in mine]
        out = {one.candidate.facts.id for one in waiting}
        fresh = {facts.id: facts for ruled in members.values() for facts in ruled}
        rest = [replace(one, facts=fresh.get(one.facts.id, one.facts)) for one in candidates if one.facts.id not in out]
        rationed = ration(rest, members=members, granted=self._slots(rest, members, now), now=now)
        return Dealt(rationed.allowed, (*rationed.held, *waiting), turns)

    def must_stand(self, dealt: Dealt, policy: str) -> None:
        """Raises Locked when our turn of ``policy`` is about to end: somebody else may count and stop by then."""
        turn = dealt.turns.get(policy)
        if turn and self._clock.now() + _ROOM >= turn.until:
            raise Locked(f"this run took so long that its turn to stop services of {policy} ended")

    def _take_turns(self, policies: set[str]) -> tuple[dict[str, Turn], dict[str, str]]:
        """The turns we got, and why not for the others."""
        turns: dict[str, Turn] = {}
        busy: dict[str, str] = {}
        owner = self._owner()
        for name in sorted(policies):
            try:
                turns[name] = self._turns.take(name, owner, self._clock.now(), TURN_SECONDS)
            except (Locked, RecordUnavailable) as taken:
                busy[name] = str(taken)
        return turns, busy

    def _slots(self, candidates: Sequence[Candidate], members: Members, now: datetime) -> Mapping[str, int]:
        limits = {one.policy.name: one.policy.limits for one in candidates}
        return {
            name: self._controls.reserve_stops(name, wanted, limits[name].stops_per_hour, now)
            for name, wanted in slots_wanted(candidates, members=members, now=now).items()
        }
