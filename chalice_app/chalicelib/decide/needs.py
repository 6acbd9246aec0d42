"""Which signals, over which window, a decision would need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.decide.facts import SignalName


@dataclass(frozen=True, slots=True)
class SignalNeed:
    """The signals ``names`` over ``[window_from, window_to)``; aware datetimes in UTC."""

    window_from: datetime
    window_to: datetime
    names: frozenset[SignalName]
