"""import custodian: what stands around hours in its policies is told, for none of it can be seen in the hours."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from chalicelib.decide.govern import matches
from chalicelib.importing.importing import Imported, import_files
from chalicelib.importing.model import Given
from chalicelib.importing.trees import Source
from support.observations import service

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

    [told] = only.notes
    assert told.startswith("Only stops")
    assert "one that is in use for all of such an hour runs on" in told


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


def governs(done: Imported, **tags: str) -> list[str]:
    return [one.policy.name for one in done.policies if matches(one.policy, service(tags={"downtime": "on", **tags}))]


def test_a_choice_between_values_of_one_tag_is_a_list_of_values() -> None:
    teams = {"or": [{"tag:team": "a"}, {"type": "value", "key": "tag:team", "value": ["b", "c"], "op": "in"}]}
    done = imported(policy("nights", OFF, {"tag:env": "dev"}, teams))

    assert [one.policy.match.tags["team"] for one in done.policies if one.policy.match.tags] == [("a", "b", "c")]
    assert governs(done, env="dev", team="b") == ["nights"]
    assert governs(done, env="dev", team="d") == governs(done, team="b") == []


def test_a_choice_between_two_tags_is_two_policies_that_share_no_service() -> None:
    choice = {"or": [{"tag:team": "a"}, {"tag:stage": "test"}, {"ClusterArn": "gpu"}]}
    stop, start = policy("dev-stop", OFF, choice), policy("dev-start", ON, choice, actions="start")
    done = imported(stop, start)

    assert [one.policy.name for one in done.policies] == ["dev", "dev-2", "dev-3"]
    assert governs(done, team="a", stage="test") == ["dev"]
    assert governs(done, team="b", stage="test") == ["dev-2"]
    assert governs(done, team="b") == []


@pytest.mark.parametrize(
    "options",
    [
        [{"tag:team": "a"}, {"type": "metrics", "name": "CPUUtilization", "value": 5}],
        [{"tag:team": "a"}, {"not": [{"tag:keep": "present"}]}],
        [{"tag:team": "a"}, {"and": [{"tag:team": "b"}, {"tag:stage": "test"}]}],
        [{"tag:env": "test"}, {"tag:team": "a"}],
        [{"tag:team": "a"}, {"desiredCount": 1}],
    ],
)
def test_a_choice_that_match_cannot_say_leaves_the_policy_out_by_name(options: list[Any]) -> None:
    done = imported(policy("nights", OFF, {"tag:env": "dev"}, {"or": options}), policy("other", OFF))

    assert [one.policy.name for one in done.policies] == ["other"]
    [left] = done.left_out
    assert (left.what, "has no counterpart" in left.why) == ("nights", True)


@pytest.mark.parametrize(
    ("filters", "around"),
    [
        ([{"type": "metrics", "name": "CPUUtilization", "value": 5}], {}),
        ([{"type": "value", "key": "platformVersion", "value": "1.4.0"}], {}),
        ([], {"conditions": [{"region": "us-east-1"}]}),
    ],
)
def test_a_policy_that_governs_more_than_its_original_says_so_first(filters: list[Any], around: dict[str, Any]) -> None:
    source = Source("p.json", json.dumps({"policies": [policy("nights", OFF, *filters, **around)]}))
    sources = [source, Source("tags.txt", "off=(m-f,20)")]
    done = import_files("custodian", sources, Given(), date(2026, 11, 21))

    assert len(done.policies) == 2, "that of the defaults and that of the tag"
    for one in done.policies:
        assert one.policy.mode.value == "dry-run"
        assert one.notes[0].startswith("CAUTION: it governs more than its original did")


def test_a_choice_between_states_alone_narrows_nothing() -> None:
    [only] = imported(policy("nights", OFF, {"or": [{"desiredCount": 1}, {"runningCount": 1}]})).policies
    assert not only.notes[0].startswith("CAUTION")


def test_all_policies_that_became_one_are_named() -> None:
    late = policy("late-stop", {**OFF, "offhour": 22})
    [only] = imported(policy("stop", OFF), policy("start", ON, actions="start"), late).policies
    assert only.policy.description == "From Cloud Custodian: stop, start, late-stop"


@pytest.mark.parametrize("value", ["off", "OFF", "oFF", "OfF"])
def test_who_opts_out_is_not_matched_in_whatever_case(value: str) -> None:
    [only] = imported(policy("nights", OFF)).policies
    assert not matches(only.policy, service(tags={"downtime": value}))


def test_what_is_special_is_told_to_be_enforced_first() -> None:
    source = Source("p.json", json.dumps({"policies": [policy("nights", OFF)]}))
    done = import_files("custodian", [source, Source("tags.txt", "off=(m-f,20)")], Given(), date(2026, 11, 21))
    assert any("enforce those with a priority (nights-off-m-f-20) first" in note for note in done.notes)
    assert not any("with a priority" in note for note in imported(policy("nights", OFF)).notes)
