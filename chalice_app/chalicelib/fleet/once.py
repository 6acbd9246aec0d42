"""One run for each idempotency key, with Powertools' idempotency on our own table.

It remembers an hour; afterwards the instance's own row, whose id comes from the key, still tells a repeat. Powertools
is imported when something is started, because it takes as long as all the rest of the handler.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from chalicelib.errors import LifecycleError, RecordUnavailable, Unfit
from chalicelib.record.table import TTL_ATTRIBUTE, Table

PK = "IDEMPOTENCY"
REMEMBERED = timedelta(hours=1)
AT_WORK = timedelta(minutes=1)
"""A run that died is forgotten after this, so that a repeat may try again. Longer than any handler of the API lives."""


class InProgress(LifecycleError):
    """Somebody works on the same key at this moment. Never leaves the fleet: `launching` answers it."""


class _TimeLeft:
    """The one question that Powertools asks of a Lambda context."""

    def get_remaining_time_in_millis(self) -> int:
        return int(AT_WORK.total_seconds() * 1000)


class Once:
    def __init__(self, table: Table) -> None:
        self._table = table

    def run(self, key: str, digest: str, work: Callable[[], str]) -> str:
        """What ``work`` gave, now or at the first time with this key; what it raises is not remembered.

        Raises InProgress, and Unfit when the key was used for another request (``digest``).
        """
        from aws_lambda_powertools.utilities.idempotency import (
            DynamoDBPersistenceLayer,
            IdempotencyConfig,
            idempotent_function,
        )
        from aws_lambda_powertools.utilities.idempotency.exceptions import (
            IdempotencyAlreadyInProgressError,
            IdempotencyInconsistentStateError,
            IdempotencyPersistenceLayerError,
            IdempotencyValidationError,
        )

        layer = DynamoDBPersistenceLayer(
            table_name=self._table.name,
            key_attr="pk",
            static_pk_value=PK,
            sort_key_attr="sk",
            expiry_attr=TTL_ATTRIBUTE,
            boto3_client=self._table.client,
        )
        config = IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="digest",
            expires_after_seconds=int(REMEMBERED.total_seconds()),
            hash_function="sha256",
            lambda_context=_TimeLeft(),  # type: ignore[arg-type]
        )

        @idempotent_function(data_keyword_argument="asked", persistence_store=layer, config=config)  # type: ignore[untyped-decorator]
        def start(*, asked: dict[str, str]) -> str:
            return work()

        try:
            return str(start(asked={"key": key, "digest": digest}))
        except IdempotencyValidationError as error:
            raise other_request() from error
        except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
            raise InProgress("The same start is being worked on.") from error
        except IdempotencyPersistenceLayerError as error:
            raise RecordUnavailable(
                f"Table {self._table.name}: the key of a start could not be kept: {error}"
            ) from error


def other_request() -> Unfit:
    return Unfit(
        "This idempotency key was used for another start; use a new key for a new start.", field="Idempotency-Key"
    )
