"""What a person asked for a service, and whether the policy in force allows it. Writes nothing.

Refuses a word that nobody would carry out (no policy, a tie, dry-run only), and one that `overrides` does not allow:
the word itself, its length, the person. On the command line IAM has already decided who may write, so whoever may
counts as `admin`; where a policy names only `owner`, the name of the AWS session must be the owner's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never
from zoneinfo import ZoneInfo

from chalicelib.cli.exits import Fruitless
from chalicelib.cli.times import until
from chalicelib.decide import words
from chalicelib.decide.facts import Override, OverrideKind, ServiceFacts

if TYPE_CHECKING:
    from chalicelib.policy.model import Policy, PolicySet
    from chalicelib.runtime.compose import App

DEFAULT_LENGTH = timedelta(hours=2)
"""As long as a start by hand counts when nobody says otherwise (`hours.started-by-hand`)."""


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
    """The policy in force that governs the service. Raises Fruitless where none would carry the word out."""
    from chalicelib.decide.govern import govern

    found = govern(_in_force(app), facts)
    if found.ruling is not None:
        return found.ruling
    if found.tied:
        raise Fruitless(f"{' and '.join(one.name for one in found.tied)} are tied for {facts.id}: nobody acts on it.")
    if found.shadows and wish.kind is OverrideKind.EXCLUDE:
        return found.shadows[0]
    if found.shadows:
        shadow = found.shadows[0]
        raise Fruitless(
            f"Only {shadow.name} matches {facts.id}, and it is in dry-run: nothing is started or stopped until it says "
            f"`mode: enforce` (`lifecycle promote {shadow.name}`)."
        )
    raise Fruitless(f"No policy in force matches {facts.id}, so nobody would carry this out: {found.nearest}.")


def _in_force(app: App) -> PolicySet:
    """Raises Fruitless when the deployment has not read any policy yet."""
    from chalicelib.policy.loader import load

    kept = app.policies_in_force.load()
    if kept is None:
        raise Fruitless("No policies are in force yet: upload them to the stack's bucket; the next sweep takes them.")
    return load(kept.files, today=app.clock.now().date()).policies


def end_of(wish: Wish, now: datetime, zone: ZoneInfo) -> datetime | None:
    if wish.kind is OverrideKind.EXCLUDE and wish.until == "never":
        return None
    if wish.until is not None:
        return until(wish.until, now, zone)
    return now + (wish.length or DEFAULT_LENGTH)


def check_allowed(policy: Policy, wish: Wish, end: datetime | None, now: datetime, who: str) -> None:
    """Raises Fruitless with the key that forbids it and what is allowed."""
    rules, where = policy.overrides, f"the policy {policy.name} ({policy.source})"
    word = "stop" if wish.kind is OverrideKind.STOP else "keep"
    if word not in rules.allow:
        allowed = " and ".join(rules.allow) or "none"
        raise Fruitless(f"{where} does not allow this: overrides.allow has {allowed}, `{wish.verb}` needs {word}.")
    if end is not None and end - now > rules.longest:
        raise Fruitless(
            f"{words.length(end - now)} is too long: {where} allows at most {words.length(rules.longest)} "
            "(overrides.longest)."
        )
    if "anyone" in rules.by or "admin" in rules.by:
        return
    if policy.owner is None or policy.owner not in who:
        raise Fruitless(f"You are {who}: {where} leaves this to its owner, {policy.owner or 'who is not named'}.")


def describe(said: Override, zone: ZoneInfo) -> str:
    """``keep running until Fri 20 Nov 2026 18:00 JST: demo`` — as questions, `why` and the history say it."""
    match said.kind:
        case OverrideKind.KEEP:
            what = "keep running"
        case OverrideKind.STOP:
            what = "stop at once and stay stopped" if said.force else "stop when not in use and stay stopped"
        case OverrideKind.EXCLUDE:
            what = "leave alone"
        case other:
            assert_never(other)
    end = f" until {words.clock_with_year(said.until, zone)}" if said.until else " for good"
    return f"{what}{end}" + (f": {words.sentence(said.reason)}" if said.reason else "")
