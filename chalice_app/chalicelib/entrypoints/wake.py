"""The function behind the load balancer that answers for instances which do not run, and wakes them."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Blueprint

from chalicelib.entrypoints.middleware import logger, metrics
from chalicelib.errors import ConfigurationError

wake_functions = Blueprint("app")


@wake_functions.lambda_function(name="wake")
def wake(event: dict[str, Any], context: object) -> dict[str, Any]:
    """``event`` is an Application Load Balancer's, in either form; so is the response."""
    from chalicelib.fleet.answers import render, request_of
    from chalicelib.runtime import compose

    fleet = compose.current().fleet
    if fleet is None:
        raise ConfigurationError("this deployment launches nothing, so no load balancer should send requests here")
    request = request_of(event)
    answer = fleet.waker.answer(request)
    metrics.add_metric(name=f"Wake{_metric_name(answer.code)}", unit=MetricUnit.Count, value=1)
    logger.info("a request to an instance that does not run", extra={"host": request.host, "answer": answer.code})
    return render(answer, request)


def _metric_name(code: str) -> str:
    return "".join(part.capitalize() for part in code.split("_"))
