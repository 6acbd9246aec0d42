"""What tests propose, what comes nearest, which moves need a yes: each in its exact words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from chalicelib.decide.approval import needed_yes
from chalicelib.decide.capacity import CapacityWord, Market
from chalicelib.decide.decision import Because, Decision, Placing, RuleName, Wanted
from chalicelib.decide.facts import LaunchType
from chalicelib.decide.govern import govern, nearest_miss
from chalicelib.decide.policytests import record_rows
from chalicelib.decide.scarcity import Heard, judge
from chalicelib.decide.trial import outcome_at
from chalicelib.decide.words import listed
from chalicelib.policy.model import PolicySet
from chalicelib.policy.sections.expectations import Given
from support.golden import assert_golden
from support.observations import VISION, at, service
from support.policies import policy, policy_set

GOLDEN = Path(__file__).parent / "golden"
TEAM = """
    hours:
      timezone: %s
      open: [mon-fri 08:00-20:00, sat 10:00-14:00]
      holidays: {country: %s}
    idle: {stop-after: 45m}
"""


@pytest.mark.parametrize(
    ("name", "body", "now"),
    [
        ("open", TEAM % ("Asia/Tokyo", "JP"), "2026-11-20T10:30"),
        ("closed", TEAM % ("Europe/Paris", "FR"), "2026-10-24T23:30"),
        (
            "always-open",
            "hours: {timezone: UTC, open: [daily 00:00-24:00]}\nidle: {stop-after: 40m}",
            "2026-11-20T10:30",
        ),
        ("only-idle", "idle: {stop-after: 31m}", "2026-11-20T10:30"),
        ("adaptive", "idle: {stop-after: adaptive, cold-start-value: 1.00 USD}", "2026-11-20T10:30"),
    ],
)
def test_the_rows_that_are_proposed_are_these(name: str, body: str, now: str) -> None:
    rows = record_rows(policy(body), at(now))

    assert_golden(GOLDEN / f"recorded-{name}.json", [row.yaml for row in rows])


MATCHES = """
policies:
  strict:
    match: {clusters: [prod], names: ["chat*"], launch-type: [ec2], tags: {team: [a, b]}, not-tags: {tier: gold}}
    mode: enforce
  other:
    match: {clusters: [prod], names: ["chat*"], launch-type: [ec2], tags: {team: a, zone: x}}
    mode: enforce
"""


NEAR_AND_FAR = """
policies:
  a:
    match: {clusters: [x], names: [x]}
    priority: 1
    mode: enforce
  b:
    match: {names: [x]}
    mode: enforce
