"""What people are told: one model of a notice, rendered by whoever carries it (log now, Slack and mail later)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.decide.facts import ServiceId


class NoticeKind(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    STARTED = "started"
    MENDED = "mended"
    START_FAILED = "start-failed"
    STOP_FAILED = "stop-failed"
    KEPT = "kept"
    UNKNOWN = "unknown"
    CLOSING_SOON = "closing-soon"
    HAND_START = "hand-start"
    HAND_STOP = "hand-stop"
    LIMIT = "limit"
    UNREADABLE = "unreadable"
    POLICY_CHANGED = "policy-changed"
    POLICY_PROBLEM = "policy-problem"
    TIE = "tie"
    REFUSED = "refused"
    FORGOTTEN = "forgotten"
    WOULD = "would"
    ORPHAN = "orphan"
    SPOT_INTERRUPTED = "spot-interrupted"
    SPOT_FALLBACK = "spot-fallback"
    MOVED = "moved"
    BUDGET_PACE = "budget-pace"
    BUDGET = "budget"
    COST_ANOMALY = "cost-anomaly"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing worth saying: ``text`` is one sentence; ``service`` is None when it concerns none in particular.

    ``figures`` are measured facts beside it, each a name and a value with its unit. ``useless_after``: then nobody
    need hear it any more (a closing that has passed). ``link`` is an address with more about it.
    """

    at: datetime
    kind: NoticeKind
    service: ServiceId | None
    text: str
    policy: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    useless_after: datetime | None = None
    link: str = ""


class Notifier(Protocol):
    def tell(self, notices: Sequence[Notice]) -> None:
        """Carries the notices to people. Never raises for a notice that could not be delivered; says so in the log."""


class LogSink(Protocol):
    def info(self, msg: str, *, extra: dict[str, object]) -> None: ...


class LogNotifier:
    """Writes each notice as one structured log line."""

    def __init__(self, log: LogSink) -> None:
        self._log = log

    def tell(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            self._log.info(
                notice.text,
                extra={
                    "notice": notice.kind.value,
                    "about": str(notice.service) if notice.service else "",
                    "policy": notice.policy,
                    "notice_at": notice.at.isoformat(),
                },
            )


class Silence:
    """Tells nobody: for runs that only look."""

    def tell(self, notices: Sequence[Notice]) -> None:
        return
