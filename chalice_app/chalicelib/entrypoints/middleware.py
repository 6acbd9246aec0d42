"""What every handler has around it: structured logs, metrics, and the one place that catches any exception.

An exception is logged with the name of its handler, counted as a metric, and raised again: only then do Lambda's
retries, SQS's redrive and the dead letters see it. A refusal is an answer (Cognito's triggers refuse by raising) and is
raised again without counting as a failure. One raised by a view never comes here: Chalice itself logs it and
answers with a plain 500, so its logger is made ours, and the answer is what is counted.

Metrics and log keys belong to the invocation, and not to the process as Powertools has it: the local server answers
many requests at once in one process, and one handler may call another within its own invocation.
"""

from __future__ import annotations

import contextvars
import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.lambda_context import build_lambda_context_model
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
from chalice.app import ConvertToMiddleware, Response

from chalicelib.entrypoints.correlation import causes_of
from chalicelib.errors import NotAllowed, NotAuthenticated
from chalicelib.own_prices import lambda_usd

if TYPE_CHECKING:
    from chalice.app import Chalice

SERVICE = "lifecycle"
NAMESPACE = "OllamaLifecycle"
OWN_COST = "OwnUsd"
"""What a run of ours costs, in US dollars at list prices: Lambda's share, and what it asked of CloudWatch."""

logger = Logger(service=SERVICE)

_measured: contextvars.ContextVar[AmazonCloudWatchEMFProvider] = contextvars.ContextVar("measured")
_cold: Iterator[bool] = iter([True])


class Metrics:
    """Those of the invocation that runs here; published when it ends. Outside of any, nothing is counted."""

    def add_metric(self, *, name: str, unit: MetricUnit, value: float) -> None:
        if (running := _measured.get(None)) is not None:
            running.add_metric(name=name, unit=unit, value=value)


metrics = Metrics()


def install(app: Chalice) -> None:
    """Must run before any blueprint is registered: Chalice gives a handler the middleware known at that moment.

    ``all`` includes ``scheduled``, which Chalice does not count among ``cloudwatch`` events.
    """
    app.log = logging.getLogger(SERVICE)
    app.register_middleware(ConvertToMiddleware(_apart), "all")
    app.register_middleware(ConvertToMiddleware(guard), "all")


def _apart(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Runs an invocation in a context of its own, so that nothing of it stands in the lines and numbers of another."""

    def invoked(event: Any, context: Any) -> Any:
        keys = build_lambda_context_model(context).__dict__
        logger.thread_safe_append_keys(cold_start=next(_cold, False), caused_by=causes_of(event), **keys)
        own = AmazonCloudWatchEMFProvider(namespace=NAMESPACE)
        own.service = own.service or SERVICE  # POWERTOOLS_SERVICE_NAME: two deployments in one account count apart
        _measured.set(own)
        return own.log_metrics(handler)(event, context)

    def apart(event: Any, context: Any) -> Any:
        return contextvars.copy_context().run(invoked, event, context)

    return apart


def guard(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Counts every invocation as ``Handled`` or ``Unhandled``, and logs what brought an unhandled one down."""

    def guarded(event: Any, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return counted(event, context)
        finally:
            spent = lambda_usd(time.perf_counter() - began, int(context.memory_limit_in_mb or 0))
            metrics.add_metric(name=OWN_COST, unit=MetricUnit.NoUnit, value=spent)

    def counted(event: Any, context: Any) -> Any:
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
