"""What the inventory sees, what it costs, and what it does when a part of AWS does not answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import NoCredentialsError
from botocore.parsers import ResponseParserError
from chalicelib.decide.facts import CapacityProviderUse, LaunchType, ScalingBounds, ServiceFacts, ServiceId, TargetGroup
from chalicelib.errors import AwsUnreachable, ObservationError, UnknownService
from chalicelib.observe.fleet import Gone
from chalicelib.observe.inventory import Inventory
from support.strict_aws import StrictAws

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
CHAT = ServiceId("gpu-dev", "chat")


@pytest.fixture
def aws() -> StrictAws:
    return StrictAws(NOW)


def inventory(aws: StrictAws, *clusters: str) -> Inventory:
    return Inventory(aws.client("ecs"), aws.client("application-autoscaling"), aws.client("elbv2"), clusters=clusters)


def seen(aws: StrictAws, name: str = "chat") -> ServiceFacts:
    return inventory(aws).refresh_all(NOW).services[ServiceId("gpu-dev", name)]


def test_a_service_is_seen_with_tags_counts_target_group_scaling_and_age_of_its_newest_task(aws: StrictAws) -> None:
    chat = aws.world.add_service(
        "gpu-dev",
        "chat",
        desired=2,
        started=NOW - timedelta(hours=3),
        tags={"environment": "dev"},
        scaling=(1, 4),
        strategy=[{"capacityProvider": "gpu-spot", "base": 1, "weight": 3}],
    )
    chat.tasks[1].starts_at = NOW - timedelta(hours=1)
    aws.world.scaling[chat.resource_id].suspended["ScheduledScalingSuspended"] = True

    facts = seen(aws)

    assert (facts.desired_count, facts.running_count, facts.pending_count) == (2, 2, 0)
    assert facts.tags == {"environment": "dev"}
    assert facts.launch_type is LaunchType.EC2
    assert facts.capacity_providers == (CapacityProviderUse("gpu-spot", 1, 3),)
    assert facts.scaling == ScalingBounds(1, 4, scheduled_suspended=True)
    assert facts.ready_since == NOW - timedelta(hours=1)
    assert facts.target_groups == (
        TargetGroup(chat.target_groups[0].rpartition(":")[2], "app/shared/0123456789abcdef"),
    )
    assert facts.target_groups[0].target_group.startswith("targetgroup/chat/")
    assert facts.unmanageable is None


def test_a_service_that_still_boots_is_not_ready(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", started=NOW + timedelta(minutes=3))

    facts = seen(aws)

    assert (facts.running_count, facts.pending_count, facts.ready_since) == (0, 1, None)
    assert facts.is_running
    assert not facts.is_ready


def test_a_task_that_its_health_check_calls_unhealthy_makes_no_service_ready(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").tasks[0].health = "UNHEALTHY"

    assert not seen(aws).is_ready


def test_fargate_is_recognised_behind_a_capacity_provider_strategy(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", strategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}])

    assert seen(aws).launch_type is LaunchType.FARGATE


def test_both_target_groups_of_a_blue_green_service_are_seen(aws: StrictAws) -> None:
    chat = aws.world.add_service("gpu-dev", "chat")
    green = aws.world.add_target_group("chat-green", "app/shared/0123456789abcdef")
    chat.load_balancers[0]["advancedConfiguration"] = {"alternateTargetGroupArn": green}

    assert [group.target_group.split("/")[1] for group in seen(aws).target_groups] == ["chat", "chat-green"]


def test_a_target_group_that_was_deleted_leaves_the_others_readable(aws: StrictAws) -> None:
    chat = aws.world.add_service("gpu-dev", "chat")
    aws.world.add_service("gpu-dev", "ocr")
    del aws.world.attached[chat.target_groups[0]]

    fleet = inventory(aws).refresh_all(NOW)

    assert fleet.services[CHAT].target_groups[0].load_balancer is None
    assert fleet.services[ServiceId("gpu-dev", "ocr")].target_groups[0].load_balancer is not None


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"scheduling": "DAEMON"}, "DAEMON"),
        ({"controller": "CODE_DEPLOY"}, "CodeDeploy"),
        ({"controller": "EXTERNAL"}, "EXTERNAL deployment controller"),
        ({"launch_type": "EXTERNAL"}, "EXTERNAL hosts"),
    ],
)
def test_a_service_that_desired_count_does_not_rule_says_why(aws: StrictAws, how: dict[str, str], word: str) -> None:
    aws.world.add_service("gpu-dev", "chat", **how)

    reason = seen(aws).unmanageable

    assert reason is not None
    assert word in reason
    assert reason.endswith(".")


def test_a_thousand_services_are_refreshed_in_155_calls(aws: StrictAws) -> None:
    for number in range(1000):
        aws.world.add_service("gpu-dev", f"s-{number:04}", scaling=(1, 4))

    fleet = inventory(aws).refresh_all(NOW)

    assert len(fleet.services) == 1000
    assert all(facts.is_ready and facts.scaling and facts.target_groups for facts in fleet.services.values())
    assert aws.calls == {
        "ecs.ListClusters": 1,
        "ecs.DescribeClusters": 1,
        "ecs.ListServices": 10,
        "ecs.DescribeServices": 100,
        "ecs.ListTasks": 10,
        "ecs.DescribeTasks": 10,
        "application-autoscaling.DescribeScalableTargets": 20,
        "elbv2.DescribeTargetGroups": 3,
    }


def test_clusters_named_in_the_settings_are_the_only_ones_read(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    aws.world.add_service("prod", "chat")

    fleet = inventory(aws, "gpu-dev").refresh_all(NOW)

    assert list(fleet.services) == [CHAT]
    assert aws.calls["ecs.ListClusters"] == 0


def test_a_cluster_named_in_the_settings_that_does_not_exist_is_named(aws: StrictAws) -> None:
    fleet = inventory(aws, "gpu-dve").refresh_all(NOW)

    assert [str(one) for one in fleet.problems] == ["gpu-dve could not be read: ECS answered MISSING."]


def test_a_steady_look_at_an_unchanged_fleet_takes_two_calls(aws: StrictAws) -> None:
    for number in range(30):
        aws.world.add_service("gpu-dev", f"s-{number}")
    fleet = inventory(aws).refresh_all(NOW)

    with aws.counting() as calls:
        steady = inventory(aws).steady(fleet, LATER)

    assert calls == {"ecs.ListClusters": 1, "ecs.DescribeClusters": 1}
    assert steady.services == fleet.services
    assert steady.refreshed_at == NOW


def test_a_steady_look_describes_only_the_service_that_is_new(aws: StrictAws) -> None:
    for number in range(30):
        aws.world.add_service("gpu-dev", f"s-{number}")
    fleet = inventory(aws).refresh_all(NOW)
    aws.world.add_service("gpu-dev", "chat", tags={"new": "yes"})

    with aws.counting() as calls:
        steady = inventory(aws).steady(fleet, LATER)

    assert steady.services[CHAT].tags == {"new": "yes"}
    assert steady.services[CHAT].is_ready
    assert calls["ecs.ListServices"] == calls["ecs.DescribeServices"] == 1
    assert sum(calls.values()) == 8


def test_a_steady_look_forgets_a_service_and_a_cluster_that_are_gone(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    aws.world.add_service("gpu-dev", "ocr")
    aws.world.add_service("old", "ocr")
    fleet = inventory(aws).refresh_all(NOW)
    aws.world.remove_service("gpu-dev", "ocr")
    del aws.world.clusters["old"]

    assert list(inventory(aws).steady(fleet, LATER).services) == [CHAT]


def test_a_cluster_that_cannot_be_listed_keeps_its_services_and_is_tried_again(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    fleet = inventory(aws).refresh_all(NOW)
    aws.world.add_service("gpu-dev", "ocr")
    aws.fail("ecs.ListServices", "ThrottlingException", times=1)

    first = inventory(aws).steady(fleet, LATER)
    second = inventory(aws).steady(first, LATER)

    assert list(first.services) == [CHAT]
    assert "ThrottlingException" in str(first.problems[0])
    assert len(second.services) == 2
    assert second.problems == ()


def test_services_of_a_throttled_chunk_stay_as_they_were_and_are_named(aws: StrictAws) -> None:
    for number in range(25):
        aws.world.add_service("gpu-dev", f"s-{number:02}")
    before = inventory(aws).refresh_all(NOW)
    aws.world.service("gpu-dev", "s-03").set_desired(2)
    aws.world.service("gpu-dev", "s-13").set_desired(2)
    aws.fail("ecs.DescribeServices", "ThrottlingException", when=lambda params: "s-13" in params["services"])

    fleet = inventory(aws).refresh_all(LATER, before)

    assert len(fleet.services) == 25
    assert fleet.services[ServiceId("gpu-dev", "s-03")].desired_count == 2
    assert fleet.services[ServiceId("gpu-dev", "s-13")].desired_count == 1
    assert [one.service.name for one in fleet.problems if one.service] == [f"s-{number}" for number in range(10, 20)]

    aws.heal()
    healed = inventory(aws).steady(fleet, LATER)
    assert healed.services[ServiceId("gpu-dev", "s-13")].desired_count == 2
    assert healed.problems == ()


def test_a_service_whose_scaling_cannot_be_read_is_not_shown_as_having_none(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", scaling=(1, 4))
    before = inventory(aws).refresh_all(NOW)
    aws.fail("application-autoscaling.DescribeScalableTargets", "AccessDeniedException", "not authorized")

    kept = inventory(aws).refresh_all(LATER, before)
    fresh = inventory(aws).refresh_all(LATER)

    assert kept.services[CHAT].scaling == ScalingBounds(1, 4)
    assert kept.services[CHAT].described_at == NOW
    assert fresh.services == {}
    assert "AccessDeniedException: not authorized" in str(fresh.problems[0])


def test_services_named_are_read_ten_a_call_and_those_that_are_gone_say_so(aws: StrictAws) -> None:
    for number in range(12):
        aws.world.add_service("gpu-dev", f"s-{number}", scaling=(0, 2))
    ids = [ServiceId("gpu-dev", f"s-{number}") for number in range(12)]

    found = inventory(aws).refresh([*ids, CHAT, ServiceId("nowhere", "chat")], NOW)

    assert found[CHAT] == Gone(CHAT)
    assert found[ServiceId("nowhere", "chat")] == Gone(ServiceId("nowhere", "chat"))
    assert all(isinstance(found[id], ServiceFacts) and found[id].is_ready for id in ids)
    assert aws.calls["ecs.DescribeServices"] == 3
    assert aws.calls["application-autoscaling.DescribeScalableTargets"] == 1


def test_a_service_that_is_being_deleted_is_gone(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", status="DRAINING")

    assert inventory(aws).refresh([CHAT], NOW) == {CHAT: Gone(CHAT)}


def test_reading_services_by_name_fails_loudly_when_one_cannot_be_read(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    aws.fail("ecs.DescribeTasks", "ThrottlingException")

    with pytest.raises(ObservationError, match="gpu-dev/chat: DescribeTasks answered ThrottlingException"):
        inventory(aws).refresh([CHAT], NOW)


def test_refreshing_a_few_leaves_the_rest_of_the_fleet_untouched(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    aws.world.add_service("gpu-dev", "ocr")
    aws.world.add_service("gpu-dev", "old")
    fleet = inventory(aws).refresh_all(NOW)
    aws.world.service("gpu-dev", "chat").set_desired(0)
    aws.world.remove_service("gpu-dev", "old")

    after = inventory(aws).refresh_into(fleet, [CHAT, ServiceId("gpu-dev", "old")], LATER)

    assert after.services[CHAT].desired_count == 0
    assert after.services[ServiceId("gpu-dev", "ocr")] is fleet.services[ServiceId("gpu-dev", "ocr")]
    assert ServiceId("gpu-dev", "old") not in after.services


def test_an_event_of_a_cluster_not_looked_after_brings_nothing_into_the_fleet(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    aws.world.add_service("billing", "ledger")
    ours = inventory(aws, "gpu-dev")
    fleet = ours.refresh_all(NOW)

    after = ours.refresh_into(fleet, [ServiceId("billing", "ledger"), CHAT], LATER)

    assert set(after.services) == {CHAT}
    assert after.services[CHAT].described_at == LATER


def test_a_service_of_a_cluster_no_longer_looked_after_leaves_the_fleet_when_named(aws: StrictAws) -> None:
    ledger = ServiceId("billing", "ledger")
    aws.world.add_service("gpu-dev", "chat")
    aws.world.add_service("billing", "ledger")
    wide = inventory(aws).refresh_all(NOW)

    assert ledger not in inventory(aws, "gpu-dev").refresh_into(wide, [ledger], LATER).services


def test_a_service_of_a_cluster_not_looked_after_is_refused_by_name_and_not_called_gone(aws: StrictAws) -> None:
    aws.world.add_service("billing", "ledger")

    with pytest.raises(UnknownService, match="billing/ledger is in none of the clusters looked after: gpu-dev"):
        inventory(aws, "gpu-dev").refresh([ServiceId("billing", "ledger")], NOW)

    assert aws.calls["ecs.DescribeServices"] == 0


def test_an_answer_that_nobody_can_read_hurts_only_the_services_it_was_about(aws: StrictAws) -> None:
    for number in range(20):
        aws.world.add_service("gpu-dev", f"s-{number:02}")
    aws.fail("ecs.DescribeServices", ResponseParserError("invalid JSON"), times=1)

    fleet = inventory(aws).refresh_all(NOW)

    assert len(fleet.services) == len(fleet.problems) == 10
    assert "ResponseParserError" in fleet.problems[0].reason


def test_an_answer_that_nobody_can_read_is_one_sentence_where_nothing_goes_on_without_it(aws: StrictAws) -> None:
    aws.fail("ecs.ListClusters", ResponseParserError("invalid JSON"))

    with pytest.raises(ObservationError, match=r"^Cannot read the ECS clusters: .*ResponseParserError"):
        inventory(aws).refresh_all(NOW)


def test_an_aws_that_does_not_answer_is_one_sentence(aws: StrictAws) -> None:
    aws.unplug()

    with pytest.raises(AwsUnreachable, match=r"^AWS did not answer: Could not connect to the endpoint URL.*\.$"):
        inventory(aws).refresh_all(NOW)


def test_missing_credentials_are_one_sentence(aws: StrictAws) -> None:
    aws.fail("", NoCredentialsError())

    with pytest.raises(AwsUnreachable, match="No usable AWS credentials were found"):
        inventory(aws).steady(inventory(StrictAws(NOW)).refresh_all(NOW), NOW)


def test_expired_credentials_in_the_middle_of_a_refresh_end_it(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    aws.fail("ecs.DescribeServices", "ExpiredTokenException", "The security token is expired")

    with pytest.raises(AwsUnreachable, match="refused the credentials"):
        inventory(aws).refresh_all(NOW)


def test_a_denied_list_of_clusters_says_what_was_denied(aws: StrictAws) -> None:
    aws.fail("ecs.ListClusters", "AccessDeniedException", "User x is not authorized to perform ecs:ListClusters")

    with pytest.raises(ObservationError, match="Cannot read the ECS clusters: ListClusters answered AccessDenied"):
        inventory(aws).refresh_all(NOW)
