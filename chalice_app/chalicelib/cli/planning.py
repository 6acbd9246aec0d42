"""`lifecycle plan`: what would be done now, and why. Reads only; `--out` keeps exactly this set for `apply`."""

from __future__ import annotations

from pathlib import Path

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit
from chalicelib.cli.options import command, output_option
from chalicelib.cli.rows import LOUD, What
from chalicelib.cli.surveying import Seen, as_document, look, show_doubts, show_rows, summary
from chalicelib.decide.facts import Availability, Observation, SignalName

DRY_RUN = "MODE dry-run: nothing was changed"

_SEES_IN_FLIGHT = frozenset({SignalName.LEASES, SignalName.OLLAMA_PS, SignalName.TASK_PROTECTION})


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

    \b
    JSON: {at, account, region, services, remembered, to_do, unmatched: [sentence],
           rows: [{service, now, wanted, action, acts, why, because, rule, policy, mode, saves_usd,
                   saves_until, look_again_at, steps: [text], evidence: [{name, value, unit, since, until}]}]}
    """
    account = desk.account()
    seen = look(desk)
    if out is not None:
        from chalicelib.cli.plan_file import write_plan_file

        write_plan_file(out, seen, account)
    to_do = sum(row.acts for row in seen.rows)
    if output == "json":
        desk.paper.json(_document(seen, account.number, to_do))
    else:
        _print(desk, seen, everything)
        desk.paper.say()
        desk.paper.say(summary(seen))
        if out is not None:
            desk.paper.say(f"Kept in {out}: `lifecycle apply {out}` does exactly this, looking again before each step.")
        elif to_do:
            desk.paper.say("`lifecycle plan --out p.json` keeps it; `lifecycle apply p.json` does exactly that.")
    desk.paper.last_line(DRY_RUN, beside_json=output == "json")
    return Exit.CHANGES if detailed_exitcode and to_do else Exit.DONE


def _print(desk: Desk, seen: Seen, everything: bool) -> None:
    show_doubts(desk, seen)
    shown = [row for row in seen.rows if everything or row.what in LOUD]
    if shown:
        show_rows(desk, shown, seen.now)
    else:
        desk.paper.say(_why_empty(seen))
    blind = _blind_stops(seen)
    if blind:
        desk.paper.say()
        desk.paper.say(
            f"{', '.join(blind)}: no signal there sees a request in flight (leases, ollama-ps; no task is protected); "
            "a long stream is protected only by the gpu, cpu and network-out vetoes.",
            "yellow",
        )


def _why_empty(seen: Seen) -> str:
    if not seen.services:
        return f"No ECS service was found in {seen.region or 'this region'}: is it the right account and region?"
    if not seen.survey.policies.policies:
        return f"No policy is in force, so none of {seen.services} services is governed: `lifecycle init` writes one."
    return "Nothing to do: every service is as its policy wants it. `lifecycle plan --all` shows why."


def _blind_stops(seen: Seen) -> list[str]:
    """Services to stop of which nothing shows a request in flight; at most five, the rest is like them."""
    stopping = {row.service for row in seen.rows if row.what is What.STOP}
    return [
        str(one.facts.id)
        for one in seen.survey.decided
        if str(one.facts.id) in stopping and one.facts.running_count and not _sees_in_flight(one.seen)
    ][:5]


def _sees_in_flight(seen: Observation) -> bool:
    """Zero protected tasks prove nothing: most services never protect one."""
    return any(
        reading.availability is Availability.READ and (name is not SignalName.TASK_PROTECTION or reading.in_flight > 0)
        for name, reading in seen.signals.items()
        if name in _SEES_IN_FLIGHT
    )


def _document(seen: Seen, account: str, to_do: int) -> dict[str, object]:
    from chalicelib.cli.rows import unmatched

    return {
        "at": seen.now,
        "account": account,
        "region": seen.region,
        "services": seen.services,
        "remembered": seen.survey.remembered,
        "to_do": to_do,
        "unmatched": unmatched(seen.survey.policies, tuple(one.facts for one in seen.survey.decided)),
        "rows": [as_document(row) for row in seen.rows],
    }


COMMANDS = (plan,)
