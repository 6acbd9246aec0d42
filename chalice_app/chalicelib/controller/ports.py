"""Who is told of questions, when they end, and who carries out what is no plan of a service: as others provide them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chalicelib.record.approval import Question


class Herald(Protocol):
    """Shows questions to people, wherever they are."""

    def tell(self, question: Question) -> None:
        """Puts this version down to be shown, in the place of earlier ones. Called again with the same version after
        a crash. Raises RecordUnavailable when it could not be put down: then it is called again by a later look."""


class Timers(Protocol):
    """One-shot timers, as a finer clock than the sweep's."""

    def at(self, when: datetime) -> None:
        """Has the controller look at whatever is due then. Asked twice, it is booked once. Raises LifecycleError."""


class NoHerald:
    def tell(self, question: Question) -> None:
        return


class NoTimers:
    """The sweep alone ends questions."""

    def at(self, when: datetime) -> None:
        return


class Deed(Protocol):
    """Carries out a granted act that is no plan of a service (a removal)."""

    def __call__(self, question: Question, now: datetime) -> str:
        """What came of it, in one sentence. Idempotent. Raises a LifecycleError."""
