from __future__ import annotations

import time
from base64 import b32decode
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from chalicelib.errors import AwsUnreachable, Forbidden, LoginRefused, NotAllowed, NotAuthenticated, TooMany, Unfit
from chalicelib.fleet.identity.pace import STEP_SECONDS
from chalicelib.fleet.identity.sign_in import Challenge, ChallengeName, SignedIn
from chalicelib.fleet.people import Role
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from support.issuer import tampered
from support.people import House

NEW = "Hello-World-1"


@pytest.mark.parametrize("role", list(Role))
def test_a_seeded_person_of_each_role_logs_in_and_is_known_by_the_id_token(role: Role, house: House) -> None:
    person = house.of(role)

    signed_in = house.identity.sign_in.login(f"  {person.email.upper()} ", person.password)

    assert isinstance(signed_in, SignedIn)
    caller = house.identity.tokens.verify(signed_in.id_token)
    assert (caller.sub, caller.email, caller.role) == (person.sub, person.email, role)
    assert (signed_in.send, signed_in.token_type) == ("id_token", "Bearer")
    assert signed_in.expires_in_seconds == 3600


def test_tokens_of_the_embedded_cognito_are_really_signed(house: House) -> None:
    signed_in = house.login()

    with pytest.raises(NotAuthenticated) as refused:
        house.identity.tokens.verify(tampered(signed_in.id_token, **{"cognito:groups": ["Admin"]}))
    assert refused.value.reason == "id token: signature"
    with pytest.raises(NotAuthenticated):
        house.identity.tokens.verify(signed_in.access_token)


def unknown(house: House) -> tuple[str, str]:
    return "nobody@example.com", "Wrong-1234"


def wrong_password(house: House) -> tuple[str, str]:
    return house.person("ada").email, "Wrong-1234"


def disabled(house: House) -> tuple[str, str]:
    person = house.person("ada")
    house.identity.users.disable(person.sub)
    return person.email, person.password


def unconfirmed(house: House) -> tuple[str, str]:
    house.identity.sign_up.sign_up("eve@example.com", NEW)
    return "eve@example.com", NEW


def resting(house: House) -> tuple[str, str]:
    person = house.person("ada")
    for _ in range(5):
        with pytest.raises(LoginRefused):
            house.identity.sign_in.login(person.email, "Wrong-1234")
    return person.email, person.password


def no_address(house: House) -> tuple[str, str]:
    return "ada", "Wrong-1234"


CASES = [unknown, wrong_password, disabled, unconfirmed, resting, no_address]


@pytest.mark.parametrize("seconds", [0.01, 0.2, 0.49])
def test_refused_logins_cannot_be_told_apart(seconds: float, house: House) -> None:
    said: set[str] = set()
    for case in CASES:
        email, password = case(house)
        house.stopwatch.each_takes = seconds
        began = house.stopwatch.now + seconds  # the first look at the stopwatch
        with pytest.raises(LoginRefused) as refused:
            house.identity.sign_in.login(email, password)
        said.add(str(refused.value))
        lasted = house.stopwatch.now - began
        assert lasted == pytest.approx(STEP_SECONDS), case.__name__
        house.identity.users.enable(house.person("ada").sub)

    assert len(said) == 1


def test_a_login_that_succeeds_is_not_held_up(house: House) -> None:
    house.login()

    assert house.stopwatch.waited == []


def test_a_refresh_gives_new_tokens_and_keeps_the_refresh_token(house: House) -> None:
    first = house.login()
    assert first.refresh_token

    again = house.identity.sign_in.refresh(first.refresh_token)

    assert again.refresh_token is None
    assert house.identity.tokens.verify(again.id_token).email == house.person("ada").email


@pytest.mark.parametrize("token", ["made-up", "", "x" * 4000])
def test_a_refresh_token_that_does_not_hold_sends_back_to_the_login(token: str, house: House) -> None:
    with pytest.raises(LoginRefused, match="log in again"):
        house.identity.sign_in.refresh(token)


