"""The packaged application on ministack: event, queue, function, ECS, record, as they are deployed.

The roles are enforced: a call that a function may not make fails here too. What differs from AWS: no event may be
put in the name of AWS, so a rule of the test's own renames the source (the stack's own rules are asked with
TestEventPattern); Application Auto Scaling is missing, so a stub answers that no service has a scaling target; what
ECS calls are made on is not enforced; a message is shown again after one second instead of six minutes, so that the
dead letters need not wait half an hour; the policy bucket's rule against unencrypted connections is taken off.
Of the user pool's four functions ministack calls only PreSignUp, so the test calls the others as Cognito would.
Containers do not really run. The clock is the real one.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.fleet.identity.people_rows import PeopleRows
from chalicelib.record.table import Table
from support import ministack, own_venv
from support.aws_events import (
    alarm_event,
    deployment_event,
    interruption_event,
    launch_failed_event,
    service_event,
    task_event,
)
from support.chalice_package import package
from support.deployment import STACK, Deployment, deploy, eventually
from support.scaling_stub import no_scaling

pytestmark = pytest.mark.e2e

CHAT = ServiceId("gpu-dev", "chat")

SCALING = "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING"
OPENS = datetime.now(UTC).date() + timedelta(days=30)
CLOSED = f"{OPENS.isoformat()} 08:00-20:00"
POLICY = """\
lifecycle: v1
policies:
  nights-off:
    match: {{names: [chat]}}
    hours:
      timezone: Etc/UTC
      open: ["{window}"]
    overrides: {{longest: 24h}}
    mode: enforce
