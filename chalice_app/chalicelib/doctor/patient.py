"""Whom the checks look at: the clients of an account, and what several of them need, read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.errors import ConfigurationError

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceFacts, ServiceId
    from chalicelib.doctor.deployment import Deployment
    from chalicelib.policy.model import PolicySet
    from chalicelib.record.policies import InForce
    from chalicelib.record.table import Table
    from chalicelib.runtime.clients import Clients

Services = Callable[[], "Mapping[ServiceId, ServiceFacts]"]


@dataclass
class Patient:
    """``read_services`` describes every service anew. ``pause`` waits so many seconds for what AWS does not answer at
    once. ``slack_api`` is where Slack answers; empty: at its own address."""

    clients: Clients
    table: Table
    region: str
    now: datetime
    read_services: Services
    pause: Callable[[float], None]
    slack_api: str = ""

    @cached_property
    def deployment(self) -> Deployment | None:
        from chalicelib.doctor.deployment import deployment_of

        return deployment_of(self.table.name, self.clients, self.region)

    @cached_property
    def services(self) -> Mapping[ServiceId, ServiceFacts]:
        return self.read_services()

    @cached_property
    def in_force(self) -> InForce:
        """Raises ConfigurationError where none are."""
        from chalicelib.record.policies import PoliciesInForce

        found = PoliciesInForce(self.table).load()
        if found is None:
            raise ConfigurationError("the deployment has read no policies yet: upload them to the stack's bucket")
        return found

    @cached_property
    def policies(self) -> PolicySet:
        """Those in force."""
        from chalicelib.policy.loader import load

        return load(self.in_force.files, today=self.now.date()).policies
