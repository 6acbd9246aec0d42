"""Which policy governs a service, and what its tags change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from chalicelib.decide.decision import Wanted
from chalicelib.decide.facts import LaunchType, ServiceFacts, ServiceId
from chalicelib.decide.govern import LAUNCHED, govern, matches, nearest_miss
from chalicelib.decide.tags import with_tags
from chalicelib.policy.model import PolicySet
from support.observations import Scene, service
from support.policies import policy, policy_set

DEV = service(tags={"environment": "dev", "team": "vision"})
FLEET = policy_set("""
    policies:
      everyone: {match: {everything: true}, idle: {stop-after: 2h}, mode: enforce}
      dev: {match: {tags: {environment: [dev, staging]}}, priority: 10, idle: {stop-after: 1h}, mode: enforce}
      trial: {match: {names: ["ollama-*"]}, priority: 900, idle: {stop-after: 5m}}
      off: {match: {everything: true}, priority: 999, idle: {stop-after: 5m}, mode: disabled}
    never-touch: [{tags: {tier: critical}, reason: paid SLA}]
""")


def match(text: str) -> bool:
    return matches(policy("idle: {stop-after: 30m}", match=f"match: {text}"), DEV)


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("{everything: true}", True),
        ("{clusters: [gpu-*]}", True),
        ("{clusters: [gpu-prod]}", False),
        ("{names: [ollama-visio?, other]}", True),
        ("{names: [ollama]}", False),
        ("{names: [OLLAMA-VISION]}", False),
        ("{tags: {environment: [prod, dev]}}", True),
        ("{tags: {environment: dev, team: ocr}}", False),
        ('{tags: {team: "*"}}', True),
        ('{tags: {owner: "*"}}', False),
        ("{everything: true, not-tags: {environment: dev, team: ocr}}", False),
        ("{everything: true, not-tags: {environment: prod}}", True),
        ("{launch-type: [fargate]}", True),
        ("{launch-type: [ec2]}", False),
    ],
)
def test_every_key_of_match_must_agree_and_any_of_its_list(text: str, does: bool) -> None:
    assert match(text) is does


def test_the_highest_priority_in_force_rules_and_dry_runs_shadow() -> None:
    found = govern(FLEET, DEV)

    assert found.ruling is not None
    assert (found.ruling.name, [shadow.name for shadow in found.shadows], found.tied) == ("dev", ["trial"], ())


def test_a_launched_service_that_no_policy_rules_is_put_to_sleep_when_idle_and_obeys_people() -> None:
    launched = service(tags={"lifecycle:instance": "inst-1"})
    nothing_matches = policy_set("policies:\n  other:\n    match: {names: [other]}\n    mode: enforce\n")
    found = govern(nothing_matches, launched)
    assert found.ruling is LAUNCHED
    assert (found.ruling.hours, found.ruling.approval) == (None, None), "nothing is closed and nobody is asked"
    assert found.ruling.idle is not None
    assert (found.ruling.idle.stop_after, found.ruling.idle.signals) == (timedelta(hours=1), {}), "the usual vetoes"
    assert found.ruling.overrides.allow == ("keep", "stop")
    assert govern(nothing_matches, service()).ruling is None, "others stay as they are"


def test_who_is_ruled_by_the_built_in_policy_is_told_so_with_what_came_nearest() -> None:
    only_dev = policy_set(
        "policies: {dev: {match: {tags: {environment: dev}}, idle: {stop-after: 30m}, mode: enforce}}"
    )
    launched = {"lifecycle:instance": "inst-1"}

    assert govern(only_dev, service(tags={**launched, "environment": "prod"})).note == (
        "No policy in force matches this (nearest policy dev: environment=prod, wanted environment=dev), so the "
        "built-in one rules: stopped one hour after the last request, started by the next."
    )
    assert govern(only_dev, service(tags={**launched, "environment": "dev"})).note == ""
    trial = policy_set("policies: {dev: {match: {everything: true}, idle: {stop-after: 30m}}}")
    assert "matches this (dev is in dry-run), so" in govern(trial, service(tags=launched)).note


def test_a_policy_that_rules_a_launched_service_takes_it_whole() -> None:
    launched = service(tags={"lifecycle:instance": "inst-1"})
    ruling = govern(PolicySet(policies=(policy("", name="dev"),)), launched).ruling
    assert ruling is not None
    assert ruling.name == "dev"


def test_a_tie_rules_nothing_and_names_both() -> None:
    both = tuple(policy("idle: {stop-after: 2h}", name=name) for name in ("a", "b"))
    tied = PolicySet(policies=both)  # the loader refuses a tie; a tag that changes later can make one

    found = govern(tied, DEV)

    assert (found.ruling, [one.name for one in found.tied]) == (None, ["a", "b"])


def test_a_service_on_the_never_touch_list_is_named_as_such() -> None:
    found = govern(FLEET, service(tags={"tier": "critical"}))

    assert found.never_touch is not None
    assert found.never_touch.reason == "paid SLA"


def test_a_service_that_nothing_matches_learns_what_comes_nearest() -> None:
    only_dev = policy_set("policies: {dev-nights-off: {match: {tags: {environment: dev}}, idle: {stop-after: 1h}}}")

    found = govern(only_dev, service(tags={"environment": "Dev"}))

    assert (found.ruling, found.shadows) == (None, ())
    assert found.nearest == (
        "nearest policy dev-nights-off: environment=Dev, wanted environment=dev (tags are case-sensitive)"
    )


def test_a_policy_that_matches_nothing_says_what_came_nearest() -> None:
    wanted = policy("idle: {stop-after: 1h}", match="match: {clusters: [gpu-dev], tags: {environment: dev}}")
    far = replace(service(id=ServiceId("prod", "chat")), launch_type=LaunchType.EC2)
    near = service(tags={"Environment": "dev"})

    assert nearest_miss(wanted, [far, near]) == (
        "0 of 2 services match: nearest is gpu-dev/ollama-vision: Environment=dev, wanted environment=dev "
        "(tags are case-sensitive)"
    )
    assert nearest_miss(wanted, [far, DEV]) == ""
    assert nearest_miss(wanted, []) == "0 of 0 services match: there is no service to see"


TAGGABLE = policy("""
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00], closed: stop, opening: leave}
    idle: {stop-after: 30m}
    overrides: {service-tags: [exclude, hours, idle]}
