"""Golden files: what people are shown, kept beside the test that shows it.

``GOLDEN=write pytest …`` writes them anew; look at the difference before it is committed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def assert_golden(path: Path, shown: Any) -> None:
    """``shown`` is anything JSON can hold."""
    text = json.dumps(shown, indent=2, ensure_ascii=False, default=list) + "\n"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.exists(), f"{path.name} is not there: run with GOLDEN=write, and look at it"
    assert text == path.read_text()
