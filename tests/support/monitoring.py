"""The alarms and widgets of cfn/monitoring/, read for tests and for what the deployment itself costs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from chalicelib.deploy.templates import Document, read
from support.chalice_package import ROOT

_PREFIX = "watch/${Deployment}/"


@dataclass(frozen=True, slots=True)
class Metric:
    """``of``: the parameter that names what it is a metric of."""

    id: str
    namespace: str
    name: str
    of: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """``page`` is the last part of the runbook's address; ``missing`` what silence means."""

    name: str
    page: str
    metrics: tuple[Metric, ...]
    expression: str
    missing: str
    actions: list[Any]
    ok_actions: list[Any]


def template(name: str) -> Document:
    """``name`` below cfn/."""
    return read(ROOT / "cfn" / name)


@cache
def alarms() -> tuple[Alarm, ...]:
    resources = template("monitoring/alarms.yaml")["Resources"].values()
    return tuple(_alarm(one["Properties"]) for one in resources if one["Type"] == "AWS::CloudWatch::Alarm")


def _alarm(found: Mapping[str, Any]) -> Alarm:
    name, says = found["AlarmName"]["Fn::Sub"], found["AlarmDescription"]["Fn::Sub"]
    assert name.startswith(_PREFIX), name
    page = re.search(r"Runbook: \$\{Runbooks\}/([\w-]+\.md)$", says.strip())
    assert page, f"{name} has no page"
    stats = [one for one in found.get("Metrics", ()) if "MetricStat" in one]
    metrics = [_metric(one["Id"], one["MetricStat"]["Metric"]) for one in stats] or [_metric("", found)]
    expression = next((one["Expression"] for one in found.get("Metrics", ()) if "Expression" in one), "")
    return Alarm(
        name=name.removeprefix(_PREFIX),
        page=page[1],
        metrics=tuple(metrics),
        expression=expression if isinstance(expression, str) else expression["Fn::Sub"],
        missing=found["TreatMissingData"],
        actions=found["AlarmActions"],
        ok_actions=found["OKActions"],
    )


def _metric(id: str, found: Mapping[str, Any]) -> Metric:
    (dimension,) = found["Dimensions"]
    return Metric(id, found["Namespace"], found["MetricName"], dimension["Value"]["Ref"])


@cache
def widgets() -> Mapping[str, tuple[Metric, ...]]:
    """By their titles; only those that show figures."""
    body = template("monitoring/dashboard.yaml")["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    return {
        one["properties"]["title"]: tuple(_shown(row) for row in one["properties"]["metrics"])
        for one in json.loads(body)["widgets"]
        if one["type"] == "metric"
    }


def _shown(row: list[Any]) -> Metric:
    namespace, name, _, value = row[:4]
    return Metric("", namespace, name, value.removeprefix("${").removesuffix("}"))
