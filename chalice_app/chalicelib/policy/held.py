"""Older versions that stay in force, written as files of their own beside the real ones.

``held:vision-dev`` holds the last good version of one policy with the defaults of its day written out, so that it
means the same whatever the files say now. An empty text means: nothing of this name is in force. Real files end in
``.yaml`` or ``.yml``, so no name can be both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.policy.nodes import Entry, ListNode, MapNode, Node, Scalar, compose

_PREFIX = "held:"
_HEAD = re.compile(r"^# The last good version of (?P<name>\S+), from (?P<source>.*)\.$")


@dataclass(frozen=True, slots=True)
class Held:
    """One older policy: its merged tree, and ``file:line`` of where it stood."""

    entry: Entry
    merged: MapNode
    source: str


def is_held(file: str) -> bool:
    return file.startswith(_PREFIX)


def file_of(policy: str) -> str:
    """The name under which a policy's older version is kept."""
    return _PREFIX + policy


def text_of(policy: str, source: str, merged: MapNode) -> str:
    """The older version as YAML that needs no defaults. Its tests passed in their day and are not kept."""
    kept = MapNode(tuple(entry for entry in merged.entries if entry.key != "tests"), merged.mark)
    tree = json.dumps({policy: _tree(kept)}, ensure_ascii=False)
    return f"# The last good version of {policy}, from {source}.\nlifecycle: v1\npolicies: {tree}\n"


def held_in(files: Mapping[str, str]) -> Mapping[str, Held | None]:
    """Every held name with its older version; None where nothing is in force, or what is kept cannot be read."""
    return {file.removeprefix(_PREFIX): _read(file, text) for file, text in files.items() if is_held(file)}


def _read(file: str, text: str) -> Held | None:
    head = _HEAD.match(text.partition("\n")[0])
    root, problems = compose(file, text)
    policies = root.get("policies") if isinstance(root, MapNode) else None
    if problems or head is None or not isinstance(policies, MapNode) or not policies.entries:
        return None
    entry = policies.entries[0]
    if entry.key != file.removeprefix(_PREFIX) or not isinstance(entry.value, MapNode):
        return None
    return Held(entry, entry.value, head["source"])


def _tree(node: Node) -> object:
    match node:
        case Scalar():
            return node.text
        case MapNode():
            return {entry.key: _tree(entry.value) for entry in node.entries}
        case ListNode():
            return [_tree(item) for item in node.items]
        case _:
            raise AssertionError("a good policy has no unreadable value")