"""


def test_what_keeps_a_service_from_the_nearest_policy_is_said_in_order() -> None:
    rules = policy_set(MATCHES)
    far = service(tags={"tier": "gold", "Team": "a"})

    assert govern(rules, far).nearest == (
        "nearest policy other: cluster is gpu-dev, wanted prod; name is ollama-vision, wanted chat*; "
        "launch type is fargate, wanted ec2; Team=a, wanted team=a (tags are case-sensitive); "
        "no tag zone, wanted zone=x"
    )
    assert govern(PolicySet(), far).nearest == "there are no policies"
    assert govern(policy_set(NEAR_AND_FAR), far).nearest == "nearest policy b: name is ollama-vision, wanted x"
    for mode in ("dry-run", "enforce"):
        taken = policy_set(f"policies: {{dev: {{match: {{everything: true}}, mode: {mode}}}}}")
        assert govern(taken, far).nearest == ""
    assert nearest_miss(rules.named("strict"), [far]) == (  # type: ignore[arg-type]
        "0 of 1 service matches: nearest is gpu-dev/ollama-vision: cluster is gpu-dev, wanted prod; "
        "name is ollama-vision, wanted chat*; launch type is fargate, wanted ec2; "
        "Team=a, wanted team=a or b (tags are case-sensitive); tier=gold is under not-tags"
    )


def test_of_several_services_the_one_with_the_fewest_misses_is_nearest() -> None:
    rule = policy_set(MATCHES).named("strict")
    assert rule is not None
    near = replace(
        service(tags={"team": "A"}, id=replace(VISION, cluster="prod", name="chat-1")), launch_type=LaunchType.EC2
    )
    wrong = replace(near, tags={"team": "c"}, id=replace(VISION, cluster="prod", name="chat-0"))

    assert nearest_miss(rule, [service(), near, wrong]) == (
        "0 of 3 services match: nearest is prod/chat-0: team=c, wanted team=a or b"
    )
    assert nearest_miss(rule, [service(), near]).endswith("team=A, wanted team=a or b (tags are case-sensitive)")
    assert nearest_miss(rule, [near, replace(near, tags={"team": "b"})]) == ""
    assert nearest_miss(rule, []) == "0 of 0 services match: there is no service to see"


def test_dry_runs_are_in_the_order_of_priority_and_then_of_name() -> None:
    lines = "".join(
        f"  {name}:\n    match: {{everything: true}}\n    priority: {priority}\n    mode: dry-run\n"
        for name, priority in (("zeta", 2), ("beta", 1), ("alpha", 1), ("gamma", 3))
    )

    found = govern(policy_set(f"policies:\n{lines}"), service())

    assert [one.name for one in found.shadows] == ["gamma", "zeta", "alpha", "beta"]


@pytest.mark.parametrize(
    ("placing", "needed"),
    [
        (Placing(Market.SPOT, "", by_force=True), "spot-move"),
        (Placing(Market.SPOT, "", by_force=False), None),
        (Placing(Market.ON_DEMAND, "", by_force=True), None),
        (Placing(None, "", by_force=True), None),
        (None, None),
    ],
)
def test_a_move_to_spot_by_force_needs_a_yes_and_no_other_move_does(
    placing: Placing | None, needed: str | None
) -> None:
    asking = policy('approval: {for: [spot-move], ask: "#ml", approvers: [group:ml]}')
    moved = Decision(
        VISION, Wanted.LEAVE, RuleName.DEFAULT, Because.HOURS, "", (), at("2026-11-20T12:00"), placing=placing
    )

    assert needed_yes(asking, moved, at("2026-11-20T12:00")) == needed


@pytest.mark.parametrize(
    ("heard", "says"),
    [
        (Heard(booting=1), "1 task on a host already, starting"),
        (Heard(unplaced=1, said=("MaxSpotInstanceCountExceeded",)), "MaxSpotInstanceCountExceeded"),
        (Heard(unplaced=2), "2 tasks without a host"),
        (Heard(), ""),
        (Heard(ended=("CannotPull a", "fine", "CannotPull b")), "CannotPull b"),
        (Heard(said=("unable to consistently start tasks",)), "unable to consistently start tasks"),
        (
            Heard(unplaced=1, said=("unable to place a task: 1", "unable to place a task: 2")),
            "unable to place a task: 2",
        ),
    ],
)
def test_what_was_heard_of_missing_tasks_is_said_in_its_own_words(heard: Heard, says: str) -> None:
    assert judge(heard).says == says
    assert (judge(heard).word is CapacityWord.SILENT) == (heard in (Heard(unplaced=2), Heard()))


def test_a_list_ends_with_its_joint_and_a_long_one_is_cut() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b"], "or") == "a or b"
    assert listed(list("abcdef")) == "a, b, c, d, e and f"
    assert listed(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"


@pytest.mark.parametrize(
    ("for_", "at_", "given", "word"),
    [
        ("idle-stop", "2026-11-20T10:00", {"idle-for": "50m"}, "asking"),
        ("closed-stop", "2026-11-20T10:00", {"idle-for": "50m"}, "stopped"),
        ("closed-stop", "2026-11-20T21:00", {}, "asking"),
        ("idle-stop", "2026-11-20T21:00", {}, "stopped"),
        ("closed-stop", "2026-11-20T21:00", {"state": "stopped"}, "stopped"),
    ],
)
def test_a_test_is_told_when_people_would_be_asked(for_: str, at_: str, given: dict[str, str], word: str) -> None:
    asking = policy(
        TEAM % ("Asia/Tokyo", "JP") + f'    approval: {{for: [{for_}], ask: "#ml", approvers: [group:ml]}}\n'
    )

    outcome = outcome_at(asking, at(at_), Given.model_validate(given))

    assert outcome.word == word
    assert outcome.meets("asking") is (word == "asking")
    assert outcome.is_up is (given.get("state") != "stopped")
    assert outcome.decision.service.name == "a-service"


def test_a_tag_that_does_not_parse_leaves_the_service_of_a_test_alone() -> None:
    tagged = policy(TEAM % ("Asia/Tokyo", "JP") + "    overrides: {service-tags: [idle]}\n")

    found = outcome_at(tagged, at("2026-11-20T21:00"), Given.model_validate({"tags": {"lifecycle:idle": "soon"}}))

    assert found.decision.reason.startswith('left alone: the tag lifecycle:idle is "soon": ')
    assert found.decision.policy == tagged.name
    assert found.word == "unchanged"


def test_expectations_are_met_in_the_sense_of_the_language() -> None:
    team = policy(TEAM % ("Asia/Tokyo", "JP"))
    asleep = outcome_at(team, at("2026-11-20T10:00"), Given.model_validate({"state": "stopped"}))
    awake = outcome_at(team, at("2026-11-20T10:00"))
    unknown = outcome_at(team, at("2026-11-20T21:00"), Given.model_validate({"missing": ["requests"]}))

    assert [asleep.meets(word) for word in ("running", "stopped", "unchanged", "asking")] == [False, True, True, False]  # type: ignore[arg-type]
    assert [awake.meets(word) for word in ("running", "stopped", "unchanged", "asking")] == [True, False, True, False]  # type: ignore[arg-type]
    assert [awake.is_because(word) for word in ("hours", "in-use", "idle", None)] == [True, True, False, True]
    assert [unknown.meets(word) for word in ("running", "stopped", "unchanged")] == [False, False, True]  # type: ignore[arg-type]
