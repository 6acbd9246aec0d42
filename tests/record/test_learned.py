"""The row of what one service has taught."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.adaptive import GapLaw
from chalicelib.decide.facts import ServiceId
from chalicelib.decide.learned import UNLEARNED, Learned
from chalicelib.decide.prewarm import Bet, BetRecord, Habit
from chalicelib.record import conditions
from chalicelib.record.learned import PK, LearnedRows, packed
from chalicelib.record.table import Changes, Table

NOW = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)
DEV = ServiceId("gpu-dev", "ollama-vision")


def everything() -> Learned:
    habit = Habit.beginning((NOW - timedelta(days=20)).timestamp())
    for day in range(20, 0, -1):
        begun = (NOW - timedelta(days=day)).timestamp()
        habit = habit.used(begun, begun + 8 * 3600)
    stamp = NOW.timestamp()
    return Learned(
        gaps=GapLaw().with_gaps([90.0, 3600.0, 50_000.0] * 200),
        habit=habit,
        bets=BetRecord(3.25, 2.5, 7, 4, -1.5, 12.75),
        bet=Bet(stamp, stamp + 240, stamp + 1440, 0.75, 0.5, 1.25),
        bet_acted=True,
        bets_from=NOW,
        boot_seconds=211.5,
        boots=9,
        cold_starts=31,
        used_until=NOW - timedelta(hours=1),
        known_until=NOW,
        asleep_since=NOW,
        waking_since=NOW,
        woken_at=NOW,
        answer_seconds=300.5,
    )


def test_everything_learned_comes_back_and_is_a_few_kilobytes(table: Table) -> None:
    rows, learned = LearnedRows(table), everything()

    assert rows.save(DEV, learned, NOW)
    found, revision = rows.get(DEV)

    assert found is not None
    assert revision == found.revision == 1
    assert found.gaps.counts == pytest.approx(learned.gaps.counts, abs=1e-6)
    assert found.habit == learned.habit
    assert (found.bets, found.bet, found.bet_acted) == (learned.bets, learned.bet, True)
    assert (found.known_until, found.boot_seconds, found.cold_starts) == (NOW, 211.5, 31)
    assert (found.woken_at, found.answer_seconds, found.asleep_since) == (NOW, 300.5, NOW)
    assert len(packed(learned)) < 4000


def test_a_service_that_taught_nothing_has_no_row(table: Table) -> None:
    assert LearnedRows(table).get(DEV) == (None, 0)


def test_of_two_runs_that_read_the_same_row_one_writes(table: Table) -> None:
    rows = LearnedRows(table)
    assert rows.save(DEV, UNLEARNED, NOW)
    mine, _ = rows.get(DEV)
    theirs, _ = rows.get(DEV)
    assert mine and theirs

    assert rows.save(DEV, theirs, NOW)
    assert not rows.save(DEV, mine, NOW)
    assert not rows.save(DEV, UNLEARNED, NOW)


@pytest.mark.parametrize("spoilt", [{"format": 99}, {"body": "{}"}, {"body": "no json"}])
def test_a_row_that_cannot_be_understood_is_as_good_as_lost_and_can_be_written_over(
    table: Table, spoilt: dict[str, object]
) -> None:
    rows = LearnedRows(table)
    rows.save(DEV, everything(), NOW)
    table.update(PK, str(DEV), Changes(set=spoilt), conditions.STANDS)

    found, revision = rows.get(DEV)

    assert (found, revision) == (None, 1)
    assert rows.save(DEV, Learned(revision=revision), NOW)
    assert rows.get(DEV)[0] is not None
