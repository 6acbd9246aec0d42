from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from chalicelib.errors import LoginRefused
from chalicelib.fleet.identity.lockout import MOST_FAILURES, PK, RESTS_FOR, Lockout
from chalicelib.record.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st
from support.moto_record import moto_client, moto_table, new_table, race
from support.people import House

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WRONG = "Wrong-1234"


def try_and_fail(house: House, times: int, email: str = "ada@example.com") -> None:
    for _ in range(times):
        with pytest.raises(LoginRefused):
            house.identity.sign_in.login(email, WRONG)


def test_five_failed_logins_rest_the_account_for_half_an_hour(house: House) -> None:
    try_and_fail(house, 5)

    with pytest.raises(LoginRefused):
        house.login("ada")
    house.clock.advance(timedelta(minutes=29, seconds=59))
    with pytest.raises(LoginRefused):
        house.login("ada")
    house.clock.advance(timedelta(seconds=1))
    assert house.login("ada")


def test_four_failed_logins_rest_nothing(house: House) -> None:
    try_and_fail(house, 4)

    assert house.login("ada")


def test_a_login_that_succeeds_forgets_the_failures_before_it(house: House) -> None:
    for _ in range(3):
        try_and_fail(house, 4)
        house.login("ada")

    assert house.table.get(PK, house.person("ada").sub) is None


def test_calling_cognito_directly_does_not_get_round_the_lockout(house: House) -> None:
    person = house.person("ada")
    for _ in range(5):
        with pytest.raises(ClientError, match="NotAuthorized"):
            house.straight_to_cognito(person.email, WRONG)

    with pytest.raises(ClientError, match="UserLambdaValidation"):
        house.straight_to_cognito(person.email, person.password)
    with pytest.raises(LoginRefused):
        house.login("ada")


def test_one_account_that_rests_does_not_rest_the_others(house: House) -> None:
    try_and_fail(house, 6)

    assert house.login("ben")


def test_an_address_that_nobody_has_is_counted_like_any_other(house: House) -> None:
    try_and_fail(house, 5, "nobody@example.com")

    with pytest.raises(ClientError, match="UserLambdaValidation"):
        house.straight_to_cognito("nobody@example.com", WRONG)


def test_who_proves_the_address_by_a_reset_may_try_at_once(house: House) -> None:
    try_and_fail(house, 5)
    sign_up, person = house.identity.sign_up, house.person("ada")
    sign_up.request_reset(person.email)

    sign_up.confirm_reset(person.email, house.last_code(person.email), "Another-One-1")

    assert house.login("ada", "Another-One-1")


def test_tries_while_an_account_rests_do_not_lengthen_the_rest() -> None:
    with moto_table() as table:
        lockout = Lockout(table)
        for _ in range(MOST_FAILURES):
            lockout.count_try("ada", NOW)
        for minute in range(30):
            with pytest.raises(LoginRefused):
                lockout.count_try("ada", NOW + timedelta(minutes=minute))

        lockout.count_try("ada", NOW + RESTS_FOR)


def test_failures_that_are_half_an_hour_apart_never_rest_anything() -> None:
    with moto_table() as table:
        lockout = Lockout(table)

        for number in range(20):
            lockout.count_try("ada", NOW + number * RESTS_FOR)


def test_a_row_that_dynamodb_has_not_deleted_yet_counts_for_nothing() -> None:
    with moto_table() as table:
        lockout = Lockout(table)
        for _ in range(MOST_FAILURES):
            lockout.count_try("ada", NOW)
        later = NOW + timedelta(days=2)

        assert table.get(PK, "ada") is not None
        lockout.count_try("ada", later)
        assert int((table.get(PK, "ada") or {})["failures"]) == 1


def test_of_thirty_two_tries_at_once_five_are_made() -> None:
    with moto_client() as client:
        for _ in range(5):
            lockout = Lockout(new_table(client))

            results = race(32, lambda number, lockout=lockout: lockout.count_try("ada", NOW))

            assert [type(one) for one in results if one is not None] == [LoginRefused] * 27


@pytest.fixture(scope="module")
def shared_table() -> object:
    with moto_table() as table:
        yield table


def test_each_try_counts_once_and_the_fifth_is_the_last(shared_table: Table) -> None:
    lockout, who = Lockout(shared_table), str(uuid.uuid4())

    counted = []
    for minute in range(MOST_FAILURES):
        lockout.count_try(who, NOW + timedelta(minutes=minute))
        counted.append(int((shared_table.get(PK, who) or {})["failures"]))

    assert counted == [1, 2, 3, 4, 5]
    with pytest.raises(LoginRefused):
        lockout.count_try(who, NOW + timedelta(minutes=33))
    lockout.count_try(who, NOW + timedelta(minutes=34))


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=30))
def test_never_more_than_five_failures_pass_without_half_an_hour_of_rest(
    steps: list[tuple[int, bool]], shared_table: Table
) -> None:
    """``steps``: minutes to wait, then a try that succeeds or fails; held against a plain count."""
    lockout, who = Lockout(shared_table), str(uuid.uuid4())
    now = last = NOW
    failures = 0
    for minutes, succeeds in steps:
        now += timedelta(minutes=minutes)
        if now - last >= RESTS_FOR:
            failures = 0
        if failures >= MOST_FAILURES:
            with pytest.raises(LoginRefused):
                lockout.count_try(who, now)
            continue
        lockout.count_try(who, now)
        failures, last = failures + 1, now
        if succeeds:
            lockout.clear(who)
            failures = 0
