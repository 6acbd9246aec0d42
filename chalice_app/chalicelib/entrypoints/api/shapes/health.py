"""How the API is. Plain dataclasses: a health check loads no pydantic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class HealthDetails:
    """``record`` is ``ok`` or says in words what does not answer. ``instances``: how many, by status."""

    record: str
    policies_version: str | None
    policies_held: list[str]
    frozen_by: str | None
    launching: bool
    instances: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    """``details`` only for an administrator's token."""

    status: Literal["ok"] = "ok"
    details: HealthDetails | None = None
