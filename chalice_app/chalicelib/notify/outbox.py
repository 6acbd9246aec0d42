"""Puts what people are to hear into the outbox, and does nothing else: whoever acts never waits for Slack or mail.

`delivering` sends it. Put down twice, it is told once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chalicelib.errors import RecordUnavailable
from chalicelib.notify.letters import letter_of, letter_of_question, same_again_after
from chalicelib.notify.notice import Notice, Notifier
from chalicelib.record.approval import Question
from chalicelib.record.outbox import OutboxRows


class WarningSink(Protocol):
    def warning(self, msg: str, *, extra: dict[str, object]) -> None: ...


class OutboxNotifier:
    """Notices go into ``also`` (the log) in any case."""

    def __init__(self, rows: OutboxRows, also: Notifier, log: WarningSink) -> None:
        self._rows = rows
        self._also = also
        self._log = log

    def tell(self, notices: Sequence[Notice]) -> None:
        self._also.tell(notices)
        for place, notice in enumerate(notices):
            try:
                self._rows.put(letter_of(notice), same_again_after=same_again_after(notice.kind))
            except RecordUnavailable as error:
                lost = len(notices) - place
                self._log.warning(f"notices stand in this log only: {error}", extra={"notices": lost})
                return


class OutboxHerald:
    """Questions, in every version; `controller.questions` calls again for what could not be put down."""

    def __init__(self, rows: OutboxRows) -> None:
        self._rows = rows

    def tell(self, question: Question) -> None:
        self._rows.put(letter_of_question(question))
