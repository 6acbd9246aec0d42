"""import custodian: what stands around hours in its policies is told, for none of it can be seen in the hours."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from chalicelib.importing.importing import Imported, import_files
from chalicelib.importing.model import Given
from chalicelib.importing.trees import Source

OFF = {"type": "offhour", "tag": "downtime", "default_tz": "et"}
ON = {"type": "onhour", "tag": "downtime", "default_tz": "et"}


def policy(name: str, *filters: Any, actions: str = "stop", **around: Any) -> dict[str, Any]:
    return {"name": name, "resource": "aws.ecs-service", "filters": list(filters), "actions": [actions], **around}


def imported(*policies: dict[str, Any]) -> Imported:
    source = Source("p.json", json.dumps({"policies": policies}))
    return import_files("custodian", [source], Given(), date(2026, 11, 21))


@pytest.mark.parametrize(
    ("around", "told"),
    [
        ({"start": "2026-12-01", "end": "2027-02-01"}, "only acts within start 2026-12-01 and end 2027-02-01"),
        ({"conditions": [{"region": "us-east-1"}]}, "conditions are not translated"),
        ({"query": [{"instance-state-name": "running"}]}, "query is not translated"),
        ({"region": "us-east-1"}, "only acts in us-east-1"),
        ({"max-resources-percent": 20}, "limits.stops-per-hour"),
    ],
)
def test_what_bounds_a_policy_beside_its_hours_is_told(around: dict[str, Any], told: str) -> None:
    [only] = imported(policy("nights", OFF, **around)).policies

    assert any(told in note for note in only.notes)


def test_a_policy_that_is_bounded_by_nothing_has_nothing_of_it_told() -> None:
    [only] = imported(policy("nights", OFF, mode={"type": "periodic", "schedule": "rate(1 hour)"})).policies

    assert only.notes == (
        "Only stops: hours are closed for the hours in which Custodian would act, and nothing is started.",
    )


@pytest.mark.parametrize("filters", [{"or": [OFF, {"tag:a": "b"}]}, {"not": [OFF]}, {"or": [{"and": ["offhour"]}]}])
def test_hours_under_or_and_not_are_left_out_for_that_reason(filters: dict[str, Any]) -> None:
    [left] = imported(policy("nights", filters)).left_out

    assert left.why.startswith("its offhour or onhour filter stands under `or` or `not`")


def test_a_stop_and_a_start_that_only_their_state_filters_tell_apart_become_one_policy() -> None:
    stop = policy("dev-stop", OFF, {"State.Name": "running"})
    start = policy("dev-start", ON, {"type": "value", "key": "State.Name", "value": "stopped"}, actions="start")
    done = imported(stop, start)

    assert [one.policy.name for one in done.policies] == ["dev"]
    assert not any("share the tag" in note for note in done.notes)


def test_a_stop_and_a_start_whose_filters_differ_are_told_to_be_two() -> None:
    stop = policy("dev-stop", OFF, {"tag:team": "a"})
    start = policy("dev-start", ON, actions="start")
    done = imported(stop, start)

    assert len(done.policies) == 2
    [told] = [note for note in done.notes if "share the tag downtime" in note]
    assert told.startswith("dev-stop and dev-start share")


@pytest.mark.parametrize(("action", "opening"), [("stop", "leave"), ("pause", "leave"), ("poweroff", "leave")])
def test_what_other_resources_call_a_stop_is_one(action: str, opening: str) -> None:
    [only] = imported(policy("nights", OFF, actions=action)).policies

    assert only.policy.hours is not None and only.policy.hours.opening.value == opening


def test_defaults_are_taken_for_tags_alone_and_never_told_where_there_are_none() -> None:
    other = json.dumps({"policies": [policy("other", {"tag:a": "b"})]})
    nothing = import_files("custodian", [Source("p.json", other)], Given(), date(2026, 11, 21))
    assert (nothing.policies, any("defaults were taken" in note for note in nothing.notes)) == ((), False)

    sources = [Source("p.json", other), Source("tags.txt", "on")]
    [only] = (done := import_files("custodian", sources, Given(), date(2026, 11, 21))).policies
    assert only.policy.name == "custodian-tags"
    assert any(note.startswith("None of its policies gives hours, so Custodian's defaults") for note in done.notes)


@pytest.mark.parametrize(
    ("hour", "action", "word"),
    [
        (OFF, {"type": "modify", "update": {"desiredCount": 1}}, "a smaller size instead of stopping"),
        (OFF, {"type": "resize", "desired": 2, "min": 2}, "a smaller size instead of stopping"),
        (OFF, {"type": "resize", "min": 1}, "a smaller size instead of stopping"),
        (ON, {"type": "modify", "update": {"desiredCount": 0}}, "an opening here never stops"),
    ],
)
def test_a_size_that_says_the_other_of_its_filter_is_never_turned_around(
    hour: dict[str, str], action: dict[str, Any], word: str
) -> None:
    done = imported({**policy("nights", hour), "actions": [action]})

    assert done.policies == ()
    [left] = done.left_out
    assert (left.what, word in left.why) == ("nights", True)
