"""The package depends on what is in the checkout and on nothing else: not on where it lies, nor on when it is made."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from chalicelib.deploy import packaging, templates, uploading

PLACE = uploading.Place("code", "dev", "https://s3.amazonaws.com")
MADE = shutil.ignore_patterns("__pycache__", "deployments", "deployed")


def _copy(to: Path) -> Path:
    """What packaging reads of the checkout; nothing that Chalice kept."""
    root = packaging.checkout()
    for folder in ("cfn", "chalice_app", "policies", "reports"):
        shutil.copytree(root / folder, to / folder, symlinks=True, ignore=MADE)
    shutil.copyfile(root / "constraints.txt", to / "constraints.txt")
    return to


@pytest.mark.slow
def test_two_clones_of_one_commit_give_the_same_hash(tmp_path: Path) -> None:
    _copy(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "another" / "place", symlinks=True)
    made = []
    for root in (tmp_path / "one", tmp_path / "another" / "place"):
        packaging.package(root, "prod", root / "dist", "ap-northeast-1")
        made.append(root / "dist")

    first, second = (sha256((out / packaging.ZIP).read_bytes()).hexdigest() for out in made)
    assert first == second
    assert uploading.contents(made[0], PLACE) == uploading.contents(made[1], PLACE)
    packaging.lint(made[0])
    assert set(packaging.files(made[0])) > {templates.MAIN, templates.PACKAGED, templates.US_EAST_1}
