"""The one place where the API takes the application's parts from.

A deployment without a user pool has no identity, one without a cluster to launch into no fleet: whoever asks for them
then gets `SwitchedOff`, which the API answers as 503.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chalicelib.errors import SwitchedOff

if TYPE_CHECKING:
    from chalicelib.fleet.catalog import Catalog
    from chalicelib.fleet.identity.identity import Identity
    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.launching import Launcher
    from chalicelib.fleet.logs import LogReader
    from chalicelib.fleet.removing import Remover
    from chalicelib.fleet.wishes import Wishes
    from chalicelib.runtime.compose import App


class Fleet(Protocol):
    """Models, and what was launched of them."""

    @property
    def catalog(self) -> Catalog: ...
    @property
    def instances(self) -> Instances: ...
    @property
    def launcher(self) -> Launcher: ...
    @property
    def remover(self) -> Remover: ...
    @property
    def wishes(self) -> Wishes: ...
    @property
    def logs(self) -> LogReader: ...


def identity_of(app: App) -> Identity:
    """Raises SwitchedOff in a deployment without a user pool."""
    found: Identity | None = getattr(app, "identity", None)
    if found is None:
        raise SwitchedOff("This deployment has no user pool, so nobody can log in.")
    return found


def fleet_of(app: App) -> Fleet:
    """Raises SwitchedOff in a deployment that launches nothing."""
    found: Fleet | None = getattr(app, "fleet", None)
    if found is None:
        raise SwitchedOff("This deployment launches no models: it was given no cluster to launch them into.")
    return found
