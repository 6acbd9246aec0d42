"""Packages the application as `make package` does, for tests that look at the result or deploy it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def package(out: Path, stage: str = "dev") -> Path:
    """Writes ``deployment.zip`` and ``sam.yaml`` into ``out`` and returns it. Wheels come from pip's cache, else
    from the package registry. Raises AssertionError with Chalice's own words."""
    command = [
        str(Path(sys.executable).parent / "chalice"),
        "package",
        "--stage",
        stage,
        "--merge-template",
        "../cfn/app-resources.yaml",
        str(out),
    ]
    _forget_other_versions()
    region = {"AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1")}
    done = subprocess.run(
        command, cwd=ROOT / "chalice_app", env=os.environ | region, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"chalice package failed:\n{done.stdout}\n{done.stderr}")
    add_bytecode(out)
    return out


def add_bytecode(out: Path) -> str:
    """The second step of `make package`; what it said."""
    command = [sys.executable, str(ROOT / "cfn" / "packaging" / "bytecode.py"), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"adding bytecode failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def _forget_other_versions() -> None:
    """Chalice keeps its zips by the content of requirements.txt and the code, and does not see constraints.txt."""
    changed = (ROOT / "constraints.txt").stat().st_mtime
    for kept in (ROOT / "chalice_app" / ".chalice" / "deployments").glob("*.zip"):
        if kept.stat().st_mtime < changed:
            kept.unlink(missing_ok=True)
