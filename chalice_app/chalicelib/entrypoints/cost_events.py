"""What AWS tells about money: recorded for the next report, and told to people.

Cost Explorer's anomalies come by EventBridge, and only in us-east-1: cfn/us-east-1.yaml forwards them from there.
AWS Budgets publishes to the stack's topic. Neither is worth waking the controller for: money says nothing of a service.

Recorded first and told after, both each time: the record takes the same event once, the outbox the same sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, CloudWatchEvent, SNSEvent

from chalicelib.entrypoints.middleware import logger

if TYPE_CHECKING:
    from chalicelib.notify.notice import Notice
    from chalicelib.record.cost_events import CostEvent

money = Blueprint("app")

TOPIC = "lifecycle-budgets"
"""Stands in for the stack's own topic, which the merge template puts in its place."""


@money.on_cw_event({"source": ["aws.ce"], "detail-type": ["Anomaly Detected"]}, name="cost_anomaly")
def cost_anomaly(event: CloudWatchEvent) -> dict[str, int]:
    """Raises MalformedEvent for what is no anomaly: it belongs to the dead letters."""
    from chalicelib.entrypoints.cost_messages import anomaly_of
    from chalicelib.notify.cost_notices import of_anomaly

    found = anomaly_of(event.to_dict())
    what = f"{found.what} ({found.cause})" if found.cause else found.what
    notice = of_anomaly(what, found.impact, found.currency, found.begins, found.ends, found.at, link=found.link)
    return _heard(found, notice)


@money.on_sns_message(topic=TOPIC, name="budget_notice")
def budget_notice(event: SNSEvent) -> dict[str, int]:
    from chalicelib.entrypoints.cost_messages import alert_of
    from chalicelib.notify.cost_notices import of_budget

    sent = event.to_dict()["Records"][0]["Sns"]
    found = alert_of(str(sent["MessageId"]), sent.get("Timestamp"), event.message)
    if found is None:
        logger.warning("a message that names no budget", extra={"subject": event.subject, "body": event.message})
        return {"recorded": 0, "told": 0}
    return _heard(found, of_budget(found.name, found.message, found.at))


def _heard(event: CostEvent, notice: Notice) -> dict[str, int]:
    from chalicelib.record.cost_events import entry_of
    from chalicelib.runtime import compose

    app = compose.current()
    is_new = app.history.append(entry_of(event))
    app.notifier.tell([notice])
    logger.info("AWS told about money", extra={"what": notice.text, "is_new": is_new})
    return {"recorded": int(is_new), "told": 1}
