"""Alarms by which the deployment watches itself (cfn/monitoring/alarms.yaml), told where all other notices go.

They go to an SNS topic as well, and that is the way that still works when this one does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib.entrypoints.middleware import logger
from chalicelib.errors import MalformedEvent

if TYPE_CHECKING:
    from chalicelib.notify.own_alarms import OwnAlarm

alarms = Blueprint("app")

PREFIX = "watch/"
"""An alarm of ours is named ``watch/<deployment>/<name>``; the merge template lets through this deployment's alone."""
_LONGEST = 300
_PATTERN = {
    "source": ["aws.cloudwatch"],
    "detail-type": ["CloudWatch Alarm State Change"],
    "detail": {"alarmName": [{"prefix": PREFIX}], "state": {"value": ["ALARM", "OK"]}},
}


@alarms.on_cw_event(_PATTERN, name="own_alarm")
def own_alarm(event: CloudWatchEvent) -> dict[str, int]:
    """Raises MalformedEvent for what is no alarm's event: it belongs to the dead letters."""
    from chalicelib.notify.own_alarms import of_alarm
    from chalicelib.runtime import compose

    body = event.to_dict()
    alarm = alarm_of(body)
    if not alarm.rings and _was(body) == "INSUFFICIENT_DATA":
        return {"told": 0}  # an alarm that was just made found its first figures
    notice = of_alarm(alarm)
    logger.info("an alarm of our own", extra={"what": notice.text})
    compose.current().notifier.tell([notice])
    return {"told": 1}


def alarm_of(event: Mapping[str, object]) -> OwnAlarm:
    """Raises MalformedEvent with the path of what is wrong."""
    from chalicelib.entrypoints.spot_triggers import instant_of
    from chalicelib.notify.own_alarms import OwnAlarm

    detail = _object(event.get("detail"), "detail")
    state = _object(detail.get("state"), "detail.state")
    value = state.get("value")
    if value not in ("ALARM", "OK"):
        raise MalformedEvent(f'detail.state.value is "{value}", neither ALARM nor OK')
    name = detail.get("alarmName")
    if not isinstance(name, str) or not name.startswith(PREFIX) or not (short := name.rpartition("/")[2]):
        raise MalformedEvent(f'detail.alarmName is "{name}", not {PREFIX}<deployment>/<name>')
    configuration = detail.get("configuration")
    description = configuration.get("description") if isinstance(configuration, Mapping) else None
    return OwnAlarm(
        name=short[:_LONGEST],
        rings=value == "ALARM",
        description=description[: 4 * _LONGEST] if isinstance(description, str) else "",
        reason=str(state.get("reason") or "")[:_LONGEST],
        at=instant_of("time", event.get("time")),
    )


def _was(event: Mapping[str, object]) -> str:
    detail = _object(event.get("detail"), "detail")
    before = detail.get("previousState")
    return str(before.get("value")) if isinstance(before, Mapping) else ""


def _object(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise MalformedEvent(f"{path} is missing or no object")
    return value
