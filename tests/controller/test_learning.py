"""What sweeps teach: gaps, wakes and boots of services with an adaptive timeout, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from chalicelib.controller.recalling import rebuilt
from chalicelib.decide.decision import Because, Evidence
from chalicelib.decide.facts import ActionKind, OverrideKind, ServiceId
from chalicelib.decide.learned import Learned
from chalicelib.decide.prewarm import BetRecord, Habit
from chalicelib.prices import Price
from chalicelib.record.history import Entry, EntryKind
from chalicelib.record.learned import PK, LearnedRows
from chalicelib.record.table import Table
from support.stage import TABLE, Stage, id_of, staged
from support.strict_world import FakeService

ADAPTIVE = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    idle: {stop-after: adaptive, cold-start-value: 1.00 USD}
    mode: enforce
"""
YOUNG: dict[str, Any] = {
    "tags": {"environment": "dev", "instance-type": "g5.xlarge"},
    "ready_for": timedelta(minutes=5),
    "boot": timedelta(minutes=4),
}


@pytest.fixture(autouse=True)
def _known_price(monkeypatch: pytest.MonkeyPatch) -> None:
    price = Price(Decimal("1.006"), "a test's list", date(2026, 11, 1))
    monkeypatch.setattr("chalicelib.prices.hourly_price", lambda facts, region: price)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, ADAPTIVE, at="2026-11-18T09:00+09:00") as stage:
        yield stage


def busy_at(*times: str):  # type: ignore[no-untyped-def]
    """A request in each of these minutes of 18 November, Tokyo."""
    busy = {datetime.fromisoformat(f"2026-11-18T{time}:00+09:00") for time in times}
    return lambda at: 1.0 if at in busy else None


def rows(stage: Stage) -> LearnedRows:
    return LearnedRows(Table(stage.app.clients.dynamodb, TABLE))


def learned(stage: Stage, service: FakeService) -> Learned:
    found, _ = rows(stage).get(id_of(service))
    assert found is not None
    return found


def test_gaps_between_requests_are_learned_once_each_from_the_readings_of_the_looks(stage: Stage) -> None:
    chat = stage.add("chat", requests=busy_at("09:10", "09:30", "10:10", "10:40"), **YOUNG)

    stage.run_until("11:25")

    assert chat.desired == 1
    assert learned(stage, chat).gaps.seen == 3
    assert sum(learned(stage, chat).gaps.sums) == pytest.approx((19 + 39 + 29) * 60, rel=0.02)


def test_each_of_many_services_learns_its_own(stage: Stage) -> None:
    busy = stage.add("busy", requests=busy_at("09:10", "09:30", "09:50", "10:10"), **YOUNG)
    quiet = stage.add("quiet", requests=busy_at("09:10", "10:00"), **YOUNG)

    stage.run_until("11:20")

    assert learned(stage, busy).gaps.seen == 3
    assert learned(stage, quiet).gaps.seen == 1


def test_it_is_stopped_at_break_even_first_and_the_record_says_so(stage: Stage) -> None:
    chat = stage.add("chat", requests=busy_at("09:10"), **YOUNG)

    stage.run_until("09:50")
    assert chat.desired == 1
    stage.run_until("11:00")

    assert chat.desired == 0
    entry = stage.history(chat)[0]
    assert "adaptive:" in entry.reason
    assert {"idle timeout", "break-even timeout", "own idle gaps"} <= {fact.name for fact in entry.evidence}
    assert learned(stage, chat).asleep_since is not None


def test_who_wakes_it_ends_the_gap_and_its_boot_is_measured(stage: Stage) -> None:
    chat = stage.add("chat", requests=busy_at("09:10"), **YOUNG)
    stage.run_until("11:00")
    assert chat.desired == 0

    stage.set(stage.at("13:00"))
    stage.says(chat, OverrideKind.KEEP, "14:00")
    stage.sweep()
    stage.run_until("14:30")

    found = learned(stage, chat)
    assert (found.cold_starts, found.gaps.seen) == (1, 1)
    assert sum(found.gaps.sums) == pytest.approx(timedelta(hours=3, minutes=49).total_seconds(), rel=0.02)
    assert found.boots == 1
    assert found.boot_seconds == pytest.approx(240, abs=60)


def test_a_service_with_a_written_duration_costs_no_row(tmp_path: Path) -> None:
    written = ADAPTIVE.replace("stop-after: adaptive, cold-start-value: 1.00 USD", "stop-after: 45m")
    with staged(tmp_path, written, at="2026-11-18T09:00+09:00") as stage:
        chat = stage.add("chat", requests=busy_at("09:10"), **YOUNG)
        stage.run_until("10:30")

        assert chat.desired == 0
        assert rows(stage).get(id_of(chat)) == (None, 0)


def test_an_adaptive_timeout_asks_cloudwatch_for_no_more_metrics_than_a_written_one(tmp_path: Path) -> None:
    asked = []
    for idle in ("stop-after: adaptive, cold-start-value: 1.00 USD, min: 1h, max: 1h", "stop-after: 1h"):
        policy = ADAPTIVE.replace("stop-after: adaptive, cold-start-value: 1.00 USD", idle)
        with staged(tmp_path, policy, at="2026-11-18T09:00+09:00") as stage:
            stage.add("chat", requests=busy_at("09:10", "09:30", "10:10", "10:40"), **YOUNG)
            stage.run_until("12:30")
            asked.append(sum(report.metrics_asked for report in stage.reports))

    assert asked[0] == asked[1]


