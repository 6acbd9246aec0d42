"""What set an invocation off, as one key of all its log lines: by it a person gets from an event of AWS, a request or a
click to what was done, whose lines bear the ``action_id`` that the history has too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_EVENT_ID = re.compile(r'"id"\s*:\s*"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')
"""Of an EventBridge envelope inside a message; parsing it is the handler's."""


def causes_of(event: object) -> tuple[str, ...]:
    """Ids as whoever sent the event knows them: of EventBridge's event, a queue's or topic's message, a request.
    None for what has none, as a wake-up of EventBridge Scheduler."""
    if not isinstance(event, Mapping):
        return ()
    records, request = event.get("Records"), event.get("requestContext")
    if isinstance(records, list):
        return tuple(_of_records(one for one in records if isinstance(one, Mapping)))
    if isinstance(request, Mapping):
        return _known(request.get("requestId"))
    return _known(event.get("id"))


def _of_records(records: Iterable[Mapping[object, object]]) -> Iterable[str]:
    for record in records:
        body, message = record.get("body"), record.get("Sns")
        if isinstance(message, Mapping):
            yield from _known(message.get("MessageId"))
        elif isinstance(body, str) and (found := _EVENT_ID.search(body)):
            yield found[1]
        else:
            yield from _known(record.get("messageId"))


def _known(id: object) -> tuple[str, ...]:
    return (id,) if isinstance(id, str) and id else ()