"""


@pytest.fixture(scope="module")
def scaling() -> Iterator[str]:
    with no_scaling() as address:
        yield address


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, scaling: str) -> Iterator[Deployment]:
    try:
        ministack.interpreter()
    except own_venv.NotInstallable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"ministack cannot be installed here: {error}")
    zipped = package(tmp_path_factory.mktemp("package"))
    with ministack.running(tmp_path_factory.mktemp("ministack")) as address:
        made = deploy(address, zipped)
        made.configure({SCALING: scaling})
        yield made


def test_the_api_says_that_it_is_there(deployment: Deployment) -> None:
    api = deployment.outputs["RestAPIId"]
    with urllib.request.urlopen(f"{deployment.address}/restapis/{api}/v1/_user_request_/api/health") as answer:
        assert json.loads(answer.read()) == {"status": "ok"}


def test_a_service_whose_scaling_cannot_be_read_is_left_alone(deployment: Deployment, scaling: str) -> None:
    deployment.create_service(CHAT, desired_count=2)
    deployment.write_policy(POLICY.format(window=CLOSED))
    deployment.configure({SCALING: deployment.address})

    numbers = deployment.sweep()

    deployment.configure({SCALING: scaling})
    assert numbers["done"] == 0
    assert deployment.desired_count(CHAT) == 2


def test_an_event_stops_a_service_after_hours_and_the_record_says_why(deployment: Deployment) -> None:
    assert deployment.desired_count(CHAT) == 2

    deployment.put_event(task_event(CHAT.cluster, f"service:{CHAT.name}", status="RUNNING"))

    eventually(lambda: deployment.desired_count(CHAT) == 0, f"{CHAT} is stopped")
    stop = next(entry for entry in deployment.history(CHAT) if entry.action is ActionKind.STOP)
    assert stop.because is Because.HOURS
    assert stop.policy == "nights-off"
    assert stop.desired_count == 2
    assert f"closed until {OPENS:%a} {OPENS.day} {OPENS:%b} 08:00 UTC" in stop.reason


def test_a_doubled_event_changes_nothing(deployment: Deployment) -> None:
    before = _actions(deployment)

    for _ in range(2):
        deployment.put_event(task_event(CHAT.cluster, f"service:{CHAT.name}"))
    eventually(lambda: _waiting(deployment) == 0, "the queue is empty")

    assert _actions(deployment) == before
    assert deployment.desired_count(CHAT) == 0


def test_a_sweep_starts_it_with_the_saved_size_when_it_opens(deployment: Deployment) -> None:
    now = datetime.now(UTC)
    deployment.write_policy(POLICY.format(window=f"daily {now:%H:%M}-{now + timedelta(hours=2):%H:%M}"))

    deployment.sweep()

    assert deployment.desired_count(CHAT) == 2
    start = next(entry for entry in deployment.history(CHAT) if entry.action is ActionKind.START)
    assert start.because is Because.HOURS
    assert start.desired_count == 2


def test_eventbridge_scheduler_really_wakes_the_function_that_stops_a_service_in_the_minute_of_its_closing(
    deployment: Deployment,
) -> None:
    """The sweep only books: nobody sweeps afterwards, and no event comes."""
    notes = ServiceId("gpu-dev", "notes")
    deployment.create_service(notes, desired_count=2)
    now = datetime.now(UTC)
    closes = now.replace(second=0, microsecond=0) + timedelta(minutes=3)
    opened = now.replace(second=0, microsecond=0) - timedelta(hours=1)
    window = f"daily {opened:%H:%M}-{closes:%H:%M}"
    deployment.write_policy(POLICY.replace("[chat]", "[chat, notes]").format(window=window))

    deployment.sweep()

    assert deployment.desired_count(notes) == 2
    assert f"edge-{closes:%Y%m%dT%H%M}Z" in deployment.wake_ups()
    eventually(lambda: deployment.desired_count(notes) == 0, "it is stopped", seconds=300)
    stop = next(entry for entry in deployment.history(notes) if entry.action is ActionKind.STOP)
    assert closes <= stop.at < closes + timedelta(seconds=90)
    opens = opened + timedelta(days=1)
    eventually(lambda: f"edge-{opens:%Y%m%dT%H%M}Z" in deployment.wake_ups(), "the next opening is booked")
    assert f"edge-{closes:%Y%m%dT%H%M}Z" not in deployment.wake_ups()


def test_every_run_is_logged_with_its_function_and_counted(deployment: Deployment) -> None:
    lines = eventually(lambda: deployment.log_lines("sweep"), "the sweep has written logs")

    assert any("function_request_id" in line for line in lines)
    assert any(line.get("Handled") == [1.0] for line in lines)


def test_a_message_that_nobody_can_read_ends_in_the_dead_letters(deployment: Deployment) -> None:
    queue = deployment.outputs["EventQueueUrl"]
    sqs = deployment.client("sqs")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})

    sqs.send_message(QueueUrl=queue, MessageBody="this is no event")

    eventually(lambda: "this is no event" in deployment.dead_letters(), "the message is a dead letter")
    told = [line for line in deployment.log_lines("on_aws_events") if line.get("body") == "this is no event"]
    assert len(told) == 1
    assert "not JSON" in told[0]["message"]


OURS = f"arn:aws:ecs:us-east-1:000000000000:service/{CHAT.cluster}/{CHAT.name}"


@pytest.mark.parametrize(
    ("rule", "event", "wakes"),
    [
        ("task-rule", task_event(CHAT.cluster, f"service:{CHAT.name}"), True),
        ("task-rule", task_event(CHAT.cluster, f"service:{CHAT.name}", status="PENDING"), False),
        ("task-rule", task_event(CHAT.cluster, "family:migration"), False),
        ("alarm-rule", alarm_event("lifecycle/gpu-dev/chat/idle"), True),
        ("alarm-rule", alarm_event("lifecycle/gpu-dev/chat/idle", state="OK"), False),
        ("alarm-rule", alarm_event("disk-full"), False),
        ("service-rule", service_event(OURS), True),
        ("service-rule", service_event(OURS, "SERVICE_TASK_PLACEMENT_FAILURE"), True),
        ("service-rule", service_event(OURS, "SERVICE_DISCOVERY_INSTANCE_UNHEALTHY"), False),
        ("spot-rule", interruption_event("i-0123456789abcdef0"), True),
        ("spot-rule", interruption_event("i-0123456789abcdef0", rebalance=True), True),
        ("launch-rule", launch_failed_event("gpu-spot", "There is no Spot capacity available"), True),
        ("deployment-rule", deployment_event(OURS), True),
        ("deployment-rule", deployment_event(OURS, "SERVICE_DEPLOYMENT_IN_PROGRESS"), False),
    ],
)
def test_the_rules_let_through_what_matters(
    deployment: Deployment, rule: str, event: Mapping[str, Any], wakes: bool
) -> None:
    events = deployment.client("events")
    (deployed,) = (one for one in events.list_rules()["Rules"] if one["Name"] == f"{STACK}-{rule}")
    own = json.dumps(event).replace("123456789012", "000000000000")

    answer = events.test_event_pattern(EventPattern=deployed["EventPattern"], Event=own)

    assert answer["Result"] is wakes


DREAMER = ServiceId("gpu-dev", "dreamer")
ON_SPOT = """\
lifecycle: v1
policies:
  on-spot:
    match: {names: [dreamer]}
    spot: {use: prefer}
    mode: enforce
