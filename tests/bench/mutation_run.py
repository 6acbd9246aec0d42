"""A pytest plugin that tries mutants instead of running the tests once.

All tests are collected in one process and run once, which says by line which test reaches it and what CPU it takes.
Then each mutant is tried in a fork of that process by the tests that reach its statement, the cheapest of them up to
`MOST_SECONDS`. Reads the plan from the file that MUTATION_PLAN names and writes what became of each to the file
that MUTATION_ENDS names.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import coverage
import hypothesis
import pytest
from mutation_child import End, begin, caches, end_of, fails, functions_of
from mutation_mutants import MOST_SECONDS, Mutant, parsed

DEAREST_SECONDS = 2.0
_SPARE_SECONDS = 10
"""CPU beyond twice that of the tests: fixtures that were there when a test was measured are made anew."""


@dataclass(frozen=True, slots=True)
class Ended:
    module: str
    function: str
    change: str
    first: int
    end: End
    tests: int


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutation")


def pytest_runtestloop(session: pytest.Session) -> bool:
    root = Path(os.environ["MUTATION_ROOT"])
    mutants, _ = parsed(Path(os.environ["MUTATION_PLAN"]).read_text())
    files = {name: str(root / name) for name in {one.module for one in mutants}}
    began = time.process_time()
    reached = _Reached(session.items, list(files.values()))
    looked = time.process_time() - began
    trial = _Trial(files, reached)
    ended = [*trial.controls(), *trial.run(mutants)]
    answer = {
        "ended": [asdict(one) for one in ended],
        "broken": reached.broken,
        "tests": len(session.items),
        "looked_seconds": looked,
        "tried_seconds": sum(os.times()[2:4]),
    }
    Path(os.environ["MUTATION_ENDS"]).write_text(json.dumps(answer))
    return True


class _Reached:
    """Which test reaches which line, what it takes, and which fail by themselves (they are left out)."""

    def __init__(self, items: Sequence[pytest.Item], files: Sequence[str]) -> None:
        self.broken: list[str] = []
        self.seconds: dict[int, float] = {}
        self._items = items
        cover = coverage.Coverage(data_file=None, include=list(files), config_file=False)
        cover.start()
        for index, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
            cover.switch_context(str(index))
            began = time.process_time()
            if fails(item, following):
                self.broken.append(item.nodeid)
            else:
                self.seconds[index] = time.process_time() - began
        cover.stop()
        self._lines = {file: cover.get_data().contexts_by_lineno(file) for file in files}

    def tests(self, file: str, mutant: Mutant) -> list[int]:
        """Of the statement; of a function's head, which runs at import, those of its body. Cheapest first."""
        found = self._between(file, mutant.first, mutant.last)
        if mutant.first == mutant.body[0]:
            found = self._between(file, *mutant.body)
        return sorted(found, key=lambda index: self.seconds[index])

    def _between(self, file: str, first: int, last: int) -> set[int]:
        lines = self._lines[file]
        texts = {text for number in range(first, last + 1) for text in lines.get(number, ()) if text}
        return {int(text) for text in texts} & self.seconds.keys()

    def affordable(self, tests: Sequence[int]) -> list[pytest.Item]:
        """The cheapest, until `MOST_SECONDS` are spent, in the order in which they shall run."""
        chosen, spent = list[int](), 0.0
        for index in tests:
            spent += self.seconds[index]
            if chosen and (spent > MOST_SECONDS or self.seconds[index] > DEAREST_SECONDS):
                break
            chosen.append(index)
        return [self._items[index] for index in self._by_module(chosen)]

    def _by_module(self, tests: Sequence[int]) -> list[int]:
        """Cheapest module first, each as it stands: what the tests of a module share is made once for all of them."""
        whole: Counter[str] = Counter()
        for index in tests:
            whole[self._module(index)] += self.seconds[index]
        return sorted(tests, key=lambda index: (whole[self._module(index)], self._module(index), index))

    def _module(self, index: int) -> str:
        return self._items[index].nodeid.partition("::")[0]


class _Trial:
    def __init__(self, files: Mapping[str, str], reached: _Reached) -> None:
        self._files = files
        self._reached = reached
        self._functions = functions_of(list(files.values()))
        self._caches = caches()

    def controls(self) -> Iterator[Ended]:
        """Of each file all that its tests can be, with nothing changed."""
        whole = [Mutant(name, "", 1, 1_000_000, (0, 0), "nothing", "") for name in self._files]
        return self._all([(one, None) for one in whole])

    def run(self, mutants: Sequence[Mutant]) -> Iterator[Ended]:
        return self._all([(one, one) for one in mutants])

    def _all(self, wanted: Sequence[tuple[Mutant, Mutant | None]]) -> Iterator[Ended]:
        """As many at once as there are cores."""
        running: dict[int, tuple[Mutant, int]] = {}
        for about, mutant in wanted:
            file = self._files[about.module]
            tests = self._reached.affordable(self._reached.tests(file, about))
            if not tests:
                yield _ended(about, End.SURVIVED, 0)
                continue
            if len(running) >= (os.cpu_count() or 1):
                yield _first_of(running)
            limit = int(2 * MOST_SECONDS) + _SPARE_SECONDS
            running[begin(mutant, file, self._functions, tests, limit, self._caches)] = about, len(tests)
        while running:
            yield _first_of(running)


def _first_of(running: dict[int, tuple[Mutant, int]]) -> Ended:
    child, status = os.wait()
    about, tests = running.pop(child)
    return _ended(about, end_of(status), tests)


def _ended(about: Mutant, end: End, tests: int) -> Ended:
    return Ended(about.module, about.function, about.change, about.first, end, tests)
