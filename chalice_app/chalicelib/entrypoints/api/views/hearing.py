"""How a person's word comes back: the instance as it is now, the word as it stands, and what it did at once."""

from __future__ import annotations

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.shapes.instances import HeardShape, InstanceShape
from chalicelib.errors import ActionFailed, Conflict
from chalicelib.fleet.heard import Became, Heard


def took_effect(heard: Heard) -> Heard:
    """Raises Conflict when a guard stood against it, ActionFailed when AWS did not do it; the word stands either way,
    and the next sweep tries again."""
    match heard.became:
        case Became.REFUSED:
            raise Conflict(heard.reason)
        case Became.FAILED:
            raise ActionFailed(heard.reason)
        case Became.ACTED | Became.STANDS:
            return heard


def shown(call: Call, instance_id: str, heard: Heard) -> HeardShape:
    return HeardShape(
        instance=InstanceShape.of(call.fleet.instances.get(instance_id)),
        said=heard.said,
        became=heard.became.value,
        reason=heard.reason,
        until=heard.word.until if heard.word else None,
    )
