"""The language's keys as the models declare them: which keys a section has, and what may stand under each.

The reader checks the form of a file against these shapes, `show` finds built-in values in them, and the reference's
key table and the editors' schema are made of them: so none of the four can say something else than the models.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from chalicelib.policy.sections.base import is_internal


@dataclass(frozen=True, slots=True)
class Shape:
    """What may stand at one place. ``words`` is the closed set, of the value or (for a map) of its keys."""

    kind: Literal["scalar", "section", "list", "map"]
    section: type[BaseModel] | None = None
    item: Shape | None = None
    words: tuple[str, ...] = ()
    text_too: bool = False
    """A list that may also be written as its only item."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section. ``default`` is the parsed built-in value; None when there is none."""

    name: str
    shape: Shape
    required: bool
    default: object
    description: str
    annotation: Any


@lru_cache(maxsize=64)
def keys_of(section: type[BaseModel]) -> Mapping[str, Key]:
    """The keys of a section by their YAML names, in the order of the models."""
    keys = {}
    for name, field in section.model_fields.items():
        if is_internal(section, name):
            continue
        yaml_name = field.alias or name
        keys[yaml_name] = Key(
            name=yaml_name,
            shape=_shape(with_metadata(field)),
            required=field.is_required(),
            default=None if field.is_required() else field.get_default(call_default_factory=True),
            description=field.description or "",
            annotation=with_metadata(field),
        )
    return keys


def with_metadata(field: FieldInfo) -> Any:
    """The annotation as it was written, validators and schema included."""
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def without_none(annotation: Any) -> Any:
    """``X | None`` -> ``X``."""
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [one for one in get_args(annotation) if one is not types.NoneType]
        if len(rest) == 1:
            return rest[0]
    return annotation


def _shape(annotation: Any) -> Shape:
    annotation = without_none(annotation)
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        shape = _shape(inner)
        text_too = any(isinstance(one, BeforeValidator) for one in metadata)
        return Shape(shape.kind, shape.section, shape.item, shape.words, text_too)
    origin = get_origin(annotation)
    if origin is tuple:
        return Shape("list", item=_shape(get_args(annotation)[0]))
    if origin is Mapping or origin is dict:
        key, value = get_args(annotation)
        return Shape("map", item=_shape(value), words=_shape(key).words)
    if origin is Literal:
        return Shape("scalar", words=tuple(str(one) for one in get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape("section", section=annotation)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return Shape("scalar", words=tuple(one.value for one in annotation))
    return Shape("scalar")


def find(section: type[BaseModel], path: str) -> Key | None:
    """The key at ``hours.holidays.country``; None when the language has none there. Map keys are any word."""
    head, _, rest = path.partition(".")
    key = keys_of(section).get(head)
    if key is None or not rest:
        return key
    shape = key.shape
    if shape.kind == "map" and shape.item is not None:
        word, _, rest = rest.partition(".")
        if shape.words and word not in shape.words:
            return None
        shape = shape.item
        if not rest:
            return key
    return find(shape.section, rest) if shape.section is not None else None
