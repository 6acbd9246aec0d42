"""promote: from dry-run to enforce with the figures of the record, changing one word of a local file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.cli.track_record import track_record
from chalicelib.decide.decision import Because, Wanted
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.policy.loader import load
from chalicelib.policy.model import Policy
from chalicelib.record.history import Entry, EntryKind, History
from support.cli import SIMPLE
from support.cli_account import Account, account

CHAT = ServiceId("gpu-dev", "chat")
THURSDAY = datetime(2026, 11, 19, 11, 0, tzinfo=UTC)
"""20:00 in Tokyo: closing time."""


def policy() -> Policy:
    return load({"dev.yaml": SIMPLE}, today=date(2026, 11, 20)).policies.policies[0]


def would(at: datetime, because: Because, *, price: str | None = "1.00", count: int = 1) -> Entry:
    return Entry(
        at=at,
        kind=EntryKind.WOULD,
        who="controller",
        reason="it would stop",
        service=CHAT,
        policy="dev-nights-off",
        wanted=Wanted.STOPPED,
        because=because,
        desired_count=count,
        price_usd_per_hour=Decimal(price) if price else None,
    )


def test_a_closing_saves_until_the_next_opening() -> None:
    record = track_record(policy(), [would(THURSDAY, Because.HOURS, count=2)], THURSDAY + timedelta(days=2))
    assert record.usd == Decimal("24.00")  # 12 h x 2 x $1.00
    assert (record.days, len(record.stops), record.regrets) == (Decimal("2.0"), 1, ())


def test_a_stop_that_still_lasts_saves_until_now() -> None:
    record = track_record(policy(), [would(THURSDAY, Because.HOURS)], THURSDAY + timedelta(hours=3))
    assert record.usd == Decimal("3.00")


def test_an_unknown_price_is_counted_and_not_guessed() -> None:
    record = track_record(policy(), [would(THURSDAY, Because.HOURS, price=None)], THURSDAY + timedelta(hours=3))
    assert (record.usd, record.unpriced) == (Decimal(0), 1)


def ended(at: datetime, because: Because | None) -> Entry:
    return replace(would(at, Because.IDLE), wanted=Wanted.LEAVE, because=because, outcome="ended")


NOON = THURSDAY - timedelta(hours=8)


@pytest.mark.parametrize(("minutes_later", "regrets"), [(40, 1), (60, 0)])
def test_a_wish_that_use_ended_is_a_regret_when_the_use_may_have_come_within_half_an_hour(
    minutes_later: int, regrets: int
) -> None:
    entries = [would(NOON, Because.IDLE), ended(NOON + timedelta(minutes=minutes_later), Because.IN_USE)]
    record = track_record(policy(), entries, NOON + timedelta(hours=3))
    assert len(record.regrets) == regrets
    assert record.stops[0].until == NOON + timedelta(minutes=minutes_later - 15)


@pytest.mark.parametrize("because", [Because.UNKNOWN, Because.OVERRIDE, None])
def test_a_wish_that_ended_otherwise_saves_no_longer_and_is_no_regret(because: Because | None) -> None:
    entries = [would(NOON, Because.IDLE), ended(NOON + timedelta(hours=1), because)]
    record = track_record(policy(), entries, NOON + timedelta(hours=3))
    assert (record.usd, record.regrets) == (Decimal("1.00"), ())


def test_a_wish_told_twice_without_an_end_between_is_no_sign_of_use_and_saves_once() -> None:
    entries = [would(NOON, Because.IDLE), would(NOON + timedelta(minutes=20), Because.IDLE)]
    record = track_record(policy(), entries, NOON + timedelta(hours=2))
    assert (record.usd, record.regrets) == (Decimal("2.00"), ())


def test_hours_in_which_the_ruling_policy_had_stopped_it_already_are_not_saved_again() -> None:
    stopped = Entry(
        at=THURSDAY + timedelta(minutes=30),
        kind=EntryKind.ACTED,
        who="controller",
        reason="stop begun",
        service=CHAT,
        policy="another",
        action=ActionKind.STOP,
    )
    record = track_record(policy(), [would(THURSDAY, Because.HOURS), stopped], THURSDAY + timedelta(hours=10))
    assert record.usd == Decimal("0.50")


def test_use_after_the_next_opening_is_no_regret() -> None:
    nearly_open = THURSDAY + timedelta(hours=11, minutes=50)
    entries = [would(nearly_open, Because.HOURS), ended(nearly_open + timedelta(minutes=28), Because.IN_USE)]
    record = track_record(policy(), entries, nearly_open + timedelta(hours=1))
    assert (record.stops[0].until, record.regrets) == (THURSDAY + timedelta(hours=12), ())


def test_other_policies_and_other_kinds_of_entries_do_not_count() -> None:
    entry = would(THURSDAY, Because.HOURS)
    others = [
        Entry(at=THURSDAY, kind=EntryKind.WOULD, who="c", reason="", service=CHAT, policy="x", wanted=Wanted.STOPPED),
        Entry(at=THURSDAY, kind=EntryKind.ACTED, who="c", reason="", service=CHAT, policy=entry.policy),
    ]
    assert track_record(policy(), others, THURSDAY + timedelta(days=1)).stops == ()


@pytest.fixture
def observed(tmp_path: Path) -> Iterator[Account]:
    """In dry-run since Thursday noon; it is Friday 17:00."""
    with account(tmp_path, {"dev.yaml": SIMPLE}, at="2026-11-19T12:00+09:00") as made:
        made.service("gpu-dev/chat")
        made.go_to("2026-11-19T20:05+09:00")
        made.app().controller.sweep(made.line.clock.now())
        made.go_to("2026-11-20T17:00+09:00")
        made.app().controller.sweep(made.line.clock.now())
        yield made


def test_the_figures_come_from_what_the_dry_run_recorded(observed: Account) -> None:
    result = observed.line.run("promote", "dev-nights-off", "--yes")
    assert result.exit_code == Exit.DONE, result.stderr
    assert "observed      1.2 days" in result.stdout
    assert "stops         1 of 1 service" in result.stdout
    assert "regrets       0" in result.stdout
    assert "conflicts     none" in result.stdout


def test_only_the_word_changes_and_the_diff_is_shown(observed: Account) -> None:
    result = observed.line.run("promote", "dev-nights-off", "--yes")
    assert "-    mode: dry-run        # only says what it would do" in result.stdout
    assert "+    mode: enforce        # only says what it would do" in result.stdout
    assert observed.line.read("dev.yaml") == SIMPLE.replace("mode: dry-run", "mode: enforce")
    assert observed.aws.world.service("gpu-dev", "chat").desired == 1


@pytest.mark.parametrize("answer", [None, "n\n"])
def test_without_a_yes_the_file_stays(observed: Account, answer: str | None) -> None:
    result = observed.line.run("promote", "dev-nights-off", answer=answer)
    assert result.exit_code != Exit.DONE
    assert "account 123456789012" in result.stderr
    assert result.stderr.rstrip().endswith("Nothing was changed.")
    assert observed.line.read("dev.yaml") == SIMPLE


def test_under_a_day_of_record_is_refused_unless_anyway(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": SIMPLE}) as made:
        made.service("gpu-dev/chat")
        refused = made.line.run("promote", "dev-nights-off", "--yes")
        assert refused.exit_code == Exit.ERROR
        assert "--anyway" in refused.stderr
        assert refused.stderr.rstrip().endswith("Nothing was changed.")
        assert made.line.run("promote", "dev-nights-off", "--yes", "--anyway").exit_code == Exit.DONE
        again = made.line.run("promote", "dev-nights-off", "--yes")
        assert "is in mode enforce already" in again.stderr


def test_without_a_table_it_is_refused_unless_anyway(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": SIMPLE}, deployed=False) as made:
        made.service("gpu-dev/chat")
        refused = made.line.run("promote", "dev-nights-off", "--yes")
        assert "There is no table" in refused.stderr
        assert made.line.read("dev.yaml") == SIMPLE
        anyway = made.line.run("promote", "dev-nights-off", "--yes", "--anyway")
        assert anyway.exit_code == Exit.DONE, anyway.stderr
        assert "no record could be read" in anyway.stdout


def test_a_policy_whose_tests_fail_is_not_promoted(observed: Account) -> None:
    observed.line.write("dev.yaml", SIMPLE + "    tests:\n      - {at: 2026-11-23T10:00, expect: running}\n")
    result = observed.line.run("promote", "dev-nights-off", "--yes")
    assert result.exit_code == Exit.ERROR
    assert "1 test of dev-nights-off failed" in result.stderr


OTHER = """\
lifecycle: v1
policies:
  chat-always:
    priority: {priority}
    match: {{names: [chat]}}
    hours: {{timezone: Asia/Tokyo, open: [daily all-day]}}
    mode: enforce
