"""A workspace of Slack in memory: channels with messages and threads, people, open dialogs; what one sees who looks.

It holds what Slack would and refuses what Slack would refuse, as far as we use it.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
TEAM, APP, BOT = "T0LOCAL01", "A0LOCAL01", "U0LIFECYCLE"
TRIGGER_SECONDS = 3.0
HOOK_USES, HOOK_SECONDS = 5, 1800.0
"""Of a ``response_url``: https://docs.slack.dev/interactivity/handling-user-interaction"""
_CHANNEL = re.compile(r"#[^\s,#@]{1,80}")
MOST_BLOCKS = 50


@dataclass(frozen=True, slots=True)
class Member:
    id: str
    email: str
    zone: str = "Asia/Tokyo"

    @property
    def name(self) -> str:
        return self.email.partition("@")[0]


@dataclass(slots=True)
class Shown:
    """One message. ``only_for``: the one person who sees it. ``thread``: the ``ts`` it answers."""

    ts: str
    channel: str
    text: str
    blocks: list[Json]
    thread: str = ""
    broadcast: bool = False
    only_for: str = ""
    edited: bool = False


class Refusal(Exception):
    """Slack's ``"ok": false``, with its word."""


@dataclass
class Workspace:
    members: tuple[Member, ...]
    seconds: Callable[[], float] = time.time
    """What time messages bear."""
    messages: list[Shown] = field(default_factory=list)
    views: dict[str, tuple[str, Json]] = field(default_factory=dict)
    """Open dialogs: who sees it, and the view, by its id."""
    _channels: dict[str, str] = field(default_factory=dict)
    _triggers: dict[str, tuple[str, float]] = field(default_factory=dict)
    _hooks: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    _hooks_left: dict[str, tuple[int, float]] = field(default_factory=dict)
    _count: Any = field(default_factory=lambda: itertools.count(1))
    lock: Any = field(default_factory=threading.RLock)

    # --- the Web API

    def call(self, method: str, said: Mapping[str, Any]) -> Json:
        """Raises Refusal."""
        with self.lock:
            match method:
                case "chat.postMessage":
                    return self._post(said)
                case "chat.update":
                    return self._update(said)
                case "views.open":
                    return self._open(said)
                case "users.info":
                    return {"user": self._person(str(said.get("user", "")))}
                case "auth.test":
                    return {"team_id": TEAM, "user_id": BOT}
                case _:
                    raise Refusal("unknown_method")

    def _post(self, said: Mapping[str, Any]) -> Json:
        channel = self._channel(str(said.get("channel", "")))
        thread = str(said.get("thread_ts") or "")
        if thread and not any(one.ts == thread and one.channel == channel for one in self.messages):
            raise Refusal("thread_not_found")
        text, blocks = _content(said)
        shown = Shown(self._ts(), channel, text, blocks, thread, bool(said.get("reply_broadcast")))
        self.messages.append(shown)
        return {"channel": channel, "ts": shown.ts}

    def _update(self, said: Mapping[str, Any]) -> Json:
        shown = self.message(str(said.get("channel", "")), str(said.get("ts", "")))
        if shown is None or shown.only_for:
            raise Refusal("message_not_found")
        shown.text, shown.blocks = _content(said)
        shown.edited = True
        return {"channel": shown.channel, "ts": shown.ts}

    def _open(self, said: Mapping[str, Any]) -> Json:
        user, until = self._triggers.pop(str(said.get("trigger_id", "")), ("", 0.0))
        if not user or time.monotonic() > until:
            raise Refusal("expired_trigger_id")
        view = said.get("view")
        if not isinstance(view, dict) or view.get("type") != "modal" or not isinstance(view.get("blocks"), list):
            raise Refusal("invalid_arguments")
        id = f"V{next(self._count):08}"
        self.views[id] = (user, {**view, "id": id, "team_id": TEAM})
        return {"view": {"id": id}}

    def _person(self, id: str) -> Json:
        member = self.member(id)
        profile = {"email": member.email, "display_name": member.name}
        return {
            "id": member.id, "team_id": TEAM, "name": member.name, "tz": member.zone, "is_email_confirmed": True,
            "deleted": False, "is_bot": False, "profile": profile,
        }  # fmt: skip

    def respond(self, hook: str, said: Mapping[str, Any]) -> None:
        """What is sent to a ``response_url``. Raises Refusal."""
        with self.lock:
            left, until = self._hooks_left.get(hook, (0, 0.0))
            if not left or time.monotonic() > until:
                raise Refusal("used_url")
            self._hooks_left[hook] = left - 1, until
            user, channel, ts = self._hooks[hook]
            text, blocks = _content(said)
            clicked = self.message(channel, ts)
            if said.get("replace_original") and clicked is not None:
                clicked.text, clicked.blocks, clicked.edited = text, blocks, True
                return
            self.whisper(user, channel, text, blocks)

    # --- what people's requests are made of

    def whisper(self, user: str, channel: str, text: str, blocks: Sequence[Json] = ()) -> None:
        with self.lock:
            self.messages.append(Shown(self._ts(), channel, text, list(blocks), only_for=user))

    def trigger(self, user: str) -> str:
        with self.lock:
            id = f"trigger.{next(self._count)}"
            self._triggers[id] = (user, time.monotonic() + TRIGGER_SECONDS)
            return id

    def hook(self, user: str, channel: str, ts: str = "") -> str:
        with self.lock:
            id = f"hook{next(self._count)}"
            self._hooks[id] = (user, channel, ts)
            self._hooks_left[id] = HOOK_USES, time.monotonic() + HOOK_SECONDS
            return id

    def member(self, id: str) -> Member:
        found = next((one for one in self.members if one.id == id), None)
        if found is None:
            raise Refusal("user_not_found")
        return found

    def message(self, channel: str, ts: str) -> Shown | None:
        return next((one for one in self.messages if one.ts == ts and one.channel == channel), None)

    def channel_name(self, id: str) -> str:
        return next((name for name, one in self._channels.items() if one == id), id)

    def channel_id(self, name: str) -> str:
        with self.lock:
            return self._channel(name)

    def seen_by(self, user: str) -> Json:
        """Everything that this person's screen shows."""
        with self.lock:
            shown = [one for one in self.messages if one.only_for in ("", user)]
            return {
                "me": user,
                "people": [_as_person(one) for one in self.members],
                "channels": [{"id": id, "name": name} for name, id in self._channels.items()],
                "messages": [_as_json(one) for one in shown],
                "views": [view for who, view in self.views.values() if who == user],
            }

    # --- how

    def _channel(self, said: str) -> str:
        if said in self._channels.values():
            return said
        if not _CHANNEL.fullmatch(said):
            raise Refusal("channel_not_found")
        return self._channels.setdefault(said, f"C{len(self._channels) + 1:08}")

    def _ts(self) -> str:
        return f"{int(self.seconds())}.{next(self._count):06}"


