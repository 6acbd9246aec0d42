"""The acts for which a policy may want a person's yes."""

from __future__ import annotations

from enum import StrEnum


class ApprovalAction(StrEnum):
    """The words of ``approval.for``."""

    IDLE_STOP = "idle-stop"
    CLOSED_STOP = "closed-stop"
    START_WHEN_CLOSED = "start-when-closed"
    SPOT_MOVE = "spot-move"
    REMOVE = "remove"

    @property
    def says(self) -> str:
        """The act in words: ``Approve: stop it because it is idle``."""
        return _SAYS[self]


_SAYS = {
    ApprovalAction.IDLE_STOP: "stop it because it is idle",
    ApprovalAction.CLOSED_STOP: "stop it because hours are closed",
    ApprovalAction.START_WHEN_CLOSED: "start it while hours are closed",
    ApprovalAction.SPOT_MOVE: "move it to Spot",
    ApprovalAction.REMOVE: "remove it",
}
