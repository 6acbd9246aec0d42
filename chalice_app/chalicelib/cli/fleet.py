"""`lifecycle status`: every service, its state, who governs it, what is wanted and when that is asked again."""

from __future__ import annotations

from collections.abc import Sequence

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit
from chalicelib.cli.options import command, output_option
from chalicelib.cli.rows import Row, What
from chalicelib.cli.surveying import Seen, as_document, held_document, look, show_doubts, show_rows, summary


@command("status")
@click.option("--governed", is_flag=True, help="Only services that a policy governs.")
@output_option
@click.pass_obj
def status(desk: Desk, governed: bool, output: str) -> Exit:
    """Show every service: what it does, what is wanted of it and why, and who governs it.

    \b
    Examples:
      lifecycle status
      lifecycle status --governed --output json

    \b
    JSON: {at, region, services, remembered, frozen_by, rows: [as in `lifecycle plan`],
           last_good: [{policy, version_of}], overrides: [{service, kind, until, by, reason, made_at, force}]}
    """
    seen = look(desk, in_force=True)
    shown = [row for row in seen.rows if not governed or row.what is not What.UNGOVERNED]
    if output == "json":
        desk.paper.json(_document(seen, shown))
    else:
        show_doubts(desk, seen)
        if shown:
            show_rows(desk, shown, seen.now, saves=False)
        else:
            desk.paper.say(f"No ECS service was found in {seen.region or 'this region'}.")
        if seen.services:
            desk.paper.say()
            desk.paper.say(summary(seen))
    desk.paper.last_line(NOTHING_CHANGED, beside_json=output == "json")
    return Exit.DONE


def _document(seen: Seen, shown: Sequence[Row]) -> dict[str, object]:
    controls = seen.survey.controls
    return {
        "at": seen.now,
        "region": seen.region,
        "services": seen.services,
        "remembered": seen.survey.remembered,
        "frozen_by": controls.switches.frozen_by,
        "last_good": held_document(seen),
        "rows": [as_document(row) for row in shown],
        "overrides": [
            {
                "service": str(one.service),
                "kind": one.kind,
                "until": one.until,
                "by": one.by,
                "reason": one.reason,
                "made_at": one.made_at,
                "force": one.force,
            }
            for one in controls.overrides
        ],
    }


COMMANDS = (status,)
