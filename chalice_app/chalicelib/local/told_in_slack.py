"""What people would have read in Slack during the demo: kept as it happens, and shown at the end as one page.

Nothing is sent and nothing stored while the week runs, so that it takes no longer for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from chalicelib.local.slack_local import CHANNEL
from chalicelib.local.slack_page import page
from chalicelib.local.slack_workspace import Member, Workspace
from chalicelib.notify.notice import Notice, Notifier
from chalicelib.notify.slack.client import Message, Posted
from chalicelib.notify.slack.showing import SlackCarrier


@dataclass(slots=True)
class Kept:
    """Passes notices on to ``also``, and keeps them."""

    also: Notifier
    notices: list[Notice] = field(default_factory=list)

    def tell(self, notices: Sequence[Notice]) -> None:
        self.also.tell(notices)
        self.notices.extend(notices)


def write(path: Path, notices: Sequence[Notice], reader: Member) -> Path:
    """One page with the channel as ``reader`` would see it; those of one moment as they would have come together."""
    here = _InProcess(Workspace((reader,), lambda: here.now.timestamp()))
    carrier = SlackCarrier(here, here)
    for at, told in groupby(sorted(notices, key=lambda one: one.at), key=lambda one: one.at):
        here.now, together = at, list(told)
        many = len(together) > carrier.most_at_once
        for batch in [together] if many else [[one] for one in together]:
            carrier.tell(CHANNEL, batch, "", at)
    path.write_text(page(here.workspace.seen_by(reader.id), live=False), encoding="utf-8")
    return path


@dataclass(slots=True)
class _InProcess:
    """Slack without a network, and the outbox's memory of threads without a table."""

    workspace: Workspace
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    _threads: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def post(self, channel: str, message: Message, *, thread: str = "", broadcast: bool = False) -> Posted:
        said = {"channel": channel, "text": message.text, "blocks": list(message.blocks), "thread_ts": thread}
        posted = self.workspace.call("chat.postMessage", {**said, "reply_broadcast": broadcast})
        return Posted(posted["channel"], posted["ts"])

    def update(self, where: Posted, message: Message) -> None:
        said = {"channel": where.channel, "ts": where.ts, "text": message.text, "blocks": list(message.blocks)}
        self.workspace.call("chat.update", said)

    def thread(self, address: str, about: str, now: datetime) -> str:
        ts, until = self._threads.get(f"{address} {about}", ("", now))
        return ts if now < until else ""

    def begin_thread(self, address: str, about: str, ts: str, until: datetime) -> None:
        self._threads[f"{address} {about}"] = (ts, until)
