"""`lifecycle deploy` and `remove` refuse what cannot be right before anything is packaged, asked or changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.runtime.clients import Clients
from moto import mock_aws
from support.cli import CommandLine


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--stage", "test"), Exit.ERROR, 'There is no stage "test": cfn/stages/ has dev, prod.'),
        (("--stage", "dev", "--stack", "my_stack"), Exit.USAGE, 'cannot be named "my_stack"'),
        (("--stage", "dev", "--stack", "a" * 27), Exit.USAGE, "26 at most"),
        (("--stage", "dev", "--set", "EnableMFA=yes"), Exit.ERROR, 'EnableMFA is "yes": write true or false.'),
        (("--stage", "dev", "--set", "DomainNam=x"), Exit.ERROR, "Did you mean DomainName?"),
        (("--stage", "dev", "--set", "DomainName"), Exit.ERROR, "write NAME=VALUE"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_packaged(
    words: tuple[str, ...], code: Exit, says: str, tmp_path: Path
) -> None:
    done = CommandLine(tmp_path).run("deploy", "--dry-run", *words)

    assert done.exit_code == code
    assert says in done.output
    assert done.output.endswith("Nothing was changed.\n")


def test_a_stack_that_is_not_there_is_not_removed(tmp_path: Path) -> None:
    with mock_aws():
        done = CommandLine(tmp_path, clients=Clients(region="eu-west-1")).run("remove", "--stage", "dev", "--yes")

    assert done.exit_code == Exit.ERROR
    assert "There is no stack lifecycle-dev in eu-west-1" in done.output
