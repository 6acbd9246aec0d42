"""The one place where the API takes the application's parts from.

A deployment without a user pool has no identity, one without a cluster to launch into no fleet: whoever asks for them
then gets `SwitchedOff`, which the API answers as 503.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.errors import SwitchedOff

if TYPE_CHECKING:
    from chalicelib.fleet.identity.identity import Identity
    from chalicelib.runtime.compose import App
    from chalicelib.runtime.compose_fleet import Fleet


def identity_of(app: App) -> Identity:
    """Raises SwitchedOff in a deployment without a user pool."""
    if app.identity is None:
        raise SwitchedOff("This deployment has no user pool, so nobody can log in.")
    return app.identity


def fleet_of(app: App) -> Fleet:
    """Raises SwitchedOff in a deployment that launches nothing."""
    if app.fleet is None:
        raise SwitchedOff("This deployment launches no models: it was given no cluster to launch them into.")
    return app.fleet
