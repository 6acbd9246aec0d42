"""Inputs near right ones: real texts and JSON values, edited here and there as nobody would and anybody might.

A strategy draws a list of `Edit`s; they are applied to a real seed. That finds more than random text does, because most
of the seed stays right and what reads it goes on past the first check.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

ODD_TEXTS = (
    "", " ", "~", "null", "true", "NaN", "Infinity", "-0", "0", "-1", "1e999", "1_000", "0x1F", "9" * 400, "9" * 5_000,
    "1" * 5_000 + "d", "0." + "0" * 400 + "1", "2026-02-30", "0000-00-00", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59", "2026-11-20T10:00", "24:00", "25:61", "mon-fri", "daily all-day", "\x00", "\ud800",
    "\u2028", "\ufeff", "é", "e\u0301", "🌙", "\u0661\u0662", "\u00b2", "\u202egnp", "a" * 300, "a-" * 2_000,
    "../../etc/passwd", "${jndi:x}", "%s%n", "{0}", "'; DROP TABLE x; --", "<script>", "*", "?" * 60, "[", "&a", "*a",
    "!!python/object:x", "<<", "#", ": ", "- ", "\t", "\r\n", "\\", '"', "'", "`", "cron(0 8 ? * MON-FRI *)",
    "* * * * *", "0 0 30 2 *",
)  # fmt: skip
"""Texts that some parser has stumbled over: numbers beyond their types, half of a surrogate pair, wrong days."""

odd_texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=12)


def nested(depth: int, kind: type[list[Any]] | type[dict[str, Any]] = list) -> Any:
    """``[[[…]]]``, or the same of objects."""
    value: Any = kind()
    for _ in range(depth):
        value = [value] if kind is list else {"a": value}
    return value


ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, -(10**400), 2**63, 1e308, float("inf"), float("nan"), [], {}, [[]], [None],
    {"": ""}, {"a": {"a": {"a": {}}}}, nested(60), nested(60, dict),
)  # fmt: skip

odd_values = st.sampled_from(ODD_VALUES) | odd_texts


@dataclass(frozen=True)
class Edit:
    """``at`` and ``to`` are places as any number; the seed's size bounds them."""

    kind: str
    at: int
    to: int
    with_: Any


_WHERE = st.integers(0, 1_000_000)
TEXT_EDITS = (
    "insert", "replace word", "replace word", "replace value", "replace value", "drop line", "double line",
    "swap lines", "indent", "outdent", "cut", "repeat", "drop character", "graft",
)  # fmt: skip
TREE_EDITS = ("set", "set", "set", "drop", "rename", "wrap", "double", "graft", "text")


def text_edits(most: int = 4) -> st.SearchStrategy[list[Edit]]:
    return st.lists(st.builds(Edit, st.sampled_from(TEXT_EDITS), _WHERE, _WHERE, odd_texts), max_size=most)


def tree_edits(most: int = 4) -> st.SearchStrategy[list[Edit]]:
    return st.lists(st.builds(Edit, st.sampled_from(TREE_EDITS), _WHERE, _WHERE, odd_values), max_size=most)


def texts_near(seeds: Sequence[str], most: int = 4) -> st.SearchStrategy[str]:
    return st.builds(edited, st.sampled_from(seeds), text_edits(most))


def trees_near(seeds: Sequence[Any], most: int = 4) -> st.SearchStrategy[Any]:
    return st.builds(changed, st.sampled_from(seeds), tree_edits(most))


def bytes_near(texts: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """The same in UTF-8, and now and then in what is none."""
    return st.builds(_as_bytes, texts, st.sampled_from((None,) * 8 + ENCODINGS))


ENCODINGS = ("utf-16", "utf-32", "latin-1", "utf-8-sig", "raw")


def _as_bytes(text: str, encoding: str | None) -> bytes:
    if encoding == "raw":
        return text.encode("utf-8", "surrogatepass") + b"\xff\xfe\x80\x00"
    return text.encode(encoding or "utf-8", "replace" if encoding == "latin-1" else "surrogatepass")


def edited(text: str, edits: Sequence[Edit]) -> str:
    for edit in edits:
        text = _edited(text, edit)
    return text


def _edited(text: str, edit: Edit) -> str:
    lines = text.splitlines(keepends=True) or [""]
    here, there = edit.at % len(lines), edit.to % len(lines)
    at = edit.at % (len(text) + 1)
    match edit.kind:
        case "insert":
            return text[:at] + edit.with_ + text[at:]
        case "replace word":
            return _with_word(text, edit, " ,:;={}[]()\"'\n")
        case "replace value":
            return _with_word(text, edit, ":=\n")
        case "drop line":
            del lines[here]
        case "double line":
            lines.insert(there, lines[here])
        case "swap lines":
            lines[here], lines[there] = lines[there], lines[here]
        case "indent":
            lines[here] = "  " + lines[here]
        case "outdent":
            lines[here] = lines[here].removeprefix("  ")
        case "cut":
            return text[:at]
        case "repeat":
            return text[:at] + text[at : at + edit.to % 40] * (edit.to % 400) + text[at:]
        case "drop character":
            return text[:at] + text[at + 1 :]
        case "graft":
            return text[:at] + text[edit.to % (len(text) + 1) :]
    return "".join(lines)


def _with_word(text: str, edit: Edit, between: str) -> str:
    words = list(_words(text, between))
    if not words:
        return text
    begin, end = words[edit.at % len(words)]
    space = " " if between == ":=\n" else ""
    return text[:begin] + space + edit.with_ + text[end:]


def _words(text: str, between: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for place, character in enumerate(text + between[-1]):
        if character in between:
            if place > begin:
                yield begin, place
            begin = place + 1


def changed(tree: Any, edits: Sequence[Edit]) -> Any:
    """A JSON value with these edits; the seed stays as it was."""
    holder = [copy.deepcopy(tree)]
    for edit in edits:
        places = list(_places(holder))
        container, key = places[edit.at % len(places)]
        other_container, other_key = places[edit.to % len(places)]
        _change(container, key, edit, lambda found=(other_container, other_key): copy.deepcopy(found[0][found[1]]))
    return holder[0]


def _change(container: Any, key: Any, edit: Edit, other: Callable[[], Any]) -> None:
    match edit.kind:
        case "set":
            container[key] = copy.deepcopy(edit.with_)
        case "wrap":
            container[key] = [container[key]]
        case "graft":
            container[key] = other()
        case "text":
            container[key] = json.dumps(container[key], default=str)[:2_000]
        case "drop" if isinstance(container, dict):
            del container[key]
        case "rename" if isinstance(container, dict):
            container[str(edit.with_)[:60]] = container.pop(key)
        case "double" if isinstance(container, list) and len(container) < 64:
            container.insert(key, copy.deepcopy(container[key]))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value, as its container and its key there."""
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
