"""`lifecycle plan`: what would be done now, and why. Reads only; `--out` keeps exactly this set for `apply`."""

from __future__ import annotations

from pathlib import Path

import click

from chalicelib.cli.book import must_be_there
from chalicelib.cli.desk import Account, Desk
from chalicelib.cli.exits import Exit, Stop
from chalicelib.cli.options import command, output_option
from chalicelib.cli.rows import LOUD
from chalicelib.cli.surveying import (
    Seen,
    as_document,
    has_errors,
    held_document,
    look,
    sentences_of_unmatched,
    show_doubts,
    show_rows,
    summary,
)

DRY_RUN = "MODE dry-run: nothing was changed"


@command("plan")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Keep the plan for `apply`."
)
@click.option("--all", "everything", is_flag=True, help="Also list the services that stay as they are.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there is something to do, 0 when there is not.")
@output_option
@click.pass_obj
def plan(desk: Desk, out: Path | None, everything: bool, detailed_exitcode: bool, output: str) -> Exit:
    """Show what would be done now, and why. Changes nothing, in dry-run and in enforce alike.

    Works without a deployed table too: then nothing is known of saved sizes and overrides.

    \b
    Examples:
      lifecycle plan
      lifecycle --policies s3://my-bucket/policies plan --all
      lifecycle plan --out p.json && lifecycle apply p.json
      lifecycle plan --detailed-exitcode    # 0 nothing to do, 2 something to do, 1 error

    A policy whose file has errors is ruled by its last good version: then the plan says so, and exits 1.

    \b
    JSON: {at, account, region, services, remembered, to_do, unmatched: [sentence],
           blind_policies: [name]  (LC092: nothing named or asked sees a request in flight),
           unheard_signals: [sentence]  (named by a policy, not asked by the deployment),
           problems: [sentence], last_good: [{policy, version_of}],
           rows: [{service, now, wanted, action, acts, why, because, rule, policy, mode, saves_usd,
                   saves_until, look_again_at, steps: [text], evidence: [{name, value, unit, since, until}]}]}
    """
    _check_here(desk, out)
    account = desk.account()
    seen = look(desk)
    if out is not None:
        _keep(desk, out, seen, account)
    to_do = sum(row.acts for row in seen.rows)
    if output == "json":
        desk.paper.json(_document(seen, account.number, to_do))
    else:
        _print(desk, seen, everything)
        if out is not None:
            desk.paper.say(f"Kept in {out}: `lifecycle apply {out}` does exactly this, looking again before each step.")
        elif to_do:
            desk.paper.say("`lifecycle plan --out p.json` keeps it; `lifecycle apply p.json` does exactly that.")
    if wrong := has_errors(seen):
        desk.paper.err("The policy files have errors, so this is not what they say: `lifecycle validate` shows them.")
    desk.paper.last_line(DRY_RUN, beside_json=output == "json")
    return Exit.ERROR if wrong else Exit.CHANGES if detailed_exitcode and to_do else Exit.DONE


def _check_here(desk: Desk, out: Path | None) -> None:
    """Raises Stop for what is wrong on this machine, before AWS is asked anything."""
    must_be_there(desk)
    if out is not None and not out.parent.is_dir():
        raise Stop(f"There is no folder {out.parent} to keep the plan in.")


def _keep(desk: Desk, out: Path, seen: Seen, account: Account) -> None:
    from chalicelib.cli.plan_file import write_plan_file

    desk.may_have_written = True
    write_plan_file(out, seen, account)


def _print(desk: Desk, seen: Seen, everything: bool) -> None:
    show_doubts(desk, seen)
    shown = [row for row in seen.rows if everything or row.what in LOUD]
    if shown:
        show_rows(desk, shown, seen.now)
    else:
        desk.paper.say(_why_empty(seen))
    blind = _blind(seen)
    if blind:
        desk.paper.say()
        desk.paper.say(
            f"{', '.join(blind)}: no signal that sees a request in flight is named, so a long stream is protected only "
            "by the gpu, cpu and network-out vetoes (`lifecycle explain LC092`).",
            "yellow",
        )
    for sentence in seen.survey.unheard:
        desk.paper.say(f"{sentence}.", "yellow")
    if seen.services:
        desk.paper.say()
        desk.paper.say(summary(seen))


def _blind(seen: Seen) -> tuple[str, ...]:
    """Policies that stop on idleness and neither name nor are given a signal that sees a request in flight."""
    from chalicelib.policy.lint import blind_policies

    return blind_policies(seen.survey.policies, seen.survey.asks)


def _why_empty(seen: Seen) -> str:
    if not seen.services:
        return f"No ECS service was found in {seen.region or 'this region'}: is it the right account and region?"
    if not seen.survey.policies.policies:
        return f"No policy is in force, so none of {seen.services} services is governed: `lifecycle init` writes one."
    return "Nothing to do: every service is as its policy wants it. `lifecycle plan --all` shows why."


def _document(seen: Seen, account: str, to_do: int) -> dict[str, object]:
    return {
        "at": seen.now,
        "account": account,
        "region": seen.region,
        "services": seen.services,
        "remembered": seen.survey.remembered,
        "to_do": to_do,
        "blind_policies": _blind(seen),
        "unheard_signals": seen.survey.unheard,
        "problems": [problem.sentence for problem in seen.survey.problems if problem.is_error],
        "last_good": held_document(seen),
        "unmatched": sentences_of_unmatched(seen),
        "rows": [as_document(row) for row in seen.rows],
    }


COMMANDS = (plan,)
