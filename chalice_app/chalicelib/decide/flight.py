"""The last request that only a probe saw: remembered from look to look, because no metric shows that it ended.

A load balancer counts a request when it begins. A probe sees one that runs, at the moment it is asked. So a stream
ended somewhere between the last asking that saw it and the first that did not; idleness counts from the latter. So
it does from the first asking of all: what had ended just before was seen by nobody.

    asked   10:05 in flight   10:10 in flight   10:15 none        11:15: not used for an hour
            |─────────────────|──── it ended ───|──── idle for `stop-after` ────|
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.decide.constants import PRIMARIES
from chalicelib.decide.readings import Availability, SignalName, SignalReading


@dataclass(frozen=True, slots=True)
class Flight:
    """Seen in flight at ``seen_at`` for the first time; ``gone_by``: the first asking that saw none any more.

    Both are the same where none was ever seen: from then on somebody has looked.
    """

    seen_at: datetime
    gone_by: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether a request was in flight when the probes were last asked."""
        return self.gone_by is None

    @property
    def was_seen(self) -> bool:
        return self.gone_by != self.seen_at

    def ended(self, now: datetime) -> Flight:
        return replace(self, gone_by=now) if self.is_open else self


def after(
    flight: Flight | None, answers: Iterable[SignalReading], now: datetime, *, optional: Set[SignalName] = frozenset()
) -> Flight | None:
    """What is remembered once the probes gave ``answers``, at ``now``.

    A probe without an answer tells nothing, unless it is one of the ``optional``, whose silence a policy takes for
    absence. Where nobody could be asked, the request counts as gone from ``now`` on.
    """
    told = tuple(answers)
    if any(one.in_flight > 0 for one in told):
        return flight if flight and flight.is_open else Flight(now)
    if flight is None:
        begins = [one.covers_from for one in told if one.name in PRIMARIES and one.availability is Availability.READ]
        return Flight(min(begins), min(begins)) if begins else None
    unclear = any(one.availability is Availability.MISSING and one.name not in optional for one in told)
    return flight if unclear else flight.ended(now)
