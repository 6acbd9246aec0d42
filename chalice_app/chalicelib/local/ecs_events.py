"""What ECS says while tasks come and go: the lines of a service, and the envelopes that EventBridge carries.

Decides nothing: when there is something to say is for `fleet`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.decide.facts import ServiceId
from chalicelib.local.aws import ACCOUNT

Event = Mapping[str, object]
"""One EventBridge envelope."""


def line(service: ServiceId, words: str, at: datetime) -> Mapping[str, object]:
    """One of the ``events`` that DescribeServices lists."""
    return {"id": str(uuid.uuid4()), "createdAt": at, "message": f"(service {service.name}) {words}"}


def service_action(service: Any, action: str, words: str, at: datetime, region: str) -> Event:
    """``service`` is moto's object; ``action`` as in ``SERVICE_STEADY_STATE``."""
    detail = {"eventType": "INFO", "eventName": action, "clusterArn": service.cluster_arn, "reason": words}
    return _envelope("ECS Service Action", service.arn, at, region, detail)


def task_state_change(service: Any, task: Any, at: datetime, region: str) -> Event:
    """Both are moto's objects, as they stand now."""
    detail = {
        "clusterArn": service.cluster_arn,
        "group": f"service:{service.name}",
        "taskArn": task.task_arn,
        "lastStatus": task.last_status,
        "desiredStatus": task.desired_status,
    }
    return _envelope("ECS Task State Change", task.task_arn, at, region, detail)


def _envelope(detail_type: str, resource: str, at: datetime, region: str, detail: Mapping[str, str]) -> Event:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.ecs",
        "account": ACCOUNT,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [resource],
        "detail": detail,
    }
