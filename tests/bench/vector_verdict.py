"""What becomes of one vector, and the two exceptions by which a translation says that it has no counterpart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.policy.problems import ScalarError


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "FAILED"
    OTHERWISE = "otherwise"
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    file: str
    kind: str
    id: str
    outcome: Outcome
    reason: str = ""


class RefusedOnPurpose(Exception):
    """Our language does not say such a thing."""


class DecidedOtherwise(Exception):
    """Our language says it and means something else."""


@dataclass(frozen=True)
class Expected:
    """What a table says of one vector: refused with words that hold ``said``, or decided otherwise by just that."""

    outcome: Outcome
    reason: str
    said: str


def held_to(verdicts: Iterable[Verdict], expected: Mapping[str, Expected]) -> Iterator[Verdict]:
    """Verdicts by a table of ids: what is in it must come out as it says, and everything else must pass."""
    for one in verdicts:
        wanted = expected.get(one.id)
        if wanted is None:
            is_told = one.outcome in (Outcome.PASSED, Outcome.FAILED)
            yield one if is_told else _failed(one, f"{one.outcome}, and not in the table: {one.reason}")
        elif _is_as(wanted, one):
            yield Verdict(one.file, one.kind, one.id, wanted.outcome, wanted.reason)
        else:
            yield _failed(one, f'the table says {wanted.outcome} ("{wanted.said}"), not {one.outcome}: {one.reason}')


def _is_as(wanted: Expected, one: Verdict) -> bool:
    if wanted.outcome is Outcome.REFUSED:
        return one.outcome is Outcome.REFUSED and wanted.said in one.reason
    return one.outcome is Outcome.FAILED and one.reason == wanted.said


def _failed(one: Verdict, reason: str) -> Verdict:
    return Verdict(one.file, one.kind, one.id, Outcome.FAILED, reason)


def verdict(file: str, kind: str, name: str, check: Callable[[], str]) -> Verdict:
    """Runs one check; it returns what is wrong, or nothing."""
    try:
        wrong = check()
    except RefusedOnPurpose as refused:
        return Verdict(file, kind, name, Outcome.REFUSED, str(refused))
    except DecidedOtherwise as otherwise:
        return Verdict(file, kind, name, Outcome.OTHERWISE, str(otherwise))
    except ScalarError as refused:
        return Verdict(file, kind, name, Outcome.FAILED, f"our reader refuses it: {refused.message}")
    return Verdict(file, kind, name, Outcome.FAILED if wrong else Outcome.PASSED, wrong)


def readable(read: Callable[[str], object], text: str) -> bool:
    """Whether our reader takes a text."""
    try:
        read(text)
    except ScalarError:
        return False
    return True
