"""Times and names as people type them, and how they are put right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
import pytest
from chalicelib.cli.times import DURATION, until
from chalicelib.decide.facts import ServiceId
from chalicelib.errors import UnknownService
from chalicelib.fleet.finding import find_service

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
"""Friday 17:00 in Tokyo."""
FLEET = [ServiceId("gpu-dev", "chat"), ServiceId("gpu-dev", "vision"), ServiceId("gpu-prod", "chat")]


@pytest.mark.parametrize(
    ("text", "minutes"), [("90s", 1.5), ("45m", 45), ("2h", 120), ("1h30m", 90), ("3d", 4320), ("1d2h", 1560)]
)
def test_a_duration_reads_as_in_a_policy(text: str, minutes: float) -> None:
    assert DURATION.convert(text, None, None) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("text", "says"),
    [("30", "30 what? write 30m or 30s."), ("2 hours", "write 2h"), ("", "write a duration"), ("0m", "no time")],
)
def test_a_wrong_duration_gets_one_sentence(text: str, says: str) -> None:
    with pytest.raises(click.BadParameter, match=says.replace("?", r"\?")):
        DURATION.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("18:00", "2026-11-20T09:00"),  # today
        ("16:00", "2026-11-21T07:00"),  # today's is over: tomorrow
        ("2026-11-21", "2026-11-21T15:00"),  # that whole day
        ("2026-11-21T09:30", "2026-11-21T00:30"),
        ("2026-11-21T09:30+00:00", "2026-11-21T09:30"),
    ],
)
def test_until_means_the_next_such_moment_where_the_people_are(text: str, meant: str) -> None:
    assert until(text, NOW, TOKYO) == datetime.fromisoformat(meant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "says"),
    [("2026-11-19", "is over: it is 2026-11-20 17:00 in Asia/Tokyo"), ("6pm", "write 18:00"), ("25:00", "write 18:00")],
)
def test_until_refuses_the_past_and_what_is_no_time(text: str, says: str) -> None:
    with pytest.raises(click.BadParameter, match=says):
        until(text, NOW, TOKYO)


def test_an_exclusion_lasts_through_its_last_day() -> None:
    assert until("2026-12-18", NOW, TOKYO) == datetime(2026, 12, 18, 15, 0, tzinfo=UTC)


def test_a_service_is_found_by_its_full_name_and_by_a_bare_name_that_is_unique() -> None:
    assert find_service("gpu-prod/chat", FLEET) == ServiceId("gpu-prod", "chat")
    assert find_service("vision", FLEET) == ServiceId("gpu-dev", "vision")


def test_a_bare_name_in_two_clusters_lists_both() -> None:
    with pytest.raises(UnknownService, match="in 2 clusters: write gpu-dev/chat or gpu-prod/chat"):
        find_service("chat", FLEET)


@pytest.mark.parametrize("typed", ["visoin", "gpu-dev/visoin", "Vision"])
def test_an_unknown_service_gets_the_nearest_spelling(typed: str) -> None:
    with pytest.raises(UnknownService, match=r"among 3\. Did you mean gpu-dev/vision\?"):
        find_service(typed, FLEET)


def test_an_empty_region_is_said_to_be_empty() -> None:
    with pytest.raises(UnknownService, match="no ECS service was found at all"):
        find_service("chat", [])
