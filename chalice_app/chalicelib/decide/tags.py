"""What tags on a service may change: `lifecycle:exclude`, `lifecycle:hours` and `lifecycle:idle`.

A tag counts only when the policy allows it (``overrides.service-tags``), and replaces its one key. One that does not
parse changes nothing and is a problem to tell: whoever wrote it wanted something, so the service is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from chalicelib.decide.same import Same
from chalicelib.errors import LifecycleError
from chalicelib.policy.dates import parse_date
from chalicelib.policy.model import Policy
from chalicelib.policy.moments import first_instant
from chalicelib.policy.problems import ScalarError
from chalicelib.policy.sections.hours import Hours
from chalicelib.policy.sections.idle import Idle
from chalicelib.policy.texts import parse_zone
from chalicelib.policy.window_text import parse_window
from chalicelib.policy.windows import Window

EXCLUDE_TAG = "lifecycle:exclude"
HOURS_TAG = "lifecycle:hours"
IDLE_TAG = "lifecycle:idle"

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Tagged:
    """A policy as it holds for one service, with its allowed tags applied; ``problem`` when one does not parse."""

    policy: Policy
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TagExclusion:
    """``ends`` is None for an exclusion made for good."""

    ends: datetime | None


def zone_of(policy: Policy) -> ZoneInfo:
    """The zone in which a policy's dates are meant: that of its hours; UTC for a policy without hours."""
    return policy.hours.timezone if policy.hours is not None else UTC_ZONE


def end_of(last_day: date, zone: ZoneInfo) -> datetime:
    """The instant at which the day after ``last_day`` begins in ``zone``."""
    return first_instant(zone, datetime.combine(last_day + timedelta(days=1), time()))


def with_tags(policy: Policy, tags: Mapping[str, str]) -> Tagged:
    """The policy as it holds for a service with these tags."""
    allowed = policy.overrides.service_tags
    hours = tags.get(HOURS_TAG) if "hours" in allowed else None
    idle = tags.get(IDLE_TAG) if "idle" in allowed else None
    if hours is None and idle is None:
        return Tagged(policy)
    return _apply(Same(policy), hours, idle)


def exclusion(policy: Policy, tags: Mapping[str, str]) -> TagExclusion | str | None:
    """What `lifecycle:exclude` says: an exclusion (perhaps over), a sentence when it does not parse, or nothing."""
    text = tags.get(EXCLUDE_TAG)
    if text is None or "exclude" not in policy.overrides.service_tags:
        return None
    return _exclusion(text, zone_of(policy))


@lru_cache(maxsize=1024)
def _exclusion(text: str, zone: ZoneInfo) -> TagExclusion | str:
    words = text.split()
    if words == ["never-expires"]:
        return TagExclusion(None)
    if len(words) == 2 and words[0] == "until":
        try:
            return TagExclusion(end_of(parse_date(words[1]), zone))
        except (ScalarError, OverflowError):
            pass
    return f'the tag {EXCLUDE_TAG} is "{text}"; write "until 2026-12-31" or "never-expires"'


@lru_cache(maxsize=2048)
def _apply(same: Same[Policy], hours: str | None, idle: str | None) -> Tagged:
    policy = same.one
    changes: dict[str, Any] = {}
    try:
        if hours is not None:
            changes["hours"] = _hours(policy, hours)
        if idle is not None:
            changes["idle"] = _idle(policy, idle)
    except _Unreadable as problem:
        return Tagged(policy, str(problem))
    return Tagged(policy.model_copy(update=changes))


class _Unreadable(LifecycleError):
    """Its message is the sentence for people."""


def _hours(policy: Policy, text: str) -> Hours:
    """``mon-fri 08:00-20:00 + sat 10:00-14:00 Asia/Tokyo``; without a zone, the policy's own."""
    words = text.split()
    zone: ZoneInfo | None = policy.hours.timezone if policy.hours is not None else None
    try:
        if words and ("/" in words[-1] or words[-1] == "UTC"):
            zone = parse_zone(words.pop())
        windows: tuple[Window, ...] = tuple(parse_window(part.strip()) for part in " ".join(words).split("+"))
        if zone is None:
            raise _Unreadable(f'the tag {HOURS_TAG} is "{text}": in which zone? end it with one, as in Asia/Tokyo')
        made = Hours(timezone=zone, open=windows)
    except (ScalarError, ValidationError) as error:
        raise _Unreadable(f'the tag {HOURS_TAG} is "{text}": {_sentence(error)}') from None
    if policy.hours is None:
        return made
    return policy.hours.model_copy(update={"timezone": zone, "open": windows, "cron": None})


def _idle(policy: Policy, text: str) -> Idle:
    try:
        made = Idle.model_validate({"stop-after": text.strip()})
    except ValidationError as error:
        raise _Unreadable(f'the tag {IDLE_TAG} is "{text}": {_sentence(error)}') from None
    if isinstance(made.stop_after, str):
        raise _Unreadable(f'the tag {IDLE_TAG} is "{text}": write a duration, as 45m')
    return made if policy.idle is None else policy.idle.model_copy(update={"stop_after": made.stop_after})


def _sentence(error: ScalarError | ValidationError) -> str:
    if isinstance(error, ScalarError):
        return error.message
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
