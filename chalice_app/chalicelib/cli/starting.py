"""`lifecycle init`: the first policy, its schema and the editor's settings, beside what is already there.

Never overwrites a file without `--force`; an existing `.vscode/settings.json` is never rewritten at all, because
other people's settings stand in it: the lines to add are printed.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit, Stop
from chalicelib.cli.options import command

FIRST_POLICY = """\
# yaml-language-server: $schema=./schema.json
lifecycle: v1
policies:
  {name}:
    match: {{tags: {{environment: dev}}}}
    hours:
      timezone: {timezone}
      open: [mon-fri 08:00-20:00]
    # Long streams are seen where services set ECS task protection while they work: `lifecycle explain LC092`
    idle: {{stop-after: 30m, signals: {{task-protection: {{}}}}}}
    mode: dry-run        # only says what it would do; change to `enforce` when `lifecycle plan` looks right
"""


@command("init")
@click.option("--name", default="dev-nights-off", show_default=True, help="Name of the policy and of its file.")
@click.option(
    "--timezone", default="Asia/Tokyo", show_default=True, metavar="ZONE", help="Where the people are: an IANA name."
)
@click.option("--force", is_flag=True, help="Overwrite the policy and the schema if they are there.")
@click.pass_obj
def init(desk: Desk, name: str, timezone: str, force: bool) -> Exit:
    """Write a first policy of eleven lines, its JSON Schema and the settings editors read.

    \b
    It reads aloud: services tagged environment=dev are open Monday to Friday 8 to 20;
    when idle, stop after 30 minutes; only say what would be done (dry-run).

    \b
    Examples:
      lifecycle init
      lifecycle init --name vision-dev --timezone Europe/Berlin
      lifecycle --policies infra/policies init
    """
    from chalicelib.policy import schema

    folder = desk.policy_folder
    policy = folder / f"{name}.yaml"
    files = {policy: FIRST_POLICY.format(name=name, timezone=timezone), folder / "schema.json": schema.text()}
    _check(desk, files[policy], policy)
    if policy.exists() and not force:
        raise Stop(f"{policy} is already there: choose another --name, or overwrite it with --force.")
    desk.may_have_written = True
    for path, text in files.items():
        existed = path.exists()
        if existed and not force:
            desk.paper.say(f"kept   {path} (already there)")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        desk.paper.say(f"{'rewrote' if existed else 'wrote'}  {path}")
    _editor_settings(desk, folder)
    desk.paper.say()
    desk.paper.say("Nothing in AWS was changed. Next:")
    desk.paper.say("  lifecycle validate")
    desk.paper.say(f"  lifecycle schedule {name} --days 7")
    desk.paper.say("  lifecycle plan")
    return Exit.DONE


def _check(desk: Desk, text: str, path: Path) -> None:
    """The name and the zone come from the command line: a wrong one is wrong usage, found before writing."""
    from chalicelib.policy.loader import load

    problems = [one for one in load({path.name: text}, today=desk.now().date()).problems if one.is_error]
    if problems:
        raise Stop(problems[0].sentence, Exit.USAGE)


def _editor_settings(desk: Desk, folder: Path) -> None:
    root = folder.parent if folder.is_absolute() else Path()
    shown = folder.relative_to(root).as_posix()
    settings = root / ".vscode" / "settings.json"
    ours = {"yaml.schemas": {f"./{shown}/schema.json": [f"{shown}/*.yaml", f"{shown}/*.yml", "*.lifecycle.yaml"]}}
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps(ours, indent=2) + "\n", encoding="utf-8")
        desk.paper.say(f"wrote  {settings}")
        return
    if f"{shown}/schema.json" in settings.read_text(encoding="utf-8"):
        desk.paper.say(f"kept   {settings} (it names the schema already)")
        return
    desk.paper.say(f"kept   {settings} (yours); add to it:")
    desk.paper.say(f'         "yaml.schemas": {json.dumps(ours["yaml.schemas"])}')


COMMANDS = (init,)
