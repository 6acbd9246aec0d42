"""Which services: what a policy matches, what it leaves out, and what nobody may touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from chalicelib.policy import rules
from chalicelib.policy.scalars import TEXT_OR_LIST_SCHEMA, ExcludeUntil, Glob, Text, True_, ValueGlob
from chalicelib.policy.sections.base import Section


def _text_or_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


TagGlobs = Annotated[tuple[ValueGlob, ...], BeforeValidator(_text_or_list), WithJsonSchema(TEXT_OR_LIST_SCHEMA)]
"""One text or a list of them: any of the list."""


class Match(Section):
    clusters: tuple[Glob, ...] | None = Field(None, description="Any of these clusters.")
    names: tuple[Glob, ...] | None = Field(None, description="Any of these service names.")
    tags: Mapping[Text, TagGlobs] | None = Field(
        None, description='Every key must match, with any of its values; `"*"` means: the tag is present.'
    )
    not_tags: Mapping[Text, TagGlobs] | None = Field(
        None, description="A service with any one of these pairs is not matched."
    )
    launch_type: tuple[Literal["fargate", "ec2"], ...] | None = Field(None, description="Any of these launch types.")
    everything: True_ | None = Field(
        None, description="`true` takes all services. Needed when no other key of `match` stands."
    )

    def findings(self) -> Iterable[rules.Finding]:
        return rules.match(self)


class Exclude(Section):
    names: tuple[Glob, ...] | None = Field(None, description="Service names; names or tags are required.")
    tags: Mapping[Text, TagGlobs] | None = Field(None, description="As in `match.tags`.")
    until: ExcludeUntil = Field(description="The last excluded day in the policy's zone, or `never`, written out.")
    """A date (excluded through that day, in the policy's zone), or None for ``never``."""
    reason: Text = Field(description="Why; people read it in `why` and in the report.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.exclude(self)


class NeverTouch(Section):
    names: tuple[Glob, ...] | None = Field(None, description="Any of these service names.")
    clusters: tuple[Glob, ...] | None = Field(None, description="Any of these clusters.")
    tags: Mapping[Text, TagGlobs] | None = Field(None, description="As in `match.tags`.")
    reason: Text = Field(description="Why; shown by `why`.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.never_touch(self)