EARLY = ADAPTIVE.replace("1.00 USD", "4.00 USD, prewarm: when-it-pays")


def known_for_nine(stage: Stage, service: FakeService, bets: BetRecord) -> None:
    """As if it had been used at nine on each of the last twenty days."""
    nine = datetime.fromisoformat("2026-11-18T09:00+09:00")
    habit = Habit.beginning((nine - timedelta(days=21)).timestamp())
    for day in range(20, 0, -1):
        begun = (nine - timedelta(days=day)).timestamp()
        habit = habit.used(begun, begun + 1800)
    assert rows(stage).save(id_of(service), replace(learned(stage, service), habit=habit, bets=bets), nine)


def test_a_service_used_each_morning_is_up_before_it_is_asked_for_and_the_bet_is_settled_when_somebody_comes(
    tmp_path: Path,
) -> None:
    with staged(tmp_path, EARLY, at="2026-11-18T06:00+09:00") as stage:
        chat = stage.add("chat", requests=busy_at("09:00", "09:01"), **{**YOUNG, "ready_for": timedelta(days=1)})
        stage.sweep()
        assert chat.desired == 0
        known_for_nine(stage, chat, BetRecord(expected=20, came=20))

        stage.run_until("08:55")
        assert chat.desired == 1
        assert next(one.because for one in stage.history(chat) if one.action is ActionKind.START) is Because.PREWARM

        stage.run_until("14:00")
        found = learned(stage, chat)
        assert (found.bets.bets, found.bets.hits, found.bet) == (1, 1, None)
        assert found.bets.net_usd > 0
        assert found.cold_starts == 0


def test_who_was_started_early_in_vain_is_stopped_within_the_hour_and_the_loss_is_booked(tmp_path: Path) -> None:
    with staged(tmp_path, EARLY, at="2026-11-18T06:00+09:00") as stage:
        chat = stage.add("chat", **{**YOUNG, "ready_for": timedelta(days=1)})
        stage.sweep()
        known_for_nine(stage, chat, BetRecord(expected=20, came=20))

        stage.run_until("08:55")
        assert chat.desired == 1
        stage.run_until("10:15")

        assert chat.desired == 0
        bets = learned(stage, chat).bets
        assert bets.bets >= 1 and bets.hits == 0
        assert bets.net_usd < 0


def test_a_record_that_is_bad_bets_on_paper_only(tmp_path: Path) -> None:
    with staged(tmp_path, EARLY, at="2026-11-18T06:00+09:00") as stage:
        chat = stage.add("chat", **{**YOUNG, "ready_for": timedelta(days=1)})
        stage.sweep()
        known_for_nine(stage, chat, BetRecord(expected=20, came=20, net_usd=-40))

        stage.run_until("10:15")

        assert all(one.action is not ActionKind.START for one in stage.history(chat))
        assert learned(stage, chat).bets.bets == 1


def test_a_lost_row_is_rebuilt_from_the_history(stage: Stage) -> None:
    chat = stage.add("chat", requests=busy_at("09:10"), **YOUNG)
    stage.run_until("11:00")
    stage.set(stage.at("13:00"))
    stage.says(chat, OverrideKind.KEEP, "14:00")
    stage.run_until("14:30")
    table = Table(stage.app.clients.dynamodb, TABLE)
    table.drop(PK, str(id_of(chat)))

    stage.run_until("15:30")

    after = learned(stage, chat)
    assert (after.gaps.seen, after.cold_starts, after.boots) == (1, 1, 1)
    assert after.boot_seconds is not None and 240 <= after.boot_seconds <= 900, "seen at a sweep, not at once"


def entry(at: datetime, action: ActionKind, **more: object) -> Entry:
    kind = EntryKind(str(more.pop("kind", "acted")))
    return Entry(at, kind, "controller", "x", ServiceId("c", "s"), action=action, **more)  # type: ignore[arg-type]


def test_only_starts_that_somebody_asked_for_end_a_rebuilt_gap() -> None:
    noon = datetime.fromisoformat("2026-11-18T12:00+00:00")
    stop = {
        "because": Because.IDLE,
        "evidence": (Evidence("idle timeout", "30", "min (learned)"),),
        "outcome": "begun",
        "price_usd_per_hour": Decimal(1),
    }
    day = [
        entry(noon, ActionKind.STOP, action_id="1", **stop),
        entry(noon + timedelta(hours=8), ActionKind.START, action_id="2", because=Because.HOURS, outcome="begun"),
        entry(noon + timedelta(hours=10), ActionKind.STOP, action_id="3", **stop),
        entry(noon + timedelta(hours=12), ActionKind.START, action_id="4", kind="hand"),
    ]

    found = rebuilt(day)

    assert (found.gaps.seen, found.cold_starts) == (1, 1)
    assert found.gaps.counts[18] == pytest.approx(0, abs=1e-9)
