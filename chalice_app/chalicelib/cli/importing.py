"""`lifecycle import`: policies from the files of Cloud Custodian, AWS Instance Scheduler or kube-downscaler.

Reads files and writes at most one; AWS is not asked. What was not translated, and what is decided otherwise, is told
beside the text: on stderr, so that the text itself can be piped.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from chalicelib.cli.calendar import day_written
from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop
from chalicelib.cli.kinds import OneOf
from chalicelib.cli.options import command, output_option

if TYPE_CHECKING:
    from chalicelib.importing.importing import Imported, ImportedPolicy, Tool
    from chalicelib.importing.trees import Source

TOOLS: Mapping[str, Tool] = {
    "custodian": "custodian",
    "instance-scheduler": "instance-scheduler",
    "kube-downscaler": "kube-downscaler",
}
_GZIP = b"\x1f\x8b"


@command("import")
@click.argument("tool", metavar="|".join(TOOLS), type=OneOf(list(TOOLS)))
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the policies to this file, not to stdout.")
@click.option("--force", is_flag=True, help="Overwrite that file if it is there.")
@click.option("--from", "first", metavar="DATE", help="First day of the year that is compared.  [default: today]")
@click.option("--timezone", metavar="ZONE", help="An IANA zone for what names none.")
@click.option("--tag", metavar="KEY", help="The tag that names the schedule, where no file says it.")
@click.option("--stack", metavar="NAME", help="Instance Scheduler: the stack of a CloudFormation template.")
@output_option
@click.pass_obj
def import_(
    desk: Desk,
    tool: str,
    files: tuple[str, ...],
    out: Path | None,
    force: bool,
    first: str | None,
    timezone: str | None,
    tag: str | None,
    stack: str | None,
    output: str,
) -> Exit:
    """Translate another tool's schedules into policies, and compare their hours minute by minute over a year.

    \b
    custodian           policies with offhour and onhour filters; with them, tags of services:
                        `aws resourcegroupstaggingapi get-resources`, or one tag value on each line
    instance-scheduler  `aws dynamodb scan` of its configuration table, the console's CSV of it, or
                        CloudFormation templates
    kube-downscaler     manifests with annotations, its settings, or definitions such as
                        "Mon-Fri 07:30-20:30 Europe/Berlin"

    Every policy is in dry-run. What could not be translated is told with its reason, never guessed.
    FILE - is standard input.

    \b
    Examples:
      lifecycle import custodian offhours.yml tags.json --out policies/imported.yaml
      lifecycle import instance-scheduler scan.json --tag Schedule
      echo 'off=(M-F,19);on=(M-F,7);tz=pt' | lifecycle import custodian -

    \b
    JSON: {text, policies: [{name, notes, from, to, minutes, undefined, proven,
           differences: [{from, to, wanted, reason}]}], left_out: [{what, why}], notes}
    """
    from chalicelib.importing.importing import import_files
    from chalicelib.importing.model import Given

    if out is not None and out.exists() and not force:
        raise Stop(f"{out} is already there: choose another --out, or overwrite it with --force.")
    given = Given(_zone(timezone), tag, stack)
    done = import_files(TOOLS[tool], list(_sources(files)), given, day_written(first) if first else desk.now().date())
    if output == "json":
        desk.paper.json(_document(done))
    elif out is None and done.text:
        click.echo(done.text, nl=False)
    if out is not None and done.text:
        desk.may_have_written = True
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(done.text, encoding="utf-8")
    for line in _report(done):
        desk.paper.err(line)
    wrote = f"Wrote {out}; nothing in AWS was changed. Next: lifecycle validate {out}"
    desk.paper.err(wrote if desk.may_have_written else NOTHING_CHANGED)
    return Exit.DONE if done.policies else Exit.ERROR


def _zone(text: str | None) -> ZoneInfo | None:
    from chalicelib.policy.problems import ScalarError
    from chalicelib.policy.texts import parse_zone

    try:
        return parse_zone(text) if text else None
    except ScalarError as error:
        raise click.BadParameter(f'"{text}": {error.message}.', param_hint="--timezone") from None


def _sources(files: tuple[str, ...]) -> Iterator[Source]:
    from chalicelib.importing.trees import LARGEST_BYTES, Source

    for file in files:
        data = sys.stdin.buffer.read(LARGEST_BYTES + 1) if file == "-" else Path(file).read_bytes()
        name = "standard input" if file == "-" else file
        try:
            if data.startswith(_GZIP):
                with gzip.GzipFile(fileobj=BytesIO(data)) as packed:
                    data = packed.read(LARGEST_BYTES + 1)
            yield Source(name, data.decode("utf-8-sig"))
        except (UnicodeDecodeError, OSError, EOFError, zlib.error):
            raise Stop(f"{name}: not a text in UTF-8 (nor one packed by gzip); export it as JSON or YAML.") from None


def _report(done: Imported) -> Iterator[str]:
    for one in done.policies:
        yield f"{one.policy.name}: {_proof_words(one)}"
        yield from (f"  {note}" for note in one.notes)
    for left in done.left_out:
        yield f"NOT TRANSLATED {left.what}: {left.why}"
    yield from done.notes
    if not done.policies:
        yield "Nothing could be translated."


def _proof_words(one: ImportedPolicy) -> str:
    proof = one.proof
    compared = proof.minutes - proof.undefined
    words = f"{compared:,} minutes from {proof.begin:%Y-%m-%d} on compared"
    if proof.undefined:
        words += f" ({proof.undefined:,} more in which the original has no wish)"
    if not proof.differences:
        return f"{words}, all alike."
    minutes = sum(difference.minutes for difference in proof.differences)
    first = proof.differences[0]
    reasons = "; ".join(dict.fromkeys(str(difference.reason) for difference in proof.differences))
    return (
        f"{words}; decided otherwise on purpose in {minutes:,} of them, the first at {first.begin:%Y-%m-%dT%H:%MZ}: "
        f"{reasons}."
    )


def _document(done: Imported) -> dict[str, object]:
    policies = [
        {
            "name": one.policy.name,
            "notes": one.notes,
            "from": one.proof.begin,
            "to": one.proof.end,
            "minutes": one.proof.minutes,
            "undefined": one.proof.undefined,
            "proven": one.proof.holds,
            "differences": [
                {"from": two.begin, "to": two.end, "wanted": two.theirs.name.lower(), "reason": two.reason}
                for two in one.proof.differences
            ],
        }
        for one in done.policies
    ]
    return {"text": done.text, "policies": policies, "left_out": done.left_out, "notes": done.notes}


COMMANDS = (import_,)
