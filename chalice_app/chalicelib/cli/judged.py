"""Policy files and what `validate` finds in them: of a whole folder, or of single files read with the rest of theirs.

Decides which problems and tests concern what was named. A problem of a file that was not named is counted nowhere; but
where it holds back a policy that was, that policy is not good, and one line says where to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.cli.book import Book, read_book, read_folder_book
from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Stop
from chalicelib.decide import words

if TYPE_CHECKING:
    from chalicelib.decide.policytests import TestResult
    from chalicelib.policy.model import Policy
    from chalicelib.policy.problems import Problem

FAILING_TEST = "LC070"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Part:
    """One folder as read. ``files``: what is judged, as problems name it."""

    book: Book
    files: frozenset[str]
    results: tuple[TestResult, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(one for one in self.book.loaded.problems if one.file in self.files)

    @property
    def names(self) -> frozenset[str]:
        """All policies of these files, good or bad."""
        return frozenset(name for name, mark in self.book.loaded.places.items() if mark.file in self.files)

    @property
    def held_back(self) -> bool:
        """Whether a policy here is not good through no error of these files."""
        told = any(problem.is_error for problem in self.problems)
        return not told and bool(self.names & self.book.loaded.bad_policies)


@dataclass(frozen=True, slots=True)
class Judged:
    parts: tuple[Part, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for part in self.parts for problem in part.problems)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.is_error)

    @property
    def results(self) -> tuple[TestResult, ...]:
        return tuple(result for part in self.parts for result in part.results)

    @property
    def failed(self) -> tuple[TestResult, ...]:
        return tuple(result for result in self.results if not result.passed)

    @property
    def ok(self) -> bool:
        return not self.errors and not self.failed and not any(part.held_back for part in self.parts)

    def show_problems(self, desk: Desk) -> None:
        """On stderr, with a caret under each place."""
        for part in self.parts:
            part.book.show_problems(desk, part.problems)
            if part.held_back:
                where = part.book.where
                desk.paper.err(f"Errors in other files of {where} hold these policies back: lifecycle validate {where}")

    def verdict(self) -> str:
        """``3 policies in 3 files: 0 errors, 6 tests passed.``"""
        policies = sum(len(part.names) for part in self.parts)
        files = sum(len(part.files) for part in self.parts)
        warnings = len(self.problems) - len(self.errors)
        told = [
            words.counted(len(self.errors), "error"),
            *([words.counted(warnings, "warning")] if warnings else []),
            tests_verdict(self.results, policies).rstrip("."),
        ]
        counted = f"{words.counted(policies, 'policy', 'policies')} in {words.counted(files, 'file')}"
        return f"{counted}: {', '.join(told)}."

    def document(self) -> dict[str, object]:
        return {
            "ok": self.ok,
            "files": sum(len(part.files) for part in self.parts),
            "policies": sum(len(part.names) for part in self.parts),
            "problems": [_problem(one) for one in self.problems],
            "tests": [as_document(one) for one in self.results],
        }


def judge(desk: Desk, paths: Sequence[Path]) -> Judged:
    """Reads and tests what is named, or the policies of this desk. Raises Stop for what is not there."""
    if not paths:
        return Judged((_part(read_book(desk), None),))
    folders = _by_folder([_found(desk, path) for path in paths])
    return Judged(tuple(_part(read_folder_book(desk, folder), names) for folder, names in folders.items()))


def _found(desk: Desk, path: Path) -> Path:
    """A file may be named as it stands in the desk's own folder, as `test` takes it."""
    if path.exists() or desk.policies.startswith("s3://"):
        return path
    inside = desk.policy_folder / path
    return inside if inside.exists() else path


def _by_folder(paths: Sequence[Path]) -> Mapping[Path, frozenset[str] | None]:
    """Folder -> names of the files to judge in it; None for all of them."""
    found: dict[Path, frozenset[str] | None] = {}
    for path in paths:
        if path.is_dir():
            found[path] = None
        elif not path.is_file():
            raise Stop(f"There is no file or folder {path}.")
        elif path.suffix not in _SUFFIXES:
            raise Stop(f"{path} is no policy file: their names end in .yaml or .yml.")
        elif (before := found.get(path.parent, frozenset())) is not None:
            found[path.parent] = before | {path.name}
    return found


def _part(book: Book, names: frozenset[str] | None) -> Part:
    files = frozenset(file for file in book.texts if names is None or Path(file).name in names)
    policies = tuple(one for one in book.loaded.policies.policies if one.source.rpartition(":")[0] in files)
    return Part(book, files, run_all(book, policies))


def run_all(book: Book, policies: Sequence[Policy]) -> tuple[TestResult, ...]:
    from chalicelib.cli.progress import tracked
    from chalicelib.decide.policytests import run_tests

    runs = (run_tests(policy, book.loaded.policies) for policy in policies)
    return tuple(result for results in tracked(runs, len(policies), "Testing policies") for result in results)


def show_failures(desk: Desk, failed: Sequence[TestResult]) -> None:
    """On stderr, each with the code that `lifecycle explain` explains."""
    for one in failed:
        desk.paper.err(f"{one.message} [{FAILING_TEST}]")


def tests_verdict(results: Sequence[TestResult], policies: int) -> str:
    if not results:
        who = "this policy holds" if policies == 1 else "these policies hold"
        return f"{who} no tests (`lifecycle test --record` proposes some)."
    failed = sum(not one.passed for one in results)
    if failed:
        return f"{failed} of {words.counted(len(results), 'test')} failed."
    return f"{words.counted(len(results), 'test')} passed."


def as_document(one: TestResult) -> dict[str, object]:
    return {
        "policy": one.policy,
        "index": one.index,
        "line": one.test.line,
        "at": one.test.at,
        "passed": one.passed,
        "message": one.message,
    }


def _problem(one: Problem) -> dict[str, object]:
    return {
        "code": one.code,
        "severity": one.severity,
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "path": one.path,
        "value": one.value,
        "message": one.message,
        "allowed": one.allowed,
        "nearest": one.nearest,
    }
