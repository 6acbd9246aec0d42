"""What `plan`, `status`, `why` and `apply` share: the survey of the fleet, and how its rows are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from chalicelib.cli.desk import Desk
from chalicelib.cli.progress import waiting
from chalicelib.cli.render import Column, plain
from chalicelib.cli.rows import Row, What, rows, unmatched
from chalicelib.cli.zones import shared_zone
from chalicelib.decide import words
from chalicelib.decide.tags import zone_of
from chalicelib.policy.model import Mode

if TYPE_CHECKING:
    from chalicelib.controller.report import Survey
    from chalicelib.decide.facts import ServiceId
    from chalicelib.runtime.compose import App

NOT_IN_FORCE = "LC098"
"""A policy with errors that has no earlier version."""

STYLES = {
    What.STOP: "yellow",
    What.START: "green",
    What.MEND: "green",
    What.HELD: "magenta",
    What.REFUSED: "red",
    What.UNKNOWN: "magenta",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One survey, as a command works with it."""

    app: App
    survey: Survey
    rows: tuple[Row, ...]
    region: str

    @property
    def now(self) -> datetime:
        return self.survey.at

    @property
    def services(self) -> int:
        return len(self.survey.decided)


def look(desk: Desk, *, ids: Iterable[ServiceId] | None = None, in_force: bool = False) -> Seen:
    """Observes and decides; writes nothing. ``in_force``: by the policies the deployment acts on, if there are any."""
    from chalicelib.cli.book import must_be_there
    from chalicelib.cli.world import build_app

    if not in_force:
        must_be_there(desk)
    app = build_app(desk)
    with waiting("Reading services, record and metrics"):
        survey = app.controller.survey(desk.now(), ids=ids, in_force=in_force)
    region = desk.region or desk.aws().session.region_name or ""
    return Seen(app, survey, rows(survey, region), region)


def show_rows(desk: Desk, shown: Sequence[Row], now: datetime, *, saves: bool = True) -> None:
    """The columns of `plan`: SERVICE, NOW → WANTED, WHY, SAVES, POLICY(mode)."""
    columns = [Column("SERVICE"), Column("NOW → WANTED"), Column("WHY", fold=True)]
    columns += [Column("SAVES")] if saves else [Column("LOOK AGAIN")]
    broken = "\n" if desk.paper.is_narrow else " "
    desk.paper.table(
        [*columns, Column("POLICY(mode)")],
        [
            [
                row.service,
                Text(row.change, STYLES.get(row.what, "")),
                row.why,
                row.saves(now).replace(" until", f"{broken}until") if saves else _next(row, now),
                row.governed_by.replace(" (", f"{broken}("),
            ]
            for row in shown
        ],
    )


def _next(row: Row, now: datetime) -> str:
    from chalicelib.cli.render import short_moment

    return short_moment(row.look_again_at, now, row.zone) if row.look_again_at else "-"


def show_doubts(desk: Desk, seen: Seen) -> None:
    """What the reader must know before believing the table: no record, other policies in force, bad ones, idle ones."""
    from chalicelib.policy.problems import render

    show_difference(desk, seen)
    if not seen.survey.remembered:
        desk.paper.say(
            f"No record was found (table {desk.table}): saved sizes, overrides and handled openings are unknown, and "
            "nothing can be applied until the stack is deployed.",
            "yellow",
        )
    switches = seen.survey.controls.switches
    if switches.frozen_by is not None:
        zone = shared_zone(seen.survey.policies)
        since = f" since {words.clock_with_year(switches.frozen_at, zone)}" if switches.frozen_at else ""
        desk.paper.say(f"FROZEN by {switches.frozen_by}{since}: {switches.frozen_reason}", "bold red")
    for problem in seen.survey.problems:
        if problem.is_error or problem.code == NOT_IN_FORCE:
            desk.paper.err(render(problem))
    show_held(desk, seen)
    for sentence in sentences_of_unmatched(seen):
        desk.paper.say(sentence, "yellow")


def sentences_of_unmatched(seen: Seen) -> tuple[str, ...]:
    """One for each policy that takes no service; none where there is no service to take."""
    facts = tuple(one.facts for one in seen.survey.decided)
    return unmatched(seen.survey.policies, facts) if facts else ()


def show_held(desk: Desk, seen: Seen, only: frozenset[str] | None = None) -> None:
    """Says so, loudly, when policies rule by their last good version; ``only``: of these policies."""
    for name, since in seen.survey.held.items():
        policy = seen.survey.policies.named(name)
        if policy is None or (only is not None and name not in only):
            continue
        desk.paper.say(
            f"LAST GOOD  {name} is ruled by its last good version, of {words.clock_with_year(since, zone_of(policy))}: "
            "what stands in its file now has errors (`lifecycle validate`).",
            "bold red",
        )


def has_errors(seen: Seen) -> bool:
    """Whether the policy files that were read have errors, so that the survey does not show what they say."""
    return any(problem.is_error for problem in seen.survey.problems)


def held_document(seen: Seen) -> list[dict[str, object]]:
    return [{"policy": name, "version_of": since} for name, since in seen.survey.held.items()]


def show_difference(desk: Desk, seen: Seen) -> None:
    """Says so when what was read here is not what the deployment acts on."""
    if not seen.survey.remembered:
        return
    kept = seen.app.policies_in_force.load()
    if kept is None:
        desk.paper.say("No policies are in force yet: what follows takes effect once they are uploaded.", "yellow")
    elif kept.version != seen.survey.policies.version:
        desk.paper.say(
            f"Decided by {desk.policies}, which is not what is in force (version {kept.version[:12]}): it takes effect "
            "once it is uploaded.",
            "yellow",
        )


def summary(seen: Seen) -> str:
    """``14 services: 2 to stop, 1 to start, 1 would be stopped (dry-run), 1 cannot tell, 9 stay as they are.``"""
    enforced = [row for row in seen.rows if row.mode is not Mode.DRY_RUN]
    shadowed = [row for row in seen.rows if row.mode is Mode.DRY_RUN]
    parts = [
        (_count(enforced, What.STOP), "to stop"),
        (_count(enforced, What.START), "to start"),
        (_count(enforced, What.MEND), "to put right"),
        (_count(shadowed, What.STOP), "would be stopped (dry-run)"),
        (_count(shadowed, What.START), "would be started (dry-run)"),
        (_count(seen.rows, What.HELD), "waiting"),
        (_count(seen.rows, What.UNKNOWN), "cannot tell"),
        (_count(seen.rows, What.REFUSED), "refused"),
        (_count(seen.rows, What.UNGOVERNED), "without a policy"),
    ]
    told = [f"{number} {what}" for number, what in parts if number]
    return f"{words.counted(seen.services, 'service')}: {', '.join(told) or 'all stay as they are'}."


def _count(shown: Iterable[Row], what: What) -> int:
    return sum(row.what is what for row in shown)


def as_document(row: Row) -> dict[str, object]:
    """A row as JSON documents it."""
    document: dict[str, object] = {
        "service": row.service,
        "now": row.now,
        "wanted": row.wanted,
        "action": row.what,
        "acts": row.acts,
        "why": row.why,
        "because": row.because,
        "rule": row.rule,
        "policy": row.policy or None,
        "mode": row.mode,
        "saves_usd": row.saves_usd,
        "saves_until": row.saves_until,
        "look_again_at": row.look_again_at,
        "steps": row.steps,
        "evidence": row.evidence,
    }
    plainly: dict[str, object] = plain(document)
    return plainly
