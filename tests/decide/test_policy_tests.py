"""The tests that a policy carries: what they ask, and how they fail."""

from __future__ import annotations

import pytest
from chalicelib.decide.policytests import TestResult, as_problems, record_rows, run_tests
from chalicelib.policy.model import Policy, PolicySet
from support.observations import at
from support.policies import policy, policy_set

TEAM = """
    hours:
      timezone: Asia/Tokyo
      open: [mon-fri 08:00-20:00, sat 10:00-14:00, last-fri 20:00-02:00]
      holidays: {country: JP, extra: [2026-12-29..2027-01-03]}
    idle: {stop-after: 45m}
    overrides: {service-tags: [exclude, idle]}
"""


def with_tests(*rows: str, body: str = TEAM) -> Policy:
    tests = "\n".join(f"      - {row}" for row in rows)
    return policy(f"{body}    tests:\n{tests}", name="vision-dev")


def run(policy: Policy) -> tuple[TestResult, ...]:
    return run_tests(policy, PolicySet())


@pytest.mark.parametrize(
    "row",
    [
        "{at: 2026-11-20T10:00, expect: running}",
        "{at: 2026-11-20T10:00, expect: running, because: hours}",
        "{at: 2026-11-20T10:00, expect: running, because: in-use}",
        "{at: 2026-11-20T21:00, expect: stopped, because: hours, next: 2026-11-21T10:00}",
        "{at: 2026-11-23T10:00, expect: stopped, because: holiday}",
        "{at: 2026-12-31T10:00, expect: stopped, because: holiday, next: 2027-01-04T08:00}",
        "{at: 2026-11-28T01:30, expect: running}",
        "{at: 2026-11-20T10:00, given: {idle-for: 50m}, expect: stopped, because: idle}",
        "{at: 2026-11-20T10:00, given: {idle-for: 46m}, expect: running}",
        "{at: 2026-11-20T10:00, given: {idle-for: 50m, missing: [requests]}, expect: unchanged, because: unknown}",
        "{at: 2026-11-20T21:00, given: {in-flight: 1}, expect: unchanged, because: in-use}",
        "{at: 2026-11-20T21:00, given: {idle-for: 1m}, expect: unchanged, because: in-use}",
        "{at: 2026-11-20T21:00, given: {idle-for: 8m}, expect: stopped, because: hours}",
        "{at: 2026-11-20T10:00, given: {idle-for: 50m, ready-for: 20m}, expect: running}",
        "{at: 2026-11-20T21:00, given: {state: stopped}, expect: stopped}",
        "{at: 2026-11-20T10:00, given: {state: stopped}, expect: unchanged}",
        "{at: 2026-11-20T08:00, given: {state: stopped, opening: due}, expect: running, because: hours}",
        "{at: 2026-11-20T20:00, given: {started: by-hand}, expect: running, because: override}",
        "{at: 2026-11-20T21:00, given: {override: {keep-until: 2026-11-20T22:00}}, expect: running, because: override}",
        "{at: 2026-11-20T10:00, given: {override: {stop-until: 2026-11-20T22:00}}, expect: stopped, because: override}",
        "{at: 2026-11-20T21:00, given: {tags: {'lifecycle:exclude': never-expires}}, expect: unchanged}",
        "{at: 2026-11-20T10:00, given: {idle-for: 50m, tags: {'lifecycle:idle': 2h}}, expect: running}",
        "{at: 2026-11-20T21:00, given: {tags: {'lifecycle:idle': soon}}, expect: unchanged, because: exclude}",
        "{at: 2026-11-20T21:00, given: {freeze: true}, expect: unchanged, because: freeze}",
    ],
)
def test_what_holds_of_the_team_policy(row: str) -> None:
    assert [result.message for result in run(with_tests(row))] == [""]


