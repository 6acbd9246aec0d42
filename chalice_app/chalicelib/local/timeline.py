"""The demo's timeline: one line for what happened at one moment, refusals as loud as actions, never too many lines.

What happens to several services for the same reason is one line. What has happened before (the same word, service
and reason) is counted and not told again, so that a second Tuesday does not push a failure off the screen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from textwrap import wrap
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ServiceId

LONGEST = 25
"""Lines."""


class Word(StrEnum):
    STOP = "STOP"
    START = "START"
    READY = "READY"
    KEEP = "KEEP"
    LEAVE = "LEAVE"
    WAIT = "WAIT"
    REFUSE = "REFUSE"
    FAIL = "FAIL"
    HAND = "HAND"
    SAID = "SAID"
    WOULD = "WOULD"
    MEND = "MEND"
    NOTE = "NOTE"
    POLICY = "POLICY"


LOUD = frozenset({Word.KEEP, Word.LEAVE, Word.WAIT, Word.REFUSE, Word.FAIL})
"""Where somebody did not get what was wished."""

TURNS = frozenset({Word.HAND, Word.SAID})
BY_A_PERSON = "override"
"""The sort of what an override brought about."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened, to one service or (None) to none in particular. ``sort`` tells a repetition: the same
    word, service and sort.

    ``saves_usd`` is what the stop saves until the next opening (``planned``), or in an hour.
    """

    at: datetime
    word: Word
    service: ServiceId | None
    text: str
    sort: str
    saves_usd: Decimal | None = None
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Several services to which the same happened at once; ``text`` is the reason they share."""

    at: datetime
    word: Word
    services: tuple[ServiceId, ...]
    text: str
    saves_usd: Decimal | None
    planned: bool
    is_repetition: bool = False

    @property
    def is_loud(self) -> bool:
        return self.word in LOUD

    @property
    def names(self) -> str:
        return ", ".join(service.name for service in self.services)

    @property
    def short_names(self) -> str:
        """``dev-chat, dev-demo +1`` for three."""
        shown, more = self.services[:2], len(self.services) - 2
        return ", ".join(service.name for service in shown) + (f" +{more}" if more > 0 else "")

    @property
    def saves(self) -> str:
        if self.saves_usd is None:
            return ""
        return f"saves ${self.saves_usd:,.2f}" + ("" if self.planned else "/h")


@dataclass(slots=True)
class Timeline:
    """``lines`` is everything; `add` gives back what is worth showing now."""

    zone: ZoneInfo
    longest: int = LONGEST
    lines: list[Line] = field(default_factory=list)
    repeated: Counter[Word] = field(default_factory=Counter)
    _shown: int = 0
    _seen: set[tuple[Word, ServiceId | None, str]] = field(default_factory=set)

    def add(self, happenings: Iterable[Happening]) -> list[Line]:
        """The first stop after something that a person did is worth telling, however often it was told before."""
        show: list[Line] = []
        for group in alike(happenings):
            line, news = as_line(group), self._is_news(group)
            told = replace(line, is_repetition=not news)
            self.lines.append(told)
            if news and self._shown < self.longest:
                self._shown += 1
                show.append(told)
            else:
                self.repeated[line.word] += len(line.services)
        return show

    def _is_news(self, group: list[Happening]) -> bool:
        keys = {(one.word, one.service, one.sort) for one in group}
        news = not keys <= self._seen
        self._seen |= keys
        turned = {one.service for one in group if one.word in TURNS or one.sort == BY_A_PERSON}
        self._seen = {key for key in self._seen if key[0] is not Word.STOP or key[1] not in turned}
        return news


def alike(happenings: Iterable[Happening]) -> list[list[Happening]]:
    """Those of one moment that share word and reason, together."""
    groups: dict[tuple[Word, str], list[Happening]] = {}
    for one in happenings:
        groups.setdefault((one.word, one.text), []).append(one)
    return list(groups.values())


def as_line(group: Sequence[Happening]) -> Line:
    amounts = [one.saves_usd for one in group if one.saves_usd is not None]
    services = tuple(sorted(one.service for one in group if one.service is not None))
    total = sum(amounts, Decimal(0)) if amounts else None
    return Line(group[0].at, group[0].word, services, group[0].text, total, all(one.planned for one in group))


def plain(line: Line, zone: ZoneInfo, width: int = 100) -> str:
    """``Mon 20:00  STOP   dev-chat  closed until Tue 08:00  saves $12.07``; a longer reason goes on below itself."""
    head = f"{line.at.astimezone(zone):%a %H:%M}  {line.word.value:<6} "
    tail = f"  {line.saves}" if line.saves else ""
    names, indent = f"{line.short_names:<{NAMES}} ", " " * (NAMES + 1)
    first, *more = wrap(names + line.text, width - len(head) - len(tail), subsequent_indent=indent) or [names]
    below = "".join(f"\n{'':{len(head)}}{part}" for part in more)
    return f"{head}{first:<{width - len(head) - len(tail)}}{tail}".rstrip() + below


NAMES = 20
"""Columns for the services' names; longer lists push the reason to the right."""