def _content(said: Mapping[str, Any]) -> tuple[str, list[Json]]:
    text, blocks = str(said.get("text") or ""), said.get("blocks") or []
    if isinstance(blocks, str):
        blocks = json.loads(blocks)
    if not text and not blocks:
        raise Refusal("no_text")
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS or not all(_is_block(one) for one in blocks):
        raise Refusal("invalid_blocks")
    return text, blocks


def _is_block(block: Any) -> bool:
    """Slack's own limits: https://docs.slack.dev/reference/block-kit/blocks"""
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return False
    texts = {"header": 150, "section": 3000}
    long = len(str((block.get("text") or {}).get("text", "")))
    if long > texts.get(block["type"], 3000):
        return False
    ids = [one.get("action_id") for one in block.get("elements", ()) if "action_id" in one]
    return len(ids) == len(set(ids)) and len(block.get("elements", ())) <= 25 and len(block.get("fields", ())) <= 10


def _as_person(one: Member) -> Json:
    return {"id": one.id, "name": one.name, "email": one.email, "zone": one.zone}


def _as_json(one: Shown) -> Json:
    return {
        "ts": one.ts, "channel": one.channel, "text": one.text, "blocks": one.blocks, "thread": one.thread,
        "broadcast": one.broadcast, "ephemeral": bool(one.only_for), "edited": one.edited,
    }  # fmt: skip
