"""Which acts need a yes, until when it is waited for, and when nobody is asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from chalicelib.decide.approval import answer_by, needed_yes, quiet_until
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import ServiceId
from chalicelib.policy.model import Policy
from support.policies import policy

NOON = datetime.fromisoformat("2026-11-20T12:00+09:00")  # a Friday
NIGHT = datetime.fromisoformat("2026-11-20T21:50+09:00")
HALF_AN_HOUR = timedelta(minutes=30)
ALL = "idle-stop, closed-stop, start-when-closed"


def asking(for_: str = ALL, more: str = "", closed: str = "stop") -> Policy:
    return policy(
        f"hours: {{timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00], closed: {closed}}}\n"
        "idle: {stop-after: 30m}\n"
        f'approval: {{for: [{for_}], ask: "#ml", approvers: [group:ml]}}\n{more}'
    )


def decision(wanted: Wanted, rule: RuleName) -> Decision:
    return Decision(ServiceId("c", "s"), wanted, rule, Because.HOURS, "because", (), NOON, policy="dev")


@pytest.mark.parametrize(
    ("wanted", "rule", "at", "needed"),
    [
        (Wanted.STOPPED, RuleName.IDLE, NOON, "idle-stop"),
        (Wanted.STOPPED, RuleName.CLOSED, NIGHT, "closed-stop"),
        (Wanted.STOPPED, RuleName.OVERRIDE, NOON, None),
        (Wanted.RUNNING, RuleName.OVERRIDE, NIGHT, "start-when-closed"),
        (Wanted.RUNNING, RuleName.OVERRIDE, NOON, None),
        (Wanted.RUNNING, RuleName.OPENING, NOON, None),
        (Wanted.LEAVE, RuleName.IDLE, NOON, None),
    ],
)
def test_acts_of_the_policy_need_a_yes_and_a_person_s_own_stop_does_not(
    wanted: Wanted, rule: RuleName, at: datetime, needed: str | None
) -> None:
    assert needed_yes(asking(), decision(wanted, rule), at) == needed


def test_only_what_the_policy_lists_needs_one() -> None:
    stop = decision(Wanted.STOPPED, RuleName.IDLE)
    assert needed_yes(asking("closed-stop"), stop, NOON) is None
    assert needed_yes(policy("idle: {stop-after: 30m}"), stop, NOON) is None


def test_hours_that_stop_nothing_when_closed_ask_for_no_start() -> None:
    start = decision(Wanted.RUNNING, RuleName.OVERRIDE)
    assert needed_yes(asking(closed="idle"), start, NIGHT) is None


def test_quiet_time_does_not_count_as_time_to_answer() -> None:
    quiet = asking(more="notify: {quiet: [daily 22:00-07:00]}")
    assert answer_by(quiet, NIGHT, HALF_AN_HOUR) == datetime.fromisoformat("2026-11-21T07:20+09:00")
    assert answer_by(quiet, NOON, HALF_AN_HOUR) == NOON + HALF_AN_HOUR
    assert answer_by(quiet, NIGHT + HALF_AN_HOUR, HALF_AN_HOUR) == datetime.fromisoformat("2026-11-21T07:30+09:00")
    assert answer_by(asking(), NIGHT, HALF_AN_HOUR) == NIGHT + HALF_AN_HOUR


def test_a_long_time_to_answer_skips_every_quiet_window() -> None:
    quiet = asking(more="notify: {quiet: [daily 22:00-07:00]}")
    assert answer_by(quiet, NIGHT, timedelta(hours=20)) == datetime.fromisoformat("2026-11-22T11:50+09:00")


def test_the_end_of_the_quiet_time_is_known_inside_of_it() -> None:
    quiet = asking(more="notify: {quiet: [daily 22:00-07:00]}")
    assert quiet_until(quiet, NIGHT) is None
    assert quiet_until(quiet, NIGHT + HALF_AN_HOUR) == datetime.fromisoformat("2026-11-21T07:00+09:00")


def test_quiet_windows_without_an_end_are_none() -> None:
    always = asking(more="notify: {quiet: [daily all-day]}")
    assert quiet_until(always, NOON) is None
    assert answer_by(always, NOON, HALF_AN_HOUR) == NOON + HALF_AN_HOUR
