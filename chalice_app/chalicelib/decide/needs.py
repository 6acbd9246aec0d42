"""Which signals, over which window, a decision needs: found by deciding without them and watching what is looked at.

So a need can never differ from what `decide` reads. Most decisions need none: a stopped, frozen, excluded or kept
service, one that is too young to be idle, one whose hours are open and whose policy has no idle rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.decide.case import make_case
from chalicelib.decide.constants import PROBES
from chalicelib.decide.decide import decide_case
from chalicelib.decide.facts import Observation, Override, SignalName, SignalReading
from chalicelib.decide.flight import Flight, after
from chalicelib.decide.idle import InUse, Unknown, Use, optional, rules_of, watched
from chalicelib.decide.spans import Span
from chalicelib.policy.model import Policy, PolicySet


@dataclass(frozen=True, slots=True)
class SignalNeed:
    """The signals ``names`` over ``[window_from, window_to)``; aware datetimes in UTC."""

    window_from: datetime
    window_to: datetime
    names: frozenset[SignalName]


def needs(
    policy: Policy,
    seen: Observation,
    overrides: Sequence[Override],
    policies: PolicySet,
    now: datetime,
) -> SignalNeed | None:
    """The need of deciding on ``seen`` now, or None when its signals do not matter.

    ``seen`` holds no signals, or what the probes answered. Where they see a request in flight, or one that they saw
    ended too lately to be idle, nothing else needs to be read. ``names`` leaves out what the policy ignores and the
    probes themselves, which are asked one by one (`probes`).
    """
    asked: list[Span] = []
    case = make_case(policy, seen, overrides, now, policies)
    flight = seen.memory.flight
    told = flight is not None and (not flight.is_open or any(one.in_flight > 0 for one in seen.signals.values()))

    def look(span: Span, proof_needed: bool) -> Use:
        if told and isinstance(use := case.look(span, proof_needed), InUse):
            return use
        asked.append(span)
        return Unknown("not read yet", ())

    decide_case(replace(case, look=look))
    if not asked:
        return None
    return SignalNeed(asked[0].start, asked[0].end, _watched(policy) - PROBES)


def probes(policy: Policy) -> frozenset[SignalName]:
    """The signals to ask of the service itself: those that see a request in flight, without what the policy ignores."""
    return _watched(policy) & PROBES


def after_asking(
    policy: Policy, flight: Flight | None, answers: Iterable[SignalReading], now: datetime
) -> Flight | None:
    """What is remembered of a request in flight once the policy's probes gave ``answers``."""
    return after(flight, answers, now, optional=optional(rules_of(policy.idle)))


def _watched(policy: Policy) -> frozenset[SignalName]:
    return watched(rules_of(policy.idle))
