"""A user pool on the embedded AWS, our own identity parts on a stepped clock, and the letter box of its people."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from chalicelib.fleet.identity.identity import build_identity
from chalicelib.fleet.identity.pace import Pace
from chalicelib.fleet.identity.sign_in import SignedIn
from chalicelib.fleet.people import Caller, Role
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.doors import Mail
from chalicelib.local.pool import SeededUser, seed_pool
from chalicelib.record.table import Table, create_table
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SteppedClock
from chalicelib.runtime.compose_identity import install_gate

_numbers = count(1)


class Stopwatch:
    """Answers last as long as the test says; ``waited`` holds each pause that was made to even them out."""

    def __init__(self) -> None:
        self.now = 0.0
        self.each_takes = 0.13
        self.waited: list[float] = []

    def __call__(self) -> float:
        self.now += self.each_takes
        return self.now

    def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


class House:
    """moto stamps tokens with the machine's time, so the clock begins there."""

    def __init__(self, aws: EmbeddedAws, clients: Clients | None = None) -> None:
        self.clients = clients or aws.clients()
        self.table = Table(self.clients.dynamodb, f"people-{next(_numbers)}")
        create_table(self.clients.dynamodb, self.table.name)
        self.clock = SteppedClock(datetime.now(UTC))
        self.mails: list[Mail] = []
        self.pool = seed_pool(aws, self.clients, self.table, post=self.mails.append, clock=self.clock)
        self.stopwatch = Stopwatch()
        self.identity = build_identity(
            self.table,
            self.clients.cognito,
            self.pool.settings,
            self.clock,
            pace=Pace(stopwatch=self.stopwatch, pause=self.stopwatch.pause),
        )
        self.backend: Any = aws.backend("cognito-idp")

    def leave(self) -> None:
        install_gate(None)

    def person(self, name: str) -> SeededUser:
        return next(user for user in self.pool.users if user.email.startswith(f"{name}@"))

    def login(self, name: str = "ada", password: str | None = None) -> SignedIn:
        person = self.person(name)
        answer = self.identity.sign_in.login(person.email, password or person.password)
        assert isinstance(answer, SignedIn)
        return answer

    def caller(self, name: str = "ada") -> tuple[Caller, str]:
        """The person, and an access token of theirs."""
        tokens = self.login(name)
        return self.identity.tokens.verify(tokens.id_token), tokens.access_token

    def straight_to_cognito(self, email: str, password: str) -> Any:
        """A login that passes our API by."""
        return self.clients.cognito.initiate_auth(
            ClientId=self.pool.settings.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )

    def last_code(self, email: str) -> str:
        return next(mail.text.split()[-1] for mail in reversed(self.mails) if mail.to == email)

    def role_in_pool(self, sub: str) -> set[str]:
        answer = self.clients.cognito.admin_list_groups_for_user(UserPoolId=self.pool.settings.id, Username=sub)
        return {group["GroupName"] for group in answer["Groups"]}

    def in_pool(self, email: str) -> Any:
        """moto's own object of a person."""
        return self.backend.user_pools[self.pool.settings.id]._get_user(email)

    def of(self, role: Role) -> SeededUser:
        return self.pool.of(role)
