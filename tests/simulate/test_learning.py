"""What is learned in a simulation: the adaptive timeout in a replay, and bets from gap to gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chalicelib.policy.model import PolicySet
from chalicelib.simulate.bets import PrewarmingMachine
from chalicelib.simulate.gaps import Adaptive, GapResult, Machine, Terms
from chalicelib.simulate.replay import Setting, facts_for, replay
from chalicelib.simulate.result import Assumptions, Outcome
from chalicelib.simulate.runs import runs
from chalicelib.simulate.trace import Request
from support.policies import policy

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
DAYS = 28
CHEAP, DEAR = Terms(1.006, 240, 1.0), Terms(1.006, 240, 4.0)
MORNINGS: list[Request] = [
    (day * 86_400.0 + 9 * 3600 + minute * 60 + 200, 10.0) for day in range(DAYS) for minute in (0, 4, 9, 15, 30)
]
"""Every day the same half hour."""


def betting(terms: Terms, requests: list[Request]) -> tuple[GapResult, PrewarmingMachine]:
    machine = PrewarmingMachine(terms)
    for run in runs(iter(requests), 240):
        machine.feed(run)
    return machine.finish(DAYS * 86_400.0), machine


def plainly(terms: Terms, requests: list[Request]) -> GapResult:
    machine = Machine(Adaptive(terms), 240)
    for run in runs(iter(requests), 240):
        machine.feed(run)
    return machine.finish(DAYS * 86_400.0)


def test_where_a_wait_is_cheap_nothing_is_bet_and_all_is_as_without() -> None:
    found, machine = betting(CHEAP, MORNINGS)
    assert (machine.record.bets, found) == (0, plainly(CHEAP, MORNINGS))


def test_a_daily_habit_is_met_before_anybody_waits_and_that_pays() -> None:
    found, machine = betting(DEAR, MORNINGS)
    without = plainly(DEAR, MORNINGS)
    assert machine.record.hits > DAYS / 3
    assert found.cold_starts < without.cold_starts
    assert found.usd(DEAR) < without.usd(DEAR)


def test_a_habit_that_ends_costs_little_before_the_bets_stop() -> None:
    ended = [request for request in MORNINGS if request[0] < 14 * 86_400]
    found, _ = betting(DEAR, ended)
    assert found.usd(DEAR) <= plainly(DEAR, ended).usd(DEAR) * 1.03


def learned(words: str) -> Outcome:
    ruling = policy(f"idle: {{stop-after: adaptive, cold-start-value: {words}}}")
    begin = MONDAY.timestamp()
    setting = Setting(
        facts_for("chat", MONDAY), ruling, PolicySet(policies=(ruling,)), MONDAY, MONDAY + timedelta(days=DAYS),
        running=False,
    )  # fmt: skip
    requests = [(begin + at, seconds) for at, seconds in MORNINGS]
    return replay(setting, iter(requests), Assumptions(usd_per_hour=1.006))


def test_a_replay_learns_the_timeout_and_says_so_in_its_reasons() -> None:
    found = learned("1.00 USD")
    assert "learned from 3 gaps" in found.actions[0].reason
    assert "learned from" in found.actions[-1].reason
    assert found.stops >= DAYS - 1


def test_a_replay_bets_where_the_policy_allows_it() -> None:
    never, paying = learned("4.00 USD"), learned("4.00 USD, prewarm: when-it-pays")
    assert {one.because.value for one in never.actions} == {"idle"}
    assert "prewarm" in {one.because.value for one in paying.actions}
    assert paying.cold_starts < never.cold_starts
