"""`start`, `stop`, `keep`, `resume`, `exclude`: a person's word for one service, and an immediate look at it.

Nothing here starts or stops anything itself: the word is written down with its end, then the controller looks at the
service at once and decides as ever. Refuses what the policy's `overrides` do not allow: the word, its length, the
person. On the command line IAM has already decided who may write, so whoever may counts as `admin`; where a policy
names only `owner`, the name of the AWS session must be the owner's.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Fruitless
from chalicelib.cli.options import command, yes_option
from chalicelib.cli.times import DURATION, until
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


def _times(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option(
        "--reason", default="", metavar="TEXT", help="Why; shown in `why` and kept in the history."
    )(function)
    function = click.option("--until", "until_text", metavar="WHEN", help="18:00, 2026-12-31 or 2026-12-31T18:00.")(
        function
    )
    return click.option("--for", "length", type=DURATION, metavar="DURATION", help="45m, 2h, 1d.  [default: 2h]")(
        function
    )


@command("start")
@click.argument("service")
@_times
@yes_option
@click.pass_obj
def start(desk: Desk, service: str, length: timedelta | None, until_text: str | None, reason: str, yes: bool) -> Exit:
    """Start SERVICE now, with the size it had, and keep it running for a while.

    Afterwards its policy rules again: idle or closed, it is stopped as ever.

    \b
    Examples:
      lifecycle start gpu-dev/chat --for 3h --reason "load test"
      lifecycle start chat --until 18:00
    """
    return _say(desk, Wish("start", OverrideKind.KEEP, service, length, until_text, reason), yes)


@command("stop")
@click.argument("service")
@_times
@click.option("--now", "force", is_flag=True, help="Do not wait for requests in flight; they may be cut off.")
@yes_option
@click.pass_obj
def stop(
    desk: Desk, service: str, length: timedelta | None, until_text: str | None, reason: str, force: bool, yes: bool
) -> Exit:
    """Stop SERVICE as soon as nobody uses it (with --now: at once) and keep it stopped for a while.

    Its size is saved and comes back at the next start.

    \b
    Examples:
      lifecycle stop gpu-dev/chat --until 2026-12-31 --reason "team is away"
      lifecycle stop chat --now --yes
    """
    return _say(desk, Wish("stop", OverrideKind.STOP, service, length, until_text, reason, force), yes)


@command("keep")
@click.argument("service")
@_times
@yes_option
@click.pass_obj
def keep(desk: Desk, service: str, length: timedelta | None, until_text: str | None, reason: str, yes: bool) -> Exit:
    """Keep SERVICE running for a while, though it is idle or closing time comes.

    \b
    Examples:
      lifecycle keep gpu-dev/chat --for 2h --reason demo
      lifecycle keep chat --until 22:00
    """
    return _say(desk, Wish("keep", OverrideKind.KEEP, service, length, until_text, reason), yes)


@command("exclude")
@click.argument("service")
@click.option("--until", "until_text", required=True, metavar="DATE", help="Last excluded day, or `never` for good.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; everybody who asks `why` reads it.")
@yes_option
@click.pass_obj
def exclude(desk: Desk, service: str, until_text: str, reason: str, yes: bool) -> Exit:
    """Leave SERVICE alone through a date: no policy starts or stops it.

    \b
    Examples:
      lifecycle exclude gpu-dev/demo --until 2026-12-18 --reason "customer demo"
      lifecycle exclude gpu-dev/demo --until never --reason "paid by the customer"
    """
    return _say(desk, Wish("exclude", OverrideKind.EXCLUDE, service, None, until_text, reason), yes)


@command("resume")
@click.argument("service")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept in the history.")
@yes_option
@click.pass_obj
def resume(desk: Desk, service: str, reason: str, yes: bool) -> Exit:
    """End whatever a person said for SERVICE (start, stop, keep, exclude): its policy rules again.

    \b
    Examples:
      lifecycle resume gpu-dev/chat
    """
    from chalicelib.cli.telling import look_now
    from chalicelib.cli.world import one_service
    from chalicelib.record.history import Entry, EntryKind

    account = desk.account()
    facts = one_service(desk, service)
    app = _app(desk)
    held = [one for one in app.controls.read(desk.now()).overrides if one.service == facts.id]
    if not held:
        desk.paper.say(f"Nobody said anything for {facts.id}: its policy rules already.")
        desk.paper.last_line(NOTHING_CHANGED)
        return Exit.DONE
    said = "; ".join(describe(one, ZoneInfo("UTC")) for one in held)
    desk.confirm(f"End for {facts.id}: {said}.", account, yes=yes)
    now, who = desk.now(), desk.person()
    ended = app.controls.end_override(facts.id, who, now)
    for one in ended:
        words_said = f"ended: {describe(one, ZoneInfo('UTC'))}" + (f" ({reason})" if reason else "")
        app.history.append(Entry(at=now, kind=EntryKind.OVERRIDE, who=who, reason=words_said, service=facts.id))
    desk.paper.say(f"RESUMED  {facts.id}  its policy rules again")
    return look_now(desk, app, facts.id, why=f"resumed by {who}")


def _say(desk: Desk, wish: Wish, yes: bool) -> Exit:
    """Looks everything up, refuses what must be refused, asks, writes the word down, and has the controller look."""
    from chalicelib.cli.telling import look_now
    from chalicelib.cli.world import one_service

    if wish.length is not None and wish.until is not None:
        raise click.UsageError("Say either --for or --until, not both.")
    account = desk.account()
    facts = one_service(desk, wish.service)
    if facts.unmanageable:
        raise Fruitless(f"{facts.id} cannot be started or stopped by us: {facts.unmanageable}.")
    app = _app(desk)
    policy = _policy_of(app, facts, wish)
    now, zone = desk.now(), _zone(policy)
    end = _end(wish, now, zone)
    if wish.kind is not OverrideKind.EXCLUDE:
        _may(policy, wish, end, now, who=desk.person())
    said = Override(
        id=uuid.uuid4().hex,
        service=facts.id,
        kind=wish.kind,
        until=end,
        by=desk.person(),
        reason=wish.reason,
        made_at=now,
        force=wish.force,
    )
    desk.confirm(_question(wish, said, zone), account, yes=yes)
    _write_down(app, said, policy, zone)
    desk.paper.say(f"NOTED  {facts.id}  {describe(said, zone)}")
    return look_now(desk, app, facts.id, why=f"{wish.verb} asked by {said.by}")


def _write_down(app: App, said: Override, policy: Policy, zone: ZoneInfo) -> None:
    """Raises Fruitless when somebody else's later word stands."""
    from chalicelib.record.history import Entry, EntryKind

    if not app.controls.add_override(said):
        raise Fruitless(f"Somebody said something later for {said.service}; `lifecycle why {said.service}` shows it.")
    app.history.append(
        Entry(
            at=said.made_at,
            kind=EntryKind.OVERRIDE,
            who=said.by,
            reason=describe(said, zone),
            service=said.service,
            policy=policy.name,
            policy_version=policy.version,
        )
    )


