"""The `tests:` of a policy: does it decide at the given moments what its author expects?

A failure is one line that a person can act on: what was expected, what came, and what the policy would need. What a
test puts before the rules is `trial`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.decide.recording import RecordedRow, record_rows
from chalicelib.decide.tags import zone_of
from chalicelib.decide.trial import NOTHING_GIVEN, Outcome, outcome_at
from chalicelib.decide.words import clock_with_year, day
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.policy.problems import Problem
from chalicelib.policy.sections.expectations import PolicyTest
from chalicelib.policy.timetable import Timetable

__all__ = ["RecordedRow", "TestResult", "as_problems", "record_rows", "run_tests"]

TEST_FAILED = "LC070"


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test of one policy. ``finding`` is empty when it passed, else what was expected and what came instead."""

    __test__ = False  # pytest: this is no test case

    policy: str
    index: int
    test: PolicyTest
    outcome: Outcome
    file: str
    when: str
    finding: str

    @property
    def passed(self) -> bool:
        return not self.finding

    @property
    def message(self) -> str:
        """``vision.yaml:48 at Thu 31 Dec 2026 10:00 JST: expected …, got …``; empty when it passed."""
        place = f"{self.file}:{self.test.line}" if self.test.line else self.policy
        return f"{place} at {self.when}: {self.finding}" if self.finding else ""


def run_tests(policy: Policy, policies: PolicySet) -> tuple[TestResult, ...]:
    """Runs every test of the policy, in the order of the file. ``policies`` is the set it belongs to; its freezes and
    never-touch list do not hold in tests."""
    return tuple(_run(policy, index, test) for index, test in enumerate(policy.tests))


def as_problems(results: Sequence[TestResult]) -> tuple[Problem, ...]:
    """The failures as problems of the file: a policy with one keeps its last good version in force."""
    return tuple(
        Problem(
            code=TEST_FAILED,
            severity="error",
            file=result.file,
            line=result.test.line,
            column=1 if result.test.line else 0,
            path=f"policies.{result.policy}.tests[{result.index}]",
            value=None,
            message=f"at {result.when}: {result.finding}",
        )
        for result in results
        if not result.passed
    )


def _run(policy: Policy, index: int, test: PolicyTest) -> TestResult:
    outcome = outcome_at(policy, test.at, test.given or NOTHING_GIVEN)
    return TestResult(
        policy=policy.name,
        index=index,
        test=test,
        outcome=outcome,
        file=policy.source.rpartition(":")[0] or policy.source,
        when=clock_with_year(test.at, zone_of(policy)),
        finding=_verdict(policy, test, outcome),
    )


def _verdict(policy: Policy, test: PolicyTest, outcome: Outcome) -> str:
    """Empty when the test holds; else what was expected, and what came instead."""
    if not (outcome.meets(test.expect) and outcome.is_because(test.because)):
        wanted = f"{test.expect} ({test.because})" if test.because else test.expect
        return f"expected {wanted}, got {_got(policy, test, outcome)}"
    if test.next is None:
        return ""
    following = Timetable.of(policy.hours).next_transition(test.at) if policy.hours is not None else None
    if following is not None and following.at == test.next:
        return ""
    zone = zone_of(policy)
    got = f"{clock_with_year(following.at, zone)} ({following.window})" if following is not None else "none"
    return f"expected the next transition {clock_with_year(test.next, zone)}, got {got}"


def _got(policy: Policy, test: PolicyTest, outcome: Outcome) -> str:
    decision = outcome.decision
    if test.expect == "asking" and policy.approval is None:
        return f"{outcome.word} ({decision.because}: {decision.reason}); nobody is asked, as it has no approval section"
    if not outcome.by_hours:
        return f"{outcome.word} ({decision.because}: {decision.reason})"
    window = f": {outcome.phase.window}" if outcome.phase is not None else ""
    return f"{outcome.word} (hours{window}{_no_holiday(policy, test)})"


def _no_holiday(policy: Policy, test: PolicyTest) -> str:
    if test.because != "holiday" or policy.hours is None:
        return ""
    that_day = day(test.at, zone_of(policy))
    rules = policy.hours.holidays
    if rules is None:
        return f"; the policy knows no holidays, write hours.holidays to close on {that_day}"
    name = Timetable.of(policy.hours).holiday_on(test.at.astimezone(zone_of(policy)).date())
    if name is not None:
        return f"; {that_day} is {name}, but day-is: {rules.day_is.value} opens it"
    whose = f"no {rules.country} holiday" if rules.country else "no holiday"
    return f"; {that_day} is {whose}; add it to holidays.extra"
