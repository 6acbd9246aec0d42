"""From services to decisions: who governs each, which signals that takes, what the rules say. Reads, never writes.

Signals are read for all services in one go, and only those that a decision needs. A decision to stop is made
twice: once on what CloudWatch says, and again with the probes that see a request in flight, because those cost a
call a service. While one that a probe saw may still run, the probes come first: only they can tell that it ended, and
CloudWatch is not asked before their answers leave a question open.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.abreast import side_by_side
from chalicelib.controller.recalling import Recall
from chalicelib.controller.report import Decided, WhyNot
from chalicelib.controller.spotting import SpotSource, with_spot
from chalicelib.decide.decide import decide
from chalicelib.decide.decision import Because, Decision, Wanted
from chalicelib.decide.facts import Observation, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.decide.govern import Governance, govern
from chalicelib.decide.learned import reading_from
from chalicelib.decide.needs import SignalNeed, after_asking, needs, probes
from chalicelib.decide.patience import is_adaptive
from chalicelib.execute.plan import mend, plan
from chalicelib.observe.signals import ProbeSource, SignalSource, Want, ask_all
from chalicelib.observe.snapshot import Look
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.record.controls import ControlState

NEVER_TOUCHED = ServiceMemory()

KEPT = "kept"
"""The name of the news that a stop was turned away, for as long as it holds."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the record holds when a look begins."""

    policies: PolicySet
    memories: Mapping[ServiceId, ServiceMemory]
    controls: ControlState

    def memory(self, service: ServiceId) -> ServiceMemory:
        return self.memories.get(service, NEVER_TOUCHED)


@dataclass(frozen=True, slots=True)
class _Governed:
    """A service that some policy may speak about; the ruling policy first, then the shadows."""

    seen: Observation
    governance: Governance
    probed: bool = False
    """Whether its probes were asked already; their answers are what ``seen`` holds of signals."""

    @property
    def policies(self) -> tuple[Policy, ...]:
        ruling = (self.governance.ruling,) if self.governance.ruling else ()
        return (*ruling, *self.governance.shadows)


