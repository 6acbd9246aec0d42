"""One call to AWS while an instance is made or taken away: refusals in one sentence, and the expected ones as None.

Raises `ActionFailed`; ``uncertain`` when no answer came, or none that can be read, so that whoever undoes looks whether
it happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from chalicelib.errors import ActionFailed

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})


class Answered(dict[str, Any]):
    """What AWS answered; what it should have said and did not is asked for in vain."""

    def __init__(self, action: str, said: Mapping[str, Any]) -> None:
        super().__init__(said)
        self._action = action

    def __missing__(self, name: str) -> NoReturn:
        raise _unread(self._action, f"without {name}")


def attempt(action: str, call: Callable[..., Any], *expected: str, **arguments: Any) -> Any:
    """The answer, or None when AWS refuses with one of the ``expected`` codes. ``action`` as IAM names it."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
    from botocore.parsers import ResponseParserError

    try:
        return Answered(action, call(**arguments))
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
    except ResponseParserError as error:
        raise _unread(action, "that is no answer of AWS") from error


def _unread(action: str, what: str) -> ActionFailed:
    return ActionFailed(f"{action} got an answer {what}, so it may or may not have happened.", uncertain=True)


def _sentence(action: str, code: str, message: str) -> str:
    if code in _DENIED:
        return f"Our role may not call {action}; add it to its policy."
    if code in _THROTTLED:
        return f"AWS throttled {action} and went on doing so; try again later."
    return f"{action} was refused: {message or code}"
