"""Packages the application as `lifecycle deploy` does, for tests that look at the result or deploy it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from chalicelib.deploy.packaging import package_app

ROOT = Path(__file__).resolve().parents[2]


def package(out: Path, stage: str = "dev") -> Path:
    """Writes ``deployment.zip`` and ``sam.yaml`` into ``out`` and returns it. Wheels come from pip's cache, else
    from the package registry. Raises ConfigurationError with Chalice's own words."""
    package_app(ROOT, stage, out, os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))
    return out


def add_bytecode(out: Path) -> str:
    """The second step of `make package`; what it said."""
    command = [sys.executable, str(ROOT / "cfn" / "packaging" / "bytecode.py"), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"adding bytecode failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout
