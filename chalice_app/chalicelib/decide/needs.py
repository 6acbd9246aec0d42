"""Which signals, over which window, a decision needs: found by deciding without them and watching what is looked at.

So a need can never differ from what `decide` reads. Most decisions need none: a stopped, frozen, excluded or kept
service, one that is too young to be idle, one whose hours are open and whose policy has no idle rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.decide.case import make_case
from chalicelib.decide.constants import PROBES
from chalicelib.decide.decide import decide_case
from chalicelib.decide.facts import Observation, Override, SignalName, SignalReading
from chalicelib.decide.flight import Flight, after
from chalicelib.decide.idle import Unknown, Use, optional, rules_of, watched
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
    """The need of deciding on ``seen`` now, or None when its signals do not matter. Signals in ``seen`` are not read.

    ``names`` leaves out what the policy ignores and the probes, which are asked only just before a stop (`probes`).
    """
    asked: list[Span] = []

    def look(span: Span, proof_needed: bool) -> Use:
        asked.append(span)
        return Unknown("not read yet", ())

    decide_case(make_case(policy, seen, overrides, now, policies, look))
    if not asked:
        return None
    return SignalNeed(asked[0].start, asked[0].end, _watched(policy) - PROBES)


def probes(policy: Policy) -> frozenset[SignalName]:
    """The signals to ask just before a stop: those that see a request in flight, without what the policy ignores."""
    return _watched(policy) & PROBES


def after_asking(
    policy: Policy, flight: Flight | None, answers: Iterable[SignalReading], now: datetime
) -> Flight | None:
    """What is remembered of a request in flight once the policy's probes gave ``answers``."""
    return after(flight, answers, now, optional=optional(rules_of(policy.idle)))


def _watched(policy: Policy) -> frozenset[SignalName]:
    return watched(rules_of(policy.idle))
