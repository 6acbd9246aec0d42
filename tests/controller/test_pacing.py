"""Who is stopped first when many are, and how quickly one action follows another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from chalicelib.controller.booking import MOST, change, wanted_minutes
from chalicelib.controller.pacing import Pace, saving_of
from chalicelib.controller.report import Decided
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import Observation, ServiceFacts, ServiceId
from chalicelib.execute.entries import KnownPrice
from support.policies import policy

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Watch:
    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


def test_a_burst_goes_at_once_and_what_follows_at_the_rate() -> None:
    watch = Watch()
    pace = Pace(watch, watch.sleep, burst=50, per_second=5)

    assert all(pace.take(deadline=1_000) for _ in range(100))

    assert len(watch.slept) == 50
    assert watch.at == 10.0


def test_a_bucket_fills_again_while_nothing_happens() -> None:
    watch = Watch()
    pace = Pace(watch, watch.sleep, burst=2, per_second=1)
    assert pace.take(99) and pace.take(99)

    watch.at = 60.0

    assert pace.take(99) and pace.take(99)
    assert watch.slept == []


def test_who_would_have_to_wait_beyond_the_runs_time_is_left_to_the_next() -> None:
    watch = Watch()
    pace = Pace(watch, watch.sleep, burst=1, per_second=0.1)
    assert pace.take(deadline=5)

    assert not pace.take(deadline=5)
    assert watch.at == 0.0
    assert pace.take(deadline=10)


@dataclass(frozen=True)
class Price:
    usd_per_hour: Decimal
    source: str = "list"
    as_of = NOW.date()


def test_a_closing_saves_until_hours_open_again_times_its_price() -> None:
    prices = {"large": Decimal("3"), "small": Decimal("1")}

    def price_of(facts: ServiceFacts) -> KnownPrice | None:
        known = prices.get(facts.id.name)
        return Price(known) if known else None

    large, small, long = closing("large"), closing("small", desired=2), closing("unknown", opens="sat 08:00-09:00")
    idle = replace(large, decision=replace(large.decision, rule=RuleName.IDLE)) if large.decision else large

    ranked = sorted((idle, long, small, large), key=lambda one: saving_of(one, price_of, NOW).rank)

    assert saving_of(large, price_of, NOW).usd == 36.0
    assert ranked == [large, small, long, idle]


def closing(name: str, *, desired: int = 1, opens: str = "daily 08:00-20:00") -> Decided:
    ruling = policy(f'hours: {{timezone: Europe/Berlin, open: ["{opens}"]}}')
    facts = ServiceFacts(ServiceId("gpu-dev", name), "", desired, desired, 0, NOW)
    decision = Decision(facts.id, Wanted.STOPPED, RuleName.CLOSED, Because.HOURS, "closed", (), NOW)
    return Decided(facts, Observation(facts), ruling, decision)


def test_an_entry_never_fires_before_its_edge_nor_is_booked_for_a_minute_that_is_over() -> None:
    late, near = NOW + timedelta(minutes=9, seconds=1), NOW + timedelta(seconds=10)

    assert wanted_minutes([late, NOW + 20 * MINUTE], frozenset(), NOW) == {NOW + 10 * MINUTE, NOW + 20 * MINUTE}
    assert wanted_minutes([near], frozenset(), NOW) == {NOW + MINUTE}
    assert wanted_minutes([NOW + MINUTE], frozenset(), NOW + timedelta(seconds=50)) == {NOW + 2 * MINUTE}
    assert wanted_minutes([NOW + MINUTE], frozenset({NOW + MINUTE}), NOW + timedelta(seconds=50)) == {NOW + MINUTE}


def test_the_number_of_entries_is_bounded_and_the_nearest_come_first() -> None:
    edges = [NOW + timedelta(minutes=5 + number) for number in range(2 * MOST)]

    wanted = wanted_minutes(edges, frozenset(), NOW)

    assert len(wanted) == MOST
    assert change(wanted, frozenset(), NOW, whole=True).book[0] == edges[0]


def test_strays_are_cancelled_only_by_who_knows_everything_and_never_when_about_to_fire() -> None:
    soon, later, wanted = NOW + MINUTE, NOW + 30 * MINUTE, NOW + 40 * MINUTE
    booked = frozenset({soon, later, wanted})

    assert change(frozenset({wanted}), booked, NOW, whole=True).cancel == (later,)
    assert change(frozenset({wanted}), booked, NOW, whole=False).cancel == ()
