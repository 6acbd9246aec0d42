"""A report is kept under its own instant and never overwritten, and mailed once a week to the same people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from support.moto_record import moto_client, new_table
from support.weekly_sample import sample

from reports.keep import CLAIMED_FOR, Place, Sent, keep
from reports.writing import forms

NOW = datetime(2026, 11, 16, 0, 5, tzinfo=UTC)
PEOPLE = ("cfo@example.com", "ml@example.com")
PLACE = Place("kept", "reports", "eu-west-1")
PICTURES = {"days.png": b"png", "weeks.png": b"png too"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Any]:
    with moto_client() as client:
        yield client


@pytest.fixture
def sent(aws: Any) -> Sent:
    return Sent(new_table(aws))


def test_a_second_run_of_the_same_week_sends_nothing(sent: Sent) -> None:
    claim = sent.claim("2026-W46", PEOPLE, "first", NOW)
    assert claim is not None and sent.begin(claim, NOW)
    sent.done(claim, NOW, ())

    assert sent.claim("2026-W46", PEOPLE, "second", NOW + timedelta(days=3)) is None


def test_the_order_and_the_case_of_the_addresses_make_no_new_set(sent: Sent) -> None:
    assert sent.claim("2026-W46", PEOPLE, "first", NOW) is not None
    assert sent.claim("2026-W46", ("ML@example.com", "cfo@example.com"), "second", NOW) is None


def test_other_people_and_other_weeks_are_sent_by_themselves(sent: Sent) -> None:
    assert sent.claim("2026-W46", PEOPLE, "a", NOW) is not None
    assert sent.claim("2026-W46", PEOPLE[:1], "b", NOW) is not None
    assert sent.claim("2026-W47", PEOPLE, "c", NOW) is not None


def test_a_run_that_died_while_building_is_followed_by_another(sent: Sent) -> None:
    assert sent.claim("2026-W46", PEOPLE, "dead", NOW) is not None
    assert sent.claim("2026-W46", PEOPLE, "early", NOW + CLAIMED_FOR - timedelta(seconds=1)) is None

    assert sent.claim("2026-W46", PEOPLE, "next", NOW + CLAIMED_FOR) is not None


def test_a_run_that_was_too_slow_does_not_send_beside_the_next(sent: Sent) -> None:
    slow = sent.claim("2026-W46", PEOPLE, "slow", NOW)
    following = sent.claim("2026-W46", PEOPLE, "next", NOW + CLAIMED_FOR)
    assert slow is not None and following is not None

    assert sent.begin(slow, NOW + CLAIMED_FOR) is False
    assert sent.begin(following, NOW + CLAIMED_FOR) is True


def test_a_run_that_died_while_sending_is_not_followed_by_a_second_mail(sent: Sent) -> None:
    claim = sent.claim("2026-W46", PEOPLE, "dead", NOW)
    assert claim is not None and sent.begin(claim, NOW)

    assert sent.claim("2026-W46", PEOPLE, "next", NOW + timedelta(days=1)) is None


def test_what_certainly_reached_nobody_may_be_sent_again(sent: Sent) -> None:
    claim = sent.claim("2026-W46", PEOPLE, "first", NOW)
    assert claim is not None and sent.begin(claim, NOW)
    sent.give_back(claim)

    assert sent.claim("2026-W46", PEOPLE, "second", NOW) is not None


@pytest.fixture
def s3(aws: Any) -> Iterator[Any]:
    client = boto3.client("s3")
    client.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield client
    for key in held(client):
        client.delete_object(Bucket="kept", Key=key)
    client.delete_bucket(Bucket="kept")


def held(s3: Any) -> dict[str, bytes]:
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="kept").get("Contents", ())]
    return {key: s3.get_object(Bucket="kept", Key=key)["Body"].read() for key in keys}


def test_a_report_is_kept_as_page_file_and_data_and_found_by_its_link(s3: Any) -> None:
    made = forms(sample(), "en", PICTURES)
    folder = PLACE.folder("2026-W46", "en", NOW)

    keep(s3, PLACE, folder, made)

    kept = held(s3)
    assert kept.keys() == {
        f"reports/2026-W46/20261116T000500Z.en/{name}"
        for name in ("report.html", "report.csv", "report.json", "days.png", "weeks.png")
    }
    assert kept[f"{folder}/report.csv"].decode() == made.csv
    assert b'src="days.png"' in kept[f"{folder}/report.html"]
    assert PLACE.link(folder).endswith("prefix=reports%2F2026-W46%2F20261116T000500Z.en%2Freport.html")


def test_what_is_kept_is_never_overwritten(s3: Any) -> None:
    folder = PLACE.folder("2026-W46", "en", NOW)
    keep(s3, PLACE, folder, forms(sample(), "en", PICTURES))
    before = held(s3)

    keep(s3, PLACE, folder, forms(sample(), "ja", dict.fromkeys(PICTURES, b"other")))
    keep(s3, PLACE, PLACE.folder("2026-W46", "ja", NOW + timedelta(hours=1)), forms(sample(), "ja", PICTURES))

    after = held(s3)
    assert {key: after[key] for key in before} == before
    assert len(after) == 2 * len(before)