class Looker:
    def __init__(
        self,
        signals: SignalSource,
        probe_sources: Sequence[ProbeSource] = (),
        recall: Recall | None = None,
        spot: SpotSource | None = None,
    ) -> None:
        self._signals = signals
        self._probes = tuple(probe_sources)
        self._recall = recall or Recall()
        self._spot = spot

    def look(
        self,
        services: Iterable[ServiceFacts],
        known: Known,
        looks: Mapping[ServiceId, Look],
        now: datetime,
        *,
        sure: bool = False,
    ) -> tuple[Decided, ...]:
        """One `Decided` a service, in order. ``sure``: silent signals are asked for a whole day (see `Want`).

        Raises AwsUnreachable when AWS refuses our credentials.
        """
        found: list[Decided | _Governed] = [self._govern(facts, known, now) for facts in services]
        placed = [self._with_spot(one, now) for one in found if isinstance(one, _Governed)]
        remembered = self._with_memories(placed)
        watched = side_by_side(lambda one: self._with_probes(one, known, now), remembered)
        governed = self._with_signals(watched, known, looks, now, sure=sure)

        def decide_on(one: _Governed) -> Decided:
            look = looks.get(one.seen.facts.id)
            return self._decide(one, known, now, told=look.told if look else ())

        decided = {one.facts.id: one for one in side_by_side(decide_on, governed)}
        return tuple(one if isinstance(one, Decided) else decided[one.seen.facts.id] for one in found)

    def _govern(self, facts: ServiceFacts, known: Known, now: datetime) -> Decided | _Governed:
        """Without a policy, only what an interrupted run left half done is put right."""
        seen = Observation(facts, memory=known.memory(facts.id), switches=known.controls.switches)
        governance = govern(known.policies, facts)
        if refusal := _nobody_may_act(governance, facts):
            why_not, words = refusal
            hold = why_not is WhyNot.UNMANAGEABLE or seen.switches.frozen_by or governance.never_touch
            left_over = None if hold else mend(facts, seen.memory, now)
            return Decided(facts, seen, plan=left_over, refused=words, why_not=why_not)
        return _Governed(seen, governance)

    def _with_spot(self, one: _Governed, now: datetime) -> _Governed:
        seen = with_spot(self._spot, one.seen, one.policies, now)
        return one if seen is one.seen else replace(one, seen=seen)

    def _with_memories(self, governed: Sequence[_Governed]) -> list[_Governed]:
        """What was learned of the services whose timeout is learned; nobody else's is read."""
        adaptive = [one.seen.facts for one in governed if any(is_adaptive(policy.idle) for policy in one.policies)]
        found = self._recall(adaptive)
        return [
            replace(one, seen=replace(one.seen, learned=mine.learned, usd_per_hour=mine.usd_per_hour))
            if (mine := found.get(one.seen.facts.id))
            else one
            for one in governed
        ]

    def _with_probes(self, one: _Governed, known: Known, now: datetime) -> _Governed:
        """The probes come first where a request that they saw may still run and signals matter."""
        flight = one.seen.memory.flight
        if flight is None or not flight.is_open or _whole_need(one, known, now) is None:
            return one
        names = frozenset().union(*(probes(policy) for policy in one.policies))
        answers = ask_all(self._probes, one.seen.facts, names, now)
        memory = replace(one.seen.memory, flight=after_asking(one.policies[0], flight, answers.values(), now))
        return replace(one, seen=replace(one.seen, signals=answers, memory=memory), probed=True)

    def _with_signals(
        self,
        governed: Sequence[_Governed],
        known: Known,
        looks: Mapping[ServiceId, Look],
        now: datetime,
        *,
        sure: bool,
    ) -> list[_Governed]:
        wants: list[Want] = []
        for one in governed:
            if need := _whole_need(one, known, now):
                wants.append(_want(one.seen.facts, need, looks.get(one.seen.facts.id), now, sure=sure))
        readings = self._signals.read(wants) if wants else {}
        return [
            replace(one, seen=replace(one.seen, signals={**found, **one.seen.signals}))
            if (found := readings.get(one.seen.facts.id))
            else one
            for one in governed
        ]

    def _decide(self, one: _Governed, known: Known, now: datetime, *, told: Container[str]) -> Decided:
        policy = one.governance.ruling
        seen, shadows = self._judge_shadows(one, known, now)
        if policy is None:
            frozen = seen.switches.frozen_by or one.governance.never_touch
            left_over = None if frozen else mend(seen.facts, seen.memory, now)
            return Decided(seen.facts, seen, shadows=shadows, plan=left_over)
        seen, decision, spared = self._judge(policy, seen, known, now, probed=one.probed)
        spared = spared or (one.probed and decision.because is Because.IN_USE and KEPT in told)
        steps = plan(decision, seen.facts, seen.memory, now, policy_version=policy.version)
        return Decided(seen.facts, seen, policy, decision, shadows, steps, spared=spared)

    def _judge_shadows(
        self, one: _Governed, known: Known, now: datetime
    ) -> tuple[Observation, tuple[tuple[Policy, Decision], ...]]:
        """What each would do; the observation keeps what their probes told of requests in flight, and no more."""
        seen = one.seen
        wishes: list[tuple[Policy, Decision]] = []
        for shadow in one.governance.shadows:
            judged, decision, _ = self._judge(shadow, seen, known, now, probed=one.probed)
            seen = replace(seen, memory=judged.memory)
            wishes.append((shadow, decision))
        return seen, tuple(wishes)

    def _judge(
        self, policy: Policy, seen: Observation, known: Known, now: datetime, *, probed: bool
    ) -> tuple[Observation, Decision, bool]:
        """The decision, the observation it stands on, and whether a probe turned a stop away.

        Probes are asked where all else calls for a stop, or for a move by force, unless they were (``probed``).
        """

        def judged(on: Observation) -> Decision:
            return decide(policy, on, known.controls.overrides, now, policies=known.policies)

        first = judged(seen)
        about_to_stop = first.wanted is Wanted.STOPPED and seen.facts.desired_count > 0 and not first.cuts
        about_to_move = first.placing is not None and first.placing.by_force
        if not (about_to_stop or about_to_move) or probed:
            return seen, first, False
        answers = ask_all(self._probes, seen.facts, probes(policy), now)
        memory = replace(seen.memory, flight=after_asking(policy, seen.memory.flight, answers.values(), now))
        asked = replace(seen, signals={**seen.signals, **answers}, memory=memory)
        again = judged(asked)
        return asked, again, about_to_stop and again.wanted is not Wanted.STOPPED


def _nobody_may_act(governance: Governance, facts: ServiceFacts) -> tuple[WhyNot, str] | None:
    if governance.tied:
        names = " and ".join(policy.name for policy in governance.tied)
        return WhyNot.TIE, f"left as it is: {names} match it with the same priority; give one a higher `priority`"
    if governance.tag_problem:
        return WhyNot.BAD_TAG, f"left as it is: {governance.tag_problem}"
    if not governance.ruling and not governance.shadows:
        return WhyNot.NO_POLICY, f"no policy matches: {governance.nearest}"
    if facts.unmanageable:
        return WhyNot.UNMANAGEABLE, facts.unmanageable
    return None


def _whole_need(one: _Governed, known: Known, now: datetime) -> SignalNeed | None:
    """One window and one set of names that serve the ruling policy and its shadows alike."""
    wanted = [
        need
        for policy in one.policies
        if (need := needs(policy, one.seen, known.controls.overrides, known.policies, now))
    ]
    if not wanted:
        return None
    window_to = max(need.window_to for need in wanted)
    return SignalNeed(
        window_from=reading_from(one.seen.learned, min(need.window_from for need in wanted), window_to),
        window_to=window_to,
        names=frozenset().union(*(need.names for need in wanted)),
    )


def _want(facts: ServiceFacts, need: SignalNeed, look: Look | None, now: datetime, *, sure: bool) -> Want:
    if look is None:
        return Want(facts, need, sure=sure)
    skip = frozenset() if sure else look.not_worth_asking(now)
    return Want(facts, need, last_reported=look.last_reported, skip=skip, sure=sure)
