"""A person in Slack is who has the same verified address in the user pool."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.entrypoints.slack.people import SlackPeople
from chalicelib.errors import NotDelivered
from chalicelib.fleet.people import Role
from chalicelib.notify.slack.client import SlackPerson
from chalicelib.notify.slack.settings import SlackSettings, Unknown
from support.slack_room import CALLERS, PEOPLE, Pool
from support.slack_side import TEAM, RememberingSlack

NOW = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)


def people(slack: RememberingSlack, unknown: Unknown = Unknown.NOTHING, pool: Pool | None = None) -> SlackPeople:
    return SlackPeople(slack, pool or Pool(), SlackSettings("s", (TEAM,), unknown=unknown))  # type: ignore[arg-type]


def test_who_has_the_address_has_the_role_and_all_the_groups() -> None:
    visitor = people(RememberingSlack(PEOPLE)).visitor("U0ADA", NOW)

    assert visitor.caller == CALLERS["U0ADA"]
    assert visitor.zone is not None and visitor.zone.key == "Asia/Tokyo"


@pytest.mark.parametrize("user", ["U0EVE", "U0NOBODY"])
def test_unknown_people_are_nobody_or_readers_as_configured(user: str) -> None:
    slack = RememberingSlack(PEOPLE)

    assert people(slack).visitor(user, NOW).caller is None
    reader = people(slack, Unknown.READ_ONLY).visitor(user, NOW).caller
    assert reader is not None
    assert (reader.role, reader.email, reader.groups) == (Role.READ_ONLY, "", frozenset())


def test_who_may_do_nothing_here_is_told_why() -> None:
    slack = RememberingSlack(PEOPLE)

    guest, nobody = people(slack).visitor("U0GUEST", NOW), people(slack).visitor("U0NOBODY", NOW)
    stranger = people(slack).visitor("U0EVE", NOW)

    assert guest.why == "Only people of our own workspace are heard here."
    assert nobody.why == "Slack has not confirmed your address, so nobody knows here who you are."
    assert stranger.why == "No account here has your address eve@example.com: ask an administrator for one."
    reader = people(slack, Unknown.READ_ONLY).visitor("U0EVE", NOW)
    assert (str(reader.caller), reader.why) == ("slack:U0EVE", "")


def test_a_guest_from_another_workspace_is_nobody_whatever_is_configured() -> None:
    assert people(RememberingSlack(PEOPLE), Unknown.READ_ONLY).visitor("U0GUEST", NOW).caller is None


def test_without_a_user_pool_nobody_is_known() -> None:
    settings = SlackSettings("s", (TEAM,))

    assert SlackPeople(RememberingSlack(PEOPLE), None, settings).visitor("U0ADA", NOW).caller is None  # type: ignore[arg-type]


def test_what_slack_says_is_asked_again_after_a_few_minutes() -> None:
    slack = RememberingSlack(dict(PEOPLE))
    ours = people(slack)
    ours.visitor("U0ADA", NOW)
    slack.people["U0ADA"] = SlackPerson("U0ADA", "", TEAM)
    assert ours.visitor("U0ADA", NOW + timedelta(minutes=4)).caller is not None

    assert ours.visitor("U0ADA", NOW + timedelta(minutes=6)).caller is None


def test_slack_not_answering_is_nobodys_refusal() -> None:
    slack = RememberingSlack(PEOPLE, fails=NotDelivered("Slack did not answer users.info"))

    with pytest.raises(NotDelivered):
        people(slack).visitor("U0ADA", NOW)


def test_a_zone_that_nobody_knows_is_none() -> None:
    slack = RememberingSlack({"U0ADA": SlackPerson("U0ADA", "ada@example.com", TEAM, "Mars/Olympus")})

    assert people(slack).visitor("U0ADA", NOW).zone is None
