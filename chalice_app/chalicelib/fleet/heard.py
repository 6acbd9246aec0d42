"""A word of a person as people read it, and what came of it at once: what the controller did, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never
from zoneinfo import ZoneInfo

from chalicelib.decide import words
from chalicelib.decide.facts import Override, OverrideKind
from chalicelib.execute.outcome import OutcomeStatus

if TYPE_CHECKING:
    from chalicelib.controller.report import Report
    from chalicelib.decide.facts import ServiceId


DEFAULT_LENGTH = timedelta(hours=2)
"""As long as a start by hand counts when nobody says otherwise (`hours.started-by-hand`)."""


class Became(StrEnum):
    """What came of a word at once. ACTED: a start or stop has begun. STANDS: the service is, or stays, as its
    ``reason`` says; the word may still wait for its moment."""

    ACTED = "acted"
    STANDS = "stands"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Heard:
    """``word`` None when nothing new was said (`resume`). ``said`` is the word, ``reason`` what the controller did."""

    service: ServiceId
    word: Override | None
    said: str
    became: Became
    reason: str


def heard_of(service: ServiceId, word: Override | None, said: str, report: Report) -> Heard:
    for outcome in report.outcomes:
        if outcome.service == service:
            match outcome.status:
                case OutcomeStatus.DONE:
                    return Heard(service, word, said, Became.ACTED, outcome.reason)
                case OutcomeStatus.REFUSED:
                    return Heard(service, word, said, Became.REFUSED, outcome.reason)
                case OutcomeStatus.FAILED:
                    return Heard(service, word, said, Became.FAILED, outcome.reason)
                case other:
                    assert_never(other)
    for one in report.decided:
        if one.facts.id == service:
            reason = one.held or one.refused or (one.decision.reason if one.decision else "nothing is to be done now")
            return Heard(service, word, said, Became.STANDS, reason)
    return Heard(service, word, said, Became.STANDS, "the next sweep looks at it, within five minutes")


def describe(said: Override, zone: ZoneInfo, *, closed_until: datetime | None = None) -> str:
    """``keep running until Fri 20 Nov 2026 18:00 JST: demo`` — as questions, `why` and the history say it.

    ``closed_until``: hours are closed, and no request wakes it before they open.
    """
    match said.kind:
        case OverrideKind.KEEP:
            what = "keep running"
        case OverrideKind.STOP:
            what = "stop at once" if said.force else "stop when not in use"
            what += _waking(said, zone, closed_until)
        case OverrideKind.EXCLUDE:
            what = "leave alone"
        case other:
            assert_never(other)
    end = f" until {words.clock_with_year(said.until, zone)}" if said.until else " for good"
    return f"{what}{end}" + (f": {words.sentence(said.reason)}" if said.reason else "")


def _waking(said: Override, zone: ZoneInfo, closed_until: datetime | None) -> str:
    if not said.wakes:
        return " and stay stopped"
    if closed_until is None:
        return ", until a request comes or"
    opens_again = said.made_at is None or closed_until > said.made_at
    if not opens_again or (said.until is not None and closed_until >= said.until):
        return " and stay stopped (hours are closed, and no request opens them)"
    return f", until a request comes after {words.clock(closed_until, zone)} or"
