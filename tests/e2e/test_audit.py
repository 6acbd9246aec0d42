"""checkov over every template, and over the one that Chalice and ours make together, with all the functions' roles.

It pins another boto3 than ours, so it lives in a virtual environment of its own (`support.own_venv`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import own_venv
from support.chalice_package import ROOT, package
from support.sam_expander import expanded

pytestmark = pytest.mark.e2e

CONFIG = ROOT / "cfn" / "checkov.yml"


@pytest.fixture(scope="module")
def checkov() -> Path:
    try:
        return own_venv.interpreter("checkov", "checkov==3.3.30").with_name("checkov")
    except own_venv.NotInstallable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"checkov cannot be installed here: {error}")


def scan(checkov: Path, *what: str) -> dict[str, Any]:
    command = [str(checkov), "--config-file", str(CONFIG), "--output", "json", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def complaints(found: dict[str, Any]) -> list[str]:
    failed = found["results"]["failed_checks"]
    return sorted(f"{one['check_id']} {one['check_name']}: {one['file_path']} {one['resource']}" for one in failed)


def test_checkov_finds_nothing_in_our_templates_but_what_is_passed_over_for_a_reason(checkov: Path) -> None:
    found = scan(checkov, "--directory", "cfn")

    assert found["summary"]["passed"] > 100, "something was read"
    assert found["summary"]["parsing_errors"] == 0
    assert complaints(found) == []


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package(tmp_path_factory.mktemp("package")) / "sam.yaml"


def test_checkov_finds_nothing_in_the_packaged_template_with_its_roles(checkov: Path, packaged: Path) -> None:
    found = scan(checkov, "--file", str(packaged))

    assert found["summary"]["passed"] > 100
    assert complaints(found) == []


def test_what_aws_makes_of_the_packaged_template_is_clean_too(packaged: Path, tmp_path: Path) -> None:
    """SAM's short forms are written out first, by AWS's own translator: some mistakes show only then."""
    whole = tmp_path / "expanded.json"
    whole.write_text(expanded(packaged.read_text().replace("./deployment.zip", "s3://code/deployment.zip")))
    lint = [str(Path(sys.executable).parent / "cfn-lint"), str(whole)]
    done = subprocess.run(lint, capture_output=True, text=True, check=False)

    assert '"AWS::Serverless' not in whole.read_text()
    assert done.stdout + done.stderr == ""


def test_every_check_that_is_passed_over_has_its_reason_beside_it() -> None:
    lines = [line for line in CONFIG.read_text().splitlines() if "CKV" in line]

    assert len(lines) == len(yaml.safe_load(CONFIG.read_text())["skip-check"]) < 20
    for line in lines:
        assert re.fullmatch(r"  - CKV2?_AWS_\d+  # .{30,}", line), line
