"""Reads what people type after `/lifecycle`. Pure.

status [SERVICE]     why SERVICE     help
keep|snooze|start SERVICE [2h | until 18:00] [why]
stop SERVICE [now] [2h | until 18:00] [why]
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from chalicelib.errors import Unfit
from chalicelib.fleet.times import until_of
from chalicelib.policy.problems import ScalarError
from chalicelib.policy.texts import parse_duration

_MOST_REASON = 300


class Verb(StrEnum):
    STATUS = "status"
    WHY = "why"
    KEEP = "keep"
    SNOOZE = "snooze"
    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Said:
    """``service`` is as it was typed, empty for all. ``until`` is text, because its zone is known later."""

    verb: Verb
    service: str = ""
    length: timedelta | None = None
    until: str = ""
    force: bool = False
    reason: str = ""

    def end(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Raises Unfit."""
        return until_of(self.until, now, zone) if self.until else None


def read(words: str) -> Said:
    """Raises Unfit with one sentence."""
    tokens = words.split()
    try:
        verb = Verb(tokens[0].lower())
    except (IndexError, ValueError):
        first = tokens[0] if tokens else ""
        raise Unfit(f'There is no "{first}": `/lifecycle help` shows what you can say.') from None
    service, rest = (tokens[1], tokens[2:]) if len(tokens) > 1 else ("", [])
    if verb is Verb.STATUS or verb is Verb.WHY:
        if rest:
            raise Unfit(f"Name one service after {verb}.")
        if verb is Verb.WHY and not service:
            raise Unfit("Which service? Write `/lifecycle why SERVICE`.")
        return Said(verb, service)
    if not service:
        raise Unfit(f"Which service? Write `/lifecycle {verb} SERVICE`.")
    return _with_time(Said(verb, service), rest)


def _with_time(said: Said, rest: list[str]) -> Said:
    force, length, until = False, None, ""
    if said.verb is Verb.STOP and rest and rest[0].lower() == "now":
        force, rest = True, rest[1:]
    if rest and not _is_plain_reason(said.verb, rest):
        first = rest[0].lower()
        if first == "until":
            if len(rest) == 1:
                raise Unfit("Until when? Write 18:00, 2026-12-31 or 2026-12-31T18:00.", field="until")
            until, rest = rest[1], rest[2:]
        elif first == "for":
            if len(rest) == 1:
                raise Unfit("For how long? Write 45m or 2h.")
            length, rest = _length(rest[1]), rest[2:]
        elif first[0].isdigit():
            length, rest = _length(first), rest[1:]
    if rest and rest[0].lower() == "because":
        rest = rest[1:]
    return Said(said.verb, said.service, length, until, force, " ".join(rest)[:_MOST_REASON])


def _is_plain_reason(verb: Verb, rest: list[str]) -> bool:
    """To snooze needs no time, so what merely looks like the begin of one (``2 of us are in a call``) is a reason."""
    if verb is not Verb.SNOOZE or rest[0].lower() == "until":
        return False
    try:
        _length(rest[1] if rest[0].lower() == "for" and len(rest) > 1 else rest[0])
    except Unfit:
        return True
    return False


def _length(text: str) -> timedelta:
    try:
        length = parse_duration(text)
    except ScalarError as error:
        raise Unfit(f'"{text}": {error.message}.') from None
    if not length:
        raise Unfit(f'"{text}" is no time at all: write 45m or 2h.')
    return length
