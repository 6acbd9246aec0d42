"""A service under the policies that speak of it: what each says, first without and then with the probes' answers.

A decision to stop, or to move by force, is made twice: once on what CloudWatch says, and again with the probes that see
a request in flight, because those cost up to two calls a service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.decide.decide import decide
from chalicelib.decide.decision import Decision, Wanted
from chalicelib.decide.facts import Observation, ServiceFacts, ServiceId, ServiceMemory, SignalName
from chalicelib.decide.govern import Governance
from chalicelib.decide.needs import after_asking, probes
from chalicelib.observe.signals import ProbeSource, ask_all
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.record.controls import ControlState

NEVER_TOUCHED = ServiceMemory()


@dataclass(frozen=True, slots=True)
class Known:
    """What the record holds when a look begins."""

    policies: PolicySet
    memories: Mapping[ServiceId, ServiceMemory]
    controls: ControlState

    def memory(self, service: ServiceId) -> ServiceMemory:
        return self.memories.get(service, NEVER_TOUCHED)


@dataclass(frozen=True, slots=True)
class Governed:
    """A service that some policy may speak about; the ruling policy first, then the shadows."""

    seen: Observation
    governance: Governance
    probed: bool = False
    """Whether its probes were asked already; their answers are what ``seen`` holds of signals."""
    firsts: Mapping[str, Decision] = field(default_factory=dict)
    """What each policy says of ``seen``, by its name."""

    @property
    def policies(self) -> tuple[Policy, ...]:
        ruling = (self.governance.ruling,) if self.governance.ruling else ()
        return (*ruling, *self.governance.shadows)

    @property
    def probes(self) -> frozenset[SignalName]:
        """Those that any of its policies asks."""
        return frozenset().union(*(probes(policy) for policy in self.policies))


def judge(
    one: Governed, policy: Policy, seen: Observation, known: Known, now: datetime, sources: Sequence[ProbeSource]
) -> tuple[Observation, Decision, bool]:
    """The decision, the observation it stands on, and whether a probe turned a stop away.

    Probes are asked where all else calls for a stop, or for a move by force, unless they were already.
    """
    first = one.firsts[policy.name] if seen is one.seen else _said(policy, seen, known, now)
    if one.probed or not _is_to_be_sure(first, seen.facts):
        return seen, first, False
    answers = ask_all(sources, seen.facts, probes(policy), now)
    memory = replace(seen.memory, flight=after_asking(policy, seen.memory.flight, answers.values(), now))
    asked = replace(seen, signals={**seen.signals, **answers}, memory=memory)
    again = _said(policy, asked, known, now)
    return asked, again, _stops(first, seen.facts) and again.wanted is not Wanted.STOPPED


def weighed(one: Governed, known: Known, now: datetime) -> Governed:
    """With what each of its policies says."""
    return replace(one, firsts={policy.name: _said(policy, one.seen, known, now) for policy in one.policies})


def _said(policy: Policy, seen: Observation, known: Known, now: datetime) -> Decision:
    return decide(policy, seen, known.controls.overrides, now, policies=known.policies)


def calls_for_probes(one: Governed) -> bool:
    return not one.probed and any(_is_to_be_sure(first, one.seen.facts) for first in one.firsts.values())


def _is_to_be_sure(first: Decision, facts: ServiceFacts) -> bool:
    return _stops(first, facts) or (first.placing is not None and first.placing.by_force)


def _stops(first: Decision, facts: ServiceFacts) -> bool:
    return first.wanted is Wanted.STOPPED and facts.desired_count > 0 and not first.cuts
