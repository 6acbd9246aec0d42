"""One question with everything in it, for tests of what people are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.decision import Evidence
from chalicelib.decide.facts import ServiceId
from chalicelib.record.approval import Answer, AnswerKind, Given, Question, Stakes

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 18, 12, tzinfo=TOKYO)


def question(**more: object) -> Question:
    made = Question(
        id="apr-0123456789abcdef",
        service=ServiceId("gpu-dev", "chat"),
        action=ApprovalAction.IDLE_STOP,
        policy="vision",
        policy_version="v-7",
        asked_at=NOON,
        reason="No request began, ran or ended for 30 min",
        evidence=(
            Evidence("requests", "0", "requests", NOON - timedelta(minutes=32), NOON - timedelta(minutes=2)),
            Evidence("gpu", "1", "%", NOON - timedelta(minutes=32), NOON - timedelta(minutes=2)),
        ),
        steps=("set the desired count 2 -> 0",),
        stakes=Stakes(
            usd_per_hour=Decimal("3.00"),
            price_source="list price of g5.xlarge, 2026-11-01",
            saves_usd=Decimal("24.00"),
            saves_until=NOON + timedelta(hours=8),
            desired_count=2,
            owner="owner@example.com",
            cold_start_seconds=245,
            used_by=("ada@example.com", "ben@example.com"),
            last_used=NOON - timedelta(minutes=41),
        ),
        approvers=("group:leads", "user:cleo@example.com"),
        zone="Asia/Tokyo",
        channel="#vision",
        answer_by=NOON + timedelta(minutes=30),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def given(kind: AnswerKind = AnswerKind.APPROVE, *, reason: str = "", until: datetime | None = None) -> Given:
    return Given(Answer(kind, until, reason), "ada@example.com", NOON + timedelta(minutes=7), "User", "sub-ada")
