"""One policy file taken apart: its policies, and what stands above policies (defaults, locked, never-touch, freezes).

Decides whether a file as a whole can be relied on. An error inside one policy marks only that policy; an error above
them (a guard that cannot be read, a misspelled ``never-touch``) breaks the file, because nobody can know whom it was
meant to protect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from chalicelib.policy.merge import IN_DEFAULTS
from chalicelib.policy.model import Freeze, Policy
from chalicelib.policy.names import parse_word
from chalicelib.policy.nodes import (
    MOST_POLICIES_PER_FILE,
    Entry,
    ListNode,
    MapNode,
    Node,
    Nothing,
    Scalar,
    compose,
)
from chalicelib.policy.problems import Problem, ScalarError
from chalicelib.policy.sections.services import NeverTouch
from chalicelib.policy.shape import find
from chalicelib.policy.structure import Structure

FILE_KEYS = ("lifecycle", "policies", "defaults", "locked", "never-touch", "freezes")
_GUARDS = re.compile(r"^(?:defaults|locked|never-touch|freezes)\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """One file. ``broken`` says that it cannot be relied on as a whole; ``bad_policies`` have an error of form."""

    file: str
    text: str
    policies: tuple[Entry, ...] = ()
    defaults: Entry | None = None
    locked: tuple[Scalar, ...] = ()
    never_touch: tuple[Node, ...] = ()
    freezes: tuple[Node, ...] = ()
    problems: tuple[Problem, ...] = ()
    readable: bool = True
    broken: bool = False
    unknown_parts: bool = False
    """Whether a part of the file has a name that nobody knows: it may be a misspelled guard."""

    @property
    def guards(self) -> bool:
        """Whether it says, or seems to say, something that concerns policies of other files."""
        if self.readable:
            return bool(self.unknown_parts or self.defaults or self.locked or self.never_touch or self.freezes)
        return _GUARDS.search(self.text) is not None


def read_document(file: str, text: str) -> Document:
    """The parts of one file, their form checked. Never raises; everything wrong is in ``problems``."""
    root, problems = compose(file, text)
    if not isinstance(root, MapNode):
        if not problems:
            message = "this file says nothing; it begins with lifecycle: v1" if root is None else "keys are expected"
            problems = (Problem("LC008" if root is None else "LC009", "error", file, 1, 1, "", None, message),)
        return Document(file, text, problems=problems, readable=False, broken=True)
    return _Parts(file, text, root, problems).document()


@dataclass(slots=True)
class _Parts:
    file: str
    text: str
    root: MapNode
    found: tuple[Problem, ...]
    structure: Structure = field(default_factory=Structure)

    def document(self) -> Document:
        for entry in self.root.entries:
            if entry.key not in FILE_KEYS:
                self.structure.unknown_key(entry, FILE_KEYS)
        self._check_version()
        defaults = self._defaults()
        locked = tuple(self._locked())
        never_touch = tuple(self._items("never-touch", NeverTouch))
        freezes = tuple(self._items("freezes", Freeze))
        policies = tuple(self._policies())
        problems = (*self.found, *self.structure.problems)
        broken = any(one.is_error and not one.path.startswith("policies.") for one in problems)
        unknown = any(entry.key not in FILE_KEYS for entry in self.root.entries)
        return Document(
            self.file, self.text, policies, defaults, locked, never_touch, freezes, problems, True, broken, unknown
        )

    def _check_version(self) -> None:
        version = self.root.get("lifecycle")
        if version is None:
            self._tell("LC008", self.root, "lifecycle", "lifecycle is missing; begin the file with lifecycle: v1")
        elif not isinstance(version, Nothing) and not (isinstance(version, Scalar) and version.text == "v1"):
            value = version.text if isinstance(version, Scalar) else None
            self._tell("LC010", version, None, "this program reads lifecycle: v1", value=value)

    def _policies(self) -> Iterator[Entry]:
        node = self.root.get("policies")
        if node is None or isinstance(node, Nothing):
            return
        if not isinstance(node, MapNode):
            self._tell("LC009", node, None, "policies are written as name: {…}, each under its own name")
            return
        if len(node.entries) > MOST_POLICIES_PER_FILE:
            self._tell(
                "LC002", node, None, f"{len(node.entries)} policies; a file has at most {MOST_POLICIES_PER_FILE}"
            )
            return
        for entry in node.entries:
            try:
                parse_word(entry.key)
            except ScalarError as error:
                mark = entry.mark
                self.structure.problems.append(
                    Problem(error.code, "error", mark.file, mark.line, mark.column, mark.path, entry.key, error.message)
                )
            yield Entry(entry.key, entry.mark, self.structure.section(entry.value, Policy))

    def _defaults(self) -> Entry | None:
        entry = self.root.entry("defaults")
        if entry is None or isinstance(entry.value, Nothing):
            return None
        checked = self.structure.section(entry.value, Policy, only=IN_DEFAULTS)
        return Entry(entry.key, entry.mark, checked) if isinstance(checked, MapNode) else None

    def _locked(self) -> Iterator[Scalar]:
        for item in self._list("locked"):
            if not isinstance(item, Scalar):
                self._tell("LC009", item, None, "a key path is expected here, as approval.no-answer")
            elif find(Policy, item.text) is None:
                self._tell("LC007", item, None, "no such key path; write one as approval.no-answer", value=item.text)
            else:
                yield item

    def _items(self, key: str, section: type[BaseModel]) -> Iterator[Node]:
        for item in self._list(key):
            yield self.structure.section(item, section)

    def _list(self, key: str) -> tuple[Node, ...]:
        node = self.root.get(key)
        if node is None or isinstance(node, Nothing):
            return ()
        if not isinstance(node, ListNode):
            self._tell("LC009", node, None, f"{key} is a list; write each item on its own - line")
            return ()
        return tuple(item for item in node.items if not isinstance(item, Nothing))

    def _tell(self, code: str, node: Node, key: str | None, message: str, *, value: str | None = None) -> None:
        mark = node.mark
        path = key if key else mark.path
        self.structure.problems.append(Problem(code, "error", mark.file, mark.line, mark.column, path, value, message))


def by_name(documents: Mapping[str, Document]) -> Mapping[str, tuple[Entry, ...]]:
    """Every policy name with all places where it is written; more than one is a mistake."""
    names: dict[str, tuple[Entry, ...]] = {}
    for document in documents.values():
        for entry in document.policies:
            names[entry.key] = (*names.get(entry.key, ()), entry)
    return names
