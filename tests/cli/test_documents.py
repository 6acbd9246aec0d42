"""README, the policies' page and the runbooks name only what exists: commands, options, functions, make targets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from bench.headlines import SHOWN, with_headlines
from chalicelib.cli.main import ENTRIES, SECTIONS, lifecycle

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "policies/README.md", *(f"runbooks/{one.name}" for one in (ROOT / "runbooks").glob("*.md")))
_TYPED = re.compile(
    r"(?:^|`|bin/|&& )lifecycle(?: --(?:profile|region|policies|table) \S+| --(?:local|debug))*"
    r" ([a-z][a-z-]*)([^`\n#|&]*)",
    re.MULTILINE,
)


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8").replace("\\\n", " ")


def typed(document: str) -> Iterator[tuple[str, list[str]]]:
    """Each command that a reader is told to type, and the long options behind it."""
    for name, rest in _TYPED.findall(text_of(document)):
        yield name, re.findall(r"--[a-z][a-z-]*", rest)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_tells_to_type_exists_and_has_its_options(document: str) -> None:
    context = click.Context(lifecycle)
    for name, options in typed(document):
        assert name in ENTRIES, f"{document}: lifecycle {name}"
        command = lifecycle.get_command(context, name)
        assert command is not None
        known = {option for one in command.params for option in one.opts}
        assert set(options) <= known, f"{document}: lifecycle {name}"


def test_the_readme_is_read_and_not_passed_over() -> None:
    named = {name for name, _ in typed("README.md")}

    assert {"init", "validate", "schedule", "plan", "simulate", "tune", "freeze", "exclude", "explain"} <= named


def test_the_readmes_table_of_commands_names_whole_sections() -> None:
    head, _, row = text_of("README.md").partition("| to see |")[2].split("\n", 2)
    told = [set(re.findall(r"`([a-z]+)`", cell)) for cell in row.split("\n")[0].strip("| ").split(" | ")]
    sections = {title: {entry.name for entry in entries} for title, entries in SECTIONS}

    assert "from dry-run to enforce" in head
    assert told[1:] == [
        sections["Act on one service"],
        sections["In an emergency"],
        sections["From dry-run to enforce"],
    ]
    assert told[0] == sections["See"] | {"schedule", "show"}


def test_the_readme_names_the_functions_that_are_deployed() -> None:
    config = json.loads((ROOT / "chalice_app" / ".chalice" / "config.json").read_text(encoding="utf-8"))
    deploys = text_of("README.md").partition("It makes these functions")[2].partition("With them come")[0]

    for stage in config["stages"].values():
        assert set(re.findall(r"`([a-z_]+)`", deploys)) == set(stage["lambda_functions"])


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(re.findall(r"(?:^|`)make ([a-z0-9]+)", text_of("README.md"), re.MULTILINE)) <= targets


def test_the_documents_lead_to_pages_that_are_there() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", text_of(document)):
            assert ((ROOT / document).parent / target).exists(), f"{document}: {target}"


def test_the_readme_shows_its_figures_as_they_were_measured() -> None:
    parts = json.loads((ROOT / "tests/bench/results/results.json").read_text(encoding="utf-8"))
    readme = text_of("README.md")
    bill = list(parts["own_bill_bench"]["rows"][-1].values())[1:]
    vectors = parts["imported_vectors"]["rows"][-1]

    assert with_headlines(readme, parts) == readme
    assert [name for name in SHOWN if not parts[name]["headline"]] == []
    assert f"| **all of it** | {' | '.join(f'**{one}**' for one in bill)} |" in readme
    assert f"of {vectors['vectors']} cases collected" in readme
    assert f"{vectors['passed']} are met" in readme
    assert f"{vectors['otherwise']} are decided otherwise on purpose and {vectors['refused']} are left out" in readme
