"""Launched models: reading them, and people's words about them."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.paging import Place, page
from chalicelib.entrypoints.api.shapes.instances import (
    HeardShape,
    InstancePage,
    InstanceQuery,
    InstanceShape,
    InstanceSort,
    LogLineShape,
    LogPageShape,
    LogQuery,
    OverrideAction,
    OverrideBody,
    WakeBody,
)
from chalicelib.entrypoints.api.views.hearing import heard, heard_back
from chalicelib.errors import Unfit
from chalicelib.fleet.heard import Heard
from chalicelib.fleet.model import Instance
from chalicelib.fleet.people import Caller
from chalicelib.record.codec import when_text


def list_instances(call: Call, query: InstanceQuery) -> InstancePage:
    seen = [
        one
        for one in call.fleet.instances.all()
        if call.caller.may_see(one.owner_sub) and _fits(one, query, call.caller)
    ]  # fmt: skip
    shown_now, following = page(seen, _KEYS[query.sort], order=query.sort.value, cursor=query.cursor, limit=query.limit)
    return InstancePage(items=[InstanceShape.of(one, call.caller) for one in shown_now], next_cursor=following)


def get_instance(call: Call, instance: Instance) -> InstanceShape:
    return InstanceShape.of(instance, call.caller)


def read_logs(call: Call, instance: Instance, query: LogQuery) -> LogPageShape:
    read = call.fleet.logs.read(
        instance, call.now, cursor=query.cursor or "", limit=query.limit, since=query.since
    )  # fmt: skip
    return LogPageShape(
        items=[LogLineShape(at=one.at, text=one.text, stream=one.stream) for one in read.lines],
        next_cursor=read.cursor,
        more=read.more,
    )


def wake(call: Call, instance: Instance, body: WakeBody) -> HeardShape:
    """Starts it with the size it had, and keeps it running for as long as is said: two hours, if nothing is."""
    wishes, length = call.fleet.wishes, _length(body.minutes)
    return heard_back(
        call,
        instance,
        lambda: wishes.start(instance.service, call.caller, until=body.until, length=length, reason=body.reason),
    )


def override(call: Call, instance: Instance, body: OverrideBody) -> HeardShape:
    """The new word takes the place of the one before it."""
    if body.force and body.action is not OverrideAction.STOP:
        raise Unfit("Only a stop can be forced.", field="force")
    hear = heard if body.action is OverrideAction.STOP else heard_back
    return hear(call, instance, lambda: _said(call, instance, body))


def end_override(call: Call, instance: Instance) -> HeardShape:
    return heard_back(call, instance, lambda: call.fleet.wishes.resume(instance.service, call.caller))


def _said(call: Call, instance: Instance, body: OverrideBody) -> Heard:
    wishes, service, length = call.fleet.wishes, instance.service, _length(body.minutes)
    match body.action:
        case OverrideAction.KEEP | OverrideAction.SNOOZE:
            return wishes.keep(service, call.caller, until=body.until, length=length, reason=body.reason)
        case OverrideAction.STOP:
            return wishes.stop(
                service, call.caller, until=body.until, length=length, force=body.force, reason=body.reason
            )
        case other:
            assert_never(other)


def _length(minutes: int | None) -> timedelta | None:
    return None if minutes is None else timedelta(minutes=minutes)


def _fits(one: Instance, query: InstanceQuery, caller: Caller) -> bool:
    return (
        (not query.status or one.state in query.status)
        and (query.model_id is None or one.model_id == query.model_id)
        and (query.environment is None or one.environment == query.environment)
        and (query.user_id is None or (one.owner_sub == query.user_id and caller.may_know(one.owner_sub)))
    )


def _by_creation(one: Instance) -> Place:
    return when_text(one.created_at), one.id


_KEYS = {
    InstanceSort.CREATED: _by_creation,
    InstanceSort.CREATED_DOWN: _by_creation,
    InstanceSort.MODEL: lambda one: (one.model_id, one.id),
    InstanceSort.STATUS: lambda one: (one.state.value, one.id),
}
