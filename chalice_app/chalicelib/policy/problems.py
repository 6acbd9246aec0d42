"""What is wrong with a policy, as a value: where it stands, what was written, what is allowed, what was meant.

The reader of the language never stops at the first mistake: every one becomes a `Problem`, and all of them are
shown together. This module decides only how a problem looks; it neither reads files nor judges values.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]

_LONGEST_WORD = 120
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
"""What a message says again of an author's own text, which may have any length."""
_LONGEST_SOURCE_LINE = 160
"""Characters of a source line shown above the caret; a longer line is cut around the caret."""


class ScalarError(ValueError):
    """One text cannot be read as its key's type. ``code`` is of ``codes.catalogue``, ``message`` one sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake (``error``) or doubt (``warning``) at one place. Lines and columns count from 1; 0 is unknown.

    ``path`` is the key path from the top of the file (``policies.vision-dev.hours.open[0]``), ``value`` the text as
    written (None where there is none to show), ``allowed`` the closed set of words when there is one, ``nearest`` the
    spelling that was probably meant.
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    path: str
    value: str | None
    message: str
    allowed: tuple[str, ...] = ()
    nearest: str | None = None

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    @property
    def sentence(self) -> str:
        """The problem without its place: what was written, what is wrong, what may stand there."""
        shown = "" if self.value is None else f'"{_one_line(self.value)}": '
        meant = f" Did you mean {self.nearest}?" if self.nearest else ""
        choice = f" Allowed: {', '.join(self.allowed)}." if self.allowed else ""
        body = _LONG_WORD.sub(lambda word: f"{word[0][:_LONGEST_WORD]}...", self.message)
        if (meant or choice) and not body.endswith((".", "?", "!")):
            body += "."
        return f"{shown}{body}{meant}{choice}"

    @property
    def place(self) -> str:
        """``policies/vision.yaml:14:20``, as editors and terminals make it clickable."""
        return self.file if not self.line else f"{self.file}:{self.line}:{self.column}"


def render(problem: Problem, source_text: str | None = None) -> str:
    """One line for people and, with the text of the file at hand, the line itself with a caret under the place."""
    mark = "" if problem.is_error else "warning: "
    path = f" {problem.path}" if problem.path else ""
    head = f"{problem.place}{path}: {mark}{problem.sentence} [{problem.code}]"
    caret = _caret(problem, source_text) if source_text is not None else ""
    return f"{head}\n{caret}" if caret else head


def in_reading_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By file, then place; doubles (the same sentence at the same place) once."""
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda one: (one.file, one.line, one.column, one.path, one.code)))


def nearest_word(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed spelling closest to ``word``, or None when none comes near (similarity under 0.6)."""
    by_lower = {one.lower().replace("_", "-"): one for one in allowed}
    found = difflib.get_close_matches(word.lower().replace("_", "-"), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def _one_line(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _caret(problem: Problem, source_text: str) -> str:
    lines = source_text.splitlines()
    if not 1 <= problem.line <= len(lines):
        return ""
    line, at = lines[problem.line - 1].replace("\t", " "), max(problem.column - 1, 0)
    if len(line) > _LONGEST_SOURCE_LINE:
        start = max(at - _LONGEST_SOURCE_LINE // 2, 0)
        line, at = line[start : start + _LONGEST_SOURCE_LINE], at - start
    return f"    {line}\n    {' ' * at}^"
