from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from chalicelib.errors import LoginRefused, NotAllowed, Unfit
from chalicelib.fleet.identity.pace import STEP_SECONDS
from chalicelib.fleet.identity.passwords import missing_of
from chalicelib.fleet.identity.sign_in import SignedIn
from chalicelib.fleet.identity.sign_up import may_sign_up
from chalicelib.fleet.people import Role
from support.people import House

PASSWORD = "Hello-World-1"
EVE = "eve@example.com"


def test_who_signs_up_and_confirms_may_read(house: House) -> None:
    sign_up = house.identity.sign_up

    sign_up.sign_up(" Eve@Example.com ", PASSWORD, "Eve")
    with pytest.raises(LoginRefused):
        house.identity.sign_in.login(EVE, PASSWORD)
    sign_up.confirm(EVE, f" {house.last_code(EVE)} ")

    signed_in = house.identity.sign_in.login(EVE, PASSWORD)
    assert isinstance(signed_in, SignedIn)
    caller = house.identity.tokens.verify(signed_in.id_token)
    assert caller.role is Role.READ_ONLY
    profile = house.identity.users.profile(caller)
    assert (profile.name, profile.email, profile.role) == ("Eve", EVE, Role.READ_ONLY)
    assert profile.last_login is not None


@pytest.mark.parametrize("email", ["eve@elsewhere.org", "eve@sub.example.com", "eve@example.com.evil.org"])
def test_strangers_need_an_invitation(email: str, house: House) -> None:
    with pytest.raises(NotAllowed, match=r"Only addresses of example\.com"):
        house.identity.sign_up.sign_up(email, PASSWORD)

    assert house.in_pool(email) is None


def test_calling_cognito_directly_does_not_let_strangers_in(house: House) -> None:
    def sign_up(name: str, **attributes: str) -> None:
        house.clients.cognito.sign_up(
            ClientId=house.pool.settings.client_id,
            Username=name,
            Password=PASSWORD,
            UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
        )

    for attributes in ({"email": "eve@elsewhere.org"}, {}):
        with pytest.raises(ClientError, match=r"UserLambdaValidation.*Only addresses of example\.com"):
            sign_up("eve@elsewhere.org", **attributes)


@pytest.mark.parametrize(
    ("email", "domains", "may"),
    [
        ("ada@example.com", ("example.com",), True),
        ("ADA@EXAMPLE.COM", ("example.com",), True),
        ("ada@example.com", (), False),
        ("ada@sub.example.com", ("example.com",), False),
        ("ada@notexample.com", ("example.com",), False),
        ("a@evil.org@example.com", ("example.com",), True),
        ("@example.com", ("example.com",), False),
        ("example.com", ("example.com",), False),
        ("", ("",), False),
    ],
)
def test_a_domain_of_the_list_is_meant_exactly(email: str, domains: tuple[str, ...], may: bool) -> None:
    assert may_sign_up(email, domains) is may


@pytest.mark.parametrize(
    "email", ["", "ada", "@", "ada@", "@example.com", "a b@example.com", "a@b@example.com", "ada@example", "x" * 200]
)
def test_what_is_no_address_is_said_so(email: str, house: House) -> None:
    for call in (
        lambda: house.identity.sign_up.sign_up(email, PASSWORD),
        lambda: house.identity.sign_up.request_reset(email),
    ):
        with pytest.raises(Unfit) as refused:
            call()
        assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("", 5),
        ("short-A1", 0),
        ("short-A", 2),
        ("alllowercase", 3),
        ("ALLUPPERCASE", 3),
        ("12345678", 3),
        ("Hello World1", 0),
        (" Hello-World1", 1),
        ("Hello-World1 ", 1),
        ("Größe-1234-ß", 0),
        ("ÄÖÜ-1234-aaa", 1),
        ("A1-" + "a" * 254, 1),
        ("Hello١-World", 1),
    ],
)
def test_every_missing_piece_of_a_password_is_named_at_once(password: str, missing: int) -> None:
    assert len(missing_of(password)) == missing


