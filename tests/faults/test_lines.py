"""A history that tells too much, too little or the wrong thing of an action is seen, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from chalicelib.record.history import Entry, History
from faults.invariants import Invariant
from faults.play import play
from faults.schedule import A_DAY

Wrong = Callable[[Entry], Iterable[Entry]]


def twice(word: str) -> Wrong:
    return lambda entry: (
        (entry, replace(entry, at=entry.at + timedelta(milliseconds=1))) if entry.outcome == word else (entry,)
    )


def never(word: str) -> Wrong:
    return lambda entry: () if entry.outcome == word else (entry,)


def failed_instead(entry: Entry) -> Iterable[Entry]:
    return (replace(entry, outcome="failed") if entry.outcome == "done" else entry,)


@pytest.mark.parametrize(
    "wrong", [twice("begun"), twice("done"), never("begun"), never("done"), failed_instead],
    ids=["begun twice", "done twice", "never begun", "never done", "done told as failed"],
)  # fmt: skip
def test_a_history_whose_lines_are_wrong_is_seen(monkeypatch: pytest.MonkeyPatch, wrong: Wrong) -> None:
    append = History.append
    monkeypatch.setattr(History, "append", lambda self, entry: sum(append(self, one) for one in wrong(entry)) > 0)

    found = {violation.invariant for violation in play(A_DAY, short=True).violations}

    assert Invariant.ONE_RECORD in found