def test_a_failure_is_one_line_that_says_what_to_write() -> None:
    no_year_end = TEAM.replace(", extra: [2026-12-29..2027-01-03]", "")

    (result,) = run(with_tests("{at: 2026-12-31T10:00, expect: stopped, because: holiday}", body=no_year_end))

    assert not result.passed
    assert result.message == (
        f"policies/vision.yaml:{result.test.line} at Thu 31 Dec 2026 10:00 JST: expected stopped (holiday), got "
        "running (hours: mon-fri 08:00-20:00; 31 Dec is no JP holiday; add it to holidays.extra)"
    )


def test_a_wrong_reason_fails_and_says_the_right_one() -> None:
    (result,) = run(with_tests("{at: 2026-11-20T21:00, expect: stopped, because: idle}"))

    assert result.finding == ("expected stopped (idle), got stopped (hours: closed until Sat 21 Nov 10:00 JST)")


def test_a_wrong_next_transition_fails_with_the_real_one() -> None:
    (result,) = run(with_tests("{at: 2026-11-20T10:00, expect: running, next: 2026-11-20T18:00}"))

    assert result.finding == (
        "expected the next transition Fri 20 Nov 2026 18:00 JST, got Fri 20 Nov 2026 20:00 JST (mon-fri 08:00-20:00)"
    )


def test_asking_without_an_approval_section_is_said_to_ask_nobody() -> None:
    (result,) = run(with_tests("{at: 2026-11-20T10:00, given: {idle-for: 50m}, expect: asking}"))

    assert result.finding.startswith("expected asking, got stopped (idle: ")
    assert result.finding.endswith("nobody is asked, as it has no approval section")


def test_failures_become_problems_of_their_lines() -> None:
    results = run(with_tests("{at: 2026-11-20T10:00, expect: running}", "{at: 2026-11-20T21:00, expect: running}"))

    (problem,) = as_problems(results)

    assert problem.is_error
    assert (problem.file, problem.line, problem.path) == (
        "policies/vision.yaml",
        results[1].test.line,
        "policies.vision-dev.tests[1]",
    )
    assert problem.message.startswith("at Fri 20 Nov 2026 21:00 JST: expected running, got stopped")


def test_recorded_rows_pass_when_they_are_put_into_the_policy() -> None:
    rows = record_rows(policy(TEAM.replace("Asia/Tokyo", "Europe/Paris").replace("JP", "FR")), at("2026-11-20T10:30"))

    notes = [row.note for row in rows]
    assert any("clocks go forward" in note for note in notes)
    assert any("Christmas" in note for note in notes)
    assert "idle for long enough" in notes
    text = "\n".join(f"      {row.yaml}" for row in rows)
    body = TEAM.replace("Asia/Tokyo", "Europe/Paris").replace("JP", "FR") + f"    tests:\n{text}"
    assert [result.message for result in run(policy(body)) if not result.passed] == []


def test_rows_are_recorded_for_a_policy_that_knows_only_idleness() -> None:
    rows = record_rows(policy("idle: {stop-after: 30m}"), at("2026-11-20T10:30"))

    assert [(row.expect, row.because) for row in rows] == [("running", "hours"), ("stopped", "idle")]


def test_freezes_of_the_set_do_not_hold_in_tests() -> None:
    frozen = policy_set("""
        policies:
          dev:
            match: {everything: true}
            hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
            tests: [{at: 2026-11-20T21:00, expect: stopped}]
        freezes: [{name: launch, from: 2026-11-20T00:00Z, to: 2026-11-21T00:00Z, reason: launch}]
    """)

    assert run_tests(frozen.policies[0], frozen)[0].passed


def test_in_its_own_tests_an_adaptive_policy_waits_as_long_as_it_allows() -> None:
    adaptive = TEAM.replace("{stop-after: 45m}", "{stop-after: adaptive, cold-start-value: 1.00 USD, max: 2h}")
    rows = (
        "{at: 2026-11-20T15:00, given: {idle-for: 110m}, expect: running}",
        "{at: 2026-11-20T15:00, given: {idle-for: 130m}, expect: stopped, because: idle}",
    )

    assert [result.finding for result in run(with_tests(*rows, body=adaptive))] == ["", ""]
