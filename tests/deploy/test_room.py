"""A first deployment into an account that cannot hold it is refused before anything is made."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chalicelib.deploy.room import must_have_room, places
from chalicelib.errors import ConfigurationError


def account(free: int, whole: int) -> Any:
    limits = {"UnreservedConcurrentExecutions": free, "ConcurrentExecutions": whole}
    return SimpleNamespace(get_account_settings=lambda: {"AccountLimit": limits})


@pytest.mark.parametrize(("free", "whole"), [(10, 10), (102, 1000)])
def test_an_account_without_room_is_told_what_to_ask_for(free: int, whole: int) -> None:
    with pytest.raises(ConfigurationError, match=f"run {whole} functions at once, {free} of them .* L-B99A9384"):
        must_have_room(account(free, whole), 3)


def test_an_account_with_room_and_one_that_does_not_say_are_let_through() -> None:
    def refuse() -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "GetAccountSettings")

    must_have_room(account(103, 1000), 3)
    must_have_room(SimpleNamespace(get_account_settings=refuse), 3)


def test_the_places_are_those_that_the_packaged_functions_reserve() -> None:
    app = {"Resources": {
        "Sweep": {"Properties": {"ReservedConcurrentExecutions": 1}}, "Deliver": {"Properties": {}}, "Hook": {},
        "WeeklyReport": {"Properties": {"ReservedConcurrentExecutions": 2}},
    }}  # fmt: skip

    assert places(app) == 3
