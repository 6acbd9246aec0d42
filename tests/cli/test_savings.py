"""`lifecycle savings`: the week that was counted by hand, read back from the record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.record.history import History
from support import golden_week
from support.cli import SIMPLE
from support.cli_account import Account, account
from support.price_stubs import PriceListStub, SpotStub

SPOT_STEPS = [
    ("a", golden_week.SINCE, str(golden_week.SPOT_USD)),
    ("a", golden_week.DEAR_HOURS[0], str(golden_week.DEAR_USD)),
    ("a", golden_week.DEAR_HOURS[1], str(golden_week.SPOT_USD)),
]
WEEK = ("--since", "2026-10-19", "--until", "2026-10-25", "--zone", "Europe/Berlin")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    root: Path = tmp_path_factory.mktemp("savings")
    with account(root, {"dev.yaml": SIMPLE}, at="2026-10-26T09:00+01:00") as made:
        for entry in golden_week.entries():
            assert History(made.table).append(entry)
        clients = made.line.clients
        assert clients is not None
        vars(clients).update(price_list=PriceListStub({}), spot_prices=SpotStub("g5.2xlarge", SPOT_STEPS))
        made.states.note_unknown(golden_week.CHAT, golden_week.SINCE)  # any row: the record knows the service
        yield made


def told(recorded: Account, *words: str) -> Any:
    run = recorded.line.run("savings", *words, "--output", "json")
    assert run.exit_code == Exit.DONE, run.output
    return json.loads(run.stdout)


def test_each_policy_has_its_line_and_they_add_up(recorded: Account) -> None:
    found = told(recorded, *WEEK)
    assert (found["since"], found["until"]) == ("2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z")
    saved = {line["name"]: line["saved"]["usd"] for line in found["lines"]}
    assert saved == {
        "save-spot": "61.64",
        "nights-off": "36.37",
        "asked for by people": "10.78",
        "idle-off": "0.25",
    }
    assert found["total"]["saved"]["usd"] == "109.04"
    assert (found["unpriced"], found["troubles"]) == (["gpu/odd"], [])


def test_without_a_spot_price_nothing_is_claimed_for_spot(recorded: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(recorded.line.clients), "spot_prices", SpotStub("g5.2xlarge", []))
    monkeypatch.setitem(vars(recorded.line.clients), "price_list", PriceListStub({}, refuses=True))
    found = told(recorded, *WEEK)
    assert {line["name"]: line["saved"]["usd"] for line in found["lines"]}["save-spot"] is None
    assert found["total"]["saved"]["usd"] == "47.40"
    assert found["unpriced"] == ["gpu/odd", "gpu/spot"]
    assert ["AccessDenied" in sentence for sentence in found["troubles"]] == [True]


def test_days_of_the_zone_are_told_with_the_loss_of_none_hidden(recorded: Account) -> None:
    days = {line["name"]: line["saved"]["usd"] for line in told(recorded, *WEEK, "--by", "day")["lines"]}
    assert [day.split()[0] for day in days] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert days["Sun 2026-10-25"] == "25.60"


def test_dry_run_policies_stand_apart(recorded: Account) -> None:
    found = told(recorded, *WEEK)
    assert {one["policy"]: one["usd"] for one in found["dry_run"]} == {"try-it": "11.82", "idle-try": "1.01"}


def test_the_table_names_baseline_prices_and_what_has_none(recorded: Account) -> None:
    run = recorded.line.run("savings", *WEEK, "--by", "service")
    assert run.exit_code == Exit.DONE
    row = next(line.split() for line in run.output.splitlines() if line.startswith("gpu/chat"))
    assert row == ["gpu/chat", "132.6", "36.4", "$133.40", "$170.01", "$36.62"]
    assert "Baseline: always on, each service at its own size." in run.output
    assert "Prices: EC2 Spot price history, dearest zone, 2026-10-22 to 2026-10-25; a list, 2026-07-20." in run.output
    assert "No price is known for gpu/odd: 169.0 host hours" in run.output
    assert "In dry run, and in no sum" in run.output
    assert run.output.rstrip().endswith("Nothing was changed.")


def test_a_service_that_was_stopped_before_the_time_is_still_saved(recorded: Account) -> None:
    found = told(recorded, "--since", "2026-10-25T03:30", "--until", "2026-10-25T06:00", "--zone", "Europe/Berlin")
    assert {line["name"]: line["saved"]["usd"] for line in found["lines"]}["nights-off"] == "2.52"  # 2.5 h


def test_a_time_of_which_the_record_knows_nothing_is_said_so(recorded: Account) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorded.line.clock, "now", lambda: golden_week.at("19 01:00").astimezone(UTC))
        run = recorded.line.run("savings", "--since", "1h")
    assert run.exit_code == Exit.DONE
    assert "The record holds nothing" in run.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--since", "yesterday"), "yesterday"),
        (("--since", "2027-01-01"), "2027-01-01 is still to come"),
        (("--since", "1d", "--until", "2d"), "1d is not before 2d"),
        (("--since", "2026-13-01"), "is no time"),
        (("--by", "model"), "write policy, service or day"),
        (("--zone", "JST"), "JST"),
    ],
)
def test_wrong_words_are_put_right_in_one_sentence(recorded: Account, words: tuple[str, ...], says: str) -> None:
    run = recorded.line.run("savings", *words)
    assert run.exit_code == Exit.USAGE
    assert says in run.output
