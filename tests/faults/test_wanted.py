"""A house that keeps to itself what has to be done is seen: what is wanted is told from the truth, not by the house."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from chalicelib.decide.case import Case
from chalicelib.decide.decide import decide_case
from chalicelib.decide.decision import Decision, Wanted
from faults.invariants import Invariant
from faults.play import play
from faults.schedule import A_DAY
from faults.wanted import JUDGED
from faults.wanted import Wanted as Rest


def decides(patch: pytest.MonkeyPatch, never: Callable[[Decision], bool]) -> list[str]:
    """What is said of a house that leaves as they are the services that it should act on."""

    def lazy(case: Case) -> Decision:
        decision = decide_case(case)
        return replace(decision, wanted=Wanted.LEAVE, placing=None) if never(decision) else decision

    for room in ("decide", "needs"):
        patch.setattr(f"chalicelib.decide.{room}.decide_case", lazy)
    return [one.said for one in play(A_DAY, short=True).violations if one.invariant is Invariant.HEALED]


def test_a_house_that_never_decides_to_stop_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    said = decides(monkeypatch, lambda decision: decision.wanted is Wanted.STOPPED)

    assert "dev-chat is 1: closed and quiet" in said[-1]
    assert "prod-quiet is 2: idle" in said[-1]


def test_a_house_that_never_decides_to_start_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = decides(monkeypatch, lambda decision: decision.wanted is Wanted.RUNNING)

    assert "dev-chat is 0: stopped Sun 15:00Z, and its hours have opened since" in said


def test_a_house_that_leaves_everything_as_it_is_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    said = decides(monkeypatch, lambda decision: True)

    assert "dev-chat is 1: closed and quiet" in said[-1]


def test_most_services_of_a_calm_day_are_judged_and_found_right() -> None:
    played = play(A_DAY, short=True)

    assert played.violations == []
    judged = {word: played.count[JUDGED[word]] for word in (Rest.UP, Rest.DOWN)}
    assert judged[Rest.UP] >= 6 and judged[Rest.DOWN] >= 6
