"""The files that users copy into their own repository: they parse, and what they call exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from support.chalice_package import ROOT
from support.commands import Command, check

FOLDER = ROOT / "runbooks" / "ci"
WORKFLOWS = ("policies.yml", "deploy.yml")
ACTION = re.compile(r"[\w-]+/[\w-]+@v\d+")
IN_A_RUNNER = ("git ", "gh ", "test ", "echo ", "cd ", ":", "done", "make ")


def workflow(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return loaded


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in workflow(name)["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_has_what_github_needs_and_no_more_rights_than_it_says(name: str) -> None:
    loaded = workflow(name)

    assert loaded[True], "YAML reads the key on: as true"
    assert loaded["permissions"]["contents"] == "read"
    for job in loaded["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"] <= 60
    for step in steps(name):
        assert ("uses" in step) != ("run" in step)
        assert "uses" not in step or ACTION.fullmatch(step["uses"])
    assert "secrets." not in (FOLDER / name).read_text(), "roles are taken on, and no key is kept"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_command_of_a_workflow_is_one_that_exists(name: str) -> None:
    ours = 0
    for step in steps(name):
        text = re.sub(r"\$\{\{.*?\}\}|\$\w+", "x", str(step.get("run", "")))
        for line in text.splitlines():
            line = line.strip().partition(" >> ")[0]
            if line.startswith(IN_A_RUNNER) or " | while " in line:
                continue
            words = shlex.split(line.replace('"x"', "x"))
            check(Command(name, tuple(words)))
            ours += "lifecycle" in words[0]
    assert ours >= 3


def test_the_infrastructure_is_deployed_before_the_policies_and_both_wait_for_a_person() -> None:
    jobs = workflow("deploy.yml")["jobs"]

    assert jobs["infrastructure"]["needs"] == "look"
    assert jobs["policies"]["needs"] == "infrastructure"
    assert "environment" not in jobs["look"]
    assert {jobs["infrastructure"]["environment"], jobs["policies"]["environment"]} == {"infrastructure", "policies"}
    uploads = [name for name, job in jobs.items() if "aws s3" in str(job["steps"])]
    assert uploads == ["policies"]


def test_the_first_policies_are_uploaded_though_doctor_misses_them() -> None:
    """It fails where no policies are in force, and they are uploaded only after the infrastructure."""
    asks = [one for job in workflow("deploy.yml")["jobs"].values() for one in job["steps"] if "doctor" in str(one)]

    assert asks and all(one.get("continue-on-error") is True for one in asks)


def test_make_targets_of_the_workflows_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {
        one for name in WORKFLOWS for one in re.findall(r"make (?:-C suite )?([a-z0-9-]+)", (FOLDER / name).read_text())
    }

    assert called and called <= targets


def test_the_hooks_call_commands_that_exist_for_the_files_that_are_policies() -> None:
    (repo,) = yaml.safe_load((FOLDER / "pre-commit-config.yaml").read_text())["repos"]

    assert repo["repo"] == "local"
    for hook in repo["hooks"]:
        check(Command("pre-commit-config.yaml", tuple(hook["entry"].split())))
        assert re.search(hook["files"], "policies/office.yaml")
        assert not re.search(hook["files"], "README.md")
        assert hook["language"] == "system" and hook["pass_filenames"] is False
