"""YAML as a tree of texts with places: what was written, before anything is made of it.

Decides only what the file says, never what it means: every scalar stays text, so ``22:00``, ``NO`` and ``012`` arrive
as written. Refuses, each with its place, what would make a policy say something else than it reads: keys written
twice, aliases, anchors, merge keys, tags, several documents, values that are nothing, and files beyond the limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from chalicelib.policy.problems import Problem
from chalicelib.policy.unreadable import comment_for_value, explained

LARGEST_FILE_BYTES = 1024 * 1024
DEEPEST = 12
MOST_POLICIES_PER_FILE = 500

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NOTHING = ("", "~", "null", "Null", "NULL")
_PLAIN_KEY = re.compile(r"^[\w-]+$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1. ``path`` is the key path from the top of the file."""

    file: str
    line: int
    column: int
    path: str


@dataclass(frozen=True, slots=True)
class Scalar:
    text: str
    mark: Mark
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """Where a value should be and none can be used; the problem is already told."""

    mark: Mark


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``key: value``; ``mark`` is where the key stands."""

    key: str
    mark: Mark
    value: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    entries: tuple[Entry, ...]
    mark: Mark

    def get(self, key: str) -> Node | None:
        entry = self.entry(key)
        return entry.value if entry else None

    def entry(self, key: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.key == key), None)


@dataclass(frozen=True, slots=True)
class ListNode:
    items: tuple[Node, ...]
    mark: Mark
    inline: bool = False
    """Written in ``[...]``, where a comma ends an item."""


Node = Scalar | Nothing | MapNode | ListNode


def compose(file: str, text: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """The one document of a file and everything wrong with its form. None when there is no tree to look at.

    A problem with code LC001, LC002 or LC003 means that the file as a whole cannot be used; the others stand at one
    place and leave the rest of the tree usable.
    """
    if problem := _unfit(file, text):
        return None, (problem,)
    return _Reader(file, text).read()


def join_path(path: str, key: str | int) -> str:
    """``policies.vision`` + ``open`` + 0 -> ``policies.vision.open[0]``; odd keys are shown in quotes."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    shown = key if _PLAIN_KEY.match(key) else f'"{key}"'
    return f"{path}.{shown}" if path else shown


def _unfit(file: str, text: str) -> Problem | None:
    def refuse(message: str) -> Problem:
        return Problem("LC002", "error", file, 0, 0, "", None, message)

    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        return refuse("the file is not UTF-8; save it as UTF-8")
    if size > LARGEST_FILE_BYTES:
        return refuse(f"{size:,} bytes; a policy file has at most 1 MiB, so split it")
    return None


class _TooDeep(Exception):
    """Nesting beyond the limit; carries the event at which it was found."""

    def __init__(self, event: yaml.Event) -> None:
        super().__init__()
        self.event = event


class _Reader:
    """Reads the events of one file into nodes, collecting problems on the way."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self._problems: list[Problem] = []

    def read(self) -> tuple[Node | None, tuple[Problem, ...]]:
        root: Node | None = None
        documents = 0
        try:
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        mark = self._mark(event, "")
                        self._tell("LC003", mark, None, "a second YAML document; put them under one policies:")
                        return None, tuple(self._problems)
                    root = self._node(next(self._events), "", 0)
        except _TooDeep as deep:
            message = f"nested deeper than {DEEPEST} levels; a policy needs far fewer"
            self._tell("LC002", self._mark(deep.event, ""), None, message)
            return None, tuple(self._problems)
        except yaml.MarkedYAMLError as error:
            line, column, sentence = explained(error, self._lines)
            self._tell("LC001", Mark(self._file, line, column, ""), None, sentence)
            return None, tuple(self._problems)
        except yaml.YAMLError as error:
            where = Mark(self._file, 0, 0, "")
            self._tell("LC001", where, None, f"this cannot be read as YAML: {' '.join(str(error).split())}")
            return None, tuple(self._problems)
        return root, tuple(self._problems)

    def _node(self, event: yaml.Event, path: str, depth: int, key: Mark | None = None) -> Node:
        if depth > DEEPEST:
            raise _TooDeep(event)
        mark = self._mark(event, path)
        if isinstance(event, yaml.AliasEvent):
            message = "quote a value that begins with *; aliases are not read, because a policy is data"
            self._tell("LC005", mark, f"*{event.anchor}", message)
            return Nothing(mark)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        self._refuse_decoration(event, mark)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, mark, key)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(mark, depth, bool(event.flow_style))
        return self._map(mark, depth)

    def _refuse_decoration(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, mark: Mark) -> None:
        if event.anchor is not None:
            message = "quote a value that begins with &; anchors are not read, because a policy is data"
            self._tell("LC005", mark, f"&{event.anchor}", message)
        if event.tag is not None:
            message = "quote a value that begins with !; tags are not read, because a policy is data"
            self._tell("LC005", mark, event.tag.replace("tag:yaml.org,2002:", "!!"), message)

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark, key: Mark | None) -> Node:
        quoted = event.style in ("'", '"', "|", ">")
        if quoted or event.value not in _NOTHING:
            return Scalar(event.value, mark, quoted)
        if event.value:
            message = "there is no null in a policy: leave the key out, or write none to drop an inherited section"
            self._tell("LC006", mark, event.value, message)
        else:
            mark = key or mark
            self._tell("LC006", mark, None, self._why_empty(mark))
        return Nothing(mark)

    def _why_empty(self, mark: Mark) -> str:
        line = self._lines[mark.line - 1] if mark.line <= len(self._lines) else ""
        written, comment, rest = line[mark.column - 1 :].partition(" #")
        if comment:
            word = re.split(r"[\s,\]}]", rest.strip())[0]
            return comment_for_value(f"#{word}")
        if re.match(r"[^\s{}]+:[^\s{},]+", written):
            return "no value: write a space after the colon"
        return "no value: write one, or leave the key out"

    def _list(self, mark: Mark, depth: int, inline: bool) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, join_path(mark.path, len(items)), depth + 1))
        return ListNode(tuple(items), mark, inline)

    def _map(self, mark: Mark, depth: int) -> MapNode:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, mark, depth)
            value = self._node(next(self._events), key.mark.path, depth + 1, key.mark)
            if first := entries.get(key.text):
                message = f"this key stands twice, first on line {first.mark.line}; keep one of them"
                self._tell("LC004", key.mark, key.text, message)
            elif key.text == "<<":
                message = "merge keys are not read, because a policy is data; write the keys out"
                self._tell("LC005", key.mark, "<<", message)
            else:
                entries[key.text] = Entry(key.text, key.mark, value)
        return MapNode(tuple(entries.values()), mark)

    def _key(self, event: yaml.Event, owner: Mark, depth: int) -> Scalar:
        if isinstance(event, yaml.ScalarEvent):
            mark = self._mark(event, join_path(owner.path, event.value))
            self._refuse_decoration(event, mark)
            return Scalar(event.value, mark)
        mark = self._mark(event, owner.path)
        if not isinstance(self._node(event, owner.path, depth + 1), Nothing):
            self._tell("LC009", mark, None, "a key is one word, not a list or a section")
        return Scalar(f"?{mark.line}:{mark.column}", mark)

    def _mark(self, event: yaml.Event, path: str) -> Mark:
        start = event.start_mark
        assert start is not None
        return Mark(self._file, start.line + 1, start.column + 1, path)

    def _tell(self, code: str, mark: Mark, value: str | None, message: str) -> None:
        self._problems.append(Problem(code, "error", mark.file, mark.line, mark.column, mark.path, value, message))
