"""The instants at which the clock alone changes what is wanted of a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.edges import next_edges
from chalicelib.decide.facts import Override, OverrideKind, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.policy.model import Freeze, Policy
from support.placements import NOW, PREFER, SPOT, missing_since, on_hosts
from support.policies import policy, policy_set

BERLIN = 'hours: {timezone: Europe/Berlin, open: ["mon-fri 08:00-20:00"], warn-before: 30m}'
MONDAY_NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
CHAT = ServiceId("gpu-dev", "chat")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def edges(
    ruling: Policy,
    now: datetime = MONDAY_NOON,
    *,
    desired: int = 1,
    tags: dict[str, str] | None = None,
    memory: ServiceMemory | None = None,
    overrides: tuple[Override, ...] = (),
    freezes: tuple[Freeze, ...] = (),
) -> list[datetime]:
    facts = ServiceFacts(CHAT, "", desired, desired, 0, now, tags=tags or {})
    return sorted(next_edges(ruling, facts, memory or ServiceMemory(), overrides, freezes, now))


def test_hours_that_are_open_have_a_closing_and_the_warning_before_it() -> None:
    assert edges(policy(BERLIN)) == [at("2026-11-23T19:30+01:00"), at("2026-11-23T20:00+01:00")]
    assert edges(policy(BERLIN), at("2026-11-23T19:45+01:00")) == [at("2026-11-23T20:00+01:00")]
    assert edges(policy(BERLIN), desired=0) == [at("2026-11-23T20:00+01:00")], "nobody is warned of what is stopped"


def test_at_the_very_instant_of_a_closing_the_next_edge_is_the_opening() -> None:
    assert edges(policy(BERLIN), at("2026-11-23T20:00+01:00")) == [at("2026-11-24T08:00+01:00")]


def test_running_work_that_is_cut_and_a_start_by_hand_have_their_ends() -> None:
    cut = policy(BERLIN.replace("warn-before: 30m", "closed: cut, cut-after: 2h, started-by-hand: 3h"))
    evening = at("2026-11-23T20:30+01:00")
    by_hand = ServiceMemory(hand_started_at=evening)

    assert edges(cut, evening) == [at("2026-11-23T22:00+01:00"), at("2026-11-24T08:00+01:00")]
    assert edges(cut, evening, memory=by_hand)[1] == at("2026-11-23T23:30+01:00")
    assert edges(cut, evening, memory=by_hand, desired=0) == [at("2026-11-24T08:00+01:00")]


def test_words_of_people_freezes_and_exclusions_end_at_edges() -> None:
    soon = MONDAY_NOON + timedelta(minutes=13)
    keep = Override("o", CHAT, OverrideKind.KEEP, soon, "aiko", "", MONDAY_NOON)
    other = Override("p", ServiceId("gpu-dev", "vision"), OverrideKind.KEEP, soon, "aiko", "", MONDAY_NOON)
    for_good = Override("q", CHAT, OverrideKind.EXCLUDE, None, "aiko", "", MONDAY_NOON)
    no_hours = policy("idle: {stop-after: 1h}\noverrides: {service-tags: [exclude]}")
    fair = policy_set(
        'freezes: [{name: fair, from: "2026-11-24T10:00+01:00", to: "2026-11-25T10:00+01:00", reason: the fair}]'
    ).freezes
    listed = policy('idle: {stop-after: 1h}\nexclude: [{names: ["chat"], until: 2026-11-30, reason: "a demo"}]')

    assert edges(no_hours, overrides=(keep, other, for_good)) == [soon]
    assert edges(no_hours, freezes=fair) == [at("2026-11-24T10:00+01:00"), at("2026-11-25T10:00+01:00")]
    assert edges(no_hours, tags={"lifecycle:exclude": "until 2026-11-25"}) == [at("2026-11-26T00:00+00:00")]
    assert edges(listed) == [at("2026-12-01T00:00+00:00")]


@pytest.mark.parametrize(
    ("now", "opens", "closes"),
    [
        ("2027-03-28T00:00+01:00", "2027-03-28T03:00+02:00", "2027-03-28T14:00+02:00"),
        ("2026-10-25T00:00+02:00", "2026-10-25T02:30+02:00", "2026-10-25T14:00+01:00"),
    ],
    ids=["an hour that the clock skips", "an hour that the clock tells twice"],
)
def test_each_edge_is_one_instant_when_clocks_change(now: str, opens: str, closes: str) -> None:
    ruling = policy('hours: {timezone: Europe/Berlin, open: ["daily 02:30-14:00"]}')

    assert edges(ruling, at(now)) == [at(opens)]
    assert edges(ruling, at(opens)) == [at(closes)]


def test_the_wait_for_spot_ends_at_an_edge() -> None:
    """Falling back five minutes late is an outage of five minutes."""
    waiting = next_edges(PREFER, on_hosts(SPOT, 2, 1), missing_since(4), (), (), NOW)

    assert waiting == {NOW + timedelta(minutes=2)}
    assert next_edges(PREFER, on_hosts(SPOT, 2, 2), missing_since(4), (), (), NOW) == frozenset()
