"""What Cognito asks us at its own doors (its Lambda triggers), so that they hold for everybody who comes through any of
them: our API, the hosted pages, or Cognito called directly.

Who may sign up, who may try a password now, who has just logged in, who has just confirmed an address. To raise is to
refuse: Cognito passes the sentence on. All of it may be repeated, because Cognito repeats a trigger that is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.errors import MalformedEvent
from chalicelib.fleet.identity.lockout import Lockout
from chalicelib.fleet.identity.people_rows import PeopleRows, User
from chalicelib.fleet.identity.pool_people import PoolPeople
from chalicelib.fleet.identity.sign_up import by_invitation, may_sign_up
from chalicelib.fleet.people import Role

if TYPE_CHECKING:
    from chalicelib.runtime.clock import Clock

BY_ADMIN = "PreSignUp_AdminCreateUser"
CONFIRMED = "PostConfirmation_ConfirmSignUp"
RESET = "PostConfirmation_ConfirmForgotPassword"
FIRST_ROLE = Role.READ_ONLY


@dataclass(frozen=True, slots=True)
class Knock:
    """One event of a trigger. ``sub`` is empty for somebody the pool does not know."""

    source: str
    pool_id: str
    user_name: str
    sub: str
    email: str

    @property
    def who(self) -> str:
        """Whom a try counts against."""
        return self.sub or self.user_name.lower()


def knock_of(event: object) -> Knock:
    """Raises MalformedEvent for what is no event of a user pool."""
    if not isinstance(event, Mapping) or not isinstance(event.get("request"), Mapping):
        raise MalformedEvent("this is not an event of a Cognito user pool")
    attributes = event["request"].get("userAttributes")
    said = attributes if isinstance(attributes, Mapping) else {}
    texts = [event.get(name) for name in ("triggerSource", "userPoolId", "userName")]
    if not all(isinstance(text, str) and text for text in texts):
        raise MalformedEvent("the event lacks triggerSource, userPoolId or userName")
    source, pool_id, user_name = (str(text) for text in texts)
    return Knock(source, pool_id, user_name, str(said.get("sub") or ""), str(said.get("email") or "").lower())


def admit(knock: Knock, domains: tuple[str, ...]) -> None:
    """Raises NotAllowed for somebody who signs up without an address of ``domains``. Invitations come from our own
    administrators and always pass."""
    if knock.source != BY_ADMIN and not may_sign_up(knock.email, domains):
        raise by_invitation(domains)


class Gate:
    """``people_of`` gives the people of a pool by its id: the event names the pool, because the functions of its
    triggers cannot know a pool that needs them to exist first."""

    def __init__(
        self,
        lockout: Lockout,
        rows: PeopleRows,
        people_of: Callable[[str], PoolPeople],
        domains: tuple[str, ...],
        clock: Clock,
    ) -> None:
        self._lockout = lockout
        self._rows = rows
        self._people_of = people_of
        self.domains = domains
        self._clock = clock

    def before_login(self, knock: Knock) -> None:
        """Raises LoginRefused while the account rests. Somebody unknown is counted alike, and as slowly."""
        self._lockout.count_try(knock.who, self._clock.now())

    def after_login(self, knock: Knock) -> None:
        self._lockout.clear(knock.who)
        if not self._rows.seen(knock.who, self._clock.now()):
            self._note(knock)

    def after_confirmation(self, knock: Knock) -> None:
        """A confirmed address gets its first role; one that proved itself by a reset may try again at once."""
        if knock.source == RESET:
            self._lockout.clear(knock.who)
        if knock.source == CONFIRMED:
            people = self._people_of(knock.pool_id)
            if people.role(knock.user_name) is None:
                people.give_role(knock.user_name, FIRST_ROLE)
            self._rows.note(User(knock.who, knock.email, people.role(knock.user_name), self._clock.now()))

    def _note(self, knock: Knock) -> None:
        """Somebody made in the AWS console, or whose confirmation was cut off before it gave the first role."""
        people, now = self._people_of(knock.pool_id), self._clock.now()
        role = people.role(knock.user_name)
        if role is None and may_sign_up(knock.email, self.domains):
            people.give_role(knock.user_name, FIRST_ROLE)
            role = FIRST_ROLE
        self._rows.note(User(knock.who, knock.email, role, now, last_login=now))
