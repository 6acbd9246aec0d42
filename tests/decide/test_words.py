"""How times, lengths and numbers are said."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from chalicelib.decide.words import clock, clock_with_year, counted, length, number, sentence
from support.observations import at

TOKYO = ZoneInfo("Asia/Tokyo")


def test_a_time_is_said_in_the_policys_zone() -> None:
    assert clock(at("2026-11-23T08:00"), TOKYO) == "Mon 23 Nov 08:00 JST"
    assert clock_with_year(at("2026-12-31T10:00"), TOKYO) == "Thu 31 Dec 2026 10:00 JST"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(45, "45 s"), (2460, "41 min"), (7200, "2 h"), (7500, "2 h 5 min"), (100 * 3600, "4 d 4 h"), (-5, "0 s")],
)
def test_a_length_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert length(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(("value", "said"), [(3.0, "3"), (0.5, "0.5"), (51200.0, "51200"), (float("inf"), "inf")])
def test_a_number_has_no_needless_decimals(value: float, said: str) -> None:
    assert number(value) == said


def test_one_is_singular() -> None:
    assert (counted(1, "request"), counted(2, "request")) == ("1 request", "2 requests")


def test_a_persons_reason_fits_into_a_sentence() -> None:
    assert sentence("customer\n demo. ") == "customer demo"
