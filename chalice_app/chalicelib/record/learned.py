"""What each service has taught, a row a service: a few kilobytes, written whole, only over the revision that was read.

The body says its format; one of another format is as good as lost. What is lost is rebuilt from the history by who
reads it (`controller.recalling`). Rows of services that are never looked at again expire by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from chalicelib.decide.adaptive import BINS, GapLaw
from chalicelib.decide.facts import ServiceId
from chalicelib.decide.learned import Learned
from chalicelib.decide.prewarm import Bet, BetRecord, Habit
from chalicelib.errors import ConditionFailed
from chalicelib.record import conditions
from chalicelib.record.codec import epoch, maybe_when, when_text
from chalicelib.record.table import TTL_ATTRIBUTE, Changes, Table

PK = "LEARNED"
FORMAT = 1
KEPT = timedelta(days=90)

_MOMENTS = ("bets_from", "used_until", "known_until", "asleep_since", "waking_since", "woken_at")
_NUMBERS = ("boot_seconds", "answer_seconds", "boots", "cold_starts", "bet_acted")


class LearnedRows:
    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, service: ServiceId) -> tuple[Learned | None, int]:
        """What stands there and its revision; None for no row, or for one that cannot be understood."""
        item = self._table.get(PK, str(service))
        if item is None:
            return None, 0
        revision = int(item.get("revision", 0))
        found = unpacked(str(item.get("body", ""))) if item.get("format") == FORMAT else None
        return (replace(found, revision=revision) if found else None), revision

    def save(self, service: ServiceId, learned: Learned, now: datetime) -> bool:
        """Over ``learned.revision`` and nothing newer. False when somebody else wrote meanwhile: theirs stands."""
        changes = Changes(
            set={"body": packed(learned), "format": FORMAT, TTL_ATTRIBUTE: epoch(now + KEPT)}, add={"revision": 1}
        )
        first = learned.revision == 0
        condition = conditions.FIRST_REVISION if first else conditions.SAME_REVISION
        try:
            self._table.update(PK, str(service), changes, condition, None if first else {":seen": learned.revision})
        except ConditionFailed:
            return False
        return True


def packed(learned: Learned) -> str:
    habit, gaps = learned.habit, learned.gaps
    body: dict[str, Any] = {
        "gaps": [[round(c, 6) for c in gaps.counts], [round(s, 2) for s in gaps.sums], gaps.seen],
        "bets": asdict(learned.bets),
        **{name: getattr(learned, name) for name in _NUMBERS},
        **{name: when_text(at) for name in _MOMENTS if (at := getattr(learned, name))},
    }
    if habit is not None:
        body["habit"] = [habit.since_day, {str(day): f"{mask:x}" for day, mask in sorted(habit.days.items())}]
    if learned.bet is not None:
        body["bet"] = asdict(learned.bet)
    return json.dumps(body, separators=(",", ":"), sort_keys=True)


def unpacked(text: str) -> Learned | None:
    try:
        body = json.loads(text)
        counts, sums, seen = body["gaps"]
        if len(counts) != BINS or len(sums) != BINS:
            return None
        return Learned(
            gaps=GapLaw(tuple(map(float, counts)), tuple(map(float, sums)), int(seen)),
            habit=_habit(body.get("habit")),
            bets=BetRecord(**body["bets"]),
            bet=Bet(**body["bet"]) if "bet" in body else None,
            boot_seconds=body["boot_seconds"],
            boots=int(body["boots"]),
            cold_starts=int(body["cold_starts"]),
            bet_acted=bool(body["bet_acted"]),
            bets_from=maybe_when(body.get("bets_from")),
            used_until=maybe_when(body.get("used_until")),
            known_until=maybe_when(body.get("known_until")),
            asleep_since=maybe_when(body.get("asleep_since")),
            waking_since=maybe_when(body.get("waking_since")),
            woken_at=maybe_when(body.get("woken_at")),
            answer_seconds=body["answer_seconds"],
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _habit(found: tuple[int, Mapping[str, str]] | None) -> Habit | None:
    if found is None:
        return None
    since, days = found
    return Habit(int(since), MappingProxyType({int(day): int(mask, 16) for day, mask in days.items()}))