def test_a_password_that_breaks_the_rules_never_reaches_cognito(house: House) -> None:
    with pytest.raises(Unfit) as refused:
        house.identity.sign_up.sign_up(EVE, "hello")

    assert str(refused.value) == (
        "The password needs at least 8 characters, an upper-case letter (A-Z), a digit and a symbol such as ! or -."
    )
    assert refused.value.field == "password"
    assert house.mails == []


Act = Callable[[House, str], object]
"""Something done with an address, which may or may not have an account."""

ACTS: list[Act] = [
    lambda house, email: house.identity.sign_up.sign_up(email, PASSWORD),
    lambda house, email: house.identity.sign_up.confirm(email, "123456"),
    lambda house, email: house.identity.sign_up.resend(email),
    lambda house, email: house.identity.sign_up.request_reset(email),
    lambda house, email: house.identity.sign_up.confirm_reset(email, "123456", PASSWORD),
]


@pytest.mark.parametrize("act", ACTS, ids=["sign up", "confirm", "resend", "request reset", "confirm reset"])
def test_no_answer_tells_whether_an_address_has_an_account(act: Act, house: House) -> None:
    house.identity.sign_up.sign_up(EVE, PASSWORD)
    heard: set[object] = set()

    for seconds, email in ((0.02, "nobody@example.com"), (0.3, "ada@example.com"), (0.45, EVE)):
        house.stopwatch.each_takes = seconds
        began = house.stopwatch.now + seconds
        try:
            answer: object = act(house, email)
        except Unfit as refused:
            answer = (type(refused), str(refused), refused.field)
        heard.add((answer, round(house.stopwatch.now - began, 6)))

    assert len(heard) == 1
    assert {lasted for _, lasted in heard} == {STEP_SECONDS}  # type: ignore[misc]


def test_signing_up_again_changes_nothing_of_the_account(house: House) -> None:
    house.identity.sign_up.sign_up("ada@example.com", PASSWORD, "Mallory")

    assert house.mails == []
    assert house.login("ada")
    with pytest.raises(LoginRefused):
        house.identity.sign_in.login("ada@example.com", PASSWORD)


def test_a_code_can_be_sent_again_and_only_the_last_one_counts(house: House) -> None:
    sign_up = house.identity.sign_up
    sign_up.sign_up(EVE, PASSWORD)
    first = house.last_code(EVE)
    sign_up.resend(EVE)
    second = house.last_code(EVE)

    if first != second:
        with pytest.raises(Unfit, match="code is wrong"):
            sign_up.confirm(EVE, first)
    sign_up.confirm(EVE, second)

    assert house.role_in_pool(house.in_pool(EVE).id) == {"ReadOnly"}


def test_a_forgotten_password_is_replaced_by_who_reads_the_mail(house: House) -> None:
    sign_up, person = house.identity.sign_up, house.person("ada")

    sign_up.request_reset(person.email)
    with pytest.raises(Unfit) as refused:
        sign_up.confirm_reset(person.email, house.last_code(person.email), "short")
    assert refused.value.field == "new_password"
    sign_up.confirm_reset(person.email, house.last_code(person.email), PASSWORD)

    assert house.login("ada", PASSWORD)
    with pytest.raises(LoginRefused):
        house.login("ada", person.password)


def test_a_reset_of_nobody_mails_nobody(house: House) -> None:
    house.identity.sign_up.request_reset("nobody@example.com")

    assert house.mails == []


def test_a_reset_leaves_the_role_as_it_was(house: House) -> None:
    sign_up, person = house.identity.sign_up, house.person("admin")
    sign_up.request_reset(person.email)
    sign_up.confirm_reset(person.email, house.last_code(person.email), PASSWORD)

    assert house.role_in_pool(person.sub) == {"Admin"}