def _app(desk: Desk) -> App:
    from chalicelib.cli.world import build_app

    return build_app(desk)


def _policy_of(app: App, facts: ServiceFacts, wish: Wish) -> Policy:
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


def _zone(policy: Policy) -> ZoneInfo:
    return policy.hours.timezone if policy.hours else ZoneInfo("UTC")


def _end(wish: Wish, now: datetime, zone: ZoneInfo) -> datetime | None:
    if wish.kind is OverrideKind.EXCLUDE and wish.until == "never":
        return None
    if wish.until is not None:
        return until(wish.until, now, zone)
    return now + (wish.length or DEFAULT_LENGTH)


def _may(policy: Policy, wish: Wish, end: datetime | None, now: datetime, who: str) -> None:
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


def _question(wish: Wish, said: Override, zone: ZoneInfo) -> str:
    cut = " Requests in flight may be cut off." if wish.force else ""
    return f"About to {wish.verb} {said.service}: {describe(said, zone)}.{cut}"


def describe(said: Override, zone: ZoneInfo) -> str:
    """``keep running until Fri 20 Nov 2026 18:00 JST: demo`` — as questions, `why` and the history say it."""
    match said.kind:
        case OverrideKind.KEEP:
            what = "keep running"
        case OverrideKind.STOP:
            what = "stop at once and stay stopped" if said.force else "stop when not in use and stay stopped"
        case OverrideKind.EXCLUDE:
            what = "leave alone"
    end = f" until {words.clock_with_year(said.until, zone)}" if said.until else " for good"
    return f"{what}{end}" + (f": {words.sentence(said.reason)}" if said.reason else "")


COMMANDS = (start, stop, keep, resume, exclude)
