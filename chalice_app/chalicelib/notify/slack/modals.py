"""The two dialogs that ask for a time and a reason: keep until, and exclude until.

They are opened by the endpoint within Slack's three seconds, so they are plain dictionaries: slack_sdk's models, which
take longer to import than all else together, check them in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

UNTIL, REASON = "until", "reason"
"""Ids of the inputs, and of the blocks they stand in."""
MOST_CHARACTERS = 300
_KEEP_FOR = timedelta(hours=2)
_EXCLUDE_FOR = timedelta(days=7)
_QUARTER_SECONDS = 900


def keep_view(metadata: str, now: datetime) -> Mapping[str, Any]:
    """``metadata`` comes back with what was filled in; people do not see it."""
    hint = "Your policy may allow less; you will be told."
    return _view("keep", "Keep it running", "Keep", "Keep it until", hint, metadata, now + _KEEP_FOR)


def exclude_view(metadata: str, now: datetime) -> Mapping[str, Any]:
    hint = "No policy touches it until then. Only an administrator may say this."
    return _view("exclude", "Exclude it", "Exclude", "Leave it alone until", hint, metadata, now + _EXCLUDE_FOR)


def _view(id: str, title: str, yes: str, label: str, hint: str, metadata: str, proposed: datetime) -> Mapping[str, Any]:
    quarter = -(-int(proposed.timestamp()) // _QUARTER_SECONDS) * _QUARTER_SECONDS
    return {
        "type": "modal",
        "callback_id": id,
        "private_metadata": metadata,
        "title": _plain(title),
        "submit": _plain(yes),
        "close": _plain("Cancel"),
        "blocks": [
            {
                "type": "input",
                "block_id": UNTIL,
                "label": _plain(label),
                "hint": _plain(hint),
                "element": {"type": "datetimepicker", "action_id": UNTIL, "initial_date_time": quarter},
            },
            {
                "type": "input",
                "block_id": REASON,
                "label": _plain("Why"),
                "element": {"type": "plain_text_input", "action_id": REASON, "max_length": MOST_CHARACTERS},
            },
        ],
    }


def _plain(text: str) -> Mapping[str, str]:
    return {"type": "plain_text", "text": text}
