"""What becomes of one vector, and the two exceptions by which a translation says that it has no counterpart."""

from __future__ import annotations

from collections.abc import Callable
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
