from __future__ import annotations

from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from chalicelib.errors import AwsUnreachable, Conflict, LoginRefused, NotAuthenticated, NotFound, Unfit
from chalicelib.fleet.identity.people_rows import PK
from chalicelib.fleet.identity.sign_in import Challenge, SignedIn
from chalicelib.fleet.people import Role
from support.people import House

NEW = "Hello-World-1"


def test_people_are_listed_page_by_page_each_once(house: House) -> None:
    users = house.identity.users
    first = users.list(None, 3)
    second = users.list(first.next, 3)
    found = first.users + second.users

    assert (len(first.users), second.next) == (3, None)
    assert sorted(user.email for user in found) == [
        "ada@example.com",
        "admin@example.com",
        "ben@example.com",
        "rita@example.com",
    ]
    assert users.list(None, 4).next is None
    assert users.list(found[-1].user_id).users == ()


def test_somebody_who_is_invited_gets_a_mail_and_the_role_at_once(house: House) -> None:
    user = house.identity.users.invite(" New@Elsewhere.org ", Role.USER)

    assert (user.email, user.role, user.enabled, user.last_login) == ("new@elsewhere.org", Role.USER, True, None)
    assert user.cognito_sub == user.user_id == house.in_pool("new@elsewhere.org").id
    assert house.role_in_pool(user.user_id) == {"User"}
    assert isinstance(
        house.identity.sign_in.login("new@elsewhere.org", house.last_code("new@elsewhere.org")), Challenge
    )


def test_an_address_is_invited_once(house: House) -> None:
    with pytest.raises(Conflict, match="has an account already"):
        house.identity.users.invite("ada@example.com", Role.ADMIN)

    assert house.role_in_pool(house.person("ada").sub) == {"User"}


def test_an_invitation_that_was_cut_off_is_finished_by_repeating_it(house: House) -> None:
    users = house.identity.users

    def cut_off(**_: object) -> object:
        raise ClientError({"Error": {"Code": "InternalErrorException", "Message": ""}}, "AdminAddUserToGroup")

    with patch.object(house.clients.cognito, "admin_add_user_to_group", cut_off), pytest.raises(AwsUnreachable):
        users.invite("new@elsewhere.org", Role.ADMIN)
    user = users.invite("new@elsewhere.org", Role.USER)

    assert (user.role, house.role_in_pool(user.user_id)) == (Role.USER, {"User"})


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", ["ada", "rita"])
def test_a_role_replaces_the_one_before(name: str, role: Role, house: House) -> None:
    person = house.person(name)

    user = house.identity.users.set_role(person.sub, role)

    assert user.role is role
    assert house.role_in_pool(person.sub) == {role.value}
    assert house.identity.tokens.verify(house.login(name).id_token).role is role


def test_a_demotion_that_is_cut_off_leaves_too_little_and_never_too_much(house: House) -> None:
    users, person = house.identity.users, house.person("ada")
    users.set_role(person.sub, Role.ADMIN)

    def cut_off(**_: object) -> object:
        raise ClientError({"Error": {"Code": "InternalErrorException", "Message": ""}}, "AdminAddUserToGroup")

    with patch.object(house.clients.cognito, "admin_add_user_to_group", cut_off), pytest.raises(AwsUnreachable):
        users.set_role(person.sub, Role.READ_ONLY)

    assert house.role_in_pool(person.sub) == set()
    users.set_role(person.sub, Role.READ_ONLY)
    assert house.role_in_pool(person.sub) == {"ReadOnly"}


def test_groups_that_are_not_ours_are_left_alone(house: House) -> None:
    person, pool_id = house.person("ada"), house.pool.settings.id
    house.clients.cognito.create_group(UserPoolId=pool_id, GroupName="vision-team")
    house.clients.cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=person.sub, GroupName="vision-team")

    house.identity.users.set_role(person.sub, Role.READ_ONLY)

    assert house.role_in_pool(person.sub) == {"ReadOnly", "vision-team"}


def test_the_last_administrator_stays_one(house: House) -> None:
    users, admin, ada = house.identity.users, house.person("admin"), house.person("ada")

    for change in (lambda: users.set_role(admin.sub, Role.USER), lambda: users.disable(admin.sub)):
        with pytest.raises(Conflict, match="last administrator"):
            change()
    users.set_role(ada.sub, Role.ADMIN)
    users.set_role(admin.sub, Role.USER)

    assert house.role_in_pool(admin.sub) == {"User"}
    with pytest.raises(Conflict):
        users.disable(ada.sub)


def test_an_administrator_who_is_switched_off_is_none_to_rely_on(house: House) -> None:
    users, admin, ada = house.identity.users, house.person("admin"), house.person("ada")
    users.set_role(ada.sub, Role.ADMIN)
    users.disable(ada.sub)

    with pytest.raises(Conflict):
        users.set_role(admin.sub, Role.READ_ONLY)


def test_an_account_that_is_switched_off_neither_logs_in_nor_refreshes(house: House) -> None:
    users, person = house.identity.users, house.person("ada")
    before = house.login()
    assert before.refresh_token

    assert users.disable(person.sub).enabled is False
    with pytest.raises(LoginRefused):
        house.login()
    with pytest.raises(LoginRefused):
        house.identity.sign_in.refresh(before.refresh_token)
    assert users.enable(person.sub).enabled is True

    assert house.login()


@pytest.mark.parametrize("user_id", ["00000000-0000-0000-0000-000000000000", "x", "../../etc", "é"])
def test_nobody_is_found_under_an_id_that_nobody_has(user_id: str, house: House) -> None:
    users = house.identity.users
    for look in (users.get, users.disable, users.enable, lambda id: users.set_role(id, Role.USER)):
        with pytest.raises(NotFound):
            look(user_id)


