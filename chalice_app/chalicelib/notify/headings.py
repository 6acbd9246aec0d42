"""What each kind of notice is called, wherever people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from chalicelib.notify.notice import Notice, NoticeKind


@dataclass(frozen=True, slots=True)
class Heading:
    """``needs_somebody``: more than for the record; in a thread it is shown in the channel as well."""

    mark: str
    title: str
    needs_somebody: bool = False


HEADINGS: Mapping[NoticeKind, Heading] = MappingProxyType({
    NoticeKind.STOPPED: Heading("⏹️", "Stopped"),
    NoticeKind.STARTING: Heading("▶️", "Starting"),
    NoticeKind.STARTED: Heading("✅", "Started"),
    NoticeKind.MENDED: Heading("🔧", "Mended"),
    NoticeKind.START_FAILED: Heading("❌", "Does not start", needs_somebody=True),
    NoticeKind.STOP_FAILED: Heading("❌", "Does not stop", needs_somebody=True),
    NoticeKind.KEPT: Heading("🏃", "Kept running"),
    NoticeKind.UNKNOWN: Heading("❓", "Cannot tell whether it is used", needs_somebody=True),
    NoticeKind.CLOSING_SOON: Heading("⏳", "About to stop", needs_somebody=True),
    NoticeKind.HAND_START: Heading("✋", "Started by hand"),
    NoticeKind.HAND_STOP: Heading("✋", "Stopped by hand"),
    NoticeKind.LIMIT: Heading("🚧", "Limit reached", needs_somebody=True),
    NoticeKind.UNREADABLE: Heading("🙈", "Cannot be read", needs_somebody=True),
    NoticeKind.POLICY_CHANGED: Heading("📜", "Policy changed"),
    NoticeKind.POLICY_PROBLEM: Heading("📜", "Policy with a problem", needs_somebody=True),
    NoticeKind.TIE: Heading("⚖️", "Two policies of one priority", needs_somebody=True),
    NoticeKind.REFUSED: Heading("🚫", "Left alone", needs_somebody=True),
    NoticeKind.WOULD: Heading("💭", "Dry run"),
    NoticeKind.FORGOTTEN: Heading("🧹", "Forgotten"),
    NoticeKind.ORPHAN: Heading("👻", "Orphan found", needs_somebody=True),
    NoticeKind.SPOT_INTERRUPTED: Heading("⚡", "Spot interruption", needs_somebody=True),
    NoticeKind.SPOT_FALLBACK: Heading("↪️", "On demand for now"),
    NoticeKind.MOVED: Heading("🔀", "Moved"),
    NoticeKind.BUDGET_PACE: Heading("📈", "Ahead of the budget", needs_somebody=True),
    NoticeKind.BUDGET: Heading("💸", "AWS Budgets", needs_somebody=True),
    NoticeKind.COST_ANOMALY: Heading("📊", "Cost anomaly", needs_somebody=True),
    NoticeKind.ALARM: Heading("🚨", "Alarm of lifecycle itself", needs_somebody=True),
})  # fmt: skip


def counted_kinds(notices: Iterable[Notice]) -> str:
    """``12 notices: 9 stopped, 3 kept running``."""
    counts = Counter(notice.kind for notice in notices)
    parts = [f"{count} {HEADINGS[kind].title.lower()}" for kind, count in counts.most_common()]
    return f"{counts.total()} notices: {', '.join(parts)}"


def headline(notice: Notice) -> str:
    """``Stopped: gpu-dev/chat``."""
    title = HEADINGS[notice.kind].title
    return f"{title}: {notice.service}" if notice.service else title


def without_its_name(notice: Notice) -> str:
    """The sentence, where the headline names the service already."""
    named = f"{notice.service}: "
    return notice.text.removeprefix(named) if notice.service else notice.text
