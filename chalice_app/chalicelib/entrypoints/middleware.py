"""What every handler has around it: structured logs, metrics, and the one place that catches any exception.

An exception is logged with the name of its handler, counted as a metric, and raised again: only then do Lambda's
retries, SQS's redrive and the dead letters see it. A refusal is an answer (Cognito's triggers refuse by raising) and is
raised again without counting as a failure. One raised by a view never comes here: Chalice itself logs it and
answers with a plain 500, so its logger is made ours, and the answer is what is counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import ConvertToMiddleware, Response

from chalicelib.errors import NotAllowed, NotAuthenticated

if TYPE_CHECKING:
    from chalice.app import Chalice

SERVICE = "lifecycle"

logger = Logger(service=SERVICE)
metrics = Metrics(namespace="OllamaLifecycle", service=SERVICE)


def install(app: Chalice) -> None:
    """Must run before any blueprint is registered: Chalice gives a handler the middleware known at that moment.

    ``all`` includes ``scheduled``, which Chalice does not count among ``cloudwatch`` events.
    """
    app.log = logging.getLogger(SERVICE)
    app.register_middleware(ConvertToMiddleware(_with_log_context), "all")
    app.register_middleware(ConvertToMiddleware(metrics.log_metrics), "all")
    app.register_middleware(ConvertToMiddleware(guard), "all")


def _with_log_context(handler: Callable[..., Any]) -> Callable[..., Any]:
    """``clear_state``, so that nothing of the last invocation stands in the lines of this one."""
    wrapped: Callable[..., Any] = logger.inject_lambda_context(handler, clear_state=True)
    return wrapped


def guard(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Counts every invocation as ``Handled`` or ``Unhandled``, and logs what brought an unhandled one down."""

    def guarded(event: Any, context: Any) -> Any:
        try:
            answer = handler(event, context)
        except (NotAuthenticated, NotAllowed) as refused:
            metrics.add_metric(name="Handled", unit=MetricUnit.Count, value=1)
            logger.info("refused", extra={"why": str(refused), "error": type(refused).__name__})
            raise
        except Exception as error:
            metrics.add_metric(name="Unhandled", unit=MetricUnit.Count, value=1)
            logger.exception(
                "a handler failed; what it left undone is found again by the next sweep",
                extra={"error": type(error).__name__},
            )
            raise
        failed = isinstance(answer, Response) and answer.status_code >= 500
        metrics.add_metric(name="Unhandled" if failed else "Handled", unit=MetricUnit.Count, value=1)
        return answer

    return guarded
