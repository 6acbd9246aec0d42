"""`lifecycle show`: the policy as it holds, defaults merged in, with the origin of each value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click
from rich.text import Text

from chalicelib.cli.completing import policy_names
from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit
from chalicelib.cli.options import command, output_option
from chalicelib.cli.render import Column

if TYPE_CHECKING:
    from chalicelib.policy.model import Policy
    from chalicelib.policy.origins import Origin

_PARTS = re.compile(r'"([^"]*)"|\[(\d+)\]|([^.\[\]"]+)')


@command("show")
@click.argument("policy", required=False, shell_complete=policy_names)
@output_option
@click.pass_obj
def show(desk: Desk, policy: str | None, output: str) -> Exit:
    """Show POLICY as it holds, with the place each value comes from: a file and line, a default, or built in.

    Without POLICY, list them all with their mode and place.

    \b
    Examples:
      lifecycle show
      lifecycle show vision-dev
      lifecycle show vision-dev --output json

    \b
    JSON: {policy, mode, source, version, values: {path: {value, kind: policy|default|built-in, file, line}}};
          without POLICY: [{policy, mode, priority, source, version, description, owner}]
    """
    from chalicelib.cli.book import read_book

    book = read_book(desk)
    if policy is None:
        _list(desk, book.loaded.policies.policies, output)
        if book.loaded.bad_policies and output != "json":
            desk.paper.say(f"With errors: {', '.join(sorted(book.loaded.bad_policies))} (`lifecycle validate`).", "red")
        desk.paper.last_line(NOTHING_CHANGED, beside_json=output == "json")
        return Exit.DONE
    found = book.policy(policy)
    origins = book.loaded.origins[policy]
    if output == "json":
        head = {"policy": found.name, "mode": found.mode, "source": found.source, "version": found.version}
        desk.paper.json({**head, "values": origins})
        desk.paper.last_line(NOTHING_CHANGED, beside_json=True)
    else:
        _print(desk, found, origins)
        desk.paper.last_line(f"# {NOTHING_CHANGED}")
    return Exit.DONE


def _print(desk: Desk, policy: Policy, origins: Mapping[str, Origin]) -> None:
    desk.paper.say(f"# {policy.name}, version {policy.version[:12]}, {policy.source}", "dim")
    lines = list(yaml_lines(policy.name, origins))
    width = min(max(len(line) for line, _ in lines), 60)
    for line, origin in lines:
        text = Text(line)
        if origin:
            text.append(" " * max(width - len(line), 0) + f"  # {origin}", "dim")
        desk.paper.say_text(text)


def _list(desk: Desk, policies: Sequence[Policy], output: str) -> None:
    if output == "json":
        desk.paper.json(
            [
                {
                    "policy": one.name,
                    "mode": one.mode,
                    "priority": one.priority,
                    "source": one.source,
                    "version": one.version,
                    "description": one.description,
                    "owner": one.owner,
                }
                for one in policies
            ]
        )
        return
    desk.paper.table(
        [Column("POLICY"), Column("MODE"), Column("PRIORITY", right=True), Column("FROM"), Column("WHAT", fold=True)],
        [[one.name, one.mode.value, str(one.priority), one.source, one.description or ""] for one in policies],
    )


def yaml_lines(name: str, origins: Mapping[str, Origin]) -> Iterator[tuple[str, str]]:
    """The policy as YAML, line by line, with what to say about where the line's value comes from."""
    yield f"{name}:", ""
    open_path: list[str] = []
    for path, origin in origins.items():
        *above, key = split_path(path)
        shared = 0
        while shared < min(len(above), len(open_path)) and above[shared] == open_path[shared]:
            shared += 1
        dash = ""
        for depth in range(shared, len(above)):
            if _is_item(above[depth]):
                dash = "- "
            else:
                yield f"{_indent(above[:depth], dash)}{above[depth]}:", ""
                dash = ""
        open_path = above
        yield f"{_indent(above, dash)}{key}: {_value(origin.value)}", str(origin)


def _indent(above: Sequence[str], dash: str) -> str:
    """Two spaces a level; the dash of a list's item stands in the last two."""
    return "  " * (len(above) + 1 - bool(dash)) + dash


def _is_item(part: str) -> bool:
    return part.startswith("[")


def split_path(path: str) -> list[str]:
    """`match.tags."a.b"[0]` -> `match`, `tags`, `a.b`, `[0]`."""
    return [
        quoted if quoted is not None else f"[{number}]" if number is not None else plain
        for quoted, number, plain in ((found[1], found[2], found[3]) for found in _PARTS.finditer(path))
    ]


def _value(text: str) -> str:
    """Quoted where YAML would read something else."""
    if not text or text[0] in "*#&!|>%@`\"'?-" or ": " in text or " #" in text:
        return f'"{text}"' if '"' not in text else f"'{text}'"
    return text


COMMANDS = (show,)
