"""The Slack app's two secrets, from Secrets Manager through Powertools: kept for a while, read anew when they fail.

Who changes them in Slack changes them there, and nothing has to be deployed. They stand in no environment, log or
message.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.errors import AwsUnreachable, ConfigurationError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

KEPT_SECONDS = 300
READ_ANEW_SECONDS = 20.0
"""At most so often: anybody may send requests that fail."""


class SlackSecrets:
    """``client`` makes a client of Secrets Manager when it is first needed."""

    def __init__(self, name: str, client: Callable[[], Any], stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._client = client
        self._stopwatch = stopwatch
        self._read_anew_at: float | None = None

    def signing_secret(self, *, fresh: bool = False) -> str:
        """``fresh``: not what was kept, unless it was read a moment ago. Raises ConfigurationError, AwsUnreachable."""
        return self._one("signing_secret", fresh)

    def bot_token(self, *, fresh: bool = False) -> str:
        return self._one("bot_token", fresh)

    @cached_property
    def _provider(self) -> SecretsProvider:
        from aws_lambda_powertools.utilities.parameters import SecretsProvider

        return SecretsProvider(boto3_client=self._client())

    def _one(self, key: str, fresh: bool) -> str:
        value = self._read(self._may_read_anew() if fresh else False).get(key)
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f'the secret {self._name} has no "{key}": write it there as JSON')
        return value

    def _may_read_anew(self) -> bool:
        now = self._stopwatch()
        if self._read_anew_at is not None and now - self._read_anew_at < READ_ANEW_SECONDS:
            return False
        self._read_anew_at = now
        return True

    def _read(self, fresh: bool) -> Mapping[str, Any]:
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError

        try:
            read: Any = self._provider.get(self._name, max_age=KEPT_SECONDS, transform="json", force_fetch=fresh)
        except TransformParameterError as error:
            raise ConfigurationError(f"the secret {self._name} is not JSON") from error
        except GetParameterError as error:
            raise AwsUnreachable(f"the secret {self._name} could not be read; is it there, and may we?") from error
        if not isinstance(read, Mapping):
            raise ConfigurationError(f"the secret {self._name} is not a JSON object")
        return read
