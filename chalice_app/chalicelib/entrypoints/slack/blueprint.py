"""Two functions: `slack` answers Slack within three seconds, `slack_actions` does afterwards what was asked.

The first is not one of the API's routes but a function of its own behind the same API Gateway, so that it may do
little and need import little. It answers a request that is not Slack's with 401 and the same sentence whatever failed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Blueprint, SQSEvent

from chalicelib.entrypoints.middleware import logger, metrics
from chalicelib.errors import (
    ConfigurationError,
    Forbidden,
    LifecycleError,
    NotAuthenticated,
    SwitchedOff,
    UnreadableRequest,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

slack_functions = Blueprint("app")

QUEUE = "lifecycle-slack"
"""Stands in for the stack's own queue, which the merge template puts in its place."""
UNINSTALLED = frozenset({"app_uninstalled", "tokens_revoked"})
"""Events after which nobody can be told anything any more."""


@slack_functions.lambda_function(name="slack")
def slack(event: dict[str, Any], context: object) -> dict[str, Any]:
    """``event`` is API Gateway's (proxy integration), and so is the answer."""
    from chalicelib.runtime.compose_slack import door

    try:
        reply = door().answer(str(event.get("path") or "").rpartition("/")[2], _headers(event), _body(event))
    except NotAuthenticated as error:
        metrics.add_metric(name="SlackRefused", unit=MetricUnit.Count, value=1)
        logger.warning("a request to Slack's address was refused", extra={"why": error.reason})
        return _answer(401, str(error))
    except Forbidden as error:
        return _answer(403, str(error))
    except UnreadableRequest as error:
        logger.warning(f"a signed request of Slack cannot be read: {error}")
        return _answer(error.status, str(error))
    except SwitchedOff:
        return _answer(404, "There is no Slack here.")
    except LifecycleError as error:
        metrics.add_metric(name="SlackNotHandedOn", unit=MetricUnit.Count, value=1)
        logger.exception("what was asked in Slack was not handed on", extra={"error": type(error).__name__})
        status = 500 if isinstance(error, ConfigurationError) else 503
        return _answer(status, "This did not work; try again in a moment.")
    if reply.event:
        _note(reply.event)
    return _answer(200, reply.body)


@slack_functions.on_sqs_message(queue=QUEUE, name="slack_actions", batch_size=1, maximum_concurrency=10)
def slack_actions(event: SQSEvent) -> Any:
    """Answers with the records that failed, as ``ReportBatchItemFailures`` wants them."""
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    from chalicelib.entrypoints.slack.jobs import job_of
    from chalicelib.runtime.compose_slack import worker

    ours = worker()

    def do(record: SQSRecord) -> None:
        try:
            job = job_of(record.body)
            logger.info(
                "doing what was asked in Slack", extra={"task": job.task, "user": job.user, "about": job.question}
            )
            ours.do(job)
        except Exception as error:
            metrics.add_metric(name="SlackActionFailed", unit=MetricUnit.Count, value=1)
            logger.exception("what was asked in Slack comes again", extra={"error": type(error).__name__})
            raise

    return process_partial_response(
        event=event.to_dict(),
        record_handler=do,
        processor=BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False),
    )


def _note(event: str) -> None:
    if event in UNINSTALLED:
        metrics.add_metric(name="SlackUninstalled", unit=MetricUnit.Count, value=1)
        logger.error(
            "the app was taken out of the Slack workspace; nobody is told anything there", extra={"event": event}
        )
    else:
        logger.info("an event of Slack that asks for nothing", extra={"event": event})


def _headers(event: Mapping[str, Any]) -> Mapping[str, str]:
    """Of a header that came twice API Gateway shows the last."""
    headers = event.get("headers")
    return {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body")
    if not isinstance(body, str):
        return b""
    try:
        return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except ValueError as error:  # no base64, or half of a surrogate pair
        raise UnreadableRequest("The body is not what API Gateway says it is.") from error


def _answer(status: int, body: str | Mapping[str, Any]) -> dict[str, Any]:
    text, kind = (
        (body, "text/plain; charset=utf-8") if isinstance(body, str) else (json.dumps(body), "application/json")
    )
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": text, "isBase64Encoded": False}
