"""The user pool that `make up` comes with."""

from __future__ import annotations

from chalicelib.fleet.identity.passwords import missing_of
from chalicelib.fleet.people import Role
from chalicelib.local.pool import made_up_password
from support.people import House


def test_there_is_somebody_of_each_role_and_a_second_user_to_try_what_belongs_to_the_first(house: House) -> None:
    roles = [user.role for user in house.pool.users]

    assert set(roles) == set(Role)
    assert roles.count(Role.USER) == 2
    for user in house.pool.users:
        assert house.role_in_pool(user.sub) == {user.role.value}
        assert house.identity.users.get(user.sub).role is user.role


def test_local_passwords_are_made_up_at_each_start_and_show_that_they_are_no_secrets() -> None:
    passwords = {made_up_password() for _ in range(100)}

    assert len(passwords) == 100
    for password in passwords:
        assert password.startswith("Local-")
        assert missing_of(password) == ()


def test_passwords_and_tokens_are_shown_where_they_are_meant_to_be_and_nowhere_else(house: House) -> None:
    person, signed_in = house.person("ada"), house.login("ada")

    (line,) = [line for line in house.pool.introduced() if person.email in line]
    assert person.password in line and "User" in line
    assert person.password not in repr(house.pool)
    assert signed_in.id_token not in repr(signed_in)


def test_what_moto_does_by_itself_stays_so_for_other_pools(house: House) -> None:
    cognito = house.clients.cognito
    other = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=other, ClientName="other")["UserPoolClient"]["ClientId"]

    cognito.sign_up(ClientId=client, Username="eve", Password="Hello-World-1")

    assert house.mails == []
