"""What stands above policies, made into values: defaults on their own, locked paths, never-touch, freezes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Any, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from chalicelib.policy.merge import ALWAYS_OPEN, is_none
from chalicelib.policy.model import Freeze
from chalicelib.policy.nodes import Entry, ListNode, MapNode, Node, Nothing, Scalar
from chalicelib.policy.problems import Problem, ScalarError
from chalicelib.policy.sections.base import Section, yaml_key
from chalicelib.policy.sections.services import NeverTouch
from chalicelib.policy.shape import keys_of, without_none
from chalicelib.policy.texts import parse_zone
from chalicelib.policy.translate import problems_in


class _Absent:
    """Stands for a value that could not be used; no type reads it, and `translate` knows its place."""


_ABSENT = _Absent()
G = TypeVar("G", NeverTouch, Freeze)


def plain(node: Node) -> object:
    """The tree as dicts, lists and texts, for pydantic."""
    match node:
        case Scalar():
            return node.text
        case MapNode():
            return {entry.key: plain(entry.value) for entry in node.entries}
        case ListNode():
            return [plain(item) for item in node.items]
        case Nothing():
            return _ABSENT


class _Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=yaml_key)


@lru_cache(maxsize=32)
def partial(section: type[BaseModel]) -> type[BaseModel]:
    """The same section with every key optional and no rule between keys: what `defaults` may say of it."""
    fields: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        annotation = _loosened(field.annotation)
        if field.metadata:
            annotation = Annotated[(annotation, *field.metadata)]
        fields[name] = (annotation | None, Field(None, description=field.description))
    return create_model(f"{section.__name__}Defaults", __base__=_Loose, **fields)


def _loosened(annotation: Any) -> Any:
    inner = without_none(annotation)
    if get_origin(inner) is None and isinstance(inner, type) and issubclass(inner, Section):
        return partial(inner)
    return annotation if not get_args(annotation) else inner


def check_defaults(entry: Entry, sections: Sequence[str], policy: type[BaseModel]) -> Iterator[Problem]:
    """Every value of `defaults` that its key's type cannot read, whether a policy uses it or not."""
    assert isinstance(entry.value, MapNode)
    for one in entry.value.entries:
        shape = keys_of(policy)[one.key].shape
        if shape.section is None or one.key not in sections:
            continue
        if is_none(one.value):
            message = "none takes out what is inherited; defaults inherit nothing, so leave the section out"
            mark = one.mark
            yield Problem("LC011", "error", mark.file, mark.line, mark.column, mark.path, "none", message)
            continue
        try:
            partial(shape.section).model_validate(plain(one.value))
        except ValidationError as error:
            yield from problems_in(error, one.value, one.mark)


def zone_in(node: MapNode | None) -> ZoneInfo | None:
    """The zone of ``hours.timezone`` in a policy or in defaults; UTC stands in for one that cannot be read."""
    hours = node.get("hours") if node is not None else None
    zone = hours.get("timezone") if isinstance(hours, MapNode) else None
    if not isinstance(zone, Scalar):
        return None
    try:
        return parse_zone(zone.text)
    except ScalarError:
        return ZoneInfo("UTC")


def read_guards(
    nodes: Sequence[Node], section: type[G], zone: ZoneInfo | None
) -> tuple[tuple[G, ...], tuple[Problem, ...]]:
    """`never-touch` or `freezes` as values, and what could not be read."""
    read: list[G] = []
    problems: list[Problem] = []
    for node in nodes:
        if isinstance(node, Nothing):
            continue
        try:
            read.append(section.model_validate(plain(node), context={"zone": zone}))
        except ValidationError as error:
            problems.extend(problems_in(error, node, node.mark))
    return tuple(read), tuple(problems)


def check_locked(policy: Entry, locked: Sequence[Scalar]) -> Iterator[Problem]:
    """Each locked path that the policy sets itself, or takes away with ``none``."""
    for lock in locked:
        node: Node = policy.value
        steps = lock.text.split(".")
        for place, step in enumerate(steps):
            entry = node.entry(step) if isinstance(node, MapNode) else None
            if entry is None:
                break
            taken_out = is_none(entry.value) and (place > 0 or step in ALWAYS_OPEN)
            if place == len(steps) - 1 or taken_out:
                mark = entry.mark
                message = f"{lock.text} is locked by {lock.mark.file}:{lock.mark.line}; leave it out"
                yield Problem("LC084", "error", mark.file, mark.line, mark.column, mark.path, None, message)
                break
            node = entry.value
