"""import custodian: policies and tags become hours that close and open where Custodian would have acted."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import yaml
from chalicelib.decide.govern import matches
from chalicelib.errors import ImportRefused
from chalicelib.importing.importing import Imported, import_files
from chalicelib.importing.model import Given
from chalicelib.importing.trees import Source
from chalicelib.policy.model import Policy
from support.observations import service

BOTH = """\
policies:
  - name: bakery-lights-stop
    resource: aws.ecs-service
    filters: [{type: offhour, default_tz: jst, offhour: 18}, "tag:shop": bakery]
    actions: [{type: modify, update: {desiredCount: 0}}]
  - name: bakery-lights-start
    resource: aws.ecs-service
    filters: [{type: onhour, default_tz: jst, onhour: 4}, "tag:shop": bakery]
    actions: [{type: modify, update: {desiredCount: 3, healthCheckGracePeriodSeconds: 9}}]
"""


def imported(text: str, tags: str | None = None) -> Imported:
    sources = [Source("offhours.yml", text)] + ([Source("tags.txt", tags)] if tags is not None else [])
    return import_files("custodian", sources, Given(), date(2026, 11, 21))


def one(kind: str, **keys: Any) -> str:
    config = {"type": f"{kind}hour", "default_tz": "et", f"{kind}hour": 2, **keys}
    policy = {
        "name": "night",
        "resource": "ecs-service",
        "filters": [config],
        "actions": ["stop" if kind == "off" else "start"],
    }
    return json.dumps({"policies": [policy]})


def hours_of(policy: Policy) -> list[str]:
    assert policy.hours is not None
    return [str(window) for window in policy.hours.open or ()]


def test_a_stop_and_a_start_policy_for_the_same_services_become_one_policy_in_dry_run() -> None:
    done = imported(BOTH)
    [only] = done.policies
    assert (only.policy.name, only.policy.mode.value) == ("bakery-lights", "dry-run")
    assert only.policy.hours is not None
    assert only.policy.hours.timezone.key == "Asia/Tokyo"
    assert hours_of(only.policy) == ["mon-fri 04:00-18:00"]
    assert matches(only.policy, service(tags={"shop": "bakery", "maid_offhours": "on"}))
    assert not matches(only.policy, service(tags={"shop": "bakery"}))
    assert not matches(only.policy, service(tags={"shop": "bakery", "maid_offhours": "off"}))


def test_the_proof_counts_every_minute_of_a_year() -> None:
    [only] = imported(BOTH).policies
    assert (only.proof.minutes, only.proof.undefined, only.proof.differences) == (366 * 1440, 0, ())


def test_sizes_and_free_keys_of_modify_are_told_and_not_taken_over() -> None:
    notes = " ".join(imported(BOTH).policies[0].notes)
    assert "healthCheckGracePeriodSeconds" in notes
    assert "restores the size that was saved" in notes


@pytest.mark.parametrize(
    ("tag", "zone", "hours"),
    [
        ("off=(M-H,23);on=(M-H,5);tz=bst", "Europe/London", ["mon-thu 05:00-23:00"]),
        ("OFF=[(T,9),(W-F,11)];ON=[(T,3),(W-F,2)]", "Asia/Tokyo", ["tue 03:00-09:00", "wed-fri 02:00-11:00"]),
        ("offu3du28S-Mu2c22u29u3bonu3du28S-Mu2c20u29", "Asia/Tokyo", ["sat-mon 20:00-22:00"]),
        ('"off=(u,13);on=(u,12);"', "Asia/Tokyo", ["sun 12:00-13:00"]),
        ("on=(m-f,6)", "Asia/Tokyo", ["mon-fri 06:00-18:00"]),
        ("see the wiki tz=Europe/Paris", "Europe/Paris", ["mon-fri 04:00-18:00"]),
    ],
)
def test_a_tag_with_a_schedule_of_its_own_gets_a_policy_that_beats_the_defaults(
    tag: str, zone: str, hours: list[str]
) -> None:
    done = imported(BOTH, tag)
    own = done.policies[-1].policy
    assert own.hours is not None
    assert (own.hours.timezone.key, hours_of(own)) == (zone, hours)
    marked = service(tags={"shop": "bakery", "maid_offhours": tag})
    governing = max((each.policy for each in done.policies if matches(each.policy, marked)), key=lambda p: p.priority)
    assert governing.name == own.name


@pytest.mark.parametrize(
    "tag", ["off=(m-f,24);on=(m-f,7)", "off=(mon-fri,2);on=(,7)", "off=(m,2);lunch=(m,12)", "off=(m,2);tz=mars"]
)
def test_a_tag_that_custodian_cannot_read_is_told_and_its_services_are_not_matched(tag: str) -> None:
    done = imported(one("off"), tag)
    assert len(done.left_out) == 1
    assert tag in done.left_out[0].why or "mars" in done.left_out[0].why
    assert not any(matches(each.policy, service(tags={"maid_offhours": tag})) for each in done.policies)


def test_an_on_behind_a_space_never_happens_there_nor_here() -> None:
    own = imported(BOTH, "off=(m-f,20); on=(m-f,7)").policies[-1]
    assert own.policy.hours is not None
    assert own.policy.hours.opening.value == "leave"
    assert any(note.startswith("Only stops") for note in own.notes)


def test_a_stop_policy_alone_closes_only_the_hour_in_which_custodian_would_act() -> None:
    [only] = imported(one("off", weekends=False)).policies
    assert only.policy.hours is not None
    assert (only.policy.hours.opening.value, hours_of(only.policy)) == ("leave", ["daily 03:00-02:00"])
    assert only.proof.differences == ()


def test_a_start_policy_alone_opens_only_the_hour_in_which_custodian_would_act() -> None:
    [only] = imported(one("on", **{"weekends-only": True})).policies
    assert only.policy.hours is not None
    assert (only.policy.hours.closed.value, hours_of(only.policy)) == ("leave", ["mon 02:00-03:00"])


def test_days_skipped_by_the_start_become_holidays_and_those_skipped_by_the_stop_open_time() -> None:
    text = BOTH.replace("onhour: 4", "onhour: 4, skip-days: ['2026-12-23']").replace(
        "offhour: 18", "offhour: 18, skip-days: ['2026-12-28']"
    )
    [only] = imported(text).policies
    hours = only.policy.hours
    assert hours is not None and hours.holidays is not None
    assert [str(day) for day in hours.holidays.extra] == ["2026-12-23"]
    assert hours_of(only.policy)[1:] == ["2026-12-28 18:00-24:00", "2026-12-29 00:00-18:00"]
    assert only.proof.differences == ()


def test_an_hour_that_the_clock_skips_is_decided_otherwise_and_its_reason_stands_in_the_file() -> None:
    pair = [
        json.loads(one(kind, weekends=False, **{f"{kind}hour": hour}))["policies"][0]
        for kind, hour in (("off", 2), ("on", 7))
    ]
    done = imported(json.dumps({"policies": pair}))
    [difference] = done.policies[0].proof.differences
    assert (difference.minutes, difference.begin.isoformat()) == (240, "2027-03-14T07:00:00+00:00")
    assert "the clock skips" in str(difference.reason)
    assert "# Decided otherwise: an hour that the clock skips" in done.text


def test_weekends_only_is_one_window_from_monday_to_friday_written_as_edges() -> None:
    pair = [json.loads(one(kind, **{"weekends-only": True}))["policies"][0] for kind in ("off", "on")]
    [only] = imported(json.dumps({"policies": pair})).policies
    assert only.policy.hours is not None and only.policy.hours.cron is not None
    assert [str(edge) for edge in only.policy.hours.cron.start] == ["0 2 * * 1"]
    assert [str(edge) for edge in only.policy.hours.cron.stop] == ["0 2 * * 5"]


def test_opt_out_takes_untagged_services_and_leaves_those_that_say_off() -> None:
    [only] = imported(one("off", **{"opt-out": True})).policies
    assert matches(only.policy, service())
    assert not matches(only.policy, service(tags={"maid_offhours": "Off"}))


def test_a_fallback_schedule_rules_untagged_services_only() -> None:
    done = imported(one("off", **{"fallback-schedule": "off=(S,23);tz=utc"}))
    tagged, untagged = (each.policy for each in done.policies)
    assert matches(untagged, service()) and not matches(untagged, service(tags={"maid_offhours": "on"}))
    assert matches(tagged, service(tags={"maid_offhours": "on"})) and not matches(tagged, service())
    assert "sat 00:00-23:00" in hours_of(untagged)


def test_filters_that_are_no_hours_are_told_with_what_to_write_instead() -> None:
    text = BOTH.replace('"tag:shop": bakery]', '"tag:shop": bakery, {type: metrics, name: CPUUtilization, value: 5}]')
    assert any("idle.stop-after" in note for note in imported(text).policies[0].notes)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (one("off", offhour=24), 'offhours.yml: policy night, offhour: "24" is no hour; Custodian takes whole hours'),
        (one("off", default_tz="moon"), 'default_tz "moon" is no time zone'),
        (one("off", weekend=True), "knows no weekend; did you mean weekends?"),
        (one("on", **{"skip-days": ["24.12."]}), 'skip-days "24.12." is no date'),
        (one("on", **{"skip-days": ["2026-02-30"]}), "there is no 2026-02-30 in the calendar"),
        (one("on", **{"opt-out": "perhaps"}), 'opt-out "perhaps" is neither true nor false'),
        ("policies: [night]", "policies[0] has no name"),
        ("policies: {a: b}", "policies is no list"),
        ("policies: [", "neither YAML nor JSON (line 1"),
        ('{"Tags": [{"Key": "team", "Value": "a"}]}', "neither Custodian policies nor tags named maid_offhours"),
    ],
)
def test_wrong_input_is_one_sentence_with_file_field_and_value(text: str, sentence: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        imported(text)
    assert str(refused.value).startswith("offhours.yml: ")
    assert sentence in str(refused.value)


def test_one_policy_that_is_wrong_does_not_keep_the_others_back() -> None:
    wrong = [one("off", default_tz="ZZZ"), one("on", weekend=True), '{"policies": [7]}']
    policies = [policy for text in (BOTH, *wrong) for policy in yaml.safe_load(text)["policies"]]
    done = imported(json.dumps({"policies": policies}))

    assert [each.policy.name for each in done.policies] == ["bakery-lights"]
    assert [left.what for left in done.left_out] == ["night", "night", "policies[4]"]
    assert 'default_tz "ZZZ" is no time zone' in done.left_out[0].why


def test_tags_are_not_given_defaults_because_the_only_policy_is_wrong() -> None:
    with pytest.raises(ImportRefused, match='default_tz "ZZZ" is no time zone'):
        imported(one("off", default_tz="ZZZ"), "on")
