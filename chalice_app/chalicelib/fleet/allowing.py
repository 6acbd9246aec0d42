"""Whether the policy in force lets a person say a word, or start something now. Pure; writes nothing.

It refuses a word that nobody would carry out (no policy, a tie, dry-run only), and one that the policy does not allow:
the word itself, its length, the person. A start in closed hours is allowed as an override that ends, where the policy
allows that, and refused with the next opening where it does not; a mere request never opens closed hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.decide import words
from chalicelib.decide.approval import asks_for, closed_until
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.facts import OverrideKind, ServiceFacts, Switches
from chalicelib.decide.govern import govern
from chalicelib.decide.tags import zone_of
from chalicelib.errors import Forbidden, NotAllowed, Unfit
from chalicelib.fleet.heard import DEFAULT_LENGTH

if TYPE_CHECKING:
    from chalicelib.policy.model import Policy, PolicySet

WAKE_LENGTH = timedelta(minutes=30)
"""What a request keeps a service up for: the longest boot, and room to be asked. Then the policy rules again."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says a word. ``owns``: the service is theirs."""

    name: str
    is_admin: bool
    owns: bool


@dataclass(frozen=True, slots=True)
class Permission:
    """A start that the policy allows. ``keep_until``: hours are closed, so a `keep` that ends then has to be noted
    before the service exists, or the next look would stop it. ``needs_yes``: and people have to be asked first."""

    policy: str
    policy_version: str
    keep_until: datetime | None = None
    needs_yes: bool = False


def ruling_of(policies: PolicySet, facts: ServiceFacts, kind: OverrideKind) -> Policy:
    """The policy that governs the service. Raises NotAllowed where none would carry the word out."""
    found = govern(policies, facts)
    if found.tag_problem:
        raise NotAllowed(f"{facts.id} is left alone by everybody: {found.tag_problem}.")
    if found.ruling is not None:
        return found.ruling
    if found.tied:
        raise NotAllowed(f"{' and '.join(one.name for one in found.tied)} are tied for {facts.id}: nobody acts on it.")
    if found.shadows and kind is OverrideKind.EXCLUDE:
        return found.shadows[0]
    if found.shadows:
        shadow = found.shadows[0]
        raise NotAllowed(
            f"Only {shadow.name} matches {facts.id}, and it is in dry-run: nothing is started or stopped until it says "
            f"`mode: enforce` (`lifecycle promote {shadow.name}`)."
        )
    raise NotAllowed(f"No policy in force matches {facts.id}, so nobody would carry this out: {found.nearest}.")


def check_word(policy: Policy, kind: OverrideKind, end: datetime | None, now: datetime, *, verb: str) -> None:
    """Raises NotAllowed with the key that forbids it and what is allowed."""
    rules, where = policy.overrides, _where(policy)
    word = "stop" if kind is OverrideKind.STOP else "keep"
    if word not in rules.allow:
        allowed = " and ".join(rules.allow) or "none"
        raise NotAllowed(f"{where} does not allow this: overrides.allow has {allowed}, `{verb}` needs {word}.")
    if end is not None and end - now > rules.longest:
        raise NotAllowed(
            f"{words.length(end - now)} is too long: {where} allows at most {words.length(rules.longest)} "
            "(overrides.longest)."
        )


def check_person(policy: Policy, speaker: Speaker) -> None:
    """Raises Forbidden for whom `overrides.by` does not name."""
    by = policy.overrides.by
    if "anyone" in by or ("admin" in by and speaker.is_admin) or ("owner" in by and speaker.owns):
        return
    if by == ("owner",):
        owner = policy.owner or "who is not named"
        raise Forbidden(f"You are {speaker.name}: {_where(policy)} leaves this to its owner, {owner}.")
    raise Forbidden(f"You are {speaker.name}: {_where(policy)} leaves this to {' and '.join(by)} (overrides.by).")


def may_start(
    policies: PolicySet,
    facts: ServiceFacts,
    speaker: Speaker,
    now: datetime,
    *,
    switches: Switches,
    schedule_policy: str = "",
    by_request: bool = False,
) -> Permission:
    """Whether a service like ``facts``, which may not exist yet, may be started now.

    Raises Unfit for a ``schedule_policy`` that is not there or does not rule the service, NotAllowed or Forbidden.
    """
    _check_named(policies, facts, schedule_policy)
    policy = ruling_of(policies, facts, OverrideKind.KEEP)
    _check_freezes(policies, facts, policy, switches, now)
    if (opens_at := closed_until(policy, now)) is None:
        return Permission(policy.name, policy.version)
    zone = zone_of(policy)
    closed = f"closed until {words.clock(opens_at, zone)}" if opens_at > now else "closed for good"
    said = f"{_where(policy)} is {closed}"
    if by_request:
        raise NotAllowed(f"{said}: a request alone opens nothing; say until when to keep it running.")
    keep_until = now + min(DEFAULT_LENGTH, policy.overrides.longest)
    try:
        check_word(policy, OverrideKind.KEEP, keep_until, now, verb="start")
        check_person(policy, speaker)
    except (NotAllowed, Forbidden) as refused:
        raise type(refused)(f"{said}. {refused}") from refused
    needs_yes = asks_for(policy, ApprovalAction.START_WHEN_CLOSED)
    return Permission(policy.name, policy.version, keep_until, needs_yes)


def _check_named(policies: PolicySet, facts: ServiceFacts, name: str) -> None:
    if not name:
        return
    ruling = govern(policies, facts).ruling
    if ruling is not None and ruling.name == name:
        return
    if policies.named(name) is None:
        known = ", ".join(sorted(policy.name for policy in policies.policies)) or "none"
        raise Unfit(f'There is no policy "{name}"; there are: {known}.', field="schedule_policy")
    rules = f"{ruling.name} would rule it" if ruling is not None else "nobody would rule it"
    raise Unfit(
        f"The policy {name} does not rule a service like this: {rules}. Which policy rules is decided by `match`.",
        field="schedule_policy",
    )


def _check_freezes(policies: PolicySet, facts: ServiceFacts, policy: Policy, switches: Switches, now: datetime) -> None:
    zone = zone_of(policy)
    if switches.frozen_by is not None:
        why = f": {words.sentence(switches.frozen_reason)}" if switches.frozen_reason else ""
        raise NotAllowed(f"Everything is frozen by {switches.frozen_by}{why}; nothing is started until that ends.")
    for freeze in policies.freezes:
        if "start" in freeze.hold and freeze.from_ <= now < freeze.to:
            until = words.clock(freeze.to, zone)
            raise NotAllowed(
                f"The freeze {freeze.name} holds every start until {until}: {words.sentence(freeze.reason)}."
            )
    if line := govern(policies, facts).never_touch:
        raise NotAllowed(f"{facts.id} would be on the never-touch list, and nobody could stop it: {line.reason}.")


def _where(policy: Policy) -> str:
    return f"the policy {policy.name} ({policy.source})"
