"""A person's word for an instance, and how it comes back: the instance as it is now, the word as it stands, and what it
did at once."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.shapes.instances import HeardShape, InstanceShape
from chalicelib.entrypoints.middleware import logger
from chalicelib.errors import ActionFailed, Conflict, LifecycleError, NotFound
from chalicelib.fleet.heard import Became, Heard
from chalicelib.fleet.model import Instance, InstanceState


def heard(call: Call, instance: Instance, say: Callable[[], Heard]) -> HeardShape:
    """Raises Conflict when a guard stood against the word or there is nothing it could be said to, and ActionFailed
    when AWS did not do it; where it was said it stands, and the next sweep tries again."""
    if instance.state is InstanceState.REMOVING:
        raise Conflict(f"{instance.id} is being removed.")
    return _heard(call, instance, say)


def heard_back(call: Call, instance: Instance, say: Callable[[], Heard]) -> HeardShape:
    """The same for a word that wants it to live: it takes back a removal that still waits for its users."""
    if instance.state is not InstanceState.REMOVING:
        return _heard(call, instance, say)
    back = call.fleet.remover.take_back(instance.id)
    try:
        return _heard(call, back, say)
    except LifecycleError:
        call.fleet.remover.remove(instance.id, when_quiet=True)
        raise


def _heard(call: Call, instance: Instance, say: Callable[[], Heard]) -> HeardShape:
    try:
        said = say()
    except NotFound as gone:
        raise Conflict(
            f"{instance.id} is {instance.state.value} and has no service to speak of"
            + (f": {instance.state_reason}" if instance.state_reason else ".")
        ) from gone
    match said.became:
        case Became.REFUSED:
            raise Conflict(said.reason)
        case Became.FAILED:
            raise ActionFailed(said.reason)
        case Became.ACTED | Became.STANDS:
            return HeardShape(
                instance=InstanceShape.of(up_to_date(call, instance.id), call.caller),
                said=said.said,
                became=said.became,
                reason=said.reason,
                until=said.word.until if said.word else None,
            )


def up_to_date(call: Call, instance_id: str) -> Instance:
    """The instance after what a word did at once, its route with it. The word stands whatever becomes of this look: the
    next sweep looks too."""
    try:
        return call.fleet.keeper.look(instance_id, call.now)
    except LifecycleError as error:
        logger.warning("an instance could not be looked at", extra={"instance": instance_id, "why": str(error)})
        return call.fleet.instances.get(instance_id)
