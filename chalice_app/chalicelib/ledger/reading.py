"""Reads from the record what a ledger needs: the entries of its time, and how each service stood when it began.

Beside one query a day it asks, for each service that the record knows, for the newest entries before that time, only
as far back as the last thing that was done to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.ledger.courses import Known
from chalicelib.ledger.habit import Habit, habit_of
from chalicelib.prices.hosts import Market
from chalicelib.record.history import Entry, EntryKind, History
from chalicelib.record.outcomes import FORGOTTEN, UNDONE

WORKERS = 10
"""Queries side by side: below the connections that a client keeps open."""

MOST_BEFORE = 500
"""Entries of one service that are read back at most. Beyond them its course begins with what comes first."""


def read(history: History, services: Iterable[ServiceId], since: datetime, until: datetime) -> tuple[Entry, ...]:
    """``services`` are those that the record may know although nothing happened to them meanwhile.

    Raises RecordUnavailable.
    """
    inside = tuple(history.since(since, until))
    asked = sorted({*services, *(entry.service for entry in inside if entry.service is not None)})
    with ThreadPoolExecutor(min(WORKERS, len(asked)) or 1, thread_name_prefix="ledger") as pool:
        before = list(pool.map(lambda service: _before(history, service, since), asked))
    return (*(entry for told in before for entry in told), *inside)


def read_habits(
    history: History, services: Iterable[ServiceId], until: datetime, zone: ZoneInfo
) -> Mapping[ServiceId, Habit]:
    """Of the services of which one can be told; reads all that the record holds of each. Raises RecordUnavailable."""

    def habit(service: ServiceId) -> Habit | None:
        past = tuple(reversed(tuple(history.before(service, until))))
        return habit_of(Known(service), past, zone)

    asked = sorted(services)
    with ThreadPoolExecutor(min(WORKERS, len(asked)) or 1, thread_name_prefix="ledger") as pool:
        found = zip(asked, pool.map(habit, asked), strict=True)
        return {service: one for service, one in found if one is not None}


def _before(history: History, service: ServiceId, at: datetime) -> tuple[Entry, ...]:
    """Oldest first, from the last entry that tells by itself what stood, for whom, and where it ran."""
    found: list[Entry] = []
    course_told = False
    for entry in islice(history.before(service, at), MOST_BEFORE):
        found.append(entry)
        course_told = course_told or _tells_course(entry)
        if course_told and _tell_place(found):
            break
    return tuple(reversed(found))


def _tell_place(newest_first: Sequence[Entry]) -> bool:
    """What runs on Spot is looked back at until it is clear whether we moved it there, or people did."""
    markets = [entry.market for entry in newest_first if entry.market]
    if not markets or markets[0] != Market.SPOT:
        return True
    return markets[-1] != Market.SPOT or any(entry.moved_from for entry in newest_first)


def _tells_course(entry: Entry) -> bool:
    """The entry that verified a stop names no policy: the one that began it must be read too."""
    match entry.kind:
        case EntryKind.NOTICE:
            return entry.outcome == FORGOTTEN
        case EntryKind.HAND:
            return entry.action is not None and entry.outcome != UNDONE
        case EntryKind.ACTED:
            return entry.action in (ActionKind.START, ActionKind.STOP) and entry.because is not None
        case _:
            return False
