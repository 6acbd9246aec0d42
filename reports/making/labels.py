"""What a service is called in each dimension of the report, and who can end what it wastes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.decide.facts import ServiceId

from reports.model import Dimension


class Hold(StrEnum):
    """How its policy holds a service: it rules, it only says what it would do, or it is told to leave it alone."""

    RULED = "ruled"
    DRY_RUN = "dry run"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Label:
    """Empty: its tags do not say. ``policy`` empty: none matches it."""

    model: str = ""
    environment: str = ""
    owner: str = ""
    policy: str = ""
    hold: Hold = Hold.RULED


@dataclass(frozen=True, slots=True)
class Labels:
    """By service; one without a label has only its name."""

    services: Mapping[ServiceId, Label] = field(default_factory=dict)

    def label(self, service: ServiceId) -> Label:
        return self.services.get(service, Label())

    def of(self, service: ServiceId) -> Mapping[Dimension, str]:
        label = self.label(service)
        return {
            Dimension.SERVICE: str(service),
            Dimension.MODEL: label.model,
            Dimension.ENVIRONMENT: label.environment,
            Dimension.OWNER: label.owner,
        }
