"""The only writes to EventBridge Scheduler: one-shot entries of our own group, which wake our own function.

An entry carries its instant and nothing else: which services it is about is found out when it fires. Its name follows
from the instant, so that booking twice is booking once and services with the same edge share an entry. Instants are
whole minutes in UTC: a local time is told twice or never when clocks change, and within a minute the Scheduler
promises nothing. AWS deletes an entry once it has fired.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from chalicelib.errors import ActionFailed

PRECISION = timedelta(minutes=1)
"""AWS fires an entry for 1:00 between 1:00:00 and 1:00:59 (Scheduler user guide, "Schedule types")."""

RETRY_SECONDS = 900
"""How long AWS tries to deliver: a sweep has done the work by then."""
RETRIES = 5

PAGE = 100
"""Entries a page when they are listed: the most that ListSchedules gives."""

_NAME = re.compile(r"edge-(\d{8}T\d{4})Z")
_NAME_TIME = "%Y%m%dT%H%M"


class SchedulerClient(Protocol):
    """What we call of boto3's ``scheduler`` client."""

    def create_schedule(self, **arguments: Any) -> Mapping[str, Any]: ...
    def delete_schedule(self, **arguments: Any) -> Mapping[str, Any]: ...
    def list_schedules(self, **arguments: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class BookingSettings:
    """``group``: a schedule group that is ours alone. ``target``: the ARN of our function; ``role``: that of the role
    with which the Scheduler calls it; ``dead_letters``: that of the queue for calls that did not get through."""

    group: str
    target: str
    role: str
    dead_letters: str


class Desk:
    """Books and cancels. Every call raises ActionFailed when AWS refuses it or does not answer."""

    def __init__(self, scheduler: SchedulerClient, settings: BookingSettings) -> None:
        self._scheduler = scheduler
        self._settings = settings

    def book(self, minute: datetime) -> None:
        """An entry that stands already is what was asked for."""
        mine = self._settings
        with _refusals("scheduler:CreateSchedule", but="ConflictException"):
            self._scheduler.create_schedule(
                Name=name_of(minute),
                GroupName=mine.group,
                Description="ollama-lifecycle looks at the services whose wanted state may change now",
                ScheduleExpression=f"at({minute.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={
                    "Arn": mine.target,
                    "RoleArn": mine.role,
                    "Input": json.dumps({"instant": minute.astimezone(UTC).isoformat()}),
                    "RetryPolicy": {"MaximumEventAgeInSeconds": RETRY_SECONDS, "MaximumRetryAttempts": RETRIES},
                    "DeadLetterConfig": {"Arn": mine.dead_letters},
                },
            )

    def cancel(self, name: str) -> None:
        """One that is gone is what was asked for."""
        with _refusals("scheduler:DeleteSchedule", but="ResourceNotFoundException"):
            self._scheduler.delete_schedule(Name=name, GroupName=self._settings.group)

    def names(self) -> Iterator[str]:
        """Every entry of the group, whoever made it; a call for each `PAGE` of them."""
        more: dict[str, str] = {}
        while True:
            with _refusals("scheduler:ListSchedules"):
                page = self._scheduler.list_schedules(GroupName=self._settings.group, MaxResults=PAGE, **more)
            yield from (str(one["Name"]) for one in page["Schedules"])
            if not (token := page.get("NextToken")):
                return
            more = {"NextToken": str(token)}


def whole_minute(instant: datetime) -> datetime:
    """The first whole minute (UTC) that is not before ``instant``: an entry must not fire before its edge."""
    instant = instant.astimezone(UTC)
    floor = instant.replace(second=0, microsecond=0)
    return floor if floor == instant else floor + PRECISION


def name_of(minute: datetime) -> str:
    return f"edge-{minute.astimezone(UTC):{_NAME_TIME}}Z"


def minute_of(name: str) -> datetime | None:
    """None for a name that is none of ours."""
    found = _NAME.fullmatch(name)
    try:
        return datetime.strptime(found.group(1), _NAME_TIME).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


@contextmanager
def _refusals(action: str, *, but: str = "") -> Iterator[None]:
    """``but``: the error code that means that it is done already."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        detail = error.response.get("Error", {})
        if not but or detail.get("Code") != but:
            said = detail.get("Message") or detail.get("Code")
            raise ActionFailed(f"{action} was refused: {said}") from error
    except (BotoCoreError, ResponseParserError) as error:
        raise ActionFailed(f"no answer to {action}: {error}", uncertain=True) from error
