"""From an event to what was done because of it: the lines of one invocation name both."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chalicelib.controller.report import Report
from chalicelib.decide.facts import ServiceId
from chalicelib.entrypoints.correlation import causes_of
from chalicelib.entrypoints.middleware import logger
from chalicelib.entrypoints.told import told
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import PlanKind
from support.aws_events import envelope, queue_event, task_event
from support.stub_controller import NOW

ID = "315c1398-40ff-a850-213b-158f73e60175"


@pytest.mark.parametrize(
    ("event", "causes"),
    [
        (envelope("aws.ce", "Anomaly Detected", {}), (ID,)),
        (queue_event(task_event("gpu", "service:chat")), (ID,)),
        ({"Records": [{"Sns": {"MessageId": "m-1"}}, {"messageId": "q-2", "body": "no envelope"}]}, ("m-1", "q-2")),
        ({"requestContext": {"requestId": "r-1"}, "path": "/api/models"}, ("r-1",)),
        ({"minute": "20261120T1900Z"}, ()),
        ("anything", ()),
        ({"Records": "many", "id": 7}, ()),
    ],
)
def test_whoever_sent_an_event_finds_it_again_by_its_own_id(event: Any, causes: tuple[str, ...]) -> None:
    assert causes_of(event) == causes


def test_what_was_done_is_a_line_with_the_id_that_the_history_has(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(logger.registered_handler, "stream", sys.stdout)
    stop = Outcome(ServiceId("gpu", "chat"), PlanKind.STOP, OutcomeStatus.DONE, "idle for 31 minutes", action_id="a-1")

    told(Report(NOW, looked=1, due=1, metrics_asked=2, outcomes=(stop,)))

    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (line["message"], line["about"], line["action"], line["status"], line["action_id"]) == (
        "idle for 31 minutes", "gpu/chat", "stop", "done", "a-1",
    )  # fmt: skip
