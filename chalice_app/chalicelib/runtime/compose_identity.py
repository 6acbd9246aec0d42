"""Puts together what Cognito's triggers need, and nothing else: Cognito waits five seconds for a trigger, no longer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chalicelib.errors import ConfigurationError

if TYPE_CHECKING:
    from chalicelib.fleet.identity.gate import Gate

_installed: Gate | None = None


def gate() -> Gate:
    """The gate of this process. Raises ConfigurationError when the environment does not say how to build it."""
    global _installed
    if _installed is None:
        from chalicelib.fleet.identity.identity import build_gate
        from chalicelib.record.table import Table
        from chalicelib.runtime.clients import Clients
        from chalicelib.runtime.clock import SystemClock

        name = os.environ.get("LIFECYCLE_TABLE", "").strip()
        if not name:
            raise ConfigurationError("the environment variable LIFECYCLE_TABLE is not set")
        clients = Clients(region=os.environ.get("AWS_REGION"))
        _installed = build_gate(Table(clients.dynamodb, name), lambda: clients.cognito, mail_domains(), SystemClock())
    return _installed


def install_gate(gate: Gate | None) -> None:
    """Puts ``gate`` in the place of the one that would be built; None takes it away again."""
    global _installed
    _installed = gate


def mail_domains() -> tuple[str, ...]:
    """Whose addresses may sign themselves up. Makes no gate: who signs up waits for no client of AWS."""
    if _installed is not None:
        return _installed.domains
    from chalicelib.fleet.settings import mail_domains_of

    return mail_domains_of(os.environ)
