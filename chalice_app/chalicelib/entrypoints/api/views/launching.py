"""Starting a model and stopping an instance. Both go through the policies and guards that the controller obeys."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.shapes.instances import (
    HeardShape,
    InstanceShape,
    StartBody,
    StartHeaders,
    StopQuery,
)
from chalicelib.entrypoints.api.views.hearing import shown, took_effect
from chalicelib.errors import Forbidden
from chalicelib.fleet.launching import StartRequest
from chalicelib.fleet.model import Instance, InstanceState


def start_model(call: Call, headers: StartHeaders, body: StartBody) -> InstanceShape:
    minutes = body.time_to_live_minutes
    request = StartRequest(
        model_id=body.model_id,
        environment=body.environment,
        instance_type=body.instance_type or "",
        size=body.size or "",
        owner=body.owner or "",
        schedule_policy=body.schedule_policy or "",
        time_to_live=timedelta(minutes=minutes) if minutes is not None else None,
    )
    return InstanceShape.of(call.fleet.launcher.start(request, call.caller, headers.idempotency_key or ""))


def stop_model(call: Call, instance: Instance, query: StopQuery) -> HeardShape:
    """A removal stops first, through the same gate, and waits for the tasks' end in the background."""
    if instance.state is InstanceState.REMOVING:
        return HeardShape(
            instance=InstanceShape.of(instance),
            said="remove",
            became="stands",
            reason="it is being removed",
            until=None,
        )
    wishes = call.fleet.wishes
    if query.remove and not call.caller.may_change(instance.owner_sub):
        raise Forbidden(f"{instance.id} belongs to somebody else.")
    heard = took_effect(
        wishes.stop(instance.service, call.caller, until=query.until, force=query.force, reason=query.reason)
    )
    if query.remove:
        call.fleet.remover.remove(instance.id)
    return shown(call, instance.id, heard)
