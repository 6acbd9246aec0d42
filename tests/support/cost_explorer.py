"""A Cost Explorer and AWS Budgets from memory behind boto3's own clients: requests and answers are held to AWS' model.

One function an operation gets the request as it goes over the wire and answers, or raises `refusal`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

Request = Mapping[str, Any]
Answer = Mapping[str, Any]
Script = Mapping[str, Callable[[Request], Answer]]


def refusal(code: str, operation: str = "", message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Scripted:
    """``asked`` is every request, in order: (operation, request)."""

    def __init__(self, service: str, script: Script) -> None:
        self.asked: list[tuple[str, Request]] = []
        self.client = boto3.client(
            service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
        self._script = script
        self.client.meta.events.register(f"before-call.{service}", self._answer)

    def of(self, operation: str) -> list[Request]:
        return [request for name, request in self.asked if name == operation]

    def _answer(self, model: Any, params: Mapping[str, Any], **_: Any) -> tuple[Any, Answer]:
        request = json.loads(params["body"])
        self.asked.append((model.name, request))
        if model.name not in self._script:
            raise refusal("AccessDeniedException", model.name)
        answer = dict(self._script[model.name](request))
        problems = ParamValidator().validate(answer, model.output_shape)
        assert not problems.has_errors(), problems.generate_report()
        return SimpleNamespace(status_code=200), answer


def day_of(day: str, groups: Mapping[tuple[str, ...], str], *, estimated: bool = False, unit: str = "N/A") -> Answer:
    """One ResultByTime: the unblended cost of every group; amortised is the same, of every dollar one is used."""
    return {
        "TimePeriod": {"Start": day, "End": day},
        "Total": {},
        "Estimated": estimated,
        "Groups": [
            {
                "Keys": list(keys),
                "Metrics": {
                    "UnblendedCost": {"Amount": cost, "Unit": "USD"},
                    "AmortizedCost": {"Amount": cost, "Unit": "USD"},
                    "UsageQuantity": {"Amount": cost, "Unit": unit},
                },
            }
            for keys, cost in groups.items()
        ],
    }


def page_of(*days: Answer, more: str = "") -> Answer:
    return {"ResultsByTime": list(days), **({"NextPageToken": more} if more else {})}
