"""The border of events: EventBridge's by the queue and directly, SNS, EventBridge Scheduler, Cognito, the balancer.

What AWS itself writes around an event (an SQS record, the names of EventBridge's envelope) is left as it is; all that
stands inside may be anything. The application behind writes down its orders: nothing of a refused event may be there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, cast

import app as deployed
from chalicelib.decide.facts import ServiceId
from chalicelib.entrypoints.triggers import parse_trigger, why
from chalicelib.errors import LifecycleError, MalformedEvent
from chalicelib.fleet.answers import Answer, Request, render, request_of
from chalicelib.fleet.identity.gate import knock_of
from chalicelib.notify.notice import Notice
from chalicelib.record.history import Entry
from chalicelib.runtime import compose
from chalicelib.runtime.clock import SteppedClock
from fuzz.hunt import Border, Take
from fuzz.mutations import changed, odd_texts, texts_near, tree_edits, trees_near
from hypothesis import strategies as st
from support.aws_events import (
    alarm_event,
    deployment_event,
    envelope,
    interruption_event,
    launch_failed_event,
    queue_event,
    service_arn,
    service_event,
    task_event,
)
from support.stub_controller import NOW, StubController

SPOT_TASK = task_event("gpu-dev", "service:chat")
SPOT_TASK["detail"] |= {"stopCode": "SpotInterruption", "stoppingAt": "2026-11-20T21:00:00Z"}
TRIGGERS = (
    task_event("gpu-dev", "service:chat"), SPOT_TASK, alarm_event("lifecycle/gpu-dev/chat/idle"),
    alarm_event("quiet", dimensions={"ClusterName": "gpu-dev", "ServiceName": "chat"}),
    alarm_event("quiet", dimensions={"TargetGroup": "targetgroup/chat/73e2"}),
    service_event(service_arn("gpu-dev", "chat")), deployment_event(service_arn("gpu-dev", "chat")),
    interruption_event("i-0123456789abcdef0"), interruption_event("i-0123456789abcdef0", rebalance=True),
    launch_failed_event("gpu-dev", "no capacity"),
)  # fmt: skip
ANOMALY = envelope(
    "aws.ce",
    "Anomaly Detected",
    {
        "anomalyId": "a-1",
        "dimensionValue": "Amazon Elastic Container Service",
        "anomalyStartDate": "2026-11-18T00:00:00Z",
        "anomalyEndDate": "2026-11-19T00:00:00Z",
        "anomalyDetailsLink": "https://console.aws.amazon.com/cost-management/home#/anomaly-detection",
        "impact": {"maxImpact": 12.5, "totalImpact": 40.1, "totalExpectedSpend": 3.2, "totalActualSpend": 43.3},
        "rootCauses": [{"service": "EC2", "region": "us-east-1", "usageType": "BoxUsage:g6.xlarge"}],
    },
)
OWN_ALARM = alarm_event("watch/lifecycle/dead-letters", dimensions={"QueueName": "q"})
BUDGET = (
    "AWS Budget Notification November 20, 2026\nAWS Account 123456789012\n\nDear AWS Customer,\n\nYou requested that "
    "we alert you.\n\nBudget Name: gpu\nBudget Type: Cost\nBudgeted Amount: $1,000.00\nAlert Type: FORECASTED\n"
    "Alert Threshold: > $800.00\nFORECASTED Amount: $1,224.56\n"
)
KNOCK = {
    "version": "1",
    "triggerSource": "PreSignUp_SignUp",
    "userPoolId": "eu-west-1_pool",
    "userName": "ada",
    "request": {"userAttributes": {"sub": "s", "email": "ada@example.com"}},
    "response": {},
}
BALANCED: Mapping[str, Any] = {
    "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:…:targetgroup/wake/1"}},
    "httpMethod": "POST",
    "path": "/v1/chat/completions",
    "queryStringParameters": {},
    "headers": {"host": "ollama-i1.models.example.com", "authorization": "Bearer x", "accept": "text/html"},
    "body": "{}",
    "isBase64Encoded": False,
}
MANY_HEADERS = {name: value for name, value in BALANCED.items() if name != "headers"} | {
    "multiValueHeaders": {"host": ["ollama-i1.models.example.com", "b"], "accept": ["text/html"]}
}


@dataclass
class Noted:
    """Everything that the application behind the handlers was told to do."""

    controller: StubController = field(default_factory=StubController)
    entries: list[Entry] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def effects(self) -> int:
        controller = self.controller
        return len(self.entries) + len(self.notices) + len(controller.looks) + len(controller.sweeps)

    def append(self, entry: Entry) -> bool:
        self.entries.append(entry)
        assert all(Decimal(one.value).is_finite() for one in entry.evidence if one.unit == "USD")
        return True

    def tell(self, notices: list[Notice]) -> None:
        assert all(one.text.strip() for one in notices), notices
        self.notices += notices

    def struck(self, *what: object) -> frozenset[ServiceId]:
        assert all(one.tzinfo is not None for one in what if isinstance(one, datetime))
        return frozenset({ServiceId("gpu-dev", "chat")})

    def app(self) -> Any:
        strikes = SimpleNamespace(
            **dict.fromkeys(("host_taken", "host_at_risk", "task_taken", "who_waits"), self.struck)
        )
        return SimpleNamespace(
            controller=self.controller, clock=SteppedClock(NOW), fleet=None, notifier=self, history=self,
            interruptions=strikes,
        )  # fmt: skip


@dataclass(frozen=True)
class Invocation:
    function_name: str = "f"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn"
    aws_request_id: str = "1"

    def get_remaining_time_in_millis(self) -> float:
        return 60_000.0


_BODIES = st.one_of(
    trees_near(TRIGGERS).map(json.dumps),
    trees_near(TRIGGERS).map(json.dumps),
    texts_near(tuple(json.dumps(one) for one in TRIGGERS)),
    st.integers(1, 40_000).map(lambda depth: "[" * depth),
    st.integers(1, 40_000).map(lambda depth: '{"detail":' * depth),
    odd_texts,
)


def _take_batch(bodies: list[str]) -> None:
    """A batch never fails for what one of its messages says; a message that cannot be read comes back alone."""
    unreadable = set()
    for number, body in enumerate(bodies):
        try:
            assert why(parse_trigger(body))
        except MalformedEvent as refusal:
            check_sentence(refusal)
            unreadable.add(f"message-{number}")
    with noted() as behind:
        answer = deployed.on_aws_events(queue_event(*bodies), Invocation())
    failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    assert unreadable <= failed, "a message that nobody can read was taken for done"
    assert len(unreadable) < len(bodies) or not behind.effects, "an unreadable message set something off"


def check_sentence(refusal: LifecycleError) -> None:
    assert str(refusal).strip(), "a refusal that says nothing"


@contextmanager
def noted() -> Iterator[Noted]:
    behind = Noted()
    compose.install(cast(Any, behind.app()))
    try:
        yield behind
    finally:
        compose.install(None)


def _with_names(event: Any, seed: Mapping[str, Any]) -> Any:
    """EventBridge always writes all names of its envelope."""
    return {**seed, **event} if isinstance(event, dict) else dict(seed)


def _sns(text: str, stamp: Any) -> dict[str, Any]:
    sent = {"MessageId": "m-1", "Timestamp": stamp, "Subject": "AWS Budgets", "Message": text, "TopicArn": "arn"}
    sent["MessageAttributes"] = {}
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sent}]}


_STAMPS = st.just("2026-11-20T21:00:00.000Z") | odd_texts | st.none()
_DIRECT = st.one_of(
    st.tuples(st.just("cost_anomaly"), trees_near((ANOMALY,)).map(lambda one: _with_names(one, ANOMALY))),
    st.tuples(st.just("own_alarm"), trees_near((OWN_ALARM,)).map(lambda one: _with_names(one, OWN_ALARM))),
    st.tuples(st.just("budget_notice"), st.builds(_sns, texts_near((BUDGET,)), _STAMPS)),
    st.tuples(st.just("transition"), trees_near(({"instant": "2026-11-20T21:00:00+00:00"},))),
    st.tuples(st.just("pre_sign_up"), trees_near((KNOCK,))),
    st.tuples(st.just("wake"), st.builds(changed, st.sampled_from((BALANCED, MANY_HEADERS)), tree_edits())),
)


def _take_direct(drawn: tuple[str, Any]) -> None:
    name, event = drawn
    event = json.loads(json.dumps(event))  # as Lambda hands it over
    match name:
        case "pre_sign_up":
            _refused_or_done(lambda: knock_of(event))
        case "wake":
            _wake(event)
        case _:
            with noted() as behind:
                done = _refused_or_done(lambda: getattr(deployed, name)(event, Invocation()))
            assert done or not behind.effects, "a refused event left something behind"


def _refused_or_done(call: Any) -> bool:
    try:
        call()
    except LifecycleError as refusal:
        check_sentence(refusal)
        return False
    return True


def _wake(event: Any) -> None:
    """Only the balancer calls this function, so the event has its shape; its texts are whatever a client sent."""
    if not isinstance(event, dict) or not isinstance(event.get("headers") or {}, dict):
        return
    many = event.get("multiValueHeaders")
    if many is not None and not (isinstance(many, dict) and all(isinstance(one, list) for one in many.values())):
        return
    request: Request = request_of(event)
    assert isinstance(request.host + request.token, str)
    answer = Answer(HTTPStatus.SERVICE_UNAVAILABLE, "model_starting", f"There is no instance at {request.host}.", 5)
    json.dumps(render(answer, request)).encode()


@contextmanager
def _queue_room() -> Iterator[Take]:
    yield _take_batch


@contextmanager
def _direct_room() -> Iterator[Take]:
    yield _take_direct


QUEUED_EVENTS = Border("events by the queue", st.lists(_BODIES, min_size=1, max_size=3), _queue_room)
DIRECT_EVENTS = Border("events straight to a function", _DIRECT, _direct_room)
