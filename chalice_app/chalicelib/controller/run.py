"""One run while it lasts: what is known, what is seen, what was done and told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.controller.book import Book
from chalicelib.controller.governed import Known
from chalicelib.decide.facts import ServiceId
from chalicelib.decide.govern import govern
from chalicelib.execute.outcome import Outcome
from chalicelib.notify.notice import Notice
from chalicelib.observe.fleet import Fleet
from chalicelib.observe.snapshot import NOT_BOOKED, Bookings, Look


@dataclass(slots=True)
class Run:
    """``now`` is the one instant that all decisions of the run stand on; what is written down bears the clock's.

    ``before`` is the fleet as the last run left it, None when there is no picture; ``whole``: every service was
    described anew. ``scope``: the services it is about, None for all. ``booked``: the entries of the Scheduler.
    """

    known: Known
    book: Book
    fleet: Fleet
    looks: dict[ServiceId, Look]
    now: datetime
    before: Fleet | None = None
    whole: bool = False
    scope: frozenset[ServiceId] | None = None
    booked: Bookings = NOT_BOOKED
    notices: list[Notice] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def is_governed(self, id: ServiceId) -> bool:
        found = govern(self.known.policies, self.fleet.services[id])
        return bool(found.ruling or found.shadows or found.tied)

    def to_tell(self) -> list[Notice]:
        """The notices, each with the policy that rules its service: by that it finds its channel."""
        return [replace(one, policy=self._ruling(one.service)) if not one.policy else one for one in self.notices]

    def _ruling(self, id: ServiceId | None) -> str:
        facts = self.fleet.services.get(id) if id else None
        ruling = govern(self.known.policies, facts).ruling if facts else None
        return ruling.name if ruling else ""

    def is_about(self, id: ServiceId) -> bool:
        return self.scope is None or id in self.scope
