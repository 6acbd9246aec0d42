"""`lifecycle explain CODE`: the error in words, with a wrong and a right example."""

from __future__ import annotations

import difflib

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop
from chalicelib.cli.options import command


def _codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from chalicelib.policy.codes.catalogue import CATALOGUE

    return [code for code in CATALOGUE if code.startswith(incomplete.upper())]


@command("explain")
@click.argument("code", required=False, shell_complete=_codes)
@click.pass_obj
def explain(desk: Desk, code: str | None) -> Exit:
    """Say what an error code means and how to put it right; without CODE, list them all.

    \b
    Examples:
      lifecycle explain LC014
      lifecycle explain
    """
    from chalicelib.policy.codes.catalogue import CATALOGUE

    if code is None:
        for one, entry in CATALOGUE.items():
            desk.paper.say(f"{one}  {entry.title}")
        desk.paper.last_line(NOTHING_CHANGED)
        return Exit.DONE
    found = CATALOGUE.get(code.upper())
    if found is None:
        near = difflib.get_close_matches(code.upper(), CATALOGUE, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Stop(f'There is no code "{code}".{hint} `lifecycle explain` lists them all.')
    desk.paper.say(f"{code.upper()}  {found.title}", "bold")
    desk.paper.say()
    desk.paper.say(found.explanation)
    for label, example in (("wrong", found.wrong), ("right", found.right)):
        if example:
            desk.paper.say()
            desk.paper.say(label, "bold")
            desk.paper.say("\n".join(f"    {line}" for line in example.strip("\n").splitlines()))
    desk.paper.say()
    desk.paper.last_line(NOTHING_CHANGED)
    return Exit.DONE


COMMANDS = (explain,)