def test_a_first_password_has_to_be_replaced_by_one_of_ones_own(house: House) -> None:
    sign_in = house.identity.sign_in
    house.identity.users.invite("new@elsewhere.org", Role.USER)

    asked = sign_in.login("new@elsewhere.org", house.last_code("new@elsewhere.org"))
    assert isinstance(asked, Challenge)
    assert asked.challenge is ChallengeName.NEW_PASSWORD_REQUIRED
    assert asked.asks == ("new_password",)

    with pytest.raises(Unfit, match=r"an upper-case letter .*, a digit and a symbol") as refused:
        sign_in.answer(asked.challenge, asked.session, "new@elsewhere.org", {"new_password": "helloworld"})
    assert refused.value.field == "new_password"
    with pytest.raises(Unfit, match="needs new_password"):
        sign_in.answer(asked.challenge, asked.session, "new@elsewhere.org", {"code": "123456"})
    signed_in = sign_in.answer(asked.challenge, asked.session, "new@elsewhere.org", {"new_password": NEW})

    assert isinstance(signed_in, SignedIn)
    assert house.identity.tokens.verify(signed_in.id_token).role is Role.USER
    assert isinstance(sign_in.login("new@elsewhere.org", NEW), SignedIn)


@pytest.fixture
def codes_are_checked() -> Iterator[None]:
    with patch.dict("os.environ", {"MOTO_COGNITO_IDP_USER_POOL_ENABLE_TOTP": "true"}):
        yield


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    key = b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    return TOTP(key, 6, SHA1(), 30, enforce_key_length=False).generate(time.time()).decode()


@pytest.mark.usefixtures("codes_are_checked")
def test_whoever_set_up_an_app_is_asked_for_its_code(house: House) -> None:
    caller, access_token = house.caller()
    factor = house.identity.account.begin_second_factor(caller, access_token)
    with pytest.raises(Unfit) as refused:
        house.identity.account.finish_second_factor(caller, access_token, "000000")
    assert refused.value.field == "code"
    house.identity.account.finish_second_factor(caller, access_token, code_of(factor.secret_code))
    person, sign_in = house.person("ada"), house.identity.sign_in

    asked = sign_in.login(person.email, person.password)
    assert isinstance(asked, Challenge)
    assert (asked.challenge, asked.asks) == (ChallengeName.SOFTWARE_TOKEN_MFA, ("code",))
    with pytest.raises(Unfit, match="code"):
        sign_in.answer(asked.challenge, asked.session, person.email, {"code": "000000"})
    signed_in = sign_in.answer(asked.challenge, asked.session, person.email, {"code": code_of(factor.secret_code)})

    assert isinstance(signed_in, SignedIn)
    assert house.identity.users.profile(caller).second_factor == ("SOFTWARE_TOKEN_MFA",)
    house.identity.account.drop_second_factor(caller, signed_in.access_token)
    assert isinstance(sign_in.login(person.email, person.password), SignedIn)


@pytest.mark.usefixtures("codes_are_checked")
def test_where_everybody_needs_an_app_the_first_login_sets_it_up(house: House) -> None:
    house.clients.cognito.set_user_pool_mfa_config(
        UserPoolId=house.pool.settings.id, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="ON"
    )
    sign_in = house.identity.sign_in
    house.identity.users.invite("new@elsewhere.org", Role.USER)
    first = sign_in.login("new@elsewhere.org", house.last_code("new@elsewhere.org"))
    assert isinstance(first, Challenge)

    asked = sign_in.answer(first.challenge, first.session, "new@elsewhere.org", {"new_password": NEW})
    assert isinstance(asked, Challenge)
    assert asked.challenge is ChallengeName.MFA_SETUP
    assert asked.secret_code
    with pytest.raises(Unfit):
        sign_in.answer(asked.challenge, asked.session, "new@elsewhere.org", {"code": "000000"})
    code = code_of(asked.secret_code)

    assert isinstance(sign_in.answer(asked.challenge, asked.session, "new@elsewhere.org", {"code": code}), SignedIn)


def test_a_code_by_text_message_is_answered_like_any_other(house: House) -> None:
    person, sign_in = house.person("ada"), house.identity.sign_in
    house.clients.cognito.admin_set_user_mfa_preference(
        UserPoolId=house.pool.settings.id,
        Username=person.sub,
        SMSMfaSettings={"Enabled": True, "PreferredMfa": True},
    )

    asked = sign_in.login(person.email, person.password)

    assert isinstance(asked, Challenge)
    assert asked.challenge is ChallengeName.SMS_MFA
    assert isinstance(sign_in.answer(asked.challenge, asked.session, person.email, {"code": "123456"}), SignedIn)


