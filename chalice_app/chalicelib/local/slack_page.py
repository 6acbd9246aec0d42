"""The channel as people would see it: one HTML page, live on the stand-in, or a file without its buttons' effect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_TEMPLATE = Path(__file__).with_name("slack_page.html")


def page(state: Mapping[str, Any], *, live: bool) -> str:
    """``state`` as `Workspace.seen_by` gives it."""
    data = json.dumps({"live": live, "state": state}, ensure_ascii=False).replace("</", "<\\/")
    return _TEMPLATE.read_text(encoding="utf-8").replace("/*DATA*/", data, 1)
