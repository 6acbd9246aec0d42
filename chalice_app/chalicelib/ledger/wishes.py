"""What dry-run policies would have saved: kept apart from what was saved, and in no sum with it.

A wish lasts from when it was told until the record says that it ended, that somebody used the service, or that it was
turned by hand or stopped all the same. Use is noticed late, and counts as from the sweep before. An hour that two
policies wished for counts once, for the one that wished first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.decide.constants import ACT_RECHECK
from chalicelib.decide.decision import Because, Wanted
from chalicelib.decide.facts import ActionKind
from chalicelib.decide.tags import UTC_ZONE
from chalicelib.ledger.courses import Known, lingers
from chalicelib.ledger.cutting import pieces, seconds
from chalicelib.ledger.places import Place, Quotes, at_places, places, rate_of
from chalicelib.ledger.values import Wish
from chalicelib.record.history import Entry, EntryKind

SEEN_WITHIN = ACT_RECHECK + timedelta(minutes=5)
"""A dry-run wish is weighed again after `ACT_RECHECK`, by a sweep that comes every five minutes."""


def wishes(
    known: Known, entries: Sequence[Entry], since: datetime, until: datetime, quotes: Quotes, scale_in: timedelta
) -> Iterator[Wish]:
    """Of one service; ``entries`` oldest first."""
    places_of_it = places(known, entries)
    scale_in = lingers(places_of_it[-1].host, scale_in)
    free_from = since
    for n, entry in enumerate(entries):
        if entry.kind is not EntryKind.WOULD or entry.wanted is not Wanted.STOPPED:
            continue
        ended, _ = wish_ended(entry, entries[n + 1 :])
        begin, end = max(entry.at + scale_in, free_from), min(ended or until, until)
        if begin >= end:
            continue
        free_from = end
        hours, usd = _worth(max(entry.desired_count or known.tasks, 1), places_of_it, begin, end, quotes)
        yield Wish(known.service, entry.policy, begin, end, hours, usd)


def wish_ended(wish: Entry, later: Iterable[Entry]) -> tuple[datetime | None, bool]:
    """When the would-be stop was over by what the record holds after it, and whether use ended it."""
    for entry in later:
        mine = entry.kind is EntryKind.WOULD and entry.policy == wish.policy
        if mine and entry.because is Because.IN_USE:
            return max(entry.at - SEEN_WITHIN, wish.at), True
        if entry.kind is EntryKind.HAND:
            return entry.at, entry.action is not ActionKind.STOP
        if mine or (entry.kind is EntryKind.ACTED and entry.action is ActionKind.STOP):
            return entry.at, False
    return None, False


def _worth(
    tasks: int, places_of_it: Sequence[Place], since: datetime, until: datetime, quotes: Quotes
) -> tuple[Decimal, Decimal | None]:
    hours, usd = Decimal(0), Decimal(0)
    is_priced = True
    for place, begins, ends in at_places(places_of_it, since, until):
        for begin, end in pieces(begins, ends, UTC_ZONE):
            rate = rate_of(place.host, place.market, place.price, begin, quotes)
            part = seconds(begin, end) * tasks / 3600
            hours += part
            is_priced = is_priced and rate is not None
            usd += part * rate.usd_per_hour if rate else 0
    return hours, usd if is_priced else None