"""


@pytest.mark.parametrize(
    ("priority", "says"),
    [(10, "chat-always (priority 10) keeps 1 service that it matches too")],
)
def test_a_stronger_policy_on_the_same_service_is_told_as_a_conflict(
    observed: Account, priority: int, says: str
) -> None:
    observed.line.write("other.yaml", OTHER.format(priority=priority))
    result = observed.line.run("promote", "dev-nights-off", "--yes")
    assert says in result.stdout


def test_a_tie_is_told_before_it_leaves_services_alone(observed: Account) -> None:
    observed.line.write("other.yaml", OTHER.format(priority=0))
    result = observed.line.run("promote", "dev-nights-off", answer="n\n")
    assert "tied with chat-always" in result.stdout or "priority" in result.stderr
    assert observed.line.read("dev.yaml") == SIMPLE


def test_use_that_a_sweep_saw_soon_after_a_would_be_stop_is_a_regret(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": SIMPLE}, at="2026-11-19T12:00+09:00") as made:
        quiet, busy = (datetime.fromisoformat(f"2026-11-19T{at}+09:00") for at in ("19:50", "20:10"))
        made.service("gpu-dev/chat").sends("requests", lambda at: 0.0 if quiet <= at < busy else 2.0)
        made.app().controller.sweep(made.line.clock.now())
        made.go_to("2026-11-19T20:05+09:00")
        made.app().controller.sweep(made.line.clock.now())
        made.go_to("2026-11-19T20:20+09:00")
        made.app().controller.sweep(made.line.clock.now())
        made.go_to("2026-11-20T17:00+09:00")
        result = made.line.run("promote", "dev-nights-off", "--yes")
        assert "regrets       1 (used again within 30 min" in result.stdout


def test_regrets_name_the_service_and_the_moment(observed: Account) -> None:
    noon = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    past = History(observed.table)
    past.append(would(noon, Because.IDLE))
    past.append(Entry(at=noon + timedelta(minutes=9), kind=EntryKind.HAND, who="a person", reason="", service=CHAT))
    result = observed.line.run("promote", "dev-nights-off", "--yes")
    assert "regrets       1 (used again within 30 min)" in result.stdout
    assert "gpu-dev/chat at Fri 20 Nov 2026 12:00 JST" in result.stdout
