"""Everything of one user pool, put together for the application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.fleet.identity.account import Account
from chalicelib.fleet.identity.gate import Gate
from chalicelib.fleet.identity.keys import read_url
from chalicelib.fleet.identity.lockout import Lockout
from chalicelib.fleet.identity.pace import Pace
from chalicelib.fleet.identity.people_rows import PeopleRows
from chalicelib.fleet.identity.pool_people import PoolPeople
from chalicelib.fleet.identity.sign_in import SignIn
from chalicelib.fleet.identity.sign_up import SignUp
from chalicelib.fleet.identity.tokens import Tokens
from chalicelib.fleet.identity.users import Users

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

    from chalicelib.fleet.settings import PoolSettings
    from chalicelib.record.table import Table
    from chalicelib.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Identity:
    pool: PoolSettings
    tokens: Tokens
    sign_in: SignIn
    sign_up: SignUp
    users: Users
    account: Account


def build_identity(
    table: Table,
    cognito: CognitoIdentityProviderClient,
    pool: PoolSettings,
    clock: Clock,
    *,
    fetch: Callable[[str], bytes] = read_url,
    pace: Pace | None = None,
) -> Identity:
    """``clock`` must be the one that the pool's tokens are issued by: the machine's, on the embedded AWS too."""
    pace = pace or Pace()
    tokens = Tokens(pool, fetch, clock)
    account = Account(cognito, tokens)
    return Identity(
        pool=pool,
        tokens=tokens,
        sign_in=SignIn(cognito, pool, pace),
        sign_up=SignUp(cognito, pool, pace),
        users=Users(PeopleRows(table), PoolPeople(cognito, pool.id), account),
        account=account,
    )


def build_gate(
    table: Table, cognito: Callable[[], CognitoIdentityProviderClient], domains: tuple[str, ...], clock: Clock
) -> Gate:
    """What the triggers do. The client of Cognito is only made for those that need it."""
    return Gate(Lockout(table), PeopleRows(table), lambda pool_id: PoolPeople(cognito(), pool_id), domains, clock)
