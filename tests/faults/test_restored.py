"""A table from before a stop knows no size to give back: none is invented, and people hear of it when it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from faults.people import ROOT
from faults.town import Town, town
from faults.visits import Visits

OPENS, NIGHT = timedelta(hours=8, minutes=5), timedelta(hours=2, minutes=31)


@pytest.fixture
def here() -> Iterator[Town]:
    """At night, when everything that may sleep does; then the table is the one of before the first sweep."""
    with town(0, short=True) as made:
        before = made.aws.rows.backup()
        made.sweep()
        made.go_to(made.clock.true + timedelta(hours=2))
        made.sweep()
        made.aws.rows.restore(before)
        made.go_to(made.clock.true + timedelta(minutes=31))
        made.sweep()
        yield made


def told(here: Town, name: str) -> list[str]:
    here.go_to(here.clock.true + timedelta(minutes=1))
    here.deliver()
    return [str(one.blocks) for one in here.wire.workspace.messages if name in str(one.blocks)]


def test_the_policies_are_in_force_again_though_no_process_began_anew(here: Town) -> None:
    assert "HEAD" in here.aws.rows.rows["POLICIES"]


def test_who_is_to_open_and_has_no_size_is_told_of(here: Town) -> None:
    night = here.clock.true
    here.go_to(night - NIGHT + OPENS)
    here.sweep(full=True)

    chat = next(one for one in here.truths.values() if one.blueprint.name == "dev-chat")
    assert chat.fake.desired == 0
    assert any("no size was saved for it" in text for text in told(here, "dev-chat"))


def test_whoever_wants_it_up_is_told_that_its_size_is_not_known(here: Town) -> None:
    heard: list[str] = []
    chat = next(one for one in here.truths.values() if one.blueprint.name == "dev-chat")
    visits = Visits(here, 0)

    visits.slack.command(ROOT, f"keep {chat.blueprint.id} 60m", heard.append)
    visits.slack.work()
    here.sweep(full=True)

    assert chat.fake.desired == 0
    assert any("no size was saved for it" in text for text in [*heard, *told(here, "dev-chat")])
