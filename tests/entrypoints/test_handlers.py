"""The handlers, driven with events as AWS sends them; the controller behind them only writes down its orders."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import app as deployed
import pytest
from chalice import Chalice
from chalice.test import Client
from chalicelib.decide.facts import ServiceId
from chalicelib.entrypoints import middleware
from chalicelib.entrypoints.middleware import logger
from chalicelib.errors import AwsUnreachable, MalformedEvent, NotAllowed
from support.aws_events import (
    alarm_event,
    deployment_event,
    envelope,
    queue_event,
    service_arn,
    service_event,
    task_event,
)
from support.stub_controller import NOW, StubController, installed

Printed = Callable[[], list[dict[str, Any]]]
CHAT = ServiceId("gpu-dev", "chat")
VISION = ServiceId("gpu-dev", "vision")
CHAT_TASK = task_event("gpu-dev", "service:chat")
ON_A_TARGET_GROUP = alarm_event("lifecycle/idle", dimensions={"TargetGroup": "targetgroup/chat/73e2"})


@pytest.fixture
def controller() -> Iterator[StubController]:
    with installed(StubController()) as stub:
        yield stub


@pytest.fixture
def client() -> Client:
    return Client(deployed.app)


def deliver(client: Client, *bodies: Mapping[str, Any] | str, receive_count: int = 1) -> list[str]:
    """The ids of the messages that the handler reports as failed."""
    answer = client.lambda_.invoke("aws_events", queue_event(*bodies, receive_count=receive_count)).payload
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


class _StandardOut:
    """What is standard output now: the logger keeps what it was when app.py was imported."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Printed:
    """The structured lines since the last call: those of the logger, and the metrics."""
    monkeypatch.setattr(logger.registered_handler, "stream", _StandardOut())
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


# --- the sweep


def test_the_sweep_takes_the_clocks_time_and_not_the_events(client: Client, controller: StubController) -> None:
    client.lambda_.invoke("sweep", envelope("aws.events", "Scheduled Event", {}))

    assert controller.sweeps == [NOW]


def test_the_sweep_says_what_it_found_as_an_answer_as_metrics_and_in_the_log(
    client: Client, controller: StubController, printed: Printed
) -> None:
    answer = client.lambda_.invoke("sweep", envelope("aws.events", "Scheduled Event", {})).payload

    assert answer == {"looked": 14, "due": 2, "metrics_asked": 4, "done": 0, "refused": 0, "failed": 0, "left": 0}
    log, metrics = printed()
    assert log["looked"] == 14
    assert log["function_name"] == "sweep"
    assert metrics["Looked"] == [14.0]
    assert metrics["MetricsAsked"] == [4.0]
    assert metrics["Handled"] == [1.0]


def test_a_sweep_that_fails_is_logged_counted_and_raised_again(
    client: Client, controller: StubController, printed: Printed
) -> None:
    controller.fails = AwsUnreachable("ECS did not answer")

    with pytest.raises(AwsUnreachable):
        client.lambda_.invoke("sweep", envelope("aws.events", "Scheduled Event", {}))

    log, metrics = printed()
    assert log["error"] == "AwsUnreachable"
    assert "ECS did not answer" in log["exception"]
    assert metrics["Unhandled"] == [1.0]


# --- events of AWS


@pytest.mark.parametrize(
    "event",
    [
        CHAT_TASK,
        alarm_event("lifecycle/gpu-dev/chat/idle"),
        service_event(service_arn("gpu-dev", "chat")),
        deployment_event(service_arn("gpu-dev", "chat")),
    ],
)
def test_an_event_sends_the_controller_to_its_service(
    client: Client, controller: StubController, event: Mapping[str, Any]
) -> None:
    assert deliver(client, event) == []

    ((ids, at, _),) = controller.looks
    assert ids == (CHAT,)
    assert at == NOW


def test_a_batch_is_one_look_however_many_events_speak_of_a_service(client: Client, controller: StubController) -> None:
    others = [task_event("gpu-dev", "service:vision", status=status) for status in ("RUNNING", "STOPPED")]

    deliver(client, CHAT_TASK, CHAT_TASK, *others)

    ((ids, _, why),) = controller.looks
    assert ids == (CHAT, VISION)
    assert why == "a task of gpu-dev/chat is STOPPED (and 1 more)"


def test_what_cannot_be_read_fails_alone(client: Client, controller: StubController) -> None:
    failed = deliver(client, "not JSON at all", CHAT_TASK, envelope("aws.ec2", "Something Else", {}))

    assert failed == ["message-0", "message-2"]
    assert [ids for ids, _, _ in controller.looks] == [(CHAT,)]


def test_a_batch_in_which_nothing_can_be_read_looks_at_nothing(client: Client, controller: StubController) -> None:
    assert deliver(client, "{}", "[]") == ["message-0", "message-1"]
    assert controller.looks == []


def test_a_bad_message_is_logged_once_however_often_it_comes(
    client: Client, controller: StubController, printed: Printed
) -> None:
    for count in (1, 2, 3):
        deliver(client, "nonsense", receive_count=count)

    warnings = [line for line in printed() if line.get("level") == "WARNING"]
    assert [line["message_id"] for line in warnings] == ["message-0"]
    assert "the message is not JSON" in warnings[0]["message"]


def test_when_the_look_fails_the_whole_batch_comes_back(client: Client, controller: StubController) -> None:
    controller.fails = AwsUnreachable("ECS did not answer")

    with pytest.raises(AwsUnreachable):
        deliver(client, CHAT_TASK, "nonsense")