""")


def test_the_hours_tag_replaces_the_windows_and_nothing_else() -> None:
    tagged = with_tags(TAGGABLE, {"lifecycle:hours": "mon-fri 09:00-18:00 + sat 10:00-14:00 Europe/Paris"})

    hours = tagged.policy.hours
    assert hours is not None and hours.open is not None
    assert [str(window) for window in hours.open] == ["mon-fri 09:00-18:00", "sat 10:00-14:00"]
    assert (hours.timezone.key, hours.opening.value, tagged.problem) == ("Europe/Paris", "leave", "")


def test_the_hours_tag_may_leave_the_zone_to_the_policy() -> None:
    tagged = with_tags(TAGGABLE, {"lifecycle:hours": "daily 09:00-18:00"})

    assert Scene(tagged.policy).decide("2026-11-20T18:00").wanted is Wanted.STOPPED
    assert tagged.policy.hours is not None
    assert tagged.policy.hours.timezone.key == "Asia/Tokyo"
    assert tagged.problem == ""
    assert [str(window) for window in tagged.policy.hours.open or ()] == ["daily 09:00-18:00"]


def test_the_idle_tag_replaces_stop_after() -> None:
    tagged = with_tags(TAGGABLE, {"lifecycle:idle": "45m"})

    assert tagged.policy.idle is not None
    assert tagged.policy.idle.stop_after == timedelta(minutes=45)
    warm = policy("idle: {stop-after: 30m, warm-up: 17m}\noverrides: {service-tags: [idle]}")
    assert with_tags(warm, {"lifecycle:idle": "45m"}).policy.idle == warm.idle.model_copy(  # type: ignore[union-attr]
        update={"stop_after": timedelta(minutes=45)}
    )


def test_the_same_tags_give_the_same_policy_object() -> None:
    tags = {"lifecycle:idle": "45m"}

    assert with_tags(TAGGABLE, tags).policy is with_tags(TAGGABLE, dict(tags)).policy


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("lifecycle:idle", "45", "45m"),
        ("lifecycle:idle", "1m", "5m"),
        ("lifecycle:idle", "adaptive", ""),
        ("lifecycle:hours", "Mon-Fri 8-20", "mon-fri"),
        ("lifecycle:hours", "daily 09:00-18:00 JST", ""),
        ("lifecycle:hours", "Asia/Tokyo", ""),
        ("lifecycle:hours", "", ""),
    ],
)
def test_a_tag_that_does_not_parse_changes_nothing_and_is_told(key: str, text: str, says: str) -> None:
    tagged = with_tags(TAGGABLE, {key: text})

    assert tagged.policy is TAGGABLE
    assert f'the tag {key} is "{text}"' in tagged.problem
    assert says in tagged.problem


def test_a_hours_tag_on_a_policy_without_hours_must_bring_its_zone() -> None:
    idle_only = policy("idle: {stop-after: 30m}\noverrides: {service-tags: [hours]}")

    assert "in which zone?" in with_tags(idle_only, {"lifecycle:hours": "daily 09:00-18:00"}).problem
    assert with_tags(idle_only, {"lifecycle:hours": "daily 09:00-18:00 UTC"}).policy.hours is not None


def test_tags_that_the_policy_does_not_allow_are_not_read() -> None:
    closed_to_tags = policy("idle: {stop-after: 30m}")

    assert with_tags(closed_to_tags, {"lifecycle:idle": "nonsense"}).problem == ""
    assert with_tags(closed_to_tags, {"lifecycle:hours": "nonsense"}).problem == ""


def test_governance_applies_the_tags_and_tells_their_problem() -> None:
    only = policy_set(
        "policies: {dev: {match: {everything: true}, idle: {stop-after: 1h}, mode: enforce, "
        "overrides: {service-tags: [idle]}}}"
    )

    def governed(tag: str) -> ServiceFacts:
        return service(tags={"lifecycle:idle": tag})

    good, bad = govern(only, governed("45m")), govern(only, governed("soon"))

    assert good.ruling is not None and good.ruling.idle is not None
    assert good.ruling.idle.stop_after == timedelta(minutes=45)
    assert 'the tag lifecycle:idle is "soon"' in bad.tag_problem


def test_a_glob_means_its_letters_but_for_the_two_wild_ones() -> None:
    dotted = policy("idle: {stop-after: 1h}", match='match: {tags: {model: "llama3.2:*"}}')

    assert matches(dotted, service(tags={"model": "llama3.2:3b"}))
    assert not matches(dotted, service(tags={"model": "llama3x2:3b"}))
