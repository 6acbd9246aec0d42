"""`lifecycle why SERVICE`: the rules in their order of power, with a mark at the one that won, and its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit
from chalicelib.cli.options import command, output_option
from chalicelib.controller.wording import measured, state_of
from chalicelib.decide import words
from chalicelib.decide.decision import Evidence, RuleName
from chalicelib.decide.govern import govern
from chalicelib.decide.tags import zone_of

if TYPE_CHECKING:
    from chalicelib.cli.surveying import Seen
    from chalicelib.controller.report import Decided
    from chalicelib.decide.decide import Weighed
    from chalicelib.decide.decision import Decision
    from chalicelib.policy.model import Policy

TITLES = {
    RuleName.FREEZE_ALL: "freeze --all",
    RuleName.NEVER_TOUCH: "never-touch",
    RuleName.FREEZE: "freezes",
    RuleName.EXCLUSION: "exclusion",
    RuleName.OVERRIDE: "a person's word",
    RuleName.CLOSED: "hours closed",
    RuleName.OPENING: "opening",
    RuleName.IDLE: "idle",
    RuleName.DEFAULT: "none of these",
}


@command("why")
@click.argument("service")
@output_option
@click.pass_obj
def why(desk: Desk, service: str, output: str) -> Exit:
    """Say why SERVICE is as it is: every rule in its order of power, a mark at the one that decides.

    \b
    Examples:
      lifecycle why gpu-dev/chat
      lifecycle why chat --output json

    \b
    JSON: {service, at, now, refused, held, policies: [{policy, mode, source, version, last_good_of, wanted, reason,
           rules: [{rule, says, wanted, wins}], evidence, placing, look_again_at, next_transition}]}
    """
    from chalicelib.cli.surveying import look
    from chalicelib.cli.world import one_service

    facts = one_service(desk, service)
    seen = look(desk, ids=[facts.id], in_force=True)
    decided = next(one for one in seen.survey.decided if one.facts.id == facts.id)
    wishes = _wishes(decided)
    if output == "json":
        desk.paper.json(_document(seen, decided, wishes))
    else:
        _print(desk, seen, decided, wishes)
    desk.paper.last_line(NOTHING_CHANGED, beside_json=output == "json")
    return Exit.DONE


def _wishes(decided: Decided) -> list[tuple[Policy, Decision]]:
    ruling = [(decided.policy, decided.decision)] if decided.policy and decided.decision else []
    return [*ruling, *decided.shadows]


def _weighed(seen: Seen, decided: Decided, policy: Policy) -> tuple[Weighed, ...]:
    from chalicelib.decide.decide import weigh

    overrides = seen.survey.controls.overrides
    return weigh(policy, decided.seen, overrides, seen.now, policies=seen.survey.policies)


def _print(desk: Desk, seen: Seen, decided: Decided, wishes: Sequence[tuple[Policy, Decision]]) -> None:
    from chalicelib.cli.surveying import show_difference, show_held

    paper, facts = desk.paper, decided.facts
    show_difference(desk, seen)
    show_held(desk, seen, only=frozenset(policy.name for policy, _ in wishes))
    paper.say(f"{facts.id}  {state_of(facts, decided.seen.memory)}", "bold")
    if not seen.survey.remembered:
        paper.say(f"No record was found (table {desk.table}): overrides and handled openings are unknown.", "yellow")
    if decided.refused:
        paper.say(f"{decided.refused[0].upper()}{decided.refused[1:]}.", "yellow")
    if note := govern(seen.survey.policies, facts).note:
        paper.say(note)
    for policy, decision in wishes:
        paper.say()
        shadow = "" if policy is decided.policy else ", only says what it would do"
        paper.say(f"{policy.name} ({policy.mode.value}{shadow})  {policy.source}")
        _print_rules(desk, seen, decided, policy)
        zone = zone_of(policy)
        _print_evidence(desk, decision.evidence, zone)
        if decision.placing:
            paper.say(f"  placement     {decision.placing.reason}")
            _print_evidence(desk, decision.placing.evidence, zone)
        paper.say(f"  asked again   {words.clock_with_year(decision.look_again_at, zone)}")
        following = _next_transition(policy, seen.now)
        if following:
            what = "opens" if following[1] else "closes"
            paper.say(f"  hours         next: {what} {words.clock_with_year(following[0], zone)}")
    if decided.held:
        paper.say(f"Waits: {decided.held}.", "yellow")


def _print_rules(desk: Desk, seen: Seen, decided: Decided, policy: Policy) -> None:
    for line in _weighed(seen, decided, policy):
        mark = "▶" if line.wins else " "
        wanted = f"{line.wanted.value}: " if line.wanted else ""
        text = Text(f"{mark} {TITLES[line.rule]:<15}  {wanted}{line.says}", "bold" if line.wins else "dim")
        desk.paper.say_text(text)


def _print_evidence(desk: Desk, evidence: Sequence[Evidence], zone: ZoneInfo) -> None:
    for index, one in enumerate(evidence):
        span = ""
        if one.since and one.until:
            span = f"  {words.clock(one.since, zone)} to {words.clock(one.until, zone)}"
        elif one.since:
            span = f"  since {words.clock(one.since, zone)}"
        elif one.until:
            span = f"  until {words.clock(one.until, zone)}"
        label = "evidence" if index == 0 else ""
        desk.paper.say(f"  {label:<13} {measured(one)}{span}")


def _next_transition(policy: Policy, now: datetime) -> tuple[datetime, bool] | None:
    from chalicelib.policy.timetable import Timetable

    if policy.hours is None:
        return None
    following = Timetable.of(policy.hours).next_transition(now)
    return (following.at, following.opens) if following else None


def _document(seen: Seen, decided: Decided, wishes: Sequence[tuple[Policy, Decision]]) -> dict[str, object]:
    def one(policy: Policy, decision: Decision) -> dict[str, object]:
        following = _next_transition(policy, seen.now)
        return {
            "policy": policy.name,
            "mode": policy.mode,
            "source": policy.source,
            "version": policy.version,
            "last_good_of": seen.survey.held.get(policy.name),
            "wanted": decision.wanted,
            "reason": decision.reason,
            "rules": _weighed(seen, decided, policy),
            "evidence": decision.evidence,
            "placing": decision.placing,
            "look_again_at": decision.look_again_at,
            "next_transition": {"at": following[0], "opens": following[1]} if following else None,
        }

    return {
        "service": str(decided.facts.id),
        "at": seen.now,
        "now": state_of(decided.facts, decided.seen.memory),
        "refused": decided.refused or None,
        "held": decided.held or None,
        "policies": [one(policy, decision) for policy, decision in wishes],
    }


COMMANDS = (why,)
