"""What was decided, done, refused and said, and why: written once, never changed.

One partition a day, and an index by service. An entry's key is its instant, its kind and a digest of its content, so
a repeated write of the same entry is the same row. Savings are computed from these entries, never from wishes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from chalicelib.decide.decision import Because, Evidence, Wanted
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.errors import ConditionFailed
from chalicelib.record import conditions
from chalicelib.record.codec import Item, epoch, maybe_when, when, when_text
from chalicelib.record.table import BY_SERVICE, TTL_ATTRIBUTE, Table


class EntryKind(StrEnum):
    """In the order in which things of one instant happened; the key sorts by it."""

    POLICY = "policy"
    FREEZE = "freeze"
    OVERRIDE = "override"
    APPROVAL = "approval"
    HAND = "hand"
    WOULD = "would"
    REFUSED = "refused"
    ACTED = "acted"
    FAILED = "failed"
    NOTICE = "notice"


_A_FEW = 25
"""Entries that are read at once where only the newest few are expected to matter."""

_RANK = {kind: rank for rank, kind in enumerate(EntryKind)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history.

    ``outcome`` is one word for the action: begun, done, late, failed, refused. Entries with one ``action_id`` tell
    one action; whoever counts actions counts ids. ``desired_count`` is the size that a stop took away or a start
    gave back; the price is the on-demand price of one task's host at ``at``, None when it is not known. ``host`` and
    ``market`` say where its tasks run from then on, as `chalicelib.prices` names it; empty where nobody knew.
    """

    at: datetime
    kind: EntryKind
    who: str
    reason: str
    service: ServiceId | None = None
    policy: str = ""
    policy_version: str = ""
    wanted: Wanted | None = None
    because: Because | None = None
    evidence: tuple[Evidence, ...] = ()
    steps: tuple[str, ...] = ()
    outcome: str = ""
    action: ActionKind | None = None
    action_id: str = ""
    desired_count: int | None = None
    price_usd_per_hour: Decimal | None = None
    price_source: str = ""
    price_as_of: date | None = None
    host: str = ""
    market: str = ""
    moved_from: str = ""
    """The market from which this very action of ours moved it; empty: it moved nothing."""


class History:
    """``keep``: how long entries stay before DynamoDB may delete them; None keeps them for good."""

    def __init__(self, table: Table, keep: timedelta | None = None) -> None:
        self._table = table
        self._keep = keep

    def append(self, entry: Entry) -> bool:
        """False when this very entry stands already."""
        item = _item(entry)
        if self._keep is not None:
            item[TTL_ATTRIBUTE] = epoch(entry.at + self._keep)
        try:
            self._table.put(item, conditions.NEW_ENTRY)
        except ConditionFailed:
            return False
        return True

    def of_service(
        self, service: ServiceId, since: datetime | None = None, limit: int | None = None
    ) -> tuple[Entry, ...]:
        """Newest first. The index follows the table by moments: an entry just written may not be there yet."""
        rows = self._table.query(
            str(service),
            since=when_text(since) if since else "",
            index=BY_SERVICE,
            newest_first=True,
            limit=limit,
        )
        return tuple(_entry(row) for row in rows)

    def before(self, service: ServiceId, at: datetime) -> Iterator[Entry]:
        """Of one service, strictly before ``at``, newest first, read as far as the caller goes; see `of_service`."""
        rows = self._table.query(str(service), before=when_text(at), index=BY_SERVICE, newest_first=True, page=_A_FEW)
        return (_entry(row) for row in rows)

    def of_day(self, day: date) -> Iterator[Entry]:
        """Oldest first; ``day`` is a day of UTC."""
        return (_entry(row) for row in self._table.query(_day_pk(day)))

    def since(self, start: datetime, until: datetime) -> Iterator[Entry]:
        """Oldest first, ``start <= at <= until``; one query a day."""
        day, last = start.astimezone(UTC).date(), until.astimezone(UTC).date()
        while day <= last:
            for row in self._table.query(_day_pk(day), since=when_text(start)):
                entry = _entry(row)
                if entry.at > until:
                    return
                yield entry
            day += timedelta(days=1)


