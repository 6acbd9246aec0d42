"""From services to decisions: who governs each, which signals that takes, what the rules say. Reads, never writes.

Signals are read for all services in one go, and only those that a decision needs; so are the probes of those that are
about to be stopped, where there are many. While a request that a probe saw may still run, the probes come first: only
they can tell that it ended, and CloudWatch is not asked before their answers leave a question open.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.abreast import side_by_side
from chalicelib.controller.governed import Governed, Known, calls_for_probes, judge, weighed
from chalicelib.controller.recalling import Recall
from chalicelib.controller.report import Decided, WhyNot
from chalicelib.controller.spotting import SpotSource, with_spot
from chalicelib.decide.decision import Because, Decision
from chalicelib.decide.facts import Observation, ServiceFacts, ServiceId
from chalicelib.decide.govern import Governance, govern
from chalicelib.decide.learned import reading_from
from chalicelib.decide.needs import SignalNeed, after_asking, needs
from chalicelib.decide.patience import is_adaptive
from chalicelib.execute.plan import mend, plan
from chalicelib.observe.signals import ProbeSource, SignalSource, Want, ask_all, asked_ahead
from chalicelib.observe.snapshot import Look
from chalicelib.policy.model import Policy

KEPT = "kept"
"""The name of the news that a stop was turned away, for as long as it holds."""


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
        found: list[Decided | Governed] = [self._govern(facts, known, now) for facts in services]
        placed = [self._with_spot(one, now) for one in found if isinstance(one, Governed)]
        remembered = self._with_memories(placed)
        watched = self._with_probes(remembered, known, now)
        governed = self._with_signals(watched, known, looks, now, sure=sure)
        ready = [weighed(one, known, now) for one in governed]
        sources = self._ahead([one for one in ready if calls_for_probes(one)], now)

        def decide_on(one: Governed) -> Decided:
            look = looks.get(one.seen.facts.id)
            return self._decide(one, known, now, sources, told=look.told if look else ())

        decided = {one.facts.id: one for one in side_by_side(decide_on, ready)}
        return tuple(one if isinstance(one, Decided) else decided[one.seen.facts.id] for one in found)

    def _govern(self, facts: ServiceFacts, known: Known, now: datetime) -> Decided | Governed:
        """Without a policy, only what an interrupted run left half done is put right."""
        seen = Observation(facts, memory=known.memory(facts.id), switches=known.controls.switches)
        governance = govern(known.policies, facts)
        if refusal := _nobody_may_act(governance, facts):
            why_not, words = refusal
            hold = why_not is WhyNot.UNMANAGEABLE or seen.switches.frozen_by or governance.never_touch
            left_over = None if hold else mend(facts, seen.memory, now)
            return Decided(facts, seen, plan=left_over, refused=words, why_not=why_not)
        return Governed(seen, governance)

    def _with_spot(self, one: Governed, now: datetime) -> Governed:
        seen = with_spot(self._spot, one.seen, one.policies, now)
        return one if seen is one.seen else replace(one, seen=seen)

    def _with_memories(self, governed: Sequence[Governed]) -> list[Governed]:
        """What was learned of the services whose timeout is learned; nobody else's is read."""
        adaptive = [one.seen.facts for one in governed if any(is_adaptive(policy.idle) for policy in one.policies)]
        found = self._recall(adaptive)
        return [
            replace(one, seen=replace(one.seen, learned=mine.learned, usd_per_hour=mine.usd_per_hour))
            if (mine := found.get(one.seen.facts.id))
            else one
            for one in governed
        ]

    def _with_probes(self, governed: Sequence[Governed], known: Known, now: datetime) -> list[Governed]:
        """The probes come first where a request that they saw may still run and signals matter."""
        watched = {
            one.seen.facts.id: flight
            for one in governed
            if (flight := one.seen.memory.flight) and flight.is_open and _whole_need(one, known, now)
        }
        sources = self._ahead([one for one in governed if one.seen.facts.id in watched], now)

        def asked(one: Governed) -> Governed:
            flight = watched.get(one.seen.facts.id)
            if flight is None:
                return one
            answers = ask_all(sources, one.seen.facts, one.probes, now)
            memory = replace(one.seen.memory, flight=after_asking(one.policies[0], flight, answers.values(), now))
            return replace(one, seen=replace(one.seen, signals=answers, memory=memory), probed=True)

        return side_by_side(asked, governed)

    def _ahead(self, governed: Sequence[Governed], now: datetime) -> Sequence[ProbeSource]:
        """The probes, which will be asked of each of these."""
        return asked_ahead(self._probes, [(one.seen.facts, one.probes) for one in governed], now)

    def _with_signals(
        self,
        governed: Sequence[Governed],
        known: Known,
        looks: Mapping[ServiceId, Look],
        now: datetime,
        *,
        sure: bool,
    ) -> list[Governed]:
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

    def _decide(
        self, one: Governed, known: Known, now: datetime, sources: Sequence[ProbeSource], *, told: Container[str]
    ) -> Decided:
        policy = one.governance.ruling
        seen, shadows = self._judge_shadows(one, known, now, sources)
        if policy is None:
            frozen = seen.switches.frozen_by or one.governance.never_touch
            left_over = None if frozen else mend(seen.facts, seen.memory, now)
            return Decided(seen.facts, seen, shadows=shadows, plan=left_over)
        seen, decision, spared = judge(one, policy, seen, known, now, sources)
        spared = spared or (one.probed and decision.because is Because.IN_USE and KEPT in told)
        steps = plan(decision, seen.facts, seen.memory, now, policy_version=policy.version)
        return Decided(seen.facts, seen, policy, decision, shadows, steps, spared=spared)

    def _judge_shadows(
        self, one: Governed, known: Known, now: datetime, sources: Sequence[ProbeSource]
    ) -> tuple[Observation, tuple[tuple[Policy, Decision], ...]]:
        """What each would do; the observation keeps what their probes told of requests in flight, and no more."""
        seen = one.seen
        wishes: list[tuple[Policy, Decision]] = []
        for shadow in one.governance.shadows:
            judged, decision, _ = judge(one, shadow, seen, known, now, sources)
            if judged.memory != seen.memory:
                seen = replace(seen, memory=judged.memory)
            wishes.append((shadow, decision))
        return seen, tuple(wishes)


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


def _whole_need(one: Governed, known: Known, now: datetime) -> SignalNeed | None:
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
