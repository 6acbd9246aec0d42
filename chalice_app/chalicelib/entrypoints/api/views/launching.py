"""Starting a model and stopping an instance. Both go through the policies and guards that the controller obeys."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.controller.wording import first_word
from chalicelib.decide.govern import govern
from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.shapes.instances import (
    HeardShape,
    InstanceShape,
    StartBody,
    StartedShape,
    StartHeaders,
    StopQuery,
)
from chalicelib.entrypoints.api.views.hearing import heard
from chalicelib.fleet.asking import facts_of
from chalicelib.fleet.heard import Became, Heard
from chalicelib.fleet.launching import StartRequest
from chalicelib.fleet.model import Instance, InstanceState

_TO_BE_STOPPED = (InstanceState.STARTING, InstanceState.RUNNING, InstanceState.STOPPING)


def start_model(call: Call, headers: StartHeaders, body: StartBody) -> StartedShape:
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
    instance = call.fleet.launcher.start(request, call.caller, headers.idempotency_key or "")
    found = govern(call.fleet.wishes.policies(), facts_of(instance, call.now))
    return StartedShape.under(found, instance, call.caller)


def stop_model(call: Call, instance: Instance, query: StopQuery) -> HeardShape:
    """A removal stops first, through the same gate, and goes on in the background when the tasks have ended; one that
    waits for its users may be said again with ``force``. Where the policy wants a yes to it, people are asked, and
    nothing else is done before."""
    wishes = call.fleet.wishes

    def stop() -> Heard:
        return wishes.stop(
            instance.service, call.caller, until=query.until, force=query.force, reason=query.reason
        )  # fmt: skip

    if not query.remove:
        return heard(call, instance, stop)
    is_removed = instance.state is InstanceState.REMOVING
    if not is_removed and (question := wishes.ask_to_remove(instance.service, call.caller, query.reason)):
        return HeardShape(
            instance=InstanceShape.of(instance, call.caller),
            said="remove it after a yes",
            became=Became.STANDS,
            reason=first_word(question),
            until=None,
        )
    waits = False
    if instance.state in _TO_BE_STOPPED:
        after = heard(call, instance, stop)
        waits = after.became is Became.STANDS and after.instance.status is not InstanceState.STOPPING
    elif is_removed and query.force:
        stop()
    removing = call.fleet.remover.remove(instance.id, when_quiet=waits)
    return HeardShape(
        instance=InstanceShape.of(removing, call.caller),
        said="remove it when its tasks have ended",
        became=Became.STANDS if removing.state_reason else Became.ACTED,
        reason=removing.state_reason
        or "rules, service, target group and task definition go when nothing runs any more",
        until=None,
    )
