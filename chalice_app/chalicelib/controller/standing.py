"""How much waits for people: counted at each run from what it knows anyway, for the metrics that alarms stand on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceMemory
    from chalicelib.record.approval import Question


@dataclass(frozen=True, slots=True)
class Standing:
    """``unknown``: services of which nobody can tell whether they are used. ``held``: policies that are ruled by their
    last good version. ``oldest_question_seconds``: since when the longest open question to people is asked."""

    unknown: int = 0
    held: int = 0
    questions_open: int = 0
    oldest_question_seconds: int = 0


NOTHING_STANDS = Standing()


def standing_of(
    memories: Iterable[ServiceMemory], questions: Iterable[Question], held: Iterable[str], now: datetime
) -> Standing:
    """As the run began: what it found out itself is in the next one's."""
    ages = [(now - one.asked_at).total_seconds() for one in questions if one.is_pending]
    return Standing(
        unknown=sum(one.unknown_since is not None and one.gone_since is None for one in memories),
        held=len(set(held)),
        questions_open=len(ages),
        oldest_question_seconds=int(max(ages, default=0)),
    )
