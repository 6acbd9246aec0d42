"""Block Kit, in the few pieces that we use, built and checked by slack_sdk's models.

Whatever comes from outside (names, reasons, addresses) goes through `escaped`: it can neither mention people nor hide
an address behind a word. Texts that are too long for Slack are cut, never refused: a message that is not sent tells
nobody anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from chalicelib.decide import words

Block = Mapping[str, Any]

_HEADER, _SECTION, _FIELD, _CONTEXT = 150, 3000, 2000, 3000
"""Most characters: https://docs.slack.dev/reference/block-kit/blocks"""
MOST_FIELDS = 10
_CONFIRM_TITLE, _CONFIRM_TEXT = 100, 300
_COMMAND = re.compile(r"`lifecycle (status|why|keep|start|stop)( --now)?`")


def escaped(text: str) -> str:
    """Slack's three control characters taken out of their meaning."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_typed_here(text: str) -> str:
    """Names commands that exist in Slack as one types them there; what exists on the command line alone stays."""
    return _COMMAND.sub(lambda found: f"`/lifecycle {found[1]}{' SERVICE now' if found[2] else ''}`", text)


def moment(at: datetime, zone: tzinfo = UTC) -> str:
    """An instant in the zone of whoever reads it; in ``zone`` where Slack cannot tell."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{escaped(words.clock(at, zone))}>"


def cut(text: str, most: int) -> str:
    """Never in the middle of an escaped character or a date, which Slack would show as it is written."""
    if len(text) <= most:
        return text
    short = text[: most - 1]
    for opens, closes in (("&", ";"), ("<", ">")):
        begins = short.rfind(opens)
        if begins > short.rfind(closes):
            short = short[:begins]
    return short + "…"


def header(text: str) -> Block:
    """Plain text, which needs no escaping."""
    from slack_sdk.models.blocks import HeaderBlock

    return _checked(HeaderBlock(text=cut(text, _HEADER)))


def section(text: str, beside: Any = None) -> Block:
    """``beside``: a button at its right."""
    from slack_sdk.models.blocks import SectionBlock

    return _checked(SectionBlock(text=_mrkdwn(text, _SECTION), accessory=beside))


def fields(pairs: Sequence[tuple[str, str]]) -> Block:
    """Name and value, two beside each other. ``pairs`` beyond the tenth are left out."""
    from slack_sdk.models.blocks import SectionBlock

    return _checked(SectionBlock(fields=[_mrkdwn(f"*{name}*\n{value}", _FIELD) for name, value in pairs[:MOST_FIELDS]]))


def context(text: str) -> Block:
    from slack_sdk.models.blocks import ContextBlock

    return _checked(ContextBlock(elements=[_mrkdwn(text, _CONTEXT)]))


def actions(block_id: str, buttons: Sequence[Any]) -> Block:
    from slack_sdk.models.blocks import ActionsBlock

    return _checked(ActionsBlock(block_id=block_id, elements=list(buttons)))


def button(
    action_id: str,
    label: str,
    value: str,
    *,
    style: Literal["primary", "danger"] | None = None,
    confirm: tuple[str, str, str] | None = None,
) -> Any:
    """``confirm``: title, question and the word for yes of a dialog that comes first; plain texts."""
    from slack_sdk.models.blocks import ButtonElement, ConfirmObject, PlainTextObject

    asks = None
    if confirm is not None:
        title, question, yes = confirm
        asks = ConfirmObject(
            title=PlainTextObject(text=cut(title, _CONFIRM_TITLE)),
            text=PlainTextObject(text=cut(question, _CONFIRM_TEXT)),
            confirm=yes,
            deny="Cancel",
        )
    return ButtonElement(text=label, action_id=action_id, value=value, style=style, confirm=asks)


def _mrkdwn(text: str, most: int) -> Any:
    """``verbatim``: only what is marked as one is a link, a channel or a person."""
    from slack_sdk.models.blocks import MarkdownTextObject

    return MarkdownTextObject(text=cut(text, most), verbatim=True)


def _checked(block: Any) -> Block:
    """Raises SlackObjectFormationError for what Slack would not take."""
    made: Block = block.to_dict()
    return made
