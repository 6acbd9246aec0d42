"""`lifecycle apply`: does exactly what a plan says. Each step is observed again; what changed meanwhile is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chalicelib.cli.book import must_be_there
from chalicelib.cli.desk import Account, Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop
from chalicelib.cli.options import command, yes_option
from chalicelib.cli.progress import waiting
from chalicelib.decide import words

if TYPE_CHECKING:
    from chalicelib.execute.outcome import Outcome
    from chalicelib.execute.plan import Plan
    from chalicelib.execute.planfile import PlanFile
    from chalicelib.runtime.compose import App


@command("apply")
@click.argument("planfile", required=False, type=click.Path(path_type=Path))
@yes_option
@click.pass_obj
def apply(desk: Desk, planfile: Path | None, yes: bool) -> Exit:
    """Do exactly what PLANFILE says, or what `lifecycle plan` would say now.

    Every service is looked at again just before it is touched. A step whose service or policy
    has changed since the plan was made is refused and listed; the others go on. Policies in
    dry-run are never carried out.

    \b
    Examples:
      lifecycle plan --out p.json && lifecycle apply p.json
      lifecycle apply --yes
    """
    kept = _kept(planfile) if planfile else None
    if kept is None:
        must_be_there(desk)
    account = desk.account()
    app, plans = _from_file(desk, planfile, kept, account) if planfile and kept else _from_now(desk)
    if not plans:
        desk.paper.say(f"{planfile} holds nothing to do." if planfile else "Nothing to do: `lifecycle plan` says why.")
        desk.paper.last_line(NOTHING_CHANGED)
        return Exit.DONE
    desk.confirm(f"About to act on {words.counted(len(plans), 'service')}:\n{_listing(plans)}", account, yes=yes)
    with waiting(f"Acting on {words.counted(len(plans), 'service')}"):
        report = app.controller.apply(plans, desk.now(), who=desk.person())
    return _tell(desk, report.outcomes, planned=len(plans))


def _kept(path: Path) -> PlanFile:
    """Raises Stop when there is no such file, PlanFileError when it is no plan."""
    from chalicelib.errors import PlanFileError
    from chalicelib.execute.planfile import from_json

    if not path.is_file():
        raise Stop(f"The plan file {path} does not exist: `lifecycle plan --out {path}` writes one.", Exit.USAGE)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise PlanFileError(f"{path} is no text in UTF-8: `lifecycle plan --out {path}` writes a plan.") from None
    return from_json(text, str(path))


def _from_file(desk: Desk, path: Path, kept: PlanFile, account: Account) -> tuple[App, tuple[Plan, ...]]:
    from chalicelib.cli.plan_file import must_be_for
    from chalicelib.cli.world import build_app

    must_be_for(account, kept, path)
    return build_app(desk), kept.plans


def _from_now(desk: Desk) -> tuple[App, tuple[Plan, ...]]:
    from chalicelib.cli.plan_file import plans_of
    from chalicelib.cli.surveying import look, show_doubts

    seen = look(desk)
    show_doubts(desk, seen)
    if not seen.survey.remembered:
        raise Stop("Without a record nothing can be applied: a size that is not saved could not be given back.")
    return seen.app, plans_of(seen)


def _listing(plans: Sequence[Plan]) -> str:
    return "\n".join(f"  {plan.kind.value:<5}  {plan.service}  {plan.decision.reason}" for plan in plans)


def _tell(desk: Desk, outcomes: Sequence[Outcome], planned: int) -> Exit:
    from chalicelib.cli.telling import exit_of, tell
    from chalicelib.execute.outcome import OutcomeStatus

    tell(desk, outcomes)
    done = sum(outcome.status is OutcomeStatus.DONE for outcome in outcomes)
    refused = sum(outcome.status is OutcomeStatus.REFUSED for outcome in outcomes)
    failed = sum(outcome.status is OutcomeStatus.FAILED for outcome in outcomes)
    left = planned - len({outcome.service for outcome in outcomes})
    said = [f"{number} {what}" for number, what in ((done, "done"), (refused, "refused"), (failed, "failed")) if number]
    if left > 0:
        said.append(f"{left} left for the next run")
    desk.paper.say(f"{words.counted(planned, 'service')}: {', '.join(said)}.")
    if done:
        desk.paper.last_line("`lifecycle status` shows how they come up and go down; `lifecycle history` keeps it.")
    elif not failed:
        desk.paper.last_line(NOTHING_CHANGED)
    return exit_of(outcomes) if left <= 0 else Exit.ERROR


COMMANDS = (apply,)
