"""Every border that something from outside comes in at."""

from __future__ import annotations

from fuzz.api_requests import API_REQUESTS
from fuzz.app_events import DIRECT_EVENTS, QUEUED_EVENTS
from fuzz.command_line import HANDED_FILES, TYPED_WORDS
from fuzz.focus_exports import FOCUS_EXPORTS
from fuzz.hunt import Border
from fuzz.policy_files import POLICY_FILES
from fuzz.slack_requests import SLACK_REQUESTS

BORDERS: tuple[Border, ...] = (
    POLICY_FILES, QUEUED_EVENTS, DIRECT_EVENTS, SLACK_REQUESTS, FOCUS_EXPORTS, API_REQUESTS, HANDED_FILES, TYPED_WORDS,
)  # fmt: skip
