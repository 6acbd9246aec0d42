"""An alarm of the deployment's own reaches people: what is wrong and which page says what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import app as deployed
import pytest
from chalice.test import Client
from chalicelib.entrypoints.own_alarms import PREFIX
from chalicelib.errors import MalformedEvent
from chalicelib.notify.notice import Notice, NoticeKind
from support.aws_events import envelope
from support.monitoring import alarms, template
from support.stub_controller import StubController, installed

SAYS = "No sweep has succeeded for 20 minutes: nothing is stopped or started but by events and wake-ups."


class Told:
    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def tell(self, notices: list[Notice]) -> None:
        self.notices += notices


@pytest.fixture
def told() -> Iterator[Told]:
    people = Told()
    with installed(StubController(), notifier=people):
        yield people


def state_change(
    name: str = "watch/models-App-1A2B/sweep-late", *, to: str = "ALARM", before: str = "OK", page: str = "runbooks"
) -> dict[str, Any]:
    """As EventBridge sends it."""
    detail = {
        "alarmName": name,
        "state": {"value": to, "reason": "4 datapoints were less than the threshold (1.0).", "timestamp": "x"},
        "previousState": {"value": before},
        "configuration": {"description": f"{SAYS} Runbook: {page}/alarm-sweep-late.md", "metrics": []},
    }
    return envelope("aws.cloudwatch", "CloudWatch Alarm State Change", detail)


def hear(event: Mapping[str, Any]) -> Any:
    with Client(deployed.app) as client:
        return client.lambda_.invoke("own_alarm", event).payload


def test_an_alarm_says_what_is_wrong_and_names_its_page(told: Told) -> None:
    assert hear(state_change()) == {"told": 1}

    (notice,) = told.notices
    assert notice.kind is NoticeKind.ALARM
    assert notice.text == f"sweep-late: {SAYS.rstrip('.')} (runbooks/alarm-sweep-late.md)"
    assert notice.figures == (("Why", "4 datapoints were less than the threshold (1.0)."),)


def test_a_page_with_an_address_is_a_link(told: Told) -> None:
    hear(state_change(page="https://git.example.com/ollama-lifecycle/runbooks"))

    (notice,) = told.notices
    assert notice.link == "https://git.example.com/ollama-lifecycle/runbooks/alarm-sweep-late.md"
    assert notice.text.endswith("wake-ups")


def test_its_end_is_told_too_but_not_that_a_new_alarm_found_its_first_figures(told: Told) -> None:
    hear(state_change(to="OK", before="ALARM"))
    assert hear(state_change(to="OK", before="INSUFFICIENT_DATA")) == {"told": 0}

    assert [one.text for one in told.notices] == ["sweep-late: it is well again"]


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (state_change("lifecycle/gpu-dev/chat"), 'detail.alarmName is "lifecycle/gpu-dev/chat", not watch/'),
        (state_change(to="INSUFFICIENT_DATA"), "neither ALARM nor OK"),
        ({**state_change(), "detail": "many"}, "detail is missing or no object"),
    ],
)
def test_what_is_no_alarm_of_ours_goes_to_the_dead_letters(told: Told, event: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(MalformedEvent, match=sentence):
        hear(event)

    assert told.notices == []


def test_only_this_deployments_alarms_wake_its_function_and_all_of_them_do() -> None:
    function = template("app-resources.yaml")["Resources"]["OwnAlarm"]["Properties"]
    pattern = function["Events"]["OwnAlarmEvent"]["Properties"]["Pattern"]
    resources = template("monitoring/alarms.yaml")["Resources"].values()
    made = [one["Properties"] for one in resources if one["Type"] == "AWS::CloudWatch::Alarm"]
    names = [one["AlarmName"]["Fn::Sub"] for one in made]

    assert pattern["detail"]["alarmName"] == [{"prefix": {"Fn::Sub": f"{PREFIX}${{AWS::StackName}}/"}}]
    assert len(names) == len(alarms())
    assert all(name.startswith(f"{PREFIX}${{Deployment}}/") for name in names)
