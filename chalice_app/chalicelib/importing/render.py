"""Drafts as a file of our language: what `lifecycle init` would write, with the notes as comments where they belong."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from chalicelib.importing.model import Chosen, Draft, Excluded, Timing
from chalicelib.policy.names import LONGEST_WORD

_PLAIN = re.compile(r"[A-Za-z0-9_/.][A-Za-z0-9_/.:+ -]*", re.ASCII)
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})
_NUMBER = re.compile(r"[0-9_.:+-]+")
_UNSAID_VALUE = re.compile(r"[\^$()\[\]{}|\\\x00-\x1f]")
_UNSAID_NAME = re.compile(r"[^A-Za-z0-9_?-]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_WIDTH = 110


def rendered(title: str, drafts: Iterable[Draft]) -> str:
    """The whole file. ``title`` says where it comes from."""
    lines = [
        "# yaml-language-server: $schema=./schema.json",
        f"# {_CONTROL.sub(' ', title)}",
        "lifecycle: v1",
        "policies:",
    ]
    for draft in drafts:
        lines += [f"  {line}" for line in _policy(draft)]
    return "\n".join(lines) + "\n"


def value_glob(text: str) -> str:
    """A tag's value for ``match``: marks that no glob holds (and no tag of ECS either) become ``?``."""
    return _UNSAID_VALUE.sub("?", text) or "?"


def name_glob(text: str) -> str:
    """A name for ``match``; ECS names have letters, digits, ``-`` and ``_`` only."""
    return _UNSAID_NAME.sub("?", text) or "?"


def policy_name(text: str, taken: set[str]) -> str:
    """A name of our language as near to ``text`` as it gets, and not among ``taken``, to which it is added."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST_WORD].strip("-") or "imported"
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain[: LONGEST_WORD - len(str(number)) - 1].rstrip('-')}-{number}"
    taken.add(name)
    return name


def _policy(draft: Draft) -> Iterator[str]:
    yield f"{draft.name}:"
    for note in draft.notes:
        for line in textwrap.wrap(_CONTROL.sub(" ", note), _WIDTH):
            yield f"  # {line}"
    if draft.description.strip():
        yield f"  description: {quoted(' '.join(draft.description.split()))}"
    if draft.priority:
        yield f"  priority: {draft.priority}"
    yield from (f"  {line}" for line in _match(draft.chosen))
    if draft.excluded:
        yield "  exclude:"
        yield from (f"    - {_exclusion(one)}" for one in draft.excluded)
    yield from (f"  {line}" for line in _hours(draft.timing))
    yield "  mode: dry-run"


def _match(chosen: Chosen) -> Iterator[str]:
    yield "match:"
    narrowed = chosen.clusters or chosen.names or chosen.tags or chosen.launch_type
    if not narrowed:
        yield "  everything: true"
    if chosen.clusters:
        yield f"  clusters: {_flow(chosen.clusters)}"
    if chosen.names:
        yield f"  names: {_flow(chosen.names)}"
    for key, tags in (("tags", chosen.tags), ("not-tags", chosen.not_tags)):
        if tags:
            yield f"  {key}:"
            yield from (f"    {line}" for line in _tags(tags))
    if chosen.launch_type:
        yield f"  launch-type: {_flow(chosen.launch_type)}"


def _tags(tags: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for key, values in tags.items():
        yield f"{quoted(key)}: {quoted(values[0]) if len(values) == 1 else _flow(values)}"


def _exclusion(one: Excluded) -> str:
    until = one.until.isoformat() if one.until else "never"
    return f"{{names: {_flow((one.name,))}, until: {until}, reason: {quoted(one.reason)}}}"


def _hours(timing: Timing) -> Iterator[str]:
    yield "hours:"
    yield f"  timezone: {timing.zone.key}"
    if timing.windows:
        yield "  open:"
        yield from (f"    - {window}" for window in timing.windows)
    else:
        yield "  cron:"
        yield f"    start: {_flow(timing.start)}"
        yield f"    stop: {_flow(timing.stop)}"
    if timing.opening != "start":
        yield f"  opening: {timing.opening}"
    if timing.closed != "stop":
        yield f"  closed: {timing.closed}"
    if timing.started_by_hand:
        yield f"  started-by-hand: {timing.started_by_hand}"
    if timing.holidays:
        yield "  holidays:"
        yield "    extra:"
        yield from (f"      - {day}" for day in timing.holidays)


def _flow(values: Iterable[str]) -> str:
    return f"[{', '.join(quoted(value) for value in values)}]"


def quoted(text: str) -> str:
    """A text as YAML takes it for that very text, in quotes only where it needs them."""
    text = _CONTROL.sub(" ", text)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML and not _NUMBER.fullmatch(text)
    if plain and ": " not in text and " #" not in text and not text.endswith((" ", ":")):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
