"""The document's first minute as Slack blocks: the headline, the four figures, what to do, and where the rest is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.render.document import Document

_TEXT_MOST = 2900
"""Slack takes 3,000 characters in a section's text and 2,000 in a field; a little less leaves room for its escapes."""


def slack(document: Document) -> Mapping[str, Any]:
    """``text`` for notifications, ``blocks`` for the message: arguments of chat.postMessage or of a webhook."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": document.title[:150]}},
        _section("\n".join(_escaped(line) for line in document.headline)),
        {"type": "section", "fields": [_field(document, at) for at in range(len(document.tiles))]},
    ]
    if document.todo:
        listed = "\n".join(f"{n}. {_escaped(line)}" for n, line in enumerate(document.todo, 1))
        blocks.append(_section(f"*{_escaped(document.todo_title)}*\n{listed}"))
    for part in document.parts:
        if part.missing:
            blocks.append(_context(f"{_escaped(part.title)}: {_escaped(part.missing)}"))
    if document.link:
        shown = _escaped(document.link_text.removesuffix(document.link).rstrip(" :：") or document.link)
        blocks.append(_section(f"<{document.link}|{shown}>"))
    blocks.append(_context(f"{_escaped(document.span)} · {_escaped(document.closing[0])}"))
    return {"text": document.subject, "blocks": blocks}


def _field(document: Document, at: int) -> dict[str, str]:
    tile = document.tiles[at]
    shown = tile.figure.text if tile.figure else "–"
    return {"type": "mrkdwn", "text": f"*{_escaped(tile.label)}*\n{shown}  {_escaped(tile.note)}"[:1900]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:_TEXT_MOST]}}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text[:_TEXT_MOST]}]}


def _escaped(text: str) -> str:
    """Slack's three: https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
