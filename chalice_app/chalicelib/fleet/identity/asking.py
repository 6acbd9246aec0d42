"""One call of Cognito, and what its refusals mean in our own exceptions. Knows nothing of what the calls are for.

Messages of Cognito are never passed on: some of them tell whether an address is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.errors import AwsUnreachable, LifecycleError, LoginRefused, NotFound, TooMany, Unfit
from chalicelib.fleet.identity.lockout import LOGIN_REFUSED

Told = Mapping[str, Callable[[], LifecycleError]]
"""Cognito's error codes that this call expects, and what each means."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_MOST_CHARACTERS = 128


def ask(call: Callable[..., Any], told: Told, /, **arguments: Any) -> Any:
    """The call's answer. Raises what ``told`` says; TooMany when Cognito is asked too often; Unfit for values it cannot
    take; AwsUnreachable for everything else, which is Cognito's matter or the deployment's."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
    from botocore.parsers import ResponseParserError

    try:
        return call(**arguments)
    except ClientError as error:
        raise _meaning(error.response.get("Error", {}).get("Code", ""), call.__name__, told) from error
    except ParamValidationError as error:
        raise _unfit() from error
    except (BotoCoreError, ResponseParserError) as error:
        raise AwsUnreachable(f"The user pool did not answer {call.__name__}; try again in a moment.") from error


def _meaning(code: str, call: str, told: Told) -> LifecycleError:
    if code in told:
        return told[code]()
    match code:
        case "TooManyRequestsException" | "LimitExceededException" | "TooManyFailedAttemptsException":
            return TooMany("The user pool is asked too often; try again in a minute.", retry_after_seconds=60)
        case "InvalidParameterException":
            return _unfit()
        case "CodeDeliveryFailureException":
            return AwsUnreachable("The user pool could not send its mail; try again later.")
        case _:
            return AwsUnreachable(f"The user pool did not do {call}: {code}.")


def _unfit() -> Unfit:
    return Unfit("One of the values has a form that the user pool does not take.")


def login_refused() -> LoginRefused:
    return LoginRefused(LOGIN_REFUSED, reason="refused by the user pool")


def no_such_person() -> NotFound:
    return NotFound("There is no such user.")


def address(email: str) -> str:
    """The address as the pool keeps it. Raises Unfit for what is none."""
    tidy = email.strip().lower()
    if len(tidy) > _MOST_CHARACTERS or not _ADDRESS.fullmatch(tidy):
        raise Unfit("This is not an e-mail address.", field="email")
    return tidy
