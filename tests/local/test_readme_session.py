"""The session with curl in the README, line for line as printed there, against the live fleet."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.chalice_package import ROOT
from support.live_fleet import live_fleet, within

BETWEEN_ITS_MARKS = re.compile(r"<!-- session:begin -->\n```bash\n(.*?)```\n<!-- session:end -->", re.DOTALL)


def lines_of_the_readme() -> str:
    found = BETWEEN_ITS_MARKS.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found, "the README has a session between its marks"
    return found[1]


def test_the_session_has_six_lines() -> None:
    assert len(lines_of_the_readme().splitlines()) == 6


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "jq"))), reason="the README's session needs bash, curl and jq"
)
def test_the_session_of_the_readme_works_as_printed(tmp_path: Path) -> None:
    with live_fleet(tmp_path, speed=60.0) as up:
        (pasted,) = re.findall(r"^  (export API=.*)$", up.printed.getvalue(), re.MULTILINE)
        done = subprocess.run(
            ["bash", "-c", f"set -e\n{pasted}\n{lines_of_the_readme()}echo $ID"],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done
        *said, id = done.stdout.splitlines()
        ada = up.session("ada")
        within(60, lambda: ada.status_of(id) == "stopped", "the instance is stopped")

    assert "tinyllama\ttinyllama:1.1b" in said
    assert "Hello from a simulated model." in done.stdout
    assert said[-1].startswith("stop "), said[-1]
