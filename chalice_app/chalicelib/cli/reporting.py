"""`lifecycle report`: the cost report of a week, of a bill and of the record; mailed only to people who are named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit, Stop
from chalicelib.cli.kinds import OneOf
from chalicelib.cli.options import command

if TYPE_CHECKING:
    from reports.mail import Letter

SOURCES = ("ce", "focus", "athena", "demo")
WITH_PLACE = ("focus", "athena")
_NEEDS_REPORT = "The report's parts are not installed: pip install 'ollama-lifecycle[report]' ({missing})."


@command("report")
@click.argument("kind", type=OneOf(("weekly",)), metavar="weekly")
@click.argument("place", required=False, metavar="[FILE|EXPORT]")
@click.option("--week", metavar="WEEK", help="An ISO week, as 2026-W46.  [default: the last whole one]")
@click.option(
    "--source",
    type=OneOf(SOURCES),
    default="ce",
    show_default=True,
    help="ce: Cost Explorer. focus: FILE, or a folder of one FOCUS export. athena: the table of one, as EXPORT says. "
    "demo: the week of `lifecycle demo`.",
)
@click.option(
    "--beside",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Another provider's bill in FOCUS form, as of Azure or OpenAI, in the same report; may be given again.",
)
@click.option("--language", type=OneOf(("en", "ja")), default="en", show_default=True, help="Of everything in it.")
@click.option("--zone", metavar="ZONE", help="Whose week: an IANA name.  [default: the policies' own]")
@click.option("--team", default="ollama-lifecycle", show_default=True, metavar="NAME", help="Whose report it is.")
@click.option("--rate", metavar="RATE", help='Show another currency: "JPY=150@2026-11-01", for one of the billed.')
@click.option("--tag", "tags", multiple=True, metavar="WHAT=TAG", help="owner=team: what the bill's tags are called.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out") / "report",
    show_default=True,
    metavar="DIR",
    help="Where its files go.",
)
@click.option("--to", "recipients", multiple=True, metavar="ADDRESS", help="Mail it there; may be given again.")
@click.option("--from", "sender", metavar="ADDRESS", help="Who it is from: an address that SES has verified.")
@click.option("--dry-run", is_flag=True, help="Make the files, mail nothing.")
@click.option("--open", "is_opened", is_flag=True, help="Show the page in the browser.")
@click.pass_obj
def report(
    desk: Desk,
    kind: str,
    place: str | None,
    week: str | None,
    source: str,
    beside: tuple[Path, ...],
    language: str,
    zone: str | None,
    team: str,
    rate: str | None,
    tags: tuple[str, ...],
    out: Path,
    recipients: tuple[str, ...],
    sender: str | None,
    dry_run: bool,
    is_opened: bool,
) -> Exit:
    """Make the weekly cost report: a page, text, CSV, XLSX, JSON and Slack blocks in one folder.

    What was spent comes from the bill, what was saved and wasted from the record; what cannot be
    read is said in its section, and the rest is made without. Cost Explorer takes $0.01 a call and
    its answers are kept below DIR for a day. Nothing is mailed unless --to names somebody, and to
    the same people once a week.

    \b
    Examples:
      lifecycle report weekly --week 2026-W46 --dry-run --open
      lifecycle report weekly --source focus export/ --rate "JPY=150@2026-11-01" --language ja
      lifecycle report weekly --source athena bills.focus@reports
      lifecycle report weekly --beside azure.csv --beside openai.csv
      lifecycle report weekly --to finance@example.com --from reports@example.com
    """
    try:
        from chalicelib.cli import reported
        from reports.options import rate_of, tag_keys
    except ModuleNotFoundError as missing:
        raise Stop(_NEEDS_REPORT.format(missing=missing.name)) from None
    if (source in WITH_PLACE) != (place is not None):
        raise click.UsageError("FILE belongs to --source focus, EXPORT to --source athena, and both need theirs.")
    asked = reported.Asked(
        source, place or "", reported.week_of(week), zone, team, rate_of(rate), tag_keys(tags), out, beside
    )
    letter = None if dry_run or not recipients else _letter(sender, recipients)
    desk.may_have_written = True
    if source == "demo":
        page = reported.of_demo(out, week)
    else:
        made, told = reported.made(desk, asked, language)
        page = reported.written(desk, made, told, out)
        if letter is not None:
            reported.mailed(desk, made, told, letter)
    if is_opened:
        click.launch(page.resolve().as_uri())
    if letter is None:
        desk.paper.last_line("Nothing was mailed.")
    return Exit.DONE


def _letter(sender: str | None, recipients: tuple[str, ...]) -> Letter:
    from reports.mail import Letter

    if not sender:
        raise click.UsageError("--to needs --from, an address that SES has verified.")
    return Letter(sender, recipients)


COMMANDS = (report,)
