"""A user pool on the embedded AWS with a person of each role, whose tokens are real and whose triggers are ours.

moto keeps accounts, passwords and groups and signs tokens, but it calls no triggers, mails nothing, and takes any code
for the right one. `doors` puts that right in its pool. Passwords are made up at every start and are good nowhere else.
moto's tokens carry the machine's time, so whoever checks them needs the machine's clock, however fast the fleet's runs.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.fleet.identity.identity import build_gate
from chalicelib.fleet.identity.people_rows import PeopleRows, User
from chalicelib.fleet.identity.pool_people import PoolPeople
from chalicelib.fleet.people import Role
from chalicelib.fleet.settings import PoolSettings
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.doors import Mail, open_doors
from chalicelib.record.table import Table
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import Clock, SystemClock
from chalicelib.runtime.compose_identity import install_gate

MAIL_DOMAIN = "example.com"
"""Addresses of it may sign themselves up."""
PEOPLE = (("admin", Role.ADMIN), ("ada", Role.USER), ("ben", Role.USER), ("rita", Role.READ_ONLY))
"""Two Users, so that one can try what belongs to the other."""

_POLICY = {
    "PasswordPolicy": {
        "MinimumLength": 8,
        "RequireUppercase": True,
        "RequireLowercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
    }
}


@dataclass(frozen=True, slots=True)
class SeededUser:
    email: str
    password: str = field(repr=False)
    role: Role
    sub: str


@dataclass(frozen=True, slots=True)
class SeededPool:
    settings: PoolSettings
    users: tuple[SeededUser, ...]

    def of(self, role: Role) -> SeededUser:
        """The first person of a role."""
        return next(user for user in self.users if user.role is role)

    def introduced(self) -> tuple[str, ...]:
        """A line for each person, password and all: to be shown once, at the start, and kept nowhere."""
        return tuple(f"{user.email:<20} {user.password}  {user.role}" for user in self.users)


def seed_pool(
    aws: EmbeddedAws,
    clients: Clients,
    table: Table,
    *,
    post: Callable[[Mail], None] = lambda mail: None,
    mail_domains: tuple[str, ...] = (MAIL_DOMAIN,),
    clock: Clock | None = None,
) -> SeededPool:
    """Makes pool, client, groups and people, and leads the pool's triggers to our handlers. ``post`` gets the mails.

    The triggers stay installed until another pool's take their place (`install_gate`).
    """
    cognito = clients.cognito
    pool_id = cognito.create_user_pool(
        PoolName="ollama-lifecycle",
        Policies=_POLICY,  # type: ignore[arg-type]
        UsernameAttributes=["email"],
        AutoVerifiedAttributes=["email"],
        AccountRecoverySetting={"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
    )["UserPool"]["Id"]
    client_id = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="api",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
        ReadAttributes=["email", "email_verified", "name", "zoneinfo"],
    )["UserPoolClient"]["ClientId"]
    for role in Role:
        cognito.create_group(UserPoolId=pool_id, GroupName=role.value)
    settings = PoolSettings(
        id=pool_id,
        client_id=client_id,
        issuer=f"https://cognito-idp.{aws.region}.amazonaws.com/{pool_id}",
        jwks_url=f"{aws.endpoint}/{pool_id}/.well-known/jwks.json",
        mail_domains=mail_domains,
    )
    clock = clock or SystemClock()
    install_gate(build_gate(table, lambda: cognito, mail_domains, clock))
    open_doors(aws, pool_id, post)
    people, rows = PoolPeople(cognito, pool_id), PeopleRows(table)
    return SeededPool(settings, tuple(_person(clients, people, rows, clock, *one) for one in PEOPLE))


def _person(clients: Clients, people: PoolPeople, rows: PeopleRows, clock: Clock, name: str, role: Role) -> SeededUser:
    email, password = f"{name}@{MAIL_DOMAIN}", made_up_password()
    sub = people.invite(email, mail=False)
    clients.cognito.admin_set_user_password(UserPoolId=people.pool_id, Username=sub, Password=password, Permanent=True)
    people.give_role(sub, role)
    rows.note(User(sub, email, role, clock.now()))
    return SeededUser(email, password, role, sub)


def made_up_password() -> str:
    """``Local-`` and random letters: anybody sees at once that it opens nothing that matters."""
    return "Local-" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8)) + "1"
