"""Notices as Slack shows them: one by one, or many of them as one message.

A notice about a closing has a Keep button, whose value is the service's name and that closing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.notify.headings import HEADINGS, counted_kinds, headline, without_its_name
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.notify.slack import blocks
from chalicelib.notify.slack.client import Message
from chalicelib.notify.slack.messages import keep_button

MOST_LINES = 40
"""Of a digest; a message of Slack has at most 50 blocks."""
_LINE = 280


def of_notice(notice: Notice) -> Message:
    heading = HEADINGS[notice.kind]
    text = f"{heading.mark} *{blocks.escaped(headline(notice))}*\n{_text(notice)}"
    shown = [blocks.section(text, _keep_button(notice))]
    if notice.figures:
        shown.append(blocks.fields([(blocks.escaped(name), blocks.escaped(value)) for name, value in notice.figures]))
    shown.append(blocks.context(" · ".join(_facts_beside(notice))))
    return Message(f"{heading.mark} {blocks.escaped(headline(notice))}: {_text(notice)}", tuple(shown))


def of_digest(notices: Sequence[Notice]) -> Message:
    """Many that came at once: first what needs somebody, those of a kind together."""
    told = sorted(notices, key=lambda one: (not HEADINGS[one.kind].needs_somebody, one.kind.value, one.at))
    title = counted_kinds(notices)
    shown = [blocks.header(title), *(blocks.section(_line(one), _keep_button(one)) for one in told[:MOST_LINES])]
    if len(told) > MOST_LINES:
        shown.append(blocks.context(f"… and {len(told) - MOST_LINES} more: `lifecycle history` has them all"))
    return Message(blocks.escaped(title), tuple(shown))


def _text(notice: Notice) -> str:
    return blocks.escaped(blocks.as_typed_here(without_its_name(notice)))


def _line(notice: Notice) -> str:
    heading = HEADINGS[notice.kind]
    text = f"{heading.mark} *{blocks.escaped(headline(notice))}*: {_text(notice)}"
    return blocks.cut(text, _LINE)


def _keep_button(notice: Notice) -> Any:
    if notice.kind is not NoticeKind.CLOSING_SOON or notice.service is None or notice.useless_after is None:
        return None
    return keep_button(notice.service, notice.useless_after)


def _facts_beside(notice: Notice) -> Iterator[str]:
    yield blocks.moment(notice.at)
    if notice.policy:
        yield f"policy {blocks.escaped(notice.policy)}"
    if notice.link.startswith("https://"):
        yield f"<{blocks.escaped(notice.link).replace('|', '%7C')}|more>"
