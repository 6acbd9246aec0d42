"""What a person asked for a service on the command line. Writes nothing; `fleet.allowing` says what is allowed.

IAM has already decided who may write, so whoever may counts as `admin`; where a policy names only `owner`, the name
of the AWS session must be the owner's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chalicelib.cli.exits import Stop
from chalicelib.cli.times import until
from chalicelib.decide.facts import OverrideKind, ServiceFacts
from chalicelib.errors import Forbidden, NotAllowed
from chalicelib.fleet.heard import DEFAULT_LENGTH

if TYPE_CHECKING:
    from chalicelib.policy.model import Policy, PolicySet
    from chalicelib.runtime.compose import App


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for, before anything was looked up."""

    verb: str
    kind: OverrideKind
    service: str
    length: timedelta | None
    until: str | None
    reason: str
    force: bool = False


def policy_of(app: App, facts: ServiceFacts, wish: Wish) -> Policy:
    """The policy in force that governs the service. Raises Stop where none would carry the word out."""
    from chalicelib.fleet.allowing import ruling_of

    try:
        return ruling_of(_in_force(app), facts, wish.kind)
    except NotAllowed as refused:
        raise Stop(str(refused)) from refused


def _in_force(app: App) -> PolicySet:
    """Raises Stop when the deployment has not read any policy yet."""
    from chalicelib.policy.loader import load

    kept = app.policies_in_force.load()
    if kept is None:
        raise Stop("No policies are in force yet: upload them to the stack's bucket; the next sweep takes them.")
    return load(kept.files, today=app.clock.now().date()).policies


def end_of(wish: Wish, now: datetime, zone: ZoneInfo) -> datetime | None:
    if wish.kind is OverrideKind.EXCLUDE and wish.until == "never":
        return None
    if wish.until is not None:
        return until(wish.until, now, zone)
    return now + (wish.length or DEFAULT_LENGTH)


def check_allowed(policy: Policy, wish: Wish, end: datetime | None, now: datetime, who: str) -> None:
    """Raises Stop with the key that forbids it and what is allowed."""
    from chalicelib.fleet.allowing import Speaker, check_person, check_word

    owns = policy.owner is not None and policy.owner in who
    try:
        check_word(policy, wish.kind, end, now, verb=wish.verb)
        check_person(policy, Speaker(who, is_admin=True, owns=owns))
    except (NotAllowed, Forbidden) as refused:
        raise Stop(str(refused)) from refused
