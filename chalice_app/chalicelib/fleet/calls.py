"""One call to AWS while an instance is made or taken away: refusals in one sentence, and the expected ones as None.

Raises `ActionFailed`; ``uncertain`` when no answer came, so that whoever undoes looks whether it happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.errors import ActionFailed

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})


def attempt(action: str, call: Callable[..., Any], *expected: str, **arguments: Any) -> Any:
    """The answer, or None when AWS refuses with one of the ``expected`` codes. ``action`` as IAM names it."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    try:
        return call(**arguments)
    except ClientError as error:
        found = error.response.get("Error", {})
        code, message = str(found.get("Code", "")), str(found.get("Message", ""))
        if code in expected:
            return None
        raise ActionFailed(_sentence(action, code, message)) from error
    except ParamValidationError as error:
        raise ActionFailed(f"{action} was not sent, because it is malformed: {error}") from error
    except BotoCoreError as error:
        raise ActionFailed(
            f"{action} got no answer, so it may or may not have happened ({error}).", uncertain=True
        ) from error


def _sentence(action: str, code: str, message: str) -> str:
    if code in _DENIED:
        return f"Our role may not call {action}; add it to its policy."
    if code in _THROTTLED:
        return f"AWS throttled {action} and went on doing so; try again later."
    return f"{action} was refused: {message or code}"
