"""What must never be otherwise, each by its name; and how often each was looked at and found broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Invariant(StrEnum):
    BUSY = "a service in use is never stopped"
    STREAMING = "a streaming service is never stopped"
    UNKNOWN = "a service of which nobody can tell is never stopped"
    EXCLUDED = "an excluded service is never stopped"
    OVERRIDDEN = "a service that somebody keeps is never stopped"
    MOVED = "a service in use is not moved for money's sake"
    SIZE_SAVED = "the size is saved before a service is stopped, and not lost or overwritten while it is"
    SIZE_GIVEN_BACK = "a start gives back the size and the autoscaling that a stop took"
    ONE_RECORD = "every write to AWS has exactly one record, and every record of success its effect"
    NO_OVERLAP = "no two actions on one service overlap"
    ONE_OUTCOME = "an approval has at most one outcome"
    RUN_LIMIT = "one run makes no more actions than it may"
    STOPS_PER_HOUR = "a policy makes no more idle stops in an hour than it may"
    KEEP_RUNNING = "as many services keep running as the policy says"
    ONE_INSTANCE = "a start that is repeated makes one instance"
    NO_ORPHAN = "what was made for an instance stands in its row, and is gone when it is"
    TOLD = "what people are to hear is not lost"
    NOT_TWICE = "nobody is told twice, unless an answer was lost"
    NOT_SEEN = "nobody sees another's instance"
    NOT_TOUCHED = "nobody starts, stops or changes another's instance"
    IN_WORDS = "a run that cannot go on says why in our own words"
    AT_REST = "after the faults nothing stays under way, and the record can be read"
    HEALED = "after the faults the world reaches the wanted state within two sweeps"


@dataclass(frozen=True)
class Violation:
    invariant: Invariant
    at: datetime
    said: str

    def __str__(self) -> str:
        return f"{self.at:%a %d %H:%M:%S}Z {self.invariant.value}: {self.said}"


@dataclass
class Verdicts:
    """``now`` is the true time."""

    now: Callable[[], datetime]
    violations: list[Violation] = field(default_factory=list)
    checked: Counter[Invariant] = field(default_factory=Counter)

    def broken(self, invariant: Invariant, said: str) -> None:
        self.violations.append(Violation(invariant, self.now(), said))

    def hold(self, invariant: Invariant, holds: object, said: str) -> None:
        self.checked[invariant] += 1
        if not holds:
            self.broken(invariant, said)
