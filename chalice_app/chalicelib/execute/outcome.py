"""What became of a plan or of a verification: a value, because one service's failure never stops the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.decide.facts import ServiceId

if TYPE_CHECKING:
    from chalicelib.execute.plan import PlanKind
    from chalicelib.record.history import Entry


class OutcomeStatus(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sentence in ``reason``. ``verified``: the effect was seen; a DONE that is not verified has only begun.

    ``entry`` is the line of history; ``news`` is False when the same refusal was told lately, and the line then
    stands nowhere. ``overtaken``: refused only because another run acts on the service, or has acted since it was
    looked at; a new look finds out whether anything is left to do.
    """

    service: ServiceId
    kind: PlanKind
    status: OutcomeStatus
    reason: str
    action_id: str = ""
    verified: bool = False
    entry: Entry | None = None
    news: bool = True
    overtaken: bool = False
    to_spot: bool = False
    """Of a move: whether it goes to Spot."""
