"""What the record cannot tell makes a saving smaller, never larger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.decide.decision import Because, Evidence
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.ledger import sums
from chalicelib.ledger.counting import Terms, ledger
from chalicelib.ledger.courses import Known
from chalicelib.ledger.habit import Habit, habit_of
from chalicelib.ledger.places import unquoted
from chalicelib.ledger.values import Ledger
from chalicelib.prices import Market, Price
from chalicelib.record.history import Entry, EntryKind
from hypothesis import given
from hypothesis import strategies as st

UTC_ZONE = ZoneInfo("UTC")
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
DAY = timedelta(days=1)
CHAT = ServiceId("gpu-dev", "chat")
STOP, START = ActionKind.STOP, ActionKind.START


def on(hour: float, action: ActionKind | None, kind: EntryKind = EntryKind.ACTED, **more: object) -> Entry:
    entry = Entry(
        at=MONDAY + timedelta(hours=hour),
        kind=kind,
        who="us",
        reason="so",
        service=CHAT,
        policy="nights-off",
        because=Because.HOURS,
        outcome="done",
        action=action,
        action_id=f"{hour}",
        desired_count=1,
        price_usd_per_hour=Decimal(1),
        price_source="a list",
        price_as_of=date(2026, 7, 20),
        host="fargate 4 vCPU 16 GB",
    )
    return replace(entry, **more)  # type: ignore[arg-type]


def counted(*entries: Entry, since: float = 0, habits: Mapping[ServiceId, Habit] | None = None) -> Ledger:
    begin = MONDAY + timedelta(hours=since)
    return ledger(entries, begin, MONDAY + DAY, Terms(UTC_ZONE, habits=habits))


def saved(told: Ledger) -> Decimal:
    usd = told.total.saved.usd
    assert usd is not None
    return usd


def test_fargate_ends_with_its_task() -> None:
    assert saved(counted(on(2, STOP), on(10, START))) == 8


HOST = {"host": "g5.xlarge"}


def of_host(hour: float, outcome: str) -> Entry:
    return on(hour, None, EntryKind.NOTICE, outcome=outcome, action_id="", because=None)


def test_a_host_counts_until_it_was_seen_to_have_ended() -> None:
    assert saved(counted(on(2, STOP, **HOST), on(10, START, **HOST))) == Decimal("7.75"), "nobody saw it: 15 minutes"
    assert saved(counted(on(2, STOP, **HOST), of_host(5, "host-ended"), on(10, START, **HOST))) == 5
    assert saved(counted(on(2, STOP, **HOST), of_host(2.1, "host-ended"), on(10, START, **HOST))) == Decimal("7.9")


def test_a_host_that_stays_saves_nothing_until_it_ends() -> None:
    stays = (on(2, STOP, **HOST), of_host(3, "host-stays"))
    assert saved(counted(*stays)) == 0
    assert saved(counted(*stays, of_host(12, "host-ended"))) == 12
    assert saved(counted(*stays, of_host(12, "host-ended"), since=6)) == 12
    assert saved(counted(*stays, on(10, START, **HOST), on(20, STOP, **HOST))) == Decimal("3.75"), "each stop by itself"


def test_a_stop_from_before_the_time_goes_on_saving_for_its_policy() -> None:
    told = counted(on(-30, STOP), since=0)
    assert {credit.name: tally.saved.usd for credit, tally in sums.by_credit(told).items()} == {"nights-off": 24}


def test_a_service_that_is_gone_saves_no_longer() -> None:
    gone = on(20, None, EntryKind.NOTICE, outcome="forgotten", action_id="")
    noticed_late = replace(gone, evidence=(Evidence("gone", "true", since=MONDAY + timedelta(hours=6)),))
    assert saved(counted(on(2, STOP), gone)) == 18
    assert saved(counted(on(2, STOP), noticed_late)) == 4


def test_another_service_of_that_name_runs_and_saves_nothing() -> None:
    anew = Evidence("made anew", "true", since=MONDAY + timedelta(hours=6))
    told = counted(on(2, STOP), on(7, None, EntryKind.NOTICE, outcome="forgotten", action_id="", evidence=(anew,)))
    assert (saved(told), told.total.ran.host_hours) == (4, 20)


def test_a_move_is_no_stop() -> None:
    moved = on(6, ActionKind.MOVE, market="spot", moved_from="on-demand")
    told = counted(moved)
    assert told.total.ran.host_hours == 24


def test_a_service_that_people_put_on_spot_saves_us_nothing() -> None:
    spot = on(1, START, EntryKind.HAND, market="spot")
    told = ledger([spot], MONDAY, MONDAY + DAY, Terms(UTC_ZONE, quotes=half_price))
    assert saved(told) == 0
    assert told.total.ran.usd == 12 - Decimal("0.5"), "off for the first hour"


def test_a_move_back_whose_move_to_spot_nobody_remembers_is_not_charged() -> None:
    back = on(6, ActionKind.MOVE, market="on-demand", moved_from="spot")
    told = ledger([back], MONDAY, MONDAY + DAY, Terms(UTC_ZONE, quotes=half_price))
    assert saved(told) == 0


def test_what_people_run_on_spot_costs_spot_although_the_record_never_saw_it() -> None:
    listed = Price(Decimal(1), "a list", date(2026, 7, 20))
    known = {CHAT: Known(CHAT, 1, "g5.xlarge", listed, running=True, market=Market.SPOT)}
    assert unquoted([], known) == {("g5.xlarge", Market.SPOT)}

    told = ledger([], MONDAY, MONDAY + DAY, Terms(UTC_ZONE, quotes=half_price), known)
    assert (told.total.ran.usd, told.total.baseline.usd) == (12, 12)
    unknown = ledger([], MONDAY, MONDAY + DAY, Terms(UTC_ZONE), known)
    assert unknown.unpriced == (CHAT,), "the on-demand price is no price of Spot"


def half_price(host: str, market: Market, at: datetime) -> Price | None:
    return Price(Decimal("0.5"), "Spot", at.date()) if market is Market.SPOT else None


def test_an_hour_that_the_team_used_to_save_by_itself_is_not_ours() -> None:
    """Three weeks in which people stopped it at 20:00 and started it at 08:00, then our stop at 18:00."""
    hands = [on(-24 * n - 4, STOP, EntryKind.HAND) for n in range(21)]
    hands += [on(-24 * n - 16, START, EntryKind.HAND) for n in range(21)]
    past = sorted([*hands, on(8, START, EntryKind.HAND), on(18, STOP)], key=lambda one: one.at)
    habit = habit_of(Known(CHAT), past, UTC_ZONE)
    assert habit is not None

    told = counted(*past, habits={CHAT: habit})

    assert saved(told) == 2
    assert saved(counted(*past)) == 6, "against always on it would be"


def test_what_runs_for_longer_than_it_used_to_counts_against_who_started_it() -> None:
    habit = Habit(UTC_ZONE, {(day, hour): Decimal(8 <= hour < 20) for day in range(7) for hour in range(24)})
    told = counted(on(-5, STOP), on(6, START), habits={CHAT: habit})
    # Down until 06:00, when nobody had run it anyway; up from 06:00, two hours before and four after its habit.
    assert saved(told) == -6


def test_a_short_record_tells_no_habit() -> None:
    past = [on(-24 * 13, START, EntryKind.HAND), on(-4, STOP)]
    assert habit_of(Known(CHAT), past, UTC_ZONE) is None
    assert habit_of(Known(CHAT), [on(-24 * 20, None, EntryKind.NOTICE), on(-4, STOP)], UTC_ZONE) is None


ACTS = st.lists(
    st.tuples(st.integers(0, 23), st.sampled_from([STOP, START]), st.sampled_from([EntryKind.ACTED, EntryKind.HAND])),
    max_size=8,
    unique_by=lambda act: act[0],
)


@given(ACTS, st.sampled_from(["UTC", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]))
def test_whatever_was_done_lines_add_up_and_nothing_is_saved_twice(
    acts: list[tuple[int, ActionKind, EntryKind]], zone: str
) -> None:
    entries = [on(hour, action, kind) for hour, action, kind in acts] or [on(0, START)]
    told = ledger(entries, MONDAY, MONDAY + DAY, Terms(ZoneInfo(zone)))
    whole = told.total
    by_policy = sum((tally.saved.host_hours for tally in sums.by_credit(told).values()), Decimal(0))
    by_day = sum((tally.saved.host_hours for tally in sums.by_day(told, ZoneInfo(zone)).values()), Decimal(0))
    assert by_policy == by_day == whole.saved.host_hours
    assert 0 <= whole.saved.host_hours <= 24
    assert all(row.until - row.since <= timedelta(hours=1) for row in told.rows)
