"""What YAML's scanner could not read, in our words and at the place that an author has to mend.

Decides only the sentence and its place. The scanner tells where it gave up, which may be lines below the mistake: an
unquoted # inside brackets takes the rest of its line, the closing bracket too, and is found here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

_HASH_FOR_VALUE = re.compile(r"(?:[:,]\s+|[\[{]\s*)(#[^\s,\]}#]+)")


def comment_for_value(word: str) -> str:
    """The sentence for a value that YAML takes for a comment."""
    return f'no value: text after # is a comment; write "{word}"'


def explained(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> tuple[int, int, str]:
    """Line and column, from 1 (0 is unknown), and one sentence."""
    place = error.problem_mark or error.context_mark
    sentence = _sentence(error, lines)
    begun = error.context_mark.line if error.context_mark else 0
    last = place.line if place else len(lines)
    if sentence.startswith("a bracket") or "flow" in (error.context or ""):
        if swallowed := _swallowed(lines, last):
            return swallowed
        if error.context_mark and any(" #" in one for one in lines[begun : last + 1]):
            sentence += "; text after # is a comment, so quote what begins with it"
    return (place.line + 1, place.column + 1, sentence) if place else (0, 0, sentence)


def _swallowed(lines: Sequence[str], last: int) -> tuple[int, int, str] | None:
    """The last # up to a line that stands where a value should, inside brackets that its line opens and does not close
    before. The scanner may name the end of the file alone, so every line above is looked at."""
    for number, line in reversed(list(enumerate(lines[: last + 1]))):
        for match in _HASH_FOR_VALUE.finditer(line):
            before = line[: match.start(1)]
            if sum(map(before.count, "[{")) > sum(map(before.count, "]}")):
                return number + 1, match.start(1) + 1, comment_for_value(match[1])
    return None


def _sentence(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> str:
    place = error.problem_mark or error.context_mark
    line = lines[place.line] if place and place.line < len(lines) else ""
    return _in_our_words(error, line, place.column if place else 0)


def _in_our_words(error: yaml.MarkedYAMLError, line: str, column: int) -> str:
    context, problem = error.context or "", error.problem or "it ends too early"
    character = line[column : column + 1]
    before = line[:column]
    if "alias" in context or re.search(r"(^|[\s\[{,])\*[^\s\w-]?$", before + character):
        return "quote a value that begins with *"
    if "anchor" in context:
        return "quote a value that begins with &"
    if character == "\t" or "\t" in line[: column + 1]:
        return "indent with spaces, not tabs"
    if "cannot start any token" in problem:
        return f"quote a value that begins with {character}"
    if "mapping values are not allowed" in problem:
        return "a second colon on this line; quote the value, or begin a new line"
    if "did not find expected ',' or" in problem or "expected ',' or" in problem:
        return "a bracket is not closed, or a comma is missing"
    if "quoted scalar" in context:
        return "a quotation mark is not closed"
    if "simple key" in context or "could not find expected ':'" in problem:
        return "a colon is missing after the key"
    return f"this cannot be read as YAML: {problem}; look at the indentation"
