"""How the command line is called from where the reader stands: by name, or by its path in the virtual environment."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def our_command() -> str:
    """``lifecycle`` where the shell finds it, else a path that can be typed here, such as ``.venv/bin/lifecycle``."""
    installed = Path(sys.executable).with_name("lifecycle")
    if shutil.which("lifecycle") or not installed.exists():
        return "lifecycle"
    here = Path.cwd()
    return str(installed.relative_to(here) if installed.is_relative_to(here) else installed)
