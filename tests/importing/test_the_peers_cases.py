"""The benchmark of the peers' cases: what an import must leave out stands in a table, and leaving out more fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import imported_custodian
import imported_scheduler
import pytest
from chalicelib.importing.importing import Imported
from chalicelib.importing.model import LeftOut
from vector_verdict import Expected, Outcome, Verdict, held_to

SCHEDULER: Mapping[str, Any] = {
    "vectors": [
        {
            "id": "desired_state-900",
            "kind": "desired_state",
            "periods": [{"name": "p", "begintime": "08:00", "endtime": "18:00"}],
            "schedule": {"timezone": "Asia/Tokyo"},
            "at": "2026-11-20T01:00:00+00:00",
            "expect": {"desired_state": "running"},
        },
        {
            "id": "desired_state-901",
            "kind": "desired_state",
            "periods": [{"name": "p", "begintime": "08:00"}],
            "schedule": {"timezone": "Asia/Tokyo"},
            "at": "2026-11-20T01:00:00+00:00",
            "expect": {"desired_state": "running"},
        },
    ]
}
CUSTODIAN: Mapping[str, Any] = {
    "vectors": [
        {
            "id": "h900",
            "tag_key": "maid_offhours",
            "tag_value": "off=(m-f,19);tz=jst",
            "filter": "offhour",
            "filter_config": {"default_tz": "et"},
            "instant_utc": "2026-11-20T10:00:00+00:00",
            "expect_match": True,
        }
    ],
    **dict.fromkeys(
        ("parser_vectors", "tz_vectors", "unescape_vectors", "validate_vectors", "marked_for_op_vectors"), ()
    ),
}
TABLE = {"desired_state-901": Expected(Outcome.REFUSED, "one-sided", "has only a begintime (")}


def verdicts() -> Iterator[Verdict]:
    yield from held_to(imported_scheduler.judge(SCHEDULER), TABLE)
    yield from held_to(imported_custodian.judge(CUSTODIAN), TABLE)


def outcomes() -> dict[str, Outcome]:
    return {one.id: one.outcome for one in verdicts()}


def test_cases_pass_but_for_those_that_the_table_names() -> None:
    assert outcomes() == {
        "desired_state-900": Outcome.PASSED,
        "desired_state-901": Outcome.REFUSED,
        "h900": Outcome.PASSED,
    }


@pytest.mark.parametrize("why", ["not today", "period p has only a begintime (08:00)"])
def test_an_import_that_leaves_everything_out_fails_every_case_but_those_of_the_table(
    monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    for module in (imported_scheduler, imported_custodian):
        monkeypatch.setattr(module, "import_files", lambda *_: Imported("", (), (LeftOut("one", why),), ()))

    found = outcomes()
    assert (found["desired_state-900"], found["h900"]) == (Outcome.FAILED, Outcome.FAILED)
    assert found["desired_state-901"] is (Outcome.REFUSED if "begintime" in why else Outcome.FAILED)


@pytest.mark.parametrize(
    ("came", "reason", "outcome"),
    [
        (Outcome.FAILED, "at 10:00: expected stopped", Outcome.OTHERWISE),
        (Outcome.FAILED, "at 11:00: expected stopped", Outcome.FAILED),
        (Outcome.PASSED, "", Outcome.FAILED),
        (Outcome.REFUSED, "at 10:00: expected stopped", Outcome.FAILED),
    ],
)
def test_a_case_decided_otherwise_must_differ_in_just_what_the_table_says(
    came: Outcome, reason: str, outcome: Outcome
) -> None:
    table = {"s1": Expected(Outcome.OTHERWISE, "by hand", "at 10:00: expected stopped")}
    [one] = held_to([Verdict("f", "sequence", "s1", came, reason)], table)
    assert one.outcome is outcome
