"""Notices and questions as texts that wait in the outbox, and back. Decides nothing."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import timedelta

from chalicelib.decide.facts import ServiceId
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.record.approval import Question
from chalicelib.record.approvals import item_of, question_of
from chalicelib.record.codec import maybe_when, when, when_text
from chalicelib.record.outbox import Letter, Sort
from chalicelib.record.table import TTL_ATTRIBUTE

SAME_AGAIN_AFTER = timedelta(hours=1)
"""The very same sentence is not told twice within this time: a run that died after telling it runs again."""
STANDING = frozenset({NoticeKind.ORPHAN, NoticeKind.BUDGET, NoticeKind.BUDGET_PACE, NoticeKind.COST_ANOMALY})
"""What is found again and again while it stands: told once a day."""


def same_again_after(kind: NoticeKind) -> timedelta:
    return timedelta(days=1) if kind in STANDING else SAME_AGAIN_AFTER


def letter_of(notice: Notice) -> Letter:
    """Not addressed yet. What says the same has the same id, whenever it is said."""
    content = _content(notice)
    said = json.dumps({**content, "at": ""}, sort_keys=True)
    id = f"notice-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
    body = json.dumps(content, sort_keys=True)
    return Letter(id, Sort.NOTICE, body, notice.at, notice.at, useless_after=notice.useless_after)


def notice_of(body: str) -> Notice:
    found = json.loads(body)
    return Notice(
        at=when(found["at"]),
        kind=NoticeKind(found["kind"]),
        service=ServiceId.parse(found["service"]) if found["service"] else None,
        text=found["text"],
        policy=found["policy"],
        figures=tuple((name, value) for name, value in found["figures"]),
        useless_after=maybe_when(found["useless_after"]),
        link=found["link"],
    )


def letter_of_question(question: Question) -> Letter:
    """The plan stays at home: nobody reads it in a message."""
    item = {name: value for name, value in item_of(replace(question, plan="")).items() if name != TTL_ATTRIBUTE}
    body = json.dumps({**item, "frozen": b64encode(item["frozen"]).decode()}, sort_keys=True)
    address = slack_address(question.channel)
    asked = question.asked_at
    return Letter(question.id, Sort.QUESTION, body, asked, asked, address=address, version=question.version)


def asked_question_of(body: str) -> Question:
    found = json.loads(body)
    return question_of({**found, "frozen": b64decode(found["frozen"])})


def slack_address(channel: str) -> str:
    return f"slack:{channel}"


def _content(notice: Notice) -> dict[str, object]:
    return {
        "at": when_text(notice.at),
        "kind": notice.kind.value,
        "service": str(notice.service) if notice.service else "",
        "text": notice.text,
        "policy": notice.policy,
        "figures": [list(one) for one in notice.figures],
        "useless_after": when_text(notice.useless_after) if notice.useless_after else "",
        "link": notice.link,
    }
