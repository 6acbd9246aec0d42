"""What pydantic found, in our words and with its place: validation errors become problems.

Decides nothing about values; finds the node that an error speaks of, and a sentence where pydantic has none for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from chalicelib.policy.nodes import ListNode, MapNode, Mark, Node, Nothing, Scalar, join_path
from chalicelib.policy.problems import Problem, nearest_word
from chalicelib.policy.rules import BrokenRules

_MISSING = {
    "timezone": "timezone is missing: there is no silent UTC; write timezone: Asia/Tokyo, or give it in defaults",
    "stop-after": "stop-after is missing: idle for how long? write stop-after: 30m",
    "match": "match is missing: say which services, as match: {tags: {environment: dev}}",
    "until": "until is missing: write the last excluded day, as until: 2026-12-18, or until: never",
    "reason": "reason is missing: say why, for those who read it later",
    "use": "use is missing: write use: prefer, only or never",
    "for": "for is missing: say what needs a yes, as for: [idle-stop]",
    "ask": 'ask is missing: where are people asked? write ask: "#gpu-cost", or give it in defaults',
    "approvers": "approvers is missing: who may answer? write approvers: [group:gpu-leads], or give it in defaults",
    "at": "at is missing: write the moment, as at: 2026-11-20T10:00",
    "expect": "expect is missing: write running, stopped, unchanged or asking",
    "from": "from is missing: write the moment of the begin, as from: 2026-12-07T00:00",
    "to": "to is missing: write the moment of the end, as to: 2026-12-12T00:00",
    "name": "name is missing: write what people call it, as name: launch-week",
}
_WORDS = re.compile(r"'([^']*)'")
_HAS_TIME = re.compile(r"[0-9]:[0-9]|all-day")


@dataclass(frozen=True, slots=True)
class _Found:
    """The deepest node an error's location leads to; ``mark`` is its key, or the value itself for scalars."""

    node: Node
    mark: Mark
    parent: Node | None


def problems_in(error: ValidationError, root: Node, mark: Mark) -> Iterator[Problem]:
    """One problem for each thing wrong. ``mark`` is where the root's key stands."""
    for item in error.errors(include_url=False, include_input=False):
        location, code = item["loc"], item["type"]
        context = item.get("ctx", {})
        if code == "missing":
            yield _missing(_find(root, mark, location[:-1]), str(location[-1]))
            continue
        found = _find(root, mark, location)
        if isinstance(found.node, Nothing):
            continue
        if isinstance(broken := context.get("error"), BrokenRules):
            yield from _broken(broken, found)
        elif code in ("literal_error", "enum"):
            allowed = tuple(_WORDS.findall(context["expected"]))
            value = _shown(found.node)
            near = nearest_word(value or "", allowed)
            yield _problem("LC043", found, value, "not one of the words here", allowed, near)
        elif code.startswith("LC"):
            sentence = str(context.get("sentence") or item["msg"])
            yield _problem(code, found, _shown(found.node), sentence + _comma_hint(code, found))
        else:  # what pydantic may find beyond these is a fault of form that `structure` should have told
            yield _problem("LC009", found, _shown(found.node), item["msg"])


def _missing(found: _Found, key: str) -> Problem:
    path = join_path(found.mark.path, key)
    message = _MISSING.get(key, f"{key} is missing")
    return Problem("LC008", "error", found.mark.file, found.mark.line, found.mark.column, path, None, message)


def _broken(broken: BrokenRules, found: _Found) -> Iterator[Problem]:
    for finding in broken.findings:
        place = _find(found.node, found.mark, finding.path)
        if isinstance(place.node, Nothing):
            continue
        value = _shown(place.node) if finding.path else None
        yield _problem(finding.code, place, value, finding.message, finding.allowed, finding.nearest)


def _problem(
    code: str,
    found: _Found,
    value: str | None,
    message: str,
    allowed: tuple[str, ...] = (),
    nearest: str | None = None,
) -> Problem:
    mark = found.mark
    return Problem(code, "error", mark.file, mark.line, mark.column, mark.path, value, message, allowed, nearest)


def _shown(node: Node) -> str | None:
    return node.text if isinstance(node, Scalar) else None


def _find(root: Node, mark: Mark, location: tuple[int | str, ...]) -> _Found:
    """Follows an error's location as far as the tree goes: a single text stands for a list of one."""
    found = _Found(root, mark, None)
    for key in location:
        node = found.node
        if isinstance(node, MapNode) and isinstance(key, str):
            entry = node.entry(key)
            if entry is None:
                break
            at_value = isinstance(entry.value, Scalar)
            found = _Found(entry.value, entry.value.mark if at_value else entry.mark, node)
        elif isinstance(node, ListNode) and isinstance(key, int) and key < len(node.items):
            found = _Found(node.items[key], node.items[key].mark, node)
        else:
            break
    return found


def _comma_hint(code: str, found: _Found) -> str:
    """A window without a time inside ``[...]`` is mostly half of a window that had a comma."""
    inline = isinstance(found.parent, ListNode) and found.parent.inline and len(found.parent.items) > 1
    if code == "LC014" and inline and isinstance(found.node, Scalar) and not _HAS_TIME.search(found.node.text):
        return "; inside [...] the comma ends an item: put windows with commas on - lines or in quotes"
    return ""
