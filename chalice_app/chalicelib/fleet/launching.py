"""Starts a model: answers at once with an instance in state STARTING, or says why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.fleet.model import Instance
    from chalicelib.fleet.people import Caller


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a person asks for: an EC2 instance type or a size of ``fit.SIZES``, or neither for the cheapest that fits.

    ``owner`` is who pays, for tags and cost reports; empty: the caller's address. ``schedule_policy`` is the name of
    the policy that is expected to rule; empty: whichever does.
    """

    model_id: str
    environment: str
    instance_type: str = ""
    size: str = ""
    owner: str = ""
    schedule_policy: str = ""
    time_to_live: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Healed:
    """What became of one start or removal that somebody left half done."""

    instance_id: str
    finished: bool
    """False: it was undone."""
    text: str
    """One sentence."""


class Launcher:
    def start(self, request: StartRequest, caller: Caller, key: str) -> Instance:
        """Launches once for each ``key`` of the caller (empty: a new one each time); a repeat gives the same instance.

        The answer is STARTING, or FAILED with its reason when AWS refused a step, whose forerunners are then undone.
        Raises Forbidden, NotFound (model), Unfit (its ``field`` named; also another request under the same key),
        NotAllowed (policy), TooMany, Conflict (the same key is being worked on).
        """
        raise NotImplementedError

    def heal(self, now: datetime) -> tuple[Healed, ...]:
        """Finishes or undoes what was left half done longer ago than a start may take; a few at each call."""
        raise NotImplementedError
