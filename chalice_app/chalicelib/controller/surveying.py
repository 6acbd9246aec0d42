"""What a person asks for: a survey that writes nothing, and the carrying out of plans that were shown before.

Both work on the world as it is now. A survey decides as a sweep would; an application does exactly its plans, each
looked at again, and counts towards no limit, because a person chose the set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from chalicelib.controller import gating, telling
from chalicelib.controller.book import held_policies, instants, peek
from chalicelib.controller.governed import Known
from chalicelib.controller.parts import Parts
from chalicelib.controller.report import Report, Survey
from chalicelib.decide.approval import needed_yes
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.govern import LAUNCHED
from chalicelib.errors import ConfigurationError, NoRecord
from chalicelib.execute.guards import LookAgain
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import Plan, PlanKind
from chalicelib.observe.fleet import Gone
from chalicelib.policy.lint import unheard
from chalicelib.policy.model import PolicySet
from chalicelib.policy.problems import Problem
from chalicelib.record.controls import ControlState


def survey(parts: Parts, now: datetime, *, ids: Iterable[ServiceId] | None = None, in_force: bool = False) -> Survey:
    """Observes and decides as a sweep would, for all services or for ``ids``; writes nothing.

    Decides by the policies at their source, whether they are in force or not; with ``in_force`` by those that
    are, if any are. Raises AwsUnreachable or ObservationError; without a table the survey is made as if nothing
    had ever been recorded.
    """
    policies, problems, held = _policies_to_show(parts, now, in_force=in_force)
    try:
        known = Known(policies, parts.states.all(), parts.controls.read(now))
        picture = parts.memo.load()
        remembered = True
    except NoRecord:
        known, picture, remembered = Known(policies, {}, ControlState()), None, False
    services = _described(parts, ids, now)
    looks = picture.looks if picture else {}
    decided = tuple(gating.preview(one, known.controls, now) for one in parts.looker.look(services, known, looks, now))
    asks = parts.in_force.asks()
    doubts = unheard(policies, asks) if asks is not None else ()
    return Survey(now, decided, policies, problems, known.controls, remembered, doubts, asks or frozenset(), held)


def apply(parts: Parts, plans: Sequence[Plan], now: datetime, *, who: str) -> Report:
    """Carries exactly these plans out, each against the world as it is now and the policies in force (where none are
    yet, those at the source): what was planned with files that were never uploaded is refused."""
    policies, _, _ = _policies_to_show(parts, now, in_force=True)
    versions = {policy.name: policy.version for policy in (LAUNCHED, *policies.policies)}
    known = Known(policies, parts.states.all(), parts.controls.read(now))
    picture = parts.memo.load()
    looks = picture.looks if picture else {}
    outcomes = [
        _needs_a_yes(plan, policies, now)
        or _carried_out(
            parts,
            plan,
            who,
            look_again=parts.look_again(plan.service, known, looks),
            policy_version=versions.get(plan.decision.policy, "gone") if plan.decision.policy else None,
        )
        for plan in plans
    ]
    notices = tuple(notice for one in outcomes if (notice := telling.of_outcome(one, now)))
    parts.notifier.tell(notices)
    return Report(now, len(plans), len(plans), parts.signals.metrics_asked, (), tuple(outcomes), notices)


def _needs_a_yes(plan: Plan, policies: PolicySet, now: datetime) -> Outcome | None:
    """A plan file is no way around the people whom a policy asks."""
    policy = policies.named(plan.decision.policy)
    action = needed_yes(policy, plan.decision, now) if policy and plan.kind is not PlanKind.MEND else None
    if policy is None or policy.approval is None or action is None:
        return None
    said = f"{plan.service}: {policy.name} wants a yes to {action.says}; it is asked for in {policy.approval.ask}."
    return Outcome(plan.service, plan.kind, OutcomeStatus.REFUSED, said)


def _carried_out(parts: Parts, plan: Plan, who: str, *, look_again: LookAgain, policy_version: str | None) -> Outcome:
    """A mistake of ours at one service is its own failed outcome: what was done to the others is still told."""
    try:
        return parts.executor.run(plan, who, look_again=look_again, policy_version=policy_version)
    except Exception as mistake:  # noqa: BLE001 - whatever it is, the other plans go on
        said = f"{plan.service}: an error that was not foreseen, {type(mistake).__name__}: {mistake}"
        return Outcome(plan.service, plan.kind, OutcomeStatus.FAILED, said)


def _policies_to_show(
    parts: Parts, now: datetime, *, in_force: bool
) -> tuple[PolicySet, tuple[Problem, ...], Mapping[str, datetime]]:
    """The policies, what is wrong with them, and those ruled by their last good version with the time it took force."""
    if in_force:
        try:
            book = parts.in_force.open(now)
            return book.policies, (), _held(book.held, book.since)
        except (NoRecord, ConfigurationError):
            pass  # nothing was ever in force here: what the source holds is all there is
    try:
        last_good = parts.in_force.last_good()
    except NoRecord:
        last_good = None
    accepted = peek(parts.source, now.date(), last_good.files if last_good else {})
    since = instants(last_good) if last_good else {}
    return accepted.policies, accepted.problems, _held(held_policies(accepted), since)


def _held(names: frozenset[str], since: Mapping[str, datetime]) -> Mapping[str, datetime]:
    return {name: since[name] for name in sorted(names) if name in since}


def _described(parts: Parts, ids: Iterable[ServiceId] | None, now: datetime) -> Sequence[ServiceFacts]:
    if ids is None:
        return tuple(parts.inventory.refresh_all(now).services.values())
    found = parts.inventory.refresh(ids, now)
    return tuple(facts for facts in found.values() if not isinstance(facts, Gone))
