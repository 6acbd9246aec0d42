"""What should become of one service, and why: the rules in their order of power, weighed by a pure function.

    freeze --all, never-touch, freezes, exclusion, a person's override, closed hours, an opening, idleness

The first that speaks wins; when none does, the service stays as it is. Unknown never stops anything. No clock, no
AWS, no environment: the same function runs live, in `plan`, in `why`, in policy tests and in simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from chalicelib.decide import hours, rules
from chalicelib.decide.case import Case, Silent, Speaks, make_case
from chalicelib.decide.constants import ACT_RECHECK, HORIZON, PROBES, UNKNOWN_RECHECK
from chalicelib.decide.decision import Decision, RuleName, Wanted
from chalicelib.decide.facts import Availability, Observation, Override
from chalicelib.decide.idle import Use
from chalicelib.decide.placement import place
from chalicelib.decide.rules import Answer
from chalicelib.decide.spans import Span
from chalicelib.policy.model import Policy, PolicySet

RULES: tuple[tuple[RuleName, Callable[[Case], Answer]], ...] = (
    (RuleName.FREEZE_ALL, rules.freeze_all),
    (RuleName.NEVER_TOUCH, rules.on_never_touch_list),
    (RuleName.FREEZE, rules.frozen),
    (RuleName.EXCLUSION, rules.excluded),
    (RuleName.OVERRIDE, rules.overridden),
    (RuleName.CLOSED, hours.closed),
    (RuleName.OPENING, hours.opening),
    (RuleName.IDLE, hours.idle),
)
"""In their order of power."""

NOT_ASKED = "not asked (not needed to decide)"


@dataclass(frozen=True, slots=True)
class Weighed:
    """One line of `why`: what a rule says, what it wants (None: it is silent), and whether it decided."""

    rule: RuleName
    says: str
    wanted: Wanted | None
    wins: bool


def decide(
    policy: Policy, seen: Observation, overrides: Sequence[Override], now: datetime, *, policies: PolicySet
) -> Decision:
    """Weighs the rules in their order of power; the first that speaks wins. Never raises.

    ``policy`` is the ruling (or shadowing) policy as `govern` gives it; ``policies`` brings the freezes and the
    never-touch list; ``overrides`` may hold those of other services, and dead ones. ``now`` is aware.
    """
    return decide_case(make_case(policy, seen, overrides, now, policies))


def decide_case(case: Case) -> Decision:
    """The decision on a case that is already set up."""
    for name, rule in RULES:
        answer = rule(case)
        if isinstance(answer, Speaks):
            return _placed(case, _conclude(case, name, answer))
    return _placed(case, _conclude(case, RuleName.DEFAULT, hours.otherwise(case)))


def weigh(
    policy: Policy, seen: Observation, overrides: Sequence[Override], now: datetime, *, policies: PolicySet
) -> tuple[Weighed, ...]:
    """Every rule in order with what it says, the winner marked: the list that `why` prints.

    A weaker rule than the winner says what it would want; where that needs signals that nobody read because the
    decision did not need them, it says so.
    """
    asked: list[Span] = []
    plain = make_case(policy, seen, overrides, now, policies)

    def look(span: Span, proof_needed: bool) -> Use:
        asked.append(span)
        return plain.look(span, proof_needed)

    case = make_case(policy, seen, overrides, now, policies, look)
    lines: list[Weighed] = []
    decided = False
    for name, rule in RULES:
        asked.clear()
        answer = rule(case)
        if decided and not all(_was_read(span, seen) for span in asked):
            lines.append(Weighed(name, NOT_ASKED, None, False))
            continue
        lines.append(_line(name, answer, wins=not decided and isinstance(answer, Speaks)))
        decided = decided or isinstance(answer, Speaks)
    if decided:
        lines.append(Weighed(RuleName.DEFAULT, "otherwise it would stay as it is", None, False))
    else:
        lines.append(_line(RuleName.DEFAULT, hours.otherwise(case), wins=True))
    return tuple(lines)


def _was_read(span: Span, seen: Observation) -> bool:
    """Whether the signals were read for so long: what the winner needs is read, and no more."""
    read = [one for one in seen.signals.values() if one.availability is Availability.READ and one.name not in PROBES]
    return bool(seen.signals) and all(one.covers_from <= span.start for one in read)


def closing_warning(
    policy: Policy, seen: Observation, overrides: Sequence[Override], now: datetime, *, policies: PolicySet
) -> datetime | None:
    """The instant of the closing to warn people of now (``hours.warn-before``), or None.

    None too while a stronger rule holds the service: who is kept, frozen or excluded is not closed.
    """
    case = make_case(policy, seen, overrides, now, policies)
    closing = hours.closing_warning(case)
    if closing is None:
        return None
    for name, rule in RULES:
        if name is RuleName.CLOSED:
            return closing
        answer = rule(case)
        if isinstance(answer, Speaks) and (answer.until is None or answer.until > closing):
            return None
    return closing


def _line(name: RuleName, answer: Answer, *, wins: bool) -> Weighed:
    match answer:
        case Speaks(wanted, _, reason):
            return Weighed(name, reason, wanted, wins)
        case Silent() as silent:
            return Weighed(name, silent.says, None, False)
        case other:
            assert_never(other)


def _conclude(case: Case, name: RuleName, verdict: Speaks) -> Decision:
    return Decision(
        service=case.facts.id,
        wanted=verdict.wanted,
        rule=name,
        because=verdict.because,
        reason=verdict.reason,
        evidence=verdict.evidence,
        look_again_at=_look_again_at(case, verdict),
        handles_opening=verdict.handles,
        cuts=verdict.cuts,
        policy=case.policy.name,
    )


def _placed(case: Case, decision: Decision) -> Decision:
    """With the word of its placement, which the policy may leave alone."""
    placing = place(case, decision) if case.policy.spot is not None else None
    if placing is None:
        return decision
    again = decision.look_again_at
    if placing.until is not None and case.now < placing.until < again:
        again = placing.until
    if placing.to and case.now + ACT_RECHECK < again:
        again = case.now + ACT_RECHECK
    return replace(decision, placing=placing, look_again_at=again)


def _look_again_at(case: Case, verdict: Speaks) -> datetime:
    """The first of: what the rule itself said, a freeze that begins, an action that was not carried out, a day."""
    now = case.now
    first = now + HORIZON
    if verdict.until is not None and verdict.until < first:
        first = verdict.until
    for freeze in case.policies.freezes:
        if now < freeze.from_ < first:
            first = freeze.from_
    acts = verdict.wanted is (Wanted.STOPPED if case.is_up else Wanted.RUNNING)
    if acts and now + ACT_RECHECK < first:
        first = now + ACT_RECHECK
    return first if first > now else now + UNKNOWN_RECHECK
