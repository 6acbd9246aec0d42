"""The runbooks: each has what somebody needs at night, and each of their commands is one that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from support.chalice_package import ROOT
from support.commands import Command, blocks, check, commands
from support.policies import policy, policy_set

FOLDER = ROOT / "runbooks"
PAGES = sorted(FOLDER.rglob("*.md"))
SECTIONS = ("Symptom", "Check", "Fix", "Verify")
FAILURES = (
    "a-policy-not-in-force",
    "a-spot-storm",
    "a-start-that-fails",
    "hold-everything",
    "nothing-stops",
    "restore-the-table",
    "roll-back",
    "rotate-secrets",
    "slack-is-silent",
    "stopped-something-in-use",
    "the-report-is-missing-or-wrong",
    "upgrade",
)
ALL = [command for page in PAGES for command in commands(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_is_one_that_exists(page: Path) -> None:
    wrong = []
    for command in commands(page):
        try:
            check(command)
        except AssertionError as error:
            wrong.append(f"{command}: {error}")
    assert wrong == []


def test_commands_are_found_and_wrong_ones_told() -> None:
    assert len(ALL) > 100
    for words, said in (
        ("lifecycle freeze --all --because x", "--because"),
        ("lifecycle frieze", "frieze"),
        ("lifecycle start chat --for 3weeks", "3weeks"),
        ("aws sqs purge-queue", "queue-url"),
        ("aws sqs purge-queues --queue-url X", "purge-queues"),
        ("curl -s $API/api/instance -H x", "/api/instance"),
        ("wget x", "wget"),
    ):
        with pytest.raises(AssertionError, match=re.escape(said)):
            check(Command("a test", tuple(words.split())))


@pytest.mark.parametrize(
    "page", [*(FOLDER / f"{name}.md" for name in FAILURES), *FOLDER.glob("alarm-*.md")], ids=lambda page: page.name
)
def test_a_page_for_a_failure_says_how_it_looks_how_to_see_it_what_to_do_and_how_to_know_that_it_worked(
    page: Path,
) -> None:
    found = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    assert [one for one in found if one in SECTIONS] == list(SECTIONS)
    assert list(commands(page))


def test_every_alarm_has_a_page_and_every_page_of_an_alarm_its_alarm() -> None:
    template = (ROOT / "cfn" / "monitoring" / "alarms.yaml").read_text()
    alarms = set(re.findall(r"watch/\$\{Deployment\}/([a-z-]+)", template))

    assert alarms == {page.stem.removeprefix("alarm-") for page in FOLDER.glob("alarm-*.md")}


def test_every_page_is_found_from_the_first_and_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
    listed = set(re.findall(r"\]\(([^)#]+)", (FOLDER / "README.md").read_text()))
    assert {page.name for page in FOLDER.glob("*.md")} - {"README.md"} <= listed


def test_what_a_page_tells_to_write_into_a_policy_is_yaml_that_policies_know() -> None:
    for page in PAGES:
        for block in blocks(page, "yaml"):
            whole = "policies" in (keys := yaml.safe_load(block)) or "freezes" in keys
            assert policy_set(block) if whole else policy(block), page.name