def test_an_alarm_on_a_load_balancer_finds_the_service_behind_it(client: Client, controller: StubController) -> None:
    controller.behind["targetgroup/chat/73e2"] = CHAT

    assert deliver(client, ON_A_TARGET_GROUP) == []
    assert [ids for ids, _, _ in controller.looks] == [(CHAT,)]


def test_an_alarm_behind_which_nothing_stands_yet_comes_again_until_a_sweep_has_seen_it(
    client: Client, controller: StubController
) -> None:
    assert deliver(client, ON_A_TARGET_GROUP) == ["message-0"]

    controller.behind["targetgroup/chat/73e2"] = CHAT
    assert deliver(client, ON_A_TARGET_GROUP, receive_count=2) == []
    assert [ids for ids, _, _ in controller.looks] == [(CHAT,)]


def test_what_ecs_says_forces_no_look_at_a_service_that_is_not_due(client: Client, controller: StubController) -> None:
    """A deployment's tasks come and go by the dozen, and every forced look pays for metrics."""
    deliver(client, CHAT_TASK, service_event(service_arn("gpu-dev", "vision")))

    assert [ids for ids, _, _ in controller.looks] == [(CHAT, VISION)]
    assert controller.forced == [False]


def test_an_alarm_forces_a_look_at_its_own_service_alone(client: Client, controller: StubController) -> None:
    deliver(client, CHAT_TASK, alarm_event("lifecycle/gpu-dev/chat/idle"), task_event("gpu-dev", "service:vision"))

    assert [ids for ids, _, _ in controller.looks] == [(CHAT,), (VISION,)]
    assert controller.forced == [True, False]
    assert [why for _, _, why in controller.looks] == [
        "alarm lifecycle/gpu-dev/chat/idle went to ALARM",
        "a task of gpu-dev/vision is STOPPED",
    ]


# --- the time that is left


@dataclass
class Invocation:
    """Lambda's context, for a function whose time runs out."""

    millis: list[float]
    function_name: str = "f"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn"
    aws_request_id: str = "1"

    def get_remaining_time_in_millis(self) -> float:
        return self.millis.pop(0)


def test_a_sweep_may_take_what_lambda_leaves_it_less_a_margin(controller: StubController) -> None:
    deployed.sweep(envelope("aws.events", "Scheduled Event", {}), Invocation([262_500.0]))

    assert controller.seconds == [247.5]


def test_each_look_of_a_batch_has_only_what_the_one_before_left(controller: StubController) -> None:
    both = queue_event(alarm_event("lifecycle/gpu-dev/chat/idle"), task_event("gpu-dev", "service:vision"))

    deployed.on_aws_events(both, Invocation([80_000.0, 9_000.0]))

    assert controller.seconds == [65.0, 0.0]


# --- HTTP


def test_the_api_says_that_it_is_there_without_asking_aws(client: Client) -> None:
    answer = client.http.get("/api/health")

    assert (answer.status_code, answer.json_body) == (200, {"status": "ok"})


def test_a_request_that_fails_is_answered_with_500_and_logged(printed: Printed) -> None:
    failing = Chalice("failing", configure_logs=False)
    middleware.install(failing)

    @failing.route("/boom")
    def boom() -> None:
        raise AwsUnreachable("DynamoDB did not answer")

    answer = Client(failing).http.get("/boom")

    assert answer.status_code == 500
    assert b"DynamoDB" not in answer.body
    log, metrics = printed()
    assert "DynamoDB did not answer" in log["exception"]
    assert metrics["Unhandled"] == [1.0]


# --- around every handler


def test_nothing_of_one_invocation_stands_in_the_lines_of_the_next(
    client: Client, controller: StubController, printed: Printed
) -> None:
    client.lambda_.invoke("sweep", envelope("aws.events", "Scheduled Event", {}))
    deliver(client, CHAT_TASK)

    names = [line["function_name"] for line in printed() if "function_name" in line]
    assert names == ["sweep", "aws_events"]


def test_an_event_is_logged_and_counted_like_a_sweep(
    client: Client, controller: StubController, printed: Printed
) -> None:
    deliver(client, CHAT_TASK)

    log, metrics = printed()
    assert log["function_name"] == "aws_events"
    assert metrics["Handled"] == [1.0]


def test_a_trigger_that_refuses_has_answered_and_not_failed(client: Client, printed: Printed) -> None:
    stranger = {
        "triggerSource": "PreSignUp_SignUp",
        "userPoolId": "eu-west-1_pool",
        "userName": "eve",
        "request": {"userAttributes": {"email": "eve@elsewhere.org"}},
    }

    with pytest.raises(NotAllowed):
        client.lambda_.invoke("pre_sign_up", stranger)

    log, metrics = printed()
    assert (log["level"], log["error"]) == ("INFO", "NotAllowed")
    assert "exception" not in log
    assert metrics["Handled"] == [1.0]
    assert "Unhandled" not in metrics


def test_a_trigger_that_cannot_do_its_work_has_failed(client: Client, printed: Printed) -> None:
    with pytest.raises(MalformedEvent):
        client.lambda_.invoke("pre_sign_up", {"triggerSource": "PreSignUp_SignUp"})

    log, metrics = printed()
    assert log["error"] == "MalformedEvent"
    assert metrics["Unhandled"] == [1.0]
