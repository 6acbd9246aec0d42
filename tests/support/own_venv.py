"""Tools that pin other packages than ours live in virtual environments of their own under ``.venvs``, made on first
use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class NotInstallable(Exception):
    """pip could not install it here; the message holds pip's last words."""


def interpreter(name: str, requirement: str) -> Path:
    """The Python, of our own version, that has ``requirement`` (``package==version``). Raises NotInstallable."""
    folder = ROOT / ".venvs" / name
    python = folder / "bin" / "python"
    version = requirement.partition("==")[2]
    stamp = folder / f".installed-{version}-{sys.version_info.major}.{sys.version_info.minor}"
    if not stamp.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", requirement])
        stamp.touch()
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstallable(f"{' '.join(command[1:])}: {done.stderr.strip()[-600:]}")
