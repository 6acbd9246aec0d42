"""Reads what an instance's tasks wrote, page by page, from CloudWatch Logs.

The streams of an instance are those that begin with its id (``awslogs-stream-prefix``); a task each. A page merges them
in order of time. The cursor is opaque and goes forward only: whoever follows asks again with the last one it got.
Refuses a cursor that is not of this instance.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.errors import ActionFailed, Unfit

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

    from chalicelib.fleet.model import Instance

MOST_LINES = 1000
TAIL = timedelta(hours=1)
"""Without a beginning, the last hour is read."""
_PAGES_PER_READ = 5
"""CloudWatch may answer empty pages with a token; so many are passed over in one read."""


@dataclass(frozen=True, slots=True)
class LogLine:
    at: datetime
    text: str
    stream: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """Oldest first. ``cursor`` goes on after the last line; ``more``: there is more already, ask at once."""

    lines: tuple[LogLine, ...]
    cursor: str
    more: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the next page begins: a token of CloudWatch's, or a moment and the events of it that were given out."""

    since_ms: int
    token: str = ""
    given: tuple[str, ...] = ()


class LogReader:
    def __init__(self, logs: CloudWatchLogsClient, log_group: str) -> None:
        self._logs = logs
        self._log_group = log_group

    def read(
        self, instance: Instance, now: datetime, *, cursor: str = "", limit: int = 100, since: datetime | None = None
    ) -> LogPage:
        """From ``cursor``, else from ``since``, else from the last hour. Raises Unfit for a cursor of someone else's,
        ActionFailed when CloudWatch refuses."""
        place = _unpack(cursor, instance.id) if cursor else _Place(_millis(since or now - TAIL))
        limit = max(1, min(limit, MOST_LINES))
        events: list[Any] = []
        token = place.token
        for _ in range(_PAGES_PER_READ):
            answer = self._page(instance.id, place.since_ms, token, limit)
            events += [one for one in answer.get("events", []) if _is_wanted(one, instance.id, place)]
            token = answer.get("nextToken", "")
            if events or not token:
                break
        events.sort(key=lambda one: int(one["timestamp"]))
        after = _after(place, events, token)
        return LogPage(tuple(_line(one) for one in events), _pack(after, instance.id), more=bool(token))

    def _page(self, instance_id: str, since_ms: int, token: str, limit: int) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        ask: dict[str, Any] = {"nextToken": token} if token else {}
        try:
            return self._logs.filter_log_events(
                logGroupName=self._log_group,
                logStreamNamePrefix=f"{instance_id}/",
                startTime=since_ms,
                limit=limit,
                **ask,
            )
        except ClientError as error:
            match error.response.get("Error", {}).get("Code", ""):
                case "ResourceNotFoundException":
                    return {}
                case "InvalidParameterException" if token:
                    raise Unfit("This cursor has run out: read again without it.", field="cursor") from error
            raise ActionFailed(f"The logs of {instance_id} could not be read: {error}") from error
        except (BotoCoreError, ResponseParserError) as error:
            raise ActionFailed(f"The logs of {instance_id} could not be read: {error}") from error


def _is_wanted(event: Any, instance_id: str, place: _Place) -> bool:
    """Asked for by its stream's beginning already; checked again, because the page goes to the instance's owner."""
    return event["eventId"] not in place.given and str(event.get("logStreamName", "")).startswith(f"{instance_id}/")


def _after(place: _Place, events: Sequence[Any], token: str) -> _Place:
    if token:
        return _Place(place.since_ms, token)
    if not events:
        return _Place(place.since_ms, "", place.given)
    last = max(int(one["timestamp"]) for one in events)
    given = tuple(str(one["eventId"]) for one in events if int(one["timestamp"]) == last)
    return _Place(last, "", (*place.given, *given) if last == place.since_ms else given)


def _line(event: Any) -> LogLine:
    at = datetime.fromtimestamp(int(event["timestamp"]) / 1000, UTC)
    return LogLine(at, str(event["message"]).rstrip("\n"), str(event.get("logStreamName", "")))


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _pack(place: _Place, instance_id: str) -> str:
    packed = json.dumps([instance_id, place.since_ms, place.token, list(place.given)], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _unpack(cursor: str, instance_id: str) -> _Place:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        whose, since_ms, token, given = found
        place = _Place(int(since_ms), str(token), tuple(str(one) for one in given))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Unfit("This is no cursor of ours: leave it out to begin anew.", field="cursor") from error
    if whose != instance_id or place.since_ms < 0:
        raise Unfit("This cursor belongs to another instance's logs.", field="cursor")
    return place
