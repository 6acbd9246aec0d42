"""Whether a person may give an answer: by the policy in force and their role, both as they are at that moment. Pure.

A yes takes an approver (or an Admin) who did not ask for it themselves, unless the policy lets them. To keep a service
running takes who the policy lets say so anyway (`overrides`); a no, any of them. An exclusion takes an Admin and ends.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never

from chalicelib.decide import words
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.facts import OverrideKind
from chalicelib.errors import Forbidden, NotAllowed, Unfit
from chalicelib.fleet.allowing import Speaker, check_person, check_word
from chalicelib.record.approval import Answer, AnswerKind, Given, Question

if TYPE_CHECKING:
    from chalicelib.fleet.people import Caller
    from chalicelib.policy.model import Policy, PolicySet

SNOOZE = timedelta(hours=2)
STOPS = frozenset({ApprovalAction.IDLE_STOP, ApprovalAction.CLOSED_STOP})


def check(question: Question, answer: Answer, caller: Caller, policies: PolicySet, now: datetime) -> Given:
    """The answer as it counts, its end filled in. Raises Forbidden, NotAllowed or Unfit in one sentence."""
    if not caller.role.may_write:
        raise Forbidden(f"{caller.role.value} may look, and answer nothing.")
    policy = policies.named(question.policy)
    if policy is None or policy.approval is None:
        raise NotAllowed(f"The policy {question.policy} in force does not ask for this any more.")
    match answer.kind:
        case AnswerKind.APPROVE:
            _check_approver(question, policy, caller)
        case AnswerKind.DENY:
            if not (_asked_for_it(question, caller) or _owns(question, policy, caller)):
                _check_listed(policy, caller)
        case AnswerKind.SNOOZE | AnswerKind.KEEP:
            answer = _keep(question, answer, policy, caller, now)
        case AnswerKind.EXCLUDE:
            _check_exclusion(question, answer, caller, now)
        case other:
            assert_never(other)
    return Given(answer, str(caller), now, caller.role.value, caller.sub)


def _check_approver(question: Question, policy: Policy, caller: Caller) -> None:
    if policy.approval and _asked_for_it(question, caller) and not policy.approval.self:
        raise Forbidden("You asked for this yourself: somebody else has to approve it (approval.self).")
    _check_listed(policy, caller)


def _check_listed(policy: Policy, caller: Caller) -> None:
    names = policy.approval.approvers if policy.approval else ()
    if not (caller.is_admin or _is_listed(names, caller)):
        listed = ", ".join(name.partition(":")[2] for name in names)
        raise Forbidden(f"You are {caller}: the policy {policy.name} leaves this to {listed} (approval.approvers).")


def _is_listed(names: tuple[str, ...], caller: Caller) -> bool:
    groups = {f"group:{one}" for one in caller.groups}
    mail = f"user:{caller.email}".casefold() if caller.email else ""
    return any(name in groups or name.casefold() == mail for name in names)


def _asked_for_it(question: Question, caller: Caller) -> bool:
    return bool(question.requester) and (
        caller.sub == question.requester_sub or question.requester in (str(caller), caller.email, caller.sub)
    )


def _owns(question: Question, policy: Policy, caller: Caller) -> bool:
    names = {caller.sub, caller.email} - {""}
    return question.stakes.owner in names or policy.owner in names


def _keep(question: Question, answer: Answer, policy: Policy, caller: Caller, now: datetime) -> Answer:
    if question.action not in STOPS:
        raise NotAllowed("This only makes sense for a stop: approve it or say no.")
    snoozed = answer.kind is AnswerKind.SNOOZE and answer.until is None
    until = now + min(SNOOZE, policy.overrides.longest) if snoozed else answer.until
    _check_end(until, now)
    check_word(policy, OverrideKind.KEEP, until, now, verb="keep")
    if policy.approval is None or not (caller.is_admin or _is_listed(policy.approval.approvers, caller)):
        check_person(policy, Speaker(str(caller), caller.is_admin, _owns(question, policy, caller)))
    return replace(answer, until=until)


def _check_exclusion(question: Question, answer: Answer, caller: Caller, now: datetime) -> None:
    if not caller.is_admin:
        raise Forbidden(f"You are {caller}: only an Admin excludes a service.")
    if question.action not in STOPS:
        raise NotAllowed("This only makes sense for a stop: approve it or say no.")
    _check_end(answer.until, now)


def _check_end(until: datetime | None, now: datetime) -> None:
    if until is None:
        raise Unfit("Until when? An answer like this needs an end.", field="until")
    if until <= now:
        raise Unfit(f"That time is over since {words.length(now - until)}; choose a later one.", field="until")
