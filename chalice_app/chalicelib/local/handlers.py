"""Calls the deployed handlers as Lambda calls them: the functions that ``app.py`` names, with real event objects.

Nothing of the handlers is replaced. Their log lines, which go to CloudWatch Logs when deployed, go to a stream of
the caller's choice.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import logging
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from chalicelib.local.aws import ACCOUNT
from chalicelib.local.fleet import Event

APP_DIR = Path(__file__).parents[2]


@dataclass(slots=True)
class _Context:
    """What Lambda tells a function about itself, as far as our middleware asks."""

    function_name: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:ap-northeast-1:{ACCOUNT}:function:simulated"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return 240_000


def load_app() -> ModuleType:
    """``app.py``, once per process, under the name it has in Lambda."""
    if "app" in sys.modules:
        return sys.modules["app"]
    spec = importlib.util.spec_from_file_location("app", APP_DIR / "app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["app"] = module
    spec.loader.exec_module(module)
    return module


def invoke_wake(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The wake function as a load balancer calls it, on the thread of the request."""
    answer: Mapping[str, Any] = load_app().wake(event, _Context("wake"))
    return answer


def invoke_slack(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The function that hears Slack as API Gateway calls it, on the thread of the request."""
    answer: Mapping[str, Any] = load_app().slack(event, _Context("slack"))
    return answer


@contextlib.contextmanager
def logging_to(log: TextIO) -> Iterator[None]:
    """Powertools prints metrics, and logs to the stdout that stood when its logger was made. Inside, both go to ``log``
    on every thread; may be nested for the same ``log``."""
    load_app()
    streams = [one for one in logging.getLogger("lifecycle").handlers if isinstance(one, logging.StreamHandler)]
    before = [(stream, stream.setStream(log)) for stream in streams]
    try:
        with contextlib.redirect_stdout(log):
            yield
    finally:
        for stream, old in before:
            if old is not None:  # else it went to this log already
                stream.setStream(old)


class Handlers:
    """The two entry points that AWS would call, with ``log`` as their log stream."""

    def __init__(self, region: str, log: TextIO) -> None:
        self._region = region
        self._log = log
        self._app = load_app()

    def sweep(self, at: datetime) -> Mapping[str, int]:
        """EventBridge's scheduled rule fires. The numbers the handler answered with."""
        answer: Mapping[str, int] = self._call(self._app.sweep, self._scheduled(at, "sweep"), "sweep")
        return answer

    def deliver(self, at: datetime) -> Mapping[str, int]:
        """The same for what people are to hear."""
        answer: Mapping[str, int] = self._call(self._app.deliver, self._scheduled(at, "deliver"), "deliver")
        return answer

    def aws_events(self, events: Sequence[Event]) -> Sequence[str]:
        """SQS hands over a batch of EventBridge's envelopes. The ids of messages that failed."""
        records = [self._record(json.dumps(event), "lifecycle-events") for event in events]
        answer = self._call(self._app.on_aws_events, {"Records": records}, "aws_events")
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def slack_actions(self, bodies: Sequence[str]) -> None:
        """SQS hands over what people asked in Slack, one by one."""
        for body in bodies:
            self._call(self._app.slack_actions, {"Records": [self._record(body, "lifecycle-slack")]}, "slack_actions")

    def _call(self, handler: Any, event: Mapping[str, object], name: str) -> Any:
        with self.logging():
            return handler(event, _Context(name))

    def logging(self) -> contextlib.AbstractContextManager[None]:
        return logging_to(self._log)

    def _scheduled(self, at: datetime, rule: str) -> Mapping[str, object]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": [f"arn:aws:events:{self._region}:{ACCOUNT}:rule/{rule}"],
            "detail": {},
        }

    def _record(self, body: str, queue: str) -> Mapping[str, object]:
        return {
            "messageId": str(uuid.uuid4()),
            "receiptHandle": "simulated",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "0",
                "SenderId": "events.amazonaws.com",
                "ApproximateFirstReceiveTimestamp": "0",
            },
            "messageAttributes": {},
            "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{self._region}:{ACCOUNT}:{queue}",
            "awsRegion": self._region,
        }
