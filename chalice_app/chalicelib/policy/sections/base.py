"""What all sections have in common: frozen, no unknown key, YAML names, and made only when their keys agree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from chalicelib.policy import rules


def yaml_key(field: str) -> str:
    return field.rstrip("_").replace("_", "-")


class Section(BaseModel):
    """A map of named keys. Made only when its keys, taken together, make sense (``rules``)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=yaml_key, populate_by_name=True, protected_namespaces=()
    )

    def findings(self) -> Iterable[rules.Finding]:
        """Rules of ``rules`` that this section breaks."""
        return ()

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        rules.enforce(self)
        return self


def is_internal(model: type[BaseModel], field: str) -> bool:
    """Whether a field is ours (where it stood, its hash) and no key of the language."""
    return bool(model.model_fields[field].exclude)
