"""What a route is: where it is found, who may use it, and which view answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

View = Callable[..., Any]


class Needs(StrEnum):
    """What a caller must be to use a route. Every one but `OPEN` needs a token."""

    OPEN = "open"
    SELF = "self"
    """Any role, about one's own account."""
    READ = "read"
    """Any role; a list holds only what the caller may see."""
    SEE = "see"
    """Any role, for an instance that the caller may see."""
    READ_LOGS = "read-logs"
    """Admin, and the person whose instance it is."""
    WRITE = "write"
    """Admin and User, making something of their own."""
    OWN = "own"
    """Admin, and the User whose instance it is."""
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Route:
    """``view`` is called when a request comes and imports the view then. ``errors`` are the statuses beyond those that
    follow from ``needs`` and the view's own parameters. ``or_model``: the path may name a model instead of an instance.
    ``optional_token``: an open route that says more to who is known."""

    method: str
    path: str
    view: Callable[[], View]
    needs: Needs
    summary: str
    tag: str
    status: int = 200
    errors: tuple[int, ...] = ()
    or_model: bool = False
    optional_token: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> tuple[str, ...]:
        """Of the pieces of the path that vary."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
