"""One request that was let in, as views see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.entrypoints.api.parts import fleet_of, identity_of
from chalicelib.errors import NotAuthenticated

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.fleet.identity.identity import Identity
    from chalicelib.fleet.people import Caller
    from chalicelib.runtime.compose import App
    from chalicelib.runtime.compose_fleet import Fleet


@dataclass(frozen=True, slots=True)
class Call:
    """``who`` is None only where no token is asked for. The application is built when it is first needed."""

    request_id: str
    who: Caller | None = None
    base: str = ""
    """What stands before ``/api/`` where this request was sent: API Gateway's stage (``/v1``), or nothing."""

    @property
    def app(self) -> App:
        from chalicelib.runtime import compose

        return compose.current()

    @property
    def caller(self) -> Caller:
        if self.who is None:
            raise NotAuthenticated("This needs a token.")
        return self.who

    @property
    def now(self) -> datetime:
        return self.app.clock.now()

    @property
    def identity(self) -> Identity:
        """Raises SwitchedOff."""
        return identity_of(self.app)

    @property
    def fleet(self) -> Fleet:
        """Raises SwitchedOff."""
        return fleet_of(self.app)
