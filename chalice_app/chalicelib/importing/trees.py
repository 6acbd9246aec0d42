"""Files of other tools as plain trees: YAML (also several documents), JSON, or one JSON value on each line.

Every scalar stays the text that was written, as in our own loader: ``9:00`` is no 540, ``off`` no boolean, and a
DynamoDB number no float. CloudFormation's short tags become their long form (``!Ref X`` is ``{"Ref": "X"}``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import yaml

from chalicelib.errors import ImportRefused

LARGEST_BYTES = 20 * 1024 * 1024
"""An export of more schedules than any account has; more is another file."""

MOST_NODES = 1_000_000
"""Aliases of YAML can make a small file a huge tree; nobody's schedules are."""

Tree = str | None | list[Any] | dict[str, Any]

_TRUE, _FALSE = ("true", "yes", "on", "y"), ("false", "no", "off", "n")


@dataclass(frozen=True, slots=True)
class Source:
    """One file as given: its name for people, and its text."""

    file: str
    text: str

    def refuse(self, sentence: str) -> ImportRefused:
        return ImportRefused(f"{self.file}: {sentence}")


class _Loader(yaml.BaseLoader):
    """Scalars as text, with CloudFormation's tags."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    key = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {key: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {key: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _tagged)


def documents(source: Source) -> list[Tree]:
    """The file's documents. Raises ImportRefused when it is neither YAML nor JSON."""
    if len(source.text) > LARGEST_BYTES:
        raise source.refuse(f"larger than {LARGEST_BYTES // 1024**2} MiB; export the schedules alone")
    text = source.text.lstrip("\ufeff")
    found = _json(text)
    if found is None:
        try:
            found = [_merged(one) for one in yaml.load_all(text, Loader=_Loader) if one not in (None, "")]
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
            raise source.refuse(f"neither YAML nor JSON{place}: {getattr(error, 'problem', None) or error}") from None
        except RecursionError:
            raise source.refuse("nested too deeply to be read; no such file has more than some ten levels") from None
    if not found:
        raise source.refuse("there is nothing in it")
    return found


def _json(text: str) -> list[Tree] | None:
    """One JSON value, or one on each line; None when it is no JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    for parts in ([text], [line for line in text.splitlines() if line.strip()]):
        try:
            return [_as_text(json.loads(part, parse_float=str, parse_int=str, parse_constant=str)) for part in parts]
        except (ValueError, RecursionError):
            continue
    return None


def _as_text(value: Any) -> Tree:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return {str(key): _as_text(one) for key, one in value.items()}
    return [_as_text(one) for one in value] if isinstance(value, list) else value


def _merged(value: Any) -> Tree:
    """YAML's ``<<`` carried out, as the tools' own loaders do."""
    if isinstance(value, list):
        return [_merged(one) for one in value]
    if not isinstance(value, dict):
        return value if value is None else str(value)
    merged: dict[str, Any] = {}
    below = value.get("<<")
    for part in below if isinstance(below, list) else [below]:
        if isinstance(part, dict):
            merged = {**_mapping(_merged(part)), **merged}
    return merged | {str(key): _merged(one) for key, one in value.items() if key != "<<"}


def _mapping(value: Tree) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def is_mapping(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def mappings_in(tree: Tree) -> Iterator[dict[str, Any]]:
    """Every mapping anywhere in a tree, outer ones first. Raises ValueError for a tree that never ends."""
    waiting: list[Any] = [tree]
    seen = 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > MOST_NODES:
            raise ValueError("more parts than any such file has")
        if isinstance(one, dict):
            yield one
            waiting.extend(reversed(list(one.values())))
        elif isinstance(one, list):
            waiting.extend(reversed(one))


def as_boolean(text: object) -> bool | None:
    """YAML 1.1's words for true and false, which these tools take; None for anything else."""
    word = text.lower() if isinstance(text, str) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def texts(value: object) -> list[str] | None:
    """A text or a list of texts as a list; None for anything else."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        return list(value)
    return None


def lower_keys(value: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping with its own keys (not those inside) in lower case."""
    return {key.lower(): one for key, one in value.items()}