def test_a_challenge_is_answered_under_the_pools_own_name_of_a_person(house: House) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html: the
    responses take the name in USER_ID_FOR_SRP and no alias. moto does not give one."""
    answered: list[Mapping[str, str]] = []

    def initiate_auth(**_: object) -> object:
        told = {"USER_ID_FOR_SRP": "sub-ada", "CODE_DELIVERY_DESTINATION": "+*******1234"}
        return {"ChallengeName": "SMS_MFA", "Session": "AYABe~x", "ChallengeParameters": told}

    def respond_to_auth_challenge(**asked: Any) -> object:
        answered.append({"Session": asked["Session"], **asked["ChallengeResponses"]})
        return {"ChallengeName": "SMS_MFA", "Session": "again", "ChallengeParameters": {}}

    cognito, sign_in = house.clients.cognito, house.identity.sign_in
    with (
        patch.object(cognito, "initiate_auth", initiate_auth),
        patch.object(cognito, "respond_to_auth_challenge", respond_to_auth_challenge),
    ):
        first = sign_in.login("ada@example.com", "any")
        assert isinstance(first, Challenge)
        assert first.sent_to == "+*******1234"
        second = sign_in.answer(first.challenge, first.session, "ada@example.com", {"code": "1"})
        assert isinstance(second, Challenge)
        sign_in.answer(second.challenge, second.session, "ada@example.com", {"code": "2"})

    assert answered == [
        {"Session": "AYABe~x", "USERNAME": "sub-ada", "SMS_MFA_CODE": "1"},
        {"Session": "again", "USERNAME": "sub-ada", "SMS_MFA_CODE": "2"},
    ]


def test_a_session_that_is_over_sends_back_to_the_login(house: House) -> None:
    with pytest.raises(LoginRefused, match="log in again"):
        house.identity.sign_in.answer(
            ChallengeName.SOFTWARE_TOKEN_MFA, "made-up-session-of-nobody", "ada@example.com", {"code": "123456"}
        )


def test_a_person_without_a_role_may_log_in_but_do_nothing(house: House) -> None:
    person = house.person("ada")
    house.clients.cognito.admin_remove_user_from_group(
        UserPoolId=house.pool.settings.id, Username=person.sub, GroupName="User"
    )

    with pytest.raises(Forbidden):
        house.identity.tokens.verify(house.login().id_token)


def failing(code: str) -> Callable[..., object]:
    from botocore.exceptions import ClientError

    def initiate_auth(**_: object) -> object:
        raise ClientError({"Error": {"Code": code, "Message": "said by Cognito"}}, "InitiateAuth")

    return initiate_auth


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("TooManyRequestsException", TooMany),
        ("InternalErrorException", AwsUnreachable),
        ("UnexpectedLambdaException", AwsUnreachable),
        ("NotAuthorizedException", LoginRefused),
        ("PasswordResetRequiredException", LoginRefused),
        ("LimitExceededException", LoginRefused),
    ],
)
def test_what_cognito_answers_is_told_in_our_own_words(code: str, told: type[Exception], house: House) -> None:
    with patch.object(house.clients.cognito, "initiate_auth", failing(code)), pytest.raises(told) as refused:
        house.login()

    assert "said by Cognito" not in str(refused.value)


def test_a_question_that_this_api_cannot_answer_is_said_so(house: House) -> None:
    def initiate_auth(**_: object) -> object:
        return {"ChallengeName": "DEVICE_SRP_AUTH", "Session": "s"}

    with (
        patch.object(house.clients.cognito, "initiate_auth", initiate_auth),
        pytest.raises(NotAllowed, match="DEVICE_SRP_AUTH"),
    ):
        house.login()


def test_tokens_end(house: House) -> None:
    signed_in = house.login()

    house.clock.advance(timedelta(hours=1, minutes=2))

    with pytest.raises(NotAuthenticated):
        house.identity.tokens.verify(signed_in.id_token)
