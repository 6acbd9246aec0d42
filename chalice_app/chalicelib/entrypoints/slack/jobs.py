"""What the endpoint hands on to the worker through the queue: who asked for what, and where to tell them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.errors import MalformedEvent


class Task(StrEnum):
    APPROVE = "approve"
    DENY = "deny"
    SNOOZE = "snooze"
    KEEP = "keep"
    EXCLUDE = "exclude"
    DETAILS = "details"
    KEEP_SERVICE = "keep_service"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Job:
    """``request`` names the request it came with: the same request is done once. ``question`` and ``version`` belong
    to all but KEEP_SERVICE, which has a ``service`` and in ``until`` its closing, and COMMAND, which has ``words``."""

    request: str
    task: Task
    user: str
    response_url: str
    question: str = ""
    version: int = 0
    until: datetime | None = None
    reason: str = ""
    service: str = ""
    words: str = ""

    def to_json(self) -> str:
        return json.dumps({
            "request": self.request,
            "task": self.task.value,
            "user": self.user,
            "response_url": self.response_url,
            "question": self.question,
            "version": self.version,
            "until": self.until.isoformat() if self.until else None,
            "reason": self.reason,
            "service": self.service,
            "words": self.words,
        })  # fmt: skip


def job_of(text: str) -> Job:
    """Raises MalformedEvent for what is no job of ours."""
    try:
        sent: Mapping[str, Any] = json.loads(text)
        until = sent["until"]
        return Job(
            request=str(sent["request"]),
            task=Task(sent["task"]),
            user=str(sent["user"]),
            response_url=str(sent["response_url"]),
            question=str(sent["question"]),
            version=int(sent["version"]),
            until=datetime.fromisoformat(until) if until else None,
            reason=str(sent["reason"]),
            service=str(sent["service"]),
            words=str(sent["words"]),
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise MalformedEvent(f"this message is no job of Slack's endpoint: {type(error).__name__}") from error
