"""How long a run may take: what Lambda leaves of the function's time, less what the last action may need to end.

A run that is cut off by Lambda loses nothing for good, but it leaves a lock behind and tells nobody what it did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from chalice.app import BaseLambdaEvent

MARGIN_SECONDS = 15.0
"""For the actions that are under way when the time is up, for the picture, and for the notices."""


class Context(Protocol):
    """What Lambda hands over; Chalice's own annotation calls it a dictionary."""

    def get_remaining_time_in_millis(self) -> float: ...


def seconds_left(event: BaseLambdaEvent) -> float:
    """Never below zero: a run without time looks, and leaves every action to the next."""
    return time_left(cast(Context, event.context))


def time_left(context: Context) -> float:
    """The same for a function that is called directly."""
    return max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
