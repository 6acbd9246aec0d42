"""Tries one mutant in a fork of the process that has all tests loaded.

The function's code is exchanged in memory, so whoever holds the function calls the mutant; no file is touched. Its
tests run one after the other, the quickest first, until one fails. Caches of our functions are emptied first: they
hold what the sound code answered.
"""

from __future__ import annotations

import functools
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from _pytest.runner import CallInfo
from _pytest.tmpdir import tmppath_result_key
from mutation_mutants import Mutant

WALL_SECONDS = 120
"""The end of a mutant that waits for ever and takes no CPU meanwhile, on a machine with other work too."""
MORE_MEMORY = 3 << 30
"""Bytes that a mutant may take beyond what it begins with."""
_FAILED, _NOT_MADE = 1, 3


class End(StrEnum):
    """What became of a mutant. OUT_OF_TIME: it took several times the CPU of its tests, or hung."""

    KILLED = "killed"
    SURVIVED = "survived"
    OUT_OF_TIME = "timed out"
    NOT_MADE = "not made"


Functions = Mapping[tuple[str, str], Sequence[FunctionType]]
"""By file and qualified name."""


def functions_of(files: Sequence[str]) -> Functions:
    """Every function that stands in these files, also below decorators."""
    wanted, found = set(files), dict[tuple[str, str], list[FunctionType]]()
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename in wanted:
            found.setdefault((one.__code__.co_filename, one.__code__.co_qualname), []).append(one)
    return found


def caches() -> list[Callable[[], None]]:
    """How to empty the caches of our functions; what only reads policy texts may stay, as nothing in it is mutated."""
    kind = type(functools.lru_cache(_nothing))
    ours = [one for one in gc.get_objects() if isinstance(one, kind) and _may_hold_decisions(one)]
    return [one.cache_clear for one in ours]


def _nothing() -> None: ...


def _may_hold_decisions(cached: Any) -> bool:
    room = str(cached.__module__).split(".")
    return (room[0] != "chalicelib" and "site-packages" not in _file(cached)) or room[:2] in _MUTATED


_MUTATED = [["chalicelib", room] for room in ("decide", "execute", "fleet", "controller", "entrypoints")]


def _file(cached: Any) -> str:
    code = getattr(getattr(cached, "__wrapped__", None), "__code__", None)
    return code.co_filename if code else "site-packages"


def begin(
    mutant: Mutant | None,
    file: str,
    functions: Functions,
    tests: Sequence[pytest.Item],
    cpu_seconds: int,
    empty: Sequence[Callable[[], None]],
) -> int:
    """Forks; the child's process id. ``mutant`` None changes nothing: a control, which has to survive."""
    child = os.fork()
    if child:
        return child
    try:
        _alone(cpu_seconds)
        for one in empty:
            one()
        if mutant is not None and not _exchange(mutant, file, functions):
            os._exit(_NOT_MADE)
        os._exit(_FAILED if _any_fails(tests) else 0)
    finally:
        os._exit(_NOT_MADE)  # never comes back into the parent's loop, and what is our own fault kills no mutant


def end_of(status: int) -> End:
    """Of a child's wait status."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL):
        return End.OUT_OF_TIME
    code = os.waitstatus_to_exitcode(status)
    return {0: End.SURVIVED, _NOT_MADE: End.NOT_MADE}.get(code, End.KILLED)


def _alone(cpu_seconds: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    gc.disable()
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + MORE_MEMORY, has + MORE_MEMORY))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(WALL_SECONDS)


def _exchange(mutant: Mutant, file: str, functions: Functions) -> bool:
    found = functions.get((file, mutant.function), ())
    for one in found:
        names = dict(one.__globals__)
        flags = sys.modules[one.__module__].__dict__.get("annotations")
        code = compile(mutant.source, file, "exec", flags=flags.compiler_flag if flags else 0, dont_inherit=True)
        exec(code, names)
        made: Any = names
        for name in mutant.function.split("."):
            made = made[name] if isinstance(made, dict) else made.__dict__[name]
        one.__code__, one.__defaults__, one.__kwdefaults__ = made.__code__, made.__defaults__, made.__kwdefaults__
    return bool(found)


def _any_fails(tests: Sequence[pytest.Item]) -> bool:
    return any(fails(test, following) for test, following in zip(tests, [*tests[1:], None], strict=True))


def fails(test: Any, following: pytest.Item | None) -> bool:
    """Runs one collected test, fixtures and all, without a report: writing that takes longer than most tests."""
    if hasattr(test, "_request") and not test._request:
        test._initrequest()
    hook = test.ihook
    test.stash[tmppath_result_key] = {}  # where a report is written, it says there whether to keep the folder
    begun = CallInfo.from_call(lambda: hook.pytest_runtest_setup(item=test), "setup")
    called = CallInfo.from_call(lambda: hook.pytest_runtest_call(item=test), "call") if begun.excinfo is None else begun
    ended = CallInfo.from_call(lambda: hook.pytest_runtest_teardown(item=test, nextitem=following), "teardown")
    test._request, test.funcargs = False, None
    wrong = (one.excinfo for one in (called, ended) if one.excinfo is not None)
    return any(not error.errisinstance(pytest.skip.Exception) for error in wrong)