"""


def test_a_sweep_moves_a_quiet_service_to_spot(deployment: Deployment) -> None:
    ecs = deployment.client("ecs")
    ecs.create_cluster(clusterName=DREAMER.cluster, capacityProviders=["FARGATE", "FARGATE_SPOT"])
    ecs.register_task_definition(
        family=DREAMER.name, containerDefinitions=[{"name": "ollama", "image": "ollama/ollama", "memory": 512}]
    )
    ecs.create_service(
        cluster=DREAMER.cluster,
        serviceName=DREAMER.name,
        taskDefinition=DREAMER.name,
        desiredCount=1,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1, "base": 0}],
    )
    deployment.write_policy(ON_SPOT)

    deployment.sweep()

    eventually(lambda: _placed_on(deployment, DREAMER) == ["FARGATE_SPOT"], "it is placed on Spot")
    move = next(entry for entry in deployment.history(DREAMER) if entry.action is ActionKind.MOVE)
    assert move.policy == "on-spot"
    assert "forced deployment" in " ".join(move.steps)


def test_an_interruption_that_eventbridge_brings_moves_it_back_at_once(deployment: Deployment) -> None:
    event = task_event(DREAMER.cluster, f"service:{DREAMER.name}", status="RUNNING")
    event["detail"] |= {"stopCode": "SpotInterruption", "stoppingAt": datetime.now(UTC).isoformat()}

    deployment.put_event(event)

    eventually(lambda: _placed_on(deployment, DREAMER) == ["FARGATE"], "it is placed on demand")
    told = [entry.outcome for entry in deployment.history(DREAMER)]
    assert told.count("spot-interrupted") == 1


def _placed_on(deployment: Deployment, service: ServiceId) -> list[str]:
    answer = deployment.client("ecs").describe_services(cluster=service.cluster, services=[service.name])
    return [one["capacityProvider"] for one in answer["services"][0].get("capacityProviderStrategy", [])]


def _actions(deployment: Deployment) -> set[str]:
    return {entry.action_id for entry in deployment.history(CHAT) if entry.action_id}


def _waiting(deployment: Deployment) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.outputs["EventQueueUrl"], AttributeNames=names
    )
    return sum(int(answer["Attributes"][name]) for name in names)


def test_the_user_pool_turns_strangers_away_by_our_word(deployment: Deployment) -> None:
    cognito = deployment.client("cognito-idp")

    with pytest.raises(cognito.exceptions.UserLambdaValidationException, match="ask an administrator"):
        cognito.sign_up(
            ClientId=deployment.outputs["UserPoolClientId"],
            Username="eve@elsewhere.org",
            Password="Hello-World-1",
            UserAttributes=[{"Name": "email", "Value": "eve@elsewhere.org"}],
        )


def test_the_functions_at_the_pools_doors_may_do_what_they_have_to(deployment: Deployment) -> None:
    cognito, pool = deployment.client("cognito-idp"), deployment.outputs["UserPoolId"]
    made = cognito.admin_create_user(
        UserPoolId=pool, Username="ada@example.com", MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": "ada@example.com"}],
    )  # fmt: skip
    sub = made["User"]["Username"]

    def knock(function: str, source: str) -> str:
        """What the function refuses with; empty when it agrees."""
        person = {"sub": sub, "email": "ada@example.com"}
        event = {"triggerSource": source, "userPoolId": pool, "userName": sub, "request": {"userAttributes": person}}
        answer = deployment.client("lambda").invoke(
            FunctionName=deployment.functions[function], Payload=json.dumps(event)
        )
        payload = json.loads(answer["Payload"].read())
        return str(payload["errorMessage"]) if "FunctionError" in answer else ""

    assert knock("post_confirmation", "PostConfirmation_ConfirmSignUp") == ""
    for _ in range(5):
        assert knock("pre_authentication", "PreAuthentication_Authentication") == ""
    assert "too many tries" in knock("pre_authentication", "PreAuthentication_Authentication")
    assert knock("post_authentication", "PostAuthentication_Authentication") == ""
    assert knock("pre_authentication", "PreAuthentication_Authentication") == ""

    groups = cognito.admin_list_groups_for_user(UserPoolId=pool, Username=sub)["Groups"]
    assert [group["GroupName"] for group in groups] == ["ReadOnly"]
    noted = PeopleRows(Table(deployment.client("dynamodb"), deployment.outputs["TableName"])).get(sub)
    assert noted is not None and noted.last_login is not None
