"""`lifecycle completion SHELL`, and the completers that other commands use."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import get_completion_class

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit
from chalicelib.cli.kinds import OneOf
from chalicelib.cli.options import command

_HOW = {
    "bash": 'eval "$(lifecycle completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(lifecycle completion zsh)"    # in ~/.zshrc',
    "fish": "lifecycle completion fish > ~/.config/fish/completions/lifecycle.fish",
}


@command("completion")
@click.argument("shell", type=OneOf(list(_HOW)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> Exit:
    """Print what makes SHELL complete commands, options and policy names.

    \b
    Examples:
      eval "$(lifecycle completion bash)"      put it into ~/.bashrc
      eval "$(lifecycle completion zsh)"       put it into ~/.zshrc
      lifecycle completion fish > ~/.config/fish/completions/lifecycle.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(ctx.find_root().command, {}, "lifecycle", "_LIFECYCLE_COMPLETE").source())
    return Exit.DONE


def policy_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of the policies in the local folder, read without judging them. Silent when there are none."""
    import yaml

    desk = ctx.find_object(Desk) or Desk()
    names: list[str] = []
    for path in sorted([*Path(desk.policies).glob("*.yaml"), *Path(desk.policies).glob("*.yml")]):
        try:
            top = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        except (OSError, UnicodeError, RecursionError, yaml.YAMLError):
            continue
        if isinstance(top, yaml.MappingNode):
            names += [
                inner.value
                for key, value in top.value
                if key.value == "policies" and isinstance(value, yaml.MappingNode)
                for inner, _ in value.value
            ]
    return [name for name in names if name.startswith(incomplete)]


COMMANDS = (completion,)
