"""Where every value of a merged policy came from: the policy's file, the defaults, or the program itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from chalicelib.policy.merge import ALWAYS_OPEN, is_default
from chalicelib.policy.model import Policy
from chalicelib.policy.nodes import ListNode, MapNode, Node, Scalar, join_path
from chalicelib.policy.scalars import as_text
from chalicelib.policy.shape import Key, keys_of

_IMPLIED = {
    ("spot", "fall-back-after"): "5m",
    ("spot", "try-again-after"): "2h",
    ("idle", "min"): "5m",
    ("idle", "max"): "4h",
    ("idle", "prewarm"): "never",
}
"""Built-in values that the models keep as unset, because only another choice brings them in."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one value came from, and the value as text."""

    kind: Literal["policy", "default", "built-in"]
    value: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        match self.kind:
            case "policy":
                return f"{self.file}:{self.line}"
            case "default":
                return f"default {self.file}:{self.line}"
            case "built-in":
                return "built-in"


def origins_of(merged: MapNode) -> Mapping[str, Origin]:
    """Key path below the policy -> origin, in the order of the language's keys."""
    return dict(_section(merged, Policy, ""))


def implied(section: str, key: str) -> str | None:
    """The built-in text of a key that the models keep as unset."""
    return _IMPLIED.get((section, key))


def _section(node: MapNode, section: type[BaseModel], path: str) -> Iterator[tuple[str, Origin]]:
    for key in keys_of(section).values():
        below = join_path(path, key.name)
        value = node.get(key.name)
        if value is not None:
            yield from _value(value, key, below)
        elif not path and key.name in ALWAYS_OPEN:
            assert key.shape.section is not None
            yield from _section(MapNode((), node.mark), key.shape.section, below)
        elif (built_in := _built_in(path, key, node)) is not None:
            yield below, Origin("built-in", built_in)


def _value(node: Node, key: Key, path: str) -> Iterator[tuple[str, Origin]]:
    if isinstance(node, MapNode) and key.shape.section is not None:
        yield from _section(node, key.shape.section, path)
    elif isinstance(node, MapNode):
        for entry in node.entries:
            yield from _value(entry.value, key, join_path(path, entry.key))
    elif isinstance(node, ListNode) and any(isinstance(item, MapNode) for item in node.items):
        for place, item in enumerate(node.items):
            yield from _value(item, key, join_path(path, place))
    else:
        kind: Literal["policy", "default"] = "default" if is_default(node.mark) else "policy"
        yield path, Origin(kind, _text(node), node.mark.file, node.mark.line)


def _built_in(path: str, key: Key, node: MapNode) -> str | None:
    adaptive = node.get("stop-after")
    if path == "idle" and key.name in ("min", "max", "prewarm"):
        is_adaptive = isinstance(adaptive, Scalar) and adaptive.text == "adaptive"
        return implied(path, key.name) if is_adaptive else None
    use = node.get("use")
    if path == "spot" and key.name == "fall-back-after" and isinstance(use, Scalar) and use.text == "only":
        return None
    if implied(path, key.name):
        return implied(path, key.name)
    return None if key.default in (None, (), {}) or isinstance(key.default, BaseModel) else as_text(key.default)


def _text(node: Node) -> str:
    match node:
        case Scalar():
            return node.text
        case ListNode():
            return "[" + ", ".join(_text(item) for item in node.items) + "]"
        case MapNode():
            return "{" + ", ".join(f"{entry.key}: {_text(entry.value)}" for entry in node.entries) + "}"
        case _:
            return ""
