"""`start`, `stop`, `keep`, `resume`, `exclude`: a person's word for one service, and an immediate look at it.

Nothing here starts or stops anything itself: the word is written down with its end, then the controller looks at the
service at once and decides as ever. What is refused, `fleet.allowing` says.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Fruitless, Stop
from chalicelib.cli.options import command, yes_option
from chalicelib.cli.times import DURATION, check
from chalicelib.cli.wishes import Wish, check_allowed, end_of, policy_of
from chalicelib.decide.facts import Override, OverrideKind
from chalicelib.decide.tags import zone_of
from chalicelib.fleet.heard import describe

if TYPE_CHECKING:
    from chalicelib.policy.model import Policy
    from chalicelib.runtime.compose import App


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
    from chalicelib.cli.zones import policies_in, zone_for
    from chalicelib.record.history import Entry, EntryKind

    account = desk.account()
    facts = one_service(desk, service)
    app = _app(desk)
    held = [one for one in app.controls.read(desk.now()).overrides if one.service == facts.id]
    if not held:
        desk.paper.say(f"Nobody said anything for {facts.id}: its policy rules already.")
        desk.paper.last_line(NOTHING_CHANGED)
        return Exit.DONE
    zone = zone_for(policies_in(app.policies_in_force, desk.now().date()), facts)
    said = "; ".join(describe(one, zone) for one in held)
    desk.confirm(f"End for {facts.id}: {said}.", account, yes=yes)
    now, who = desk.now(), desk.person()
    ended = app.controls.end_override(facts.id, who, now)
    for one in ended:
        words_said = f"ended: {describe(one, zone)}" + (f" ({reason})" if reason else "")
        app.history.append(Entry(at=now, kind=EntryKind.OVERRIDE, who=who, reason=words_said, service=facts.id))
    desk.paper.say(f"RESUMED  {facts.id}  its policy rules again")
    return look_now(desk, app, facts.id, why=f"resumed by {who}")


def _say(desk: Desk, wish: Wish, yes: bool) -> Exit:
    """Looks everything up, refuses what must be refused, asks, writes the word down, and has the controller look."""
    from chalicelib.cli.telling import look_now
    from chalicelib.cli.world import one_service

    if wish.length is not None and wish.until is not None:
        raise click.UsageError("Say either --for or --until, not both.")
    for_good = wish.until == "never" and wish.kind is OverrideKind.EXCLUDE
    if wish.until is not None and not for_good:
        check(wish.until, desk.now())
    account = desk.account()
    facts = one_service(desk, wish.service)
    if facts.unmanageable:
        raise Stop(f"{facts.id} cannot be started or stopped by us: {facts.unmanageable}.")
    app = _app(desk)
    policy = policy_of(app, facts, wish)
    now, zone = desk.now(), zone_of(policy)
    end = end_of(wish, now, zone)
    if wish.kind is not OverrideKind.EXCLUDE:
        check_allowed(policy, wish, end, now, who=desk.person())
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


def _question(wish: Wish, said: Override, zone: ZoneInfo) -> str:
    cut = " Requests in flight may be cut off." if wish.force else ""
    return f"About to {wish.verb} {said.service}: {describe(said, zone)}.{cut}"


COMMANDS = (start, stop, keep, resume, exclude)
