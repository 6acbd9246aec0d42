"""Who clicked, as our user pool knows them: by an address that Slack and the pool have both verified.

The role is the pool's, at this moment: nothing of it is kept. What Slack says of a user is, for a few minutes, because
a click must not wait for Slack to answer the same question again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.fleet.people import Caller, Role
from chalicelib.notify.slack.settings import Unknown

if TYPE_CHECKING:
    from chalicelib.fleet.identity.pool_people import PoolPeople
    from chalicelib.notify.slack.client import SlackClient, SlackPerson
    from chalicelib.notify.slack.settings import SlackSettings

KEPT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Visitor:
    """``caller`` None: they may do nothing here, and ``why`` says so in a sentence. ``zone`` None: not known."""

    caller: Caller | None
    zone: ZoneInfo | None = None
    why: str = ""


class SlackPeople:
    """``pool`` None: a deployment without a user pool knows nobody."""

    def __init__(self, slack: SlackClient, pool: PoolPeople | None, settings: SlackSettings) -> None:
        self._slack = slack
        self._pool = pool
        self._settings = settings
        self._kept: dict[str, tuple[datetime, SlackPerson]] = {}

    def visitor(self, user: str, now: datetime) -> Visitor:
        """Raises NotDelivered when Slack does not say who it is, and what the pool makes of it."""
        person = self._person(user, now)
        zone = _zone(person.zone)
        if person.team not in self._settings.teams:
            return Visitor(None, zone, "Only people of our own workspace are heard here.")
        known = self._pool.with_address(person.email) if self._pool is not None and person.email else None
        if known is not None:
            return Visitor(known, zone)
        if self._settings.unknown is Unknown.READ_ONLY:
            return Visitor(Caller(f"slack:{user}", "", Role.READ_ONLY), zone)
        why = (
            f"No account here has your address {person.email}: ask an administrator for one."
            if person.email
            else "Slack has not confirmed your address, so nobody knows here who you are."
        )
        return Visitor(None, zone, why)

    def _person(self, user: str, now: datetime) -> SlackPerson:
        kept = self._kept.get(user)
        if kept is None or now - kept[0] > KEPT:
            kept = now, self._slack.person(user)
            self._kept[user] = kept
        return kept[1]


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
