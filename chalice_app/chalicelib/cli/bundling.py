"""`lifecycle support-bundle`: one zip for a bug report. It reads, and writes nothing but that file."""

from __future__ import annotations

import os
import zipfile
from datetime import timedelta
from pathlib import Path

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit, Stop
from chalicelib.cli.options import command
from chalicelib.cli.progress import waiting
from chalicelib.cli.times import DURATION
from chalicelib.decide import words


@command("support-bundle")
@click.option(
    "--since", type=DURATION, default="7d", show_default=True, metavar="SPAN", help="How far back, as in 24h."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where the zip goes.")
@click.pass_obj
def support_bundle(desk: Desk, since: timedelta, out: Path | None) -> Exit:
    """Collect what a bug report needs into one zip, without secrets, addresses and account numbers.

    Versions, what doctor finds, policies in force, what is decided now, the history, letters that
    wait, the stack's resources and events, and what the functions logged of errors in a day. People
    become person-1, accounts account-1. Read it before you send it: what looks like a word stays.

    \b
    Examples:
      lifecycle support-bundle
      lifecycle support-bundle --since 24h --out /tmp/bundle.zip
    """
    from chalicelib.bundle.gathering import gather
    from chalicelib.bundle.redacting import Redactor
    from chalicelib.cli.doctoring import patient_of

    patient, clean = patient_of(desk), Redactor()
    place = out or Path(f"lifecycle-support-{patient.now:%Y%m%dT%H%M%SZ}.zip")
    with waiting("Collecting"):
        parts = [
            (one.name, clean.text(one.text)) for one in gather(patient, patient.now - since, lambda: _status(desk))
        ]
    desk.may_have_written = True
    _write(place, parts)
    for name, text in parts:
        desk.paper.say(f"{len(text.encode()):>9,} B  {name}")
    desk.paper.say(f"Wrote {place}; {words.counted(clean.removed, 'secret')} taken out. Read it before you send it.")
    return Exit.DONE


def _status(desk: Desk) -> str:
    import json

    from chalicelib.cli.surveying import as_document, look

    seen = look(desk, in_force=True)
    return json.dumps([as_document(row) for row in seen.rows], indent=2, ensure_ascii=False, default=str) + "\n"


def _write(place: Path, parts: list[tuple[str, str]]) -> None:
    """Readable by its owner alone. Raises Stop where it cannot be written, or something is there."""
    try:
        opened = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Stop(f"{place} cannot be written: {error.strerror}; choose another place with --out.") from None
    with os.fdopen(opened, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in parts:
            bundle.writestr(name, text)


COMMANDS = (support_bundle,)