def as_text(entry: Entry) -> str:
    """The whole entry, to be kept until it stands in the history."""
    return json.dumps(_content(entry), sort_keys=True, default=str)


def from_text(text: str) -> Entry:
    """The very entry that `as_text` was given: appended again, it is the same row."""
    content: dict[str, Any] = {name: value for name, value in json.loads(text).items() if value is not None}
    price = content.get("price_usd_per_hour")
    return _entry({**content, "price_usd_per_hour": Decimal(price) if price else None})


def key_of(entry: Entry) -> str:
    """Where the entry stands among all of the record: later ones have greater keys, no two the same."""
    return str(_item(entry)["sk"])


def _day_pk(day: date) -> str:
    return f"HISTORY#{day.isoformat()}"


def _item(entry: Entry) -> dict[str, Any]:
    content = _content(entry)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]
    return {
        "pk": _day_pk(entry.at.astimezone(UTC).date()),
        "sk": f"{when_text(entry.at)}#{_RANK[entry.kind]:02d}#{digest}",
        **{name: value for name, value in content.items() if value not in (None, "", [])},
    }


def _content(entry: Entry) -> dict[str, Any]:
    return {
        "noted_at": when_text(entry.at),
        "kind": entry.kind.value,
        "who": entry.who,
        "reason": entry.reason,
        "service": str(entry.service) if entry.service else None,
        "policy": entry.policy,
        "policy_version": entry.policy_version,
        "wanted": entry.wanted.value if entry.wanted else None,
        "because": entry.because.value if entry.because else None,
        "evidence": [evidence_map(one) for one in entry.evidence],
        "steps": list(entry.steps),
        "outcome": entry.outcome,
        "action_kind": entry.action.value if entry.action else None,
        "action_id": entry.action_id,
        "desired_count": entry.desired_count,
        "price_usd_per_hour": entry.price_usd_per_hour,
        "price_source": entry.price_source,
        "price_as_of": entry.price_as_of.isoformat() if entry.price_as_of else None,
        **_place(entry),
    }


def _place(entry: Entry) -> dict[str, str]:
    """Only what is known: an entry without it keeps the key that it had before entries knew of places."""
    found = {"host": entry.host, "market": entry.market, "moved_from": entry.moved_from}
    return {name: text for name, text in found.items() if text}


def evidence_map(one: Evidence) -> dict[str, str]:
    found = {"name": one.name, "value": one.value, "unit": one.unit}
    if one.since:
        found["since"] = when_text(one.since)
    if one.until:
        found["until"] = when_text(one.until)
    return found


def evidence_of(found: Mapping[str, str]) -> Evidence:
    return Evidence(
        name=found["name"],
        value=found["value"],
        unit=found.get("unit", ""),
        since=maybe_when(found.get("since")),
        until=maybe_when(found.get("until")),
    )


def _entry(item: Item) -> Entry:
    return Entry(
        at=when(item["noted_at"]),
        kind=EntryKind(item["kind"]),
        who=str(item.get("who", "")),
        reason=str(item.get("reason", "")),
        service=ServiceId.parse(item["service"]) if "service" in item else None,
        policy=str(item.get("policy", "")),
        policy_version=str(item.get("policy_version", "")),
        wanted=Wanted(item["wanted"]) if "wanted" in item else None,
        because=Because(item["because"]) if "because" in item else None,
        evidence=tuple(evidence_of(one) for one in item.get("evidence", [])),
        steps=tuple(item.get("steps", [])),
        outcome=str(item.get("outcome", "")),
        action=ActionKind(item["action_kind"]) if "action_kind" in item else None,
        action_id=str(item.get("action_id", "")),
        desired_count=int(item["desired_count"]) if "desired_count" in item else None,
        price_usd_per_hour=item.get("price_usd_per_hour"),
        price_source=str(item.get("price_source", "")),
        price_as_of=date.fromisoformat(item["price_as_of"]) if "price_as_of" in item else None,
        host=str(item.get("host", "")),
        market=str(item.get("market", "")),
        moved_from=str(item.get("moved_from", "")),
    )
