"""The functions that Cognito calls, with the events that Cognito sends.

The shapes: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from chalicelib.entrypoints import cognito_triggers
from chalicelib.errors import AwsUnreachable, ConfigurationError, LoginRefused, MalformedEvent, NotAllowed
from chalicelib.fleet.identity.gate import CONFIRMED, Gate, Knock, knock_of
from chalicelib.fleet.identity.lockout import PK as LOCKOUT
from chalicelib.fleet.identity.people_rows import PK as USER
from chalicelib.local.doors import context_of
from chalicelib.runtime import compose_identity
from hypothesis import given
from hypothesis import strategies as st
from support.people import House

CONTEXT = context_of("trigger")


def event(house: House, source: str, name: str = "ada", **attributes: str) -> dict[str, Any]:
    person = house.person(name)
    return {
        "version": "1",
        "triggerSource": source,
        "region": "eu-west-1",
        "userPoolId": house.pool.settings.id,
        "userName": person.sub,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown", "clientId": house.pool.settings.client_id},
        "request": {"userAttributes": {"sub": person.sub, "email": person.email, **attributes}},
        "response": {},
    }


def test_whoever_agrees_gives_the_event_back_as_it_was(house: House) -> None:
    for handler, source in (
        (cognito_triggers.pre_sign_up, "PreSignUp_SignUp"),
        (cognito_triggers.pre_authentication, "PreAuthentication_Authentication"),
        (cognito_triggers.post_authentication, "PostAuthentication_Authentication"),
        (cognito_triggers.post_confirmation, "PostConfirmation_ConfirmSignUp"),
    ):
        given_event = event(house, source)
        assert handler(given_event, CONTEXT) == event(house, source)


@pytest.mark.parametrize("source", ["PreSignUp_SignUp", "PreSignUp_ExternalProvider", "PreSignUp_SomethingNew"])
def test_only_an_administrators_invitation_passes_the_list_of_domains(source: str, house: House) -> None:
    stranger = {"email": "eve@elsewhere.org"}

    cognito_triggers.pre_sign_up(event(house, "PreSignUp_AdminCreateUser", **stranger), CONTEXT)
    with pytest.raises(NotAllowed):
        cognito_triggers.pre_sign_up(event(house, source, **stranger), CONTEXT)


def test_a_person_nobody_knows_is_counted_by_the_name_they_gave(house: House) -> None:
    unknown = event(house, "PreAuthentication_Authentication") | {
        "userName": "Nobody@Example.com",
        "request": {"userAttributes": {}, "userNotFound": True},
    }
    for _ in range(5):
        cognito_triggers.pre_authentication(unknown, CONTEXT)

    with pytest.raises(LoginRefused):
        cognito_triggers.pre_authentication(unknown, CONTEXT)
    assert house.table.get(LOCKOUT, "nobody@example.com")


def test_a_confirmation_that_is_repeated_changes_nothing_more(house: House) -> None:
    confirmed = event(house, "PostConfirmation_ConfirmSignUp", "rita")
    before = house.table.get(USER, house.person("rita").sub)
    for _ in range(3):
        cognito_triggers.post_confirmation(confirmed, CONTEXT)

    assert house.role_in_pool(house.person("rita").sub) == {"ReadOnly"}
    assert house.table.get(USER, house.person("rita").sub) == before


def test_a_confirmation_never_takes_a_role_away(house: House) -> None:
    cognito_triggers.post_confirmation(event(house, "PostConfirmation_ConfirmSignUp", "admin"), CONTEXT)

    assert house.role_in_pool(house.person("admin").sub) == {"Admin"}


def test_a_first_role_that_could_not_be_given_is_given_at_the_login(house: House) -> None:
    def cut_off(**_: object) -> object:
        raise ClientError({"Error": {"Code": "InternalErrorException", "Message": ""}}, "AdminAddUserToGroup")

    house.identity.sign_up.sign_up("eve@example.com", "Hello-World-1")
    with patch.object(house.clients.cognito, "admin_add_user_to_group", cut_off), pytest.raises(AwsUnreachable):
        house.identity.sign_up.confirm("eve@example.com", house.last_code("eve@example.com"))
    assert house.role_in_pool(house.in_pool("eve@example.com").id) == set()

    house.identity.sign_in.login("eve@example.com", "Hello-World-1")

    assert house.role_in_pool(house.in_pool("eve@example.com").id) == {"ReadOnly"}


def test_a_record_that_does_not_answer_lets_nobody_in(house: House) -> None:
    with patch.object(house.clients.dynamodb, "update_item", side_effect=OSError), pytest.raises(OSError):
        cognito_triggers.pre_authentication(event(house, "PreAuthentication_Authentication"), CONTEXT)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(
    event=ANY_JSON
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("triggerSource", "userPoolId", "userName", "request"), ANY_JSON),
    )
)
def test_what_is_no_event_of_a_pool_is_said_so(event: object) -> None:
    try:
        knock = knock_of(event)
    except MalformedEvent:
        return
    assert isinstance(event, Mapping) and knock.who


@pytest.fixture
def nothing_installed() -> Iterator[None]:
    compose_identity.install_gate(None)
    yield
    compose_identity.install_gate(None)


@pytest.mark.usefixtures("nothing_installed")
def test_deployed_the_gate_is_built_from_the_environment_once() -> None:
    environment = {
        "LIFECYCLE_TABLE": "table", "LIFECYCLE_MAIL_DOMAINS": "Example.com, @example.org", "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none",
    }  # fmt: skip
    with patch.dict("os.environ", environment):
        assert compose_identity.mail_domains() == ("example.com", "example.org")
        assert compose_identity.gate() is compose_identity.gate()
        assert compose_identity.gate().domains == ("example.com", "example.org")


@pytest.mark.usefixtures("nothing_installed")
def test_without_a_table_there_is_no_gate() -> None:
    with patch.dict("os.environ", clear=True), pytest.raises(ConfigurationError, match="LIFECYCLE_TABLE"):
        compose_identity.gate()


def test_an_event_is_read_whole_and_one_that_lacks_a_name_is_refused() -> None:
    event: dict[str, object] = {
        "triggerSource": "PreSignUp_SignUp",
        "userPoolId": "pool",
        "userName": "Ada",
        "request": {"userAttributes": {"sub": "s-1", "email": "Ada@Example.com"}},
    }

    assert knock_of(event) == Knock("PreSignUp_SignUp", "pool", "Ada", "s-1", "ada@example.com")
    assert knock_of({**event, "request": {}}) == Knock("PreSignUp_SignUp", "pool", "Ada", "", "")
    for name in ("triggerSource", "userPoolId", "userName"):
        for wrong in ("", None, 7):
            with pytest.raises(MalformedEvent, match="the event lacks triggerSource, userPoolId or userName"):
                knock_of({**event, name: wrong})


def test_the_pool_that_the_event_names_is_asked_and_no_other() -> None:
    asked: list[str] = []

    class Stop(Exception):
        """Nothing more is to be seen here."""

    def people_of(pool_id: str) -> Any:
        asked.append(pool_id)
        raise Stop

    nothing: Any = None
    gate = Gate(nothing, nothing, people_of, ("example.com",), nothing)
    with pytest.raises(Stop):
        gate.after_confirmation(Knock(CONFIRMED, "pool-2", "ada", "sub-ada", "ada@example.com"))
    assert asked == ["pool-2"]
