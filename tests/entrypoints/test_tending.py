"""The handlers around launched instances: tended after every look, and the function that answers for sleeping ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, cast

import app as deployed
import pytest
from chalice.test import Client
from chalicelib.entrypoints.tending import time_to_look
from chalicelib.errors import ObservationError
from chalicelib.fleet.answers import Answer, Request
from chalicelib.fleet.model import Model
from chalicelib.notify.notice import Notice, NoticeKind
from support.aws_events import envelope, queue_event, task_event
from support.stub_controller import NOW, StubController, installed

READY = Notice(NOW, NoticeKind.STARTED, None, "inst-1 answers")


@dataclass
class StubKeeper:
    fails: Exception | None = None
    tended: list[tuple[datetime, bool, bool]] = field(default_factory=list)

    def tend(self, now: datetime, *, full: bool = False, mend: bool = True) -> tuple[Notice, ...]:
        self.tended.append((now, full, mend))
        if self.fails:
            raise self.fails
        return (READY,)


@dataclass
class StubCatalog:
    planted: list[datetime] = field(default_factory=list)

    def plant(self, models: Callable[[datetime], Iterable[Model]], now: datetime) -> tuple[Model, ...]:
        self.planted.append(now)
        return tuple(models(now))


@dataclass
class Ear:
    heard: list[Notice] = field(default_factory=list)

    def tell(self, notices: Sequence[Notice]) -> None:
        self.heard += notices


class StubWaker:
    def answer(self, request: Request) -> Answer:
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "model_starting", f"{request.host} is starting", 60)


@pytest.fixture
def client() -> Client:
    return Client(deployed.app)


def test_a_sweep_tends_the_instances_looks_for_orphans_and_into_the_catalog_twice_an_hour_and_tells(
    client: Client,
) -> None:
    keeper, catalog, ear = StubKeeper(), StubCatalog(), Ear()
    with installed(StubController(), fleet=SimpleNamespace(keeper=keeper, catalog=catalog), notifier=ear):
        client.lambda_.invoke("sweep", envelope("aws.events", "Scheduled Event", {}))

    assert keeper.tended == [(NOW, True, True)], "at nine sharp"
    assert catalog.planted == [NOW]
    assert ear.heard == [READY]


@pytest.mark.parametrize(
    ("fleet", "left", "given"), [(None, 200.0, 200.0), ("a fleet", 200.0, 180.0), ("one", 5.0, 0.0)]
)
def test_the_controller_leaves_time_for_the_instances_where_there_are_any(
    fleet: str | None, left: float, given: float
) -> None:
    assert time_to_look(cast(Any, SimpleNamespace(fleet=fleet)), left) == given


def test_events_watch_the_instances_and_leave_making_and_removing_to_the_sweep(client: Client) -> None:
    keeper = StubKeeper()
    with installed(StubController(), fleet=SimpleNamespace(keeper=keeper), notifier=Ear()):
        client.lambda_.invoke("aws_events", queue_event(task_event("gpu-dev", "service:chat")))
        client.lambda_.invoke("aws_events", queue_event("nonsense"))

    assert keeper.tended == [(NOW, False, False)], "once, for the event that was one"


def test_events_are_not_delivered_again_because_instances_could_not_be_tended(client: Client) -> None:
    keeper, ear = StubKeeper(fails=ObservationError("ECS does not answer")), Ear()
    with installed(StubController(), fleet=SimpleNamespace(keeper=keeper), notifier=ear):
        answer = client.lambda_.invoke("aws_events", queue_event(task_event("gpu-dev", "service:chat"))).payload

    assert answer["batchItemFailures"] == []
    assert ear.heard == []


def test_the_wake_function_answers_a_load_balancer(client: Client) -> None:
    event: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": "arn"}},
        "httpMethod": "POST",
        "path": "/v1/chat/completions",
        "headers": {"host": "ollama-inst-1.example.com"},
        "body": "{}",
        "isBase64Encoded": False,
    }
    with installed(StubController(), fleet=SimpleNamespace(waker=StubWaker())):
        answer = client.lambda_.invoke("wake", event).payload

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "60")
    error = json.loads(base64.b64decode(answer["body"]))["error"]
    assert error["message"] == "ollama-inst-1.example.com is starting"
