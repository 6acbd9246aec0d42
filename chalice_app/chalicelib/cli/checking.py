"""`lifecycle validate` and `lifecycle test`: is every policy right, and does it decide what its author expects?

Both read and judge only; every problem of every file is shown at once, with its place, so that one run is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chalicelib.cli.completing import policy_names
from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop
from chalicelib.cli.options import command, output_option

if TYPE_CHECKING:
    from chalicelib.cli.book import Book
    from chalicelib.policy.model import Policy


@command("validate")
@click.argument("paths", metavar="[FILE|FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
@output_option
@click.pass_obj
def validate(desk: Desk, paths: tuple[Path, ...], output: str) -> Exit:
    """Check every policy file and run the tests inside. Needs no AWS.

    A FILE is read together with the others of its folder, whose defaults it may need, and
    judged alone. All problems of all files are shown at once, each with its place and a code that
    `lifecycle explain` explains. Exits 1 when there is an error; warnings are no errors.

    \b
    Examples:
      lifecycle validate
      lifecycle validate policies/vision.yaml
      lifecycle --policies infra/policies validate
      lifecycle validate --output json

    \b
    JSON: {ok, files, policies, problems: [{code, severity, file, line, column, path, value, message,
           allowed, nearest}], tests: [{policy, index, line, at, passed, message}]}
    """
    from chalicelib.cli.judged import judge, show_failures

    judged = judge(desk, paths)
    if output == "json":
        desk.paper.json(judged.document())
    else:
        judged.show_problems(desk)
        show_failures(desk, judged.failed)
        desk.paper.say(judged.verdict())
    desk.paper.last_line(NOTHING_CHANGED, beside_json=output == "json")
    return Exit.DONE if judged.ok else Exit.ERROR


@command("test")
@click.argument("names", metavar="[FILE|POLICY]...", nargs=-1, shell_complete=policy_names)
@click.option("--record", is_flag=True, help="Propose rows for `tests:` from what the policy decides today.")
@output_option
@click.pass_obj
def test(desk: Desk, names: tuple[str, ...], record: bool, output: str) -> Exit:
    """Run the tests that stand in the policies; with --record, propose new ones.

    A proposal says what is decided today at each coming edge, holiday and clock change. Read it:
    only you know whether that was meant.

    \b
    Examples:
      lifecycle test
      lifecycle test vision.yaml
      lifecycle test vision-dev --record

    \b
    JSON: [{policy, index, line, at, passed, message}]
    """
    from chalicelib.cli.book import read_book
    from chalicelib.cli.judged import as_document, run_all, show_failures, tests_verdict

    book = read_book(desk)
    chosen = _chosen(book, names)
    if record:
        return _record(desk, chosen)
    results = run_all(book, chosen)
    failed = [one for one in results if not one.passed]
    bad = [problem for problem in book.errors if not names or _file_name(problem.file) in names]
    if output == "json":
        desk.paper.json([as_document(one) for one in results])
    else:
        show_failures(desk, failed)
        desk.paper.say(tests_verdict(results, len(chosen)))
        if bad or book.loaded.bad_policies.intersection(names):
            desk.paper.err("Some policies have errors and were not tested: `lifecycle validate` shows them.")
    desk.paper.last_line(NOTHING_CHANGED, beside_json=output == "json")
    return Exit.ERROR if failed or bad else Exit.DONE


def _chosen(book: Book, names: Sequence[str]) -> tuple[Policy, ...]:
    """Policies by their own name or by their file's; all of them when no name is given. Raises Stop (64)."""
    policies = book.loaded.policies.policies
    if not names:
        return policies
    found: dict[str, Policy] = {}
    for name in names:
        inside = [one for one in policies if _file_of(one) == _file_name(name)]
        if not inside and name.endswith((".yaml", ".yml")):
            if any(_file_name(file) == _file_name(name) for file in book.texts):
                continue
            raise Stop(f"There is no file {name} in {book.where}.", Exit.USAGE)
        found |= {one.name: one for one in inside or [book.policy(name)]}
    return tuple(found.values())


def _file_of(policy: Policy) -> str:
    return _file_name(policy.source.rpartition(":")[0])


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _record(desk: Desk, policies: Sequence[Policy]) -> Exit:
    from chalicelib.decide.recording import record_rows

    for policy in policies:
        desk.paper.say(f"# {policy.name} ({policy.source}): what it decides today; keep what was meant", "bold")
        desk.paper.say("    tests:")
        for row in record_rows(policy, desk.now()):
            desk.paper.say(f"      {row.yaml}")
    desk.paper.last_line(f"# {NOTHING_CHANGED}")
    return Exit.DONE


COMMANDS = (validate, test)
