"""Who has an address, for those whom another system has verified it for."""

from __future__ import annotations

from chalicelib.fleet.people import Role
from support.people import House


def test_who_has_an_address_comes_with_the_role_and_the_groups_of_this_moment(house: House) -> None:
    ada, people = house.person("ada"), house.identity.users._pool
    cognito, pool = house.clients.cognito, house.pool.settings.id
    cognito.create_group(UserPoolId=pool, GroupName="vision-leads")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=ada.sub, GroupName="vision-leads")

    found = people.with_address("Ada@Example.com")

    assert found is not None
    assert (found.sub, found.email, found.role) == (ada.sub, "ada@example.com", Role.USER)
    assert found.groups == {"User", "vision-leads"}
    house.identity.users.set_role(ada.sub, Role.READ_ONLY)
    changed = people.with_address("ada@example.com")
    assert changed is not None and changed.role is Role.READ_ONLY


def test_an_account_that_is_off_or_has_no_role_or_no_verified_address_is_nobodys(house: House) -> None:
    people, cognito, pool = house.identity.users._pool, house.clients.cognito, house.pool.settings.id
    house.identity.users.disable(house.person("ada").sub)
    cognito.admin_remove_user_from_group(UserPoolId=pool, Username=house.person("ben").sub, GroupName="User")
    cognito.admin_update_user_attributes(
        UserPoolId=pool,
        Username=house.person("rita").sub,
        UserAttributes=[{"Name": "email_verified", "Value": "false"}],
    )

    assert [people.with_address(f"{name}@example.com") for name in ("ada", "ben", "rita")] == [None] * 3


def test_an_address_that_nobody_has_and_an_id_in_its_place_are_nobodys(house: House) -> None:
    people = house.identity.users._pool

    for address in ("nobody@example.com", "", "ada", "ada@example.com ", house.person("ada").sub):
        assert people.with_address(address) is None
