"""Events of AWS, buffered by SQS: one batch of envelopes in, one look at all services they speak of.

Looking once for a whole batch is why a deployment with its hundred task events costs a handful of calls; what is said
twice in it is heard once. What ECS says sets off a decision only where the service has changed or its time has come; an
alarm has seen metrics that we have not, and Spot waits for nobody, so these always do, and a batch with both kinds is
two looks.

A record that cannot be read, or that names no service we know, is reported as failed on its own, so that SQS gives it
to the dead letters after its last try; the others are done. When a look itself fails, all come back: to look twice
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, SQSEvent

from chalicelib.entrypoints.deadline import seconds_left
from chalicelib.entrypoints.middleware import logger
from chalicelib.entrypoints.tending import tend, time_to_look
from chalicelib.entrypoints.told import told
from chalicelib.errors import LifecycleError, UnknownService

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from chalicelib.decide.facts import ServiceId
    from chalicelib.entrypoints.triggers import Trigger
    from chalicelib.runtime.compose import App

events = Blueprint("app")

QUEUE = "lifecycle-events"
"""Stands in for the stack's own queue, which the merge template puts in its place."""


@events.on_sqs_message(
    queue=QUEUE, name="aws_events", batch_size=50, maximum_batching_window_in_seconds=5, maximum_concurrency=10
)
def on_aws_events(event: SQSEvent) -> Any:
    """Answers with the records that failed, as ``ReportBatchItemFailures`` wants them.

    Ten batches at once, each with a core's worth of memory: so that 10,000 events in one minute about 5,000 services
    are heard before the next sweep, and every Spot warning within its two minutes (tests/bench/load_bench.py).
    """
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    from chalicelib.entrypoints.triggers import SeenByEcs, parse_trigger, why
    from chalicelib.runtime import compose

    app = compose.current()
    alarmed: dict[ServiceId, str] = {}
    changed: dict[ServiceId, str] = {}
    heard: dict[Trigger, frozenset[ServiceId]] = {}

    def read(record: SQSRecord) -> None:
        try:
            trigger = parse_trigger(record.body)
            if trigger not in heard:
                heard[trigger] = _services(trigger, app)
            causes = changed if isinstance(trigger, SeenByEcs) else alarmed
            causes.update(dict.fromkeys(heard[trigger], why(trigger)))
        except LifecycleError as error:
            _tell_once(record, error)
            raise

    answer = process_partial_response(
        event=event.to_dict(),
        record_handler=read,
        processor=BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False),
    )
    for causes, force in ((alarmed, True), (changed, False)):
        ids = sorted(causes) if force else sorted(causes.keys() - alarmed.keys())
        if ids:
            seconds = time_to_look(app, seconds_left(event))
            report = app.controller.look_at(
                ids, app.clock.now(), why=_in_one(causes[id] for id in ids), force=force, seconds=seconds
            )
            told(report)
    if alarmed or changed:
        tend(app, sweep=False)
    return answer


def _services(trigger: Trigger, app: App) -> frozenset[ServiceId]:
    """Raises UnknownService when nothing we know stands behind an alarm's target group; a later try may find it,
    because a sweep sees new services."""
    from chalicelib.entrypoints.spot_events import struck
    from chalicelib.entrypoints.triggers import AlarmChanged, SeenByEcs

    if isinstance(trigger, SeenByEcs):
        return frozenset({trigger.service})
    if not isinstance(trigger, AlarmChanged):
        return struck(trigger, app)
    if trigger.services:
        return trigger.services
    services = app.controller.services_behind(trigger.target_groups)
    if not services:
        names = ", ".join(sorted(trigger.target_groups))
        raise UnknownService(f'alarm "{trigger.alarm}" watches {names}, behind which no known service stands')
    return services


def _tell_once(record: SQSRecord, error: LifecycleError) -> None:
    """One line for one message, however often SQS delivers it."""
    if record.attributes.approximate_receive_count == "1":
        logger.warning(f"not an event for us: {error}", extra={"message_id": record.message_id, "body": record.body})


def _in_one(causes: Iterable[str]) -> str:
    first, *rest = dict.fromkeys(causes)
    return f"{first} (and {len(rest)} more)" if rest else first