def test_what_was_changed_in_the_aws_console_shows_when_one_looks(house: House) -> None:
    person, pool_id = house.person("ada"), house.pool.settings.id
    house.clients.cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=person.sub, GroupName="Admin")
    house.clients.cognito.admin_disable_user(UserPoolId=pool_id, Username=person.sub)

    user = house.identity.users.get(person.sub)

    assert (user.role, user.enabled) == (Role.ADMIN, False)
    assert user in house.identity.users.list().users


def test_somebody_made_in_the_aws_console_is_noted_at_the_first_login(house: House) -> None:
    pool_id = house.pool.settings.id
    house.clients.cognito.admin_create_user(
        UserPoolId=pool_id, Username="boss@elsewhere.org", MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": "boss@elsewhere.org"}],
    )  # fmt: skip
    house.clients.cognito.admin_set_user_password(
        UserPoolId=pool_id, Username="boss@elsewhere.org", Password=NEW, Permanent=True
    )
    house.clients.cognito.admin_add_user_to_group(UserPoolId=pool_id, Username="boss@elsewhere.org", GroupName="Admin")

    house.identity.sign_in.login("boss@elsewhere.org", NEW)

    (noted,) = [user for user in house.identity.users.list().users if user.email == "boss@elsewhere.org"]
    assert (noted.role, noted.last_login) == (Role.ADMIN, house.clock.now())


def test_a_login_is_noted_without_touching_anything_else(house: House) -> None:
    before = house.table.get(PK, house.person("ada").sub)

    house.login()

    after = house.table.get(PK, house.person("ada").sub)
    assert before is not None and after is not None
    assert after.keys() - before.keys() == {"last_login"}
    assert {key: after[key] for key in before} == dict(before)
    assert {"user_id", "cognito_sub", "email", "role", "created_at"} <= before.keys()


def test_people_see_and_change_their_own_profile(house: House) -> None:
    users = house.identity.users
    caller, access_token = house.caller()

    changed = users.change_profile(caller, access_token, {"name": " Ada L. ", "zone": "Asia/Tokyo"})

    assert (changed.name, changed.zone, changed.email) == ("Ada L.", "Asia/Tokyo", "ada@example.com")
    assert (changed.user_id, changed.role, changed.second_factor) == (caller.sub, Role.USER, ())
    assert users.profile(caller) == changed
    assert users.change_profile(caller, access_token, {"name": ""}).name == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "Admin"}, "role"),
        ({"email": "eve@example.com"}, "email"),
        ({"zone": "Asia/Nowhere"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"name": "x" * 300}, "name"),
    ],
)
def test_a_profile_holds_nothing_else(changes: dict[str, str], field: str, house: House) -> None:
    caller, access_token = house.caller()

    with pytest.raises(Unfit) as refused:
        house.identity.users.change_profile(caller, access_token, changes)

    assert refused.value.field == field
    assert house.role_in_pool(caller.sub) == {"User"}


def test_ones_account_is_changed_with_ones_own_access_token_only(house: House) -> None:
    caller, _ = house.caller("ada")
    others, account = house.login("ben"), house.identity.account

    for token in (others.access_token, house.login("ada").id_token, "made.up.token", ""):
        for change in (
            lambda token=token: house.identity.users.change_profile(caller, token, {"name": "Mallory"}),
            lambda token=token: account.change_password(caller, token, "x", NEW),
            lambda token=token: account.begin_second_factor(caller, token),
            lambda token=token: account.finish_second_factor(caller, token, "123456"),
            lambda token=token: account.drop_second_factor(caller, token),
        ):
            with pytest.raises(NotAuthenticated):
                change()

    assert house.identity.users.profile(caller).name == ""


def test_an_access_token_that_cognito_has_revoked_changes_nothing(house: House) -> None:
    caller, access_token = house.caller()
    house.clients.cognito.admin_user_global_sign_out(UserPoolId=house.pool.settings.id, Username=caller.sub)

    with pytest.raises(LoginRefused, match="log in again"):
        house.identity.users.change_profile(caller, access_token, {"name": "Ada"})


def test_a_password_is_changed_by_who_knows_the_present_one(house: House) -> None:
    caller, access_token = house.caller()
    account, present = house.identity.account, house.person("ada").password

    for given, new, field in (("Wrong-1234", NEW, "present_password"), (present, "short", "new_password")):
        with pytest.raises(Unfit) as refused:
            account.change_password(caller, access_token, given, new)
        assert refused.value.field == field
    account.change_password(caller, access_token, present, NEW)

    assert isinstance(house.identity.sign_in.login("ada@example.com", NEW), SignedIn)
    with pytest.raises(LoginRefused):
        house.login("ada", present)


def test_the_secret_of_an_app_can_be_shown_as_a_code_to_scan(house: House) -> None:
    caller, access_token = house.caller()

    factor = house.identity.account.begin_second_factor(caller, access_token)

    assert factor.uri == (
        f"otpauth://totp/ollama-lifecycle%3Aada%40example.com?secret={factor.secret_code}&issuer=ollama-lifecycle"
    )


def test_a_profile_of_an_account_that_is_gone_is_not_found(house: House) -> None:
    caller, _ = house.caller()
    house.clients.cognito.admin_delete_user(UserPoolId=house.pool.settings.id, Username=caller.sub)

    with pytest.raises(NotFound):
        house.identity.users.profile(caller)


def test_a_role_is_what_the_token_says_until_it_ends(house: House) -> None:
    token = house.login().id_token
    house.identity.users.set_role(house.person("ada").sub, Role.READ_ONLY)

    assert house.identity.tokens.verify(token).role is Role.USER
    assert house.identity.tokens.verify(house.login().id_token).role is Role.READ_ONLY
