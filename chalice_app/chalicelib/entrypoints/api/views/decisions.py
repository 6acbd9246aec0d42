"""The record of what was decided, done, refused and said. A User reads what concerns their own instances, and what
concerns everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from chalicelib.decide.facts import ServiceId
from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.paging import pack, unpack
from chalicelib.entrypoints.api.shapes.record import DecisionPage, DecisionQuery, DecisionShape, DecisionSort
from chalicelib.errors import SwitchedOff, Unfit
from chalicelib.fleet.people import Caller, Role
from chalicelib.record.codec import when, when_text
from chalicelib.record.history import Entry, History, key_of

DEFAULT_REACH = timedelta(days=7)
MOST_DAYS = 31
"""Searched by one call; the cursor goes on from there."""
EARLIEST = datetime(2024, 1, 1, tzinfo=UTC)
"""No record is older than this project."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Keys from ``low`` up to and without ``high``, and without ``after``, with which the page before ended."""

    low: str
    high: str
    down: bool
    after: str

    def holds(self, key: str) -> bool:
        return self.low <= key < self.high and key != self.after

    def days(self) -> Iterator[date]:
        first, last = date.fromisoformat(self.low[:10]), date.fromisoformat(self.high[:10])
        for number in range((last - first).days + 1):
            yield last - timedelta(days=number) if self.down else first + timedelta(days=number)


def list_decisions(call: Call, query: DecisionQuery) -> DecisionPage:
    span, visible, shown = _span(query, call.now), _visible(call), list[tuple[str, Entry]]()
    reader = call.caller
    for number, (day, entries) in enumerate(_searched(call.app.history, query.service, span)):
        if number == MOST_DAYS:
            return _page(query, reader, shown, _edge(day, down=span.down))
        for key, entry in entries:
            if (query.kind and entry.kind not in query.kind) or not visible(entry):
                continue
            if len(shown) == query.limit:
                return _page(query, reader, shown, shown[-1][0])
            shown.append((key, entry))
    return _page(query, reader, shown, None)


def _page(
    query: DecisionQuery, reader: Caller, shown: Iterable[tuple[str, Entry]], next_key: str | None
) -> DecisionPage:
    return DecisionPage(
        items=[DecisionShape.of(entry, reader) for _, entry in shown],
        next_cursor=pack(query.sort.value, (next_key, "")) if next_key is not None else None,
    )


def _span(query: DecisionQuery, now: datetime) -> _Span:
    """Raises Unfit for a cursor that is none of ours, and for an end before the beginning."""
    until = min(query.until or now, now)
    since = max(query.since or until - DEFAULT_REACH, EARLIEST)
    if query.since is not None and query.until is not None and query.since > query.until:
        raise Unfit("This is after until.", field="since")
    down = query.sort is DecisionSort.NEWEST
    after = _after(query.cursor, query.sort.value) if query.cursor else ""
    low, high = when_text(since), f"{when_text(until)}~"
    if after:
        low, high = (low, min(high, after)) if down else (max(low, after), high)
    return _Span(low, high, down, after)


def _after(cursor: str, order: str) -> str:
    key = unpack(cursor, order)[0]
    moment, _, _ = key.partition("#")
    try:
        if when_text(when(moment)) == moment:
            return key
    except (ValueError, OverflowError):
        pass
    raise Unfit("This is no cursor of this list: leave it out to begin anew.", field="cursor")


def _searched(history: History, service: str | None, span: _Span) -> Iterator[tuple[date, Iterable[tuple[str, Entry]]]]:
    """Day by day in the order asked for; of one service all at once."""

    def ordered(entries: Iterable[Entry]) -> list[tuple[str, Entry]]:
        keyed = [(key, entry) for entry in entries if span.holds(key := key_of(entry))]
        return sorted(keyed, key=lambda pair: pair[0], reverse=span.down)

    if service is None:
        for day in span.days():
            yield day, ordered(history.of_day(day))
        return
    first = datetime.combine(date.fromisoformat(span.low[:10]), datetime.min.time(), UTC)
    yield first.date(), ordered(history.of_service(ServiceId.parse(service), first))


def _edge(day: date, *, down: bool) -> str:
    """A place between ``day``, which is the next to be searched, and the one before it in this order."""
    return f"{(day + timedelta(days=1) if down else day).isoformat()}T00:00:00.000000Z"


def _visible(call: Call) -> Callable[[Entry], bool]:
    if call.caller.role is not Role.USER:
        return lambda entry: True
    try:
        own = {one.service for one in call.fleet.instances.all() if one.owner_sub == call.caller.sub}
    except SwitchedOff:
        own = set()
    return lambda entry: entry.service is None or entry.service in own
