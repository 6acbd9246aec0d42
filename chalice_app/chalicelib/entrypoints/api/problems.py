"""What went wrong, as RFC 9457 tells it: one shape for every refusal, whoever refuses.

Each kind of exception has one kind of problem; what nobody foresaw becomes an `INTERNAL` one that says nothing about
itself. API Gateway's own answers have the same shape (``GatewayResponses`` in ``cfn/app-resources.yaml``).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.errors import (
    ActionFailed,
    AwsUnreachable,
    ConditionFailed,
    ConfigurationError,
    Fault,
    Forbidden,
    InvalidRequest,
    LifecycleError,
    LoginRefused,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    ObservationError,
    PolicyError,
    RecordUnavailable,
    Refused,
    SwitchedOff,
    TooMany,
    Unfit,
    UnknownService,
    UnreadableRequest,
)

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 5
"""After which it is worth asking again, where somebody else was at it or AWS did not answer."""


class Kind(StrEnum):
    """The last part of a problem's ``type``."""

    MALFORMED = "malformed-request"
    NOT_AUTHENTICATED = "not-authenticated"
    LOGIN_REFUSED = "login-refused"
    FORBIDDEN = "forbidden"
    NOT_ALLOWED = "not-allowed"
    NOT_FOUND = "not-found"
    METHOD = "method-not-allowed"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    MEDIA_TYPE = "unsupported-media-type"
    INVALID = "invalid-request"
    TOO_MANY = "too-many"
    INTERNAL = "internal"
    AWS_FAILED = "aws-failed"
    UNAVAILABLE = "unavailable"
    SWITCHED_OFF = "switched-off"


@dataclass(frozen=True, slots=True)
class About:
    """What is the same for every problem of a kind."""

    status: int
    title: str
    advice: str


ABOUT: Mapping[Kind, About] = {
    Kind.MALFORMED: About(400, "The request cannot be read", "Send a JSON object in UTF-8."),
    Kind.NOT_AUTHENTICATED: About(
        401, "No token that holds", "Log in and send the id token as Authorization: Bearer <id_token>."
    ),
    Kind.LOGIN_REFUSED: About(
        401, "Login refused", "Check address and password; after five failures an account rests for half an hour."
    ),
    Kind.FORBIDDEN: About(403, "Not yours to do", "Ask the owner or an administrator."),
    Kind.NOT_ALLOWED: About(403, "The rules do not allow it", "The detail names the policy or the setting."),
    Kind.NOT_FOUND: About(404, "Not found", "It does not exist, or you may not see it."),
    Kind.METHOD: About(405, "This path does not take this method", "The Allow header names those it takes."),
    Kind.CONFLICT: About(409, "It contradicts what is there", "Read the present state, then ask again."),
    Kind.TOO_LARGE: About(413, "The body is too large", "No request of this API needs more than 64 KiB."),
    Kind.MEDIA_TYPE: About(415, "Not JSON", "Send the body as application/json."),
    Kind.INVALID: About(422, "Some fields are wrong", "The list of errors names every wrong field."),
    Kind.TOO_MANY: About(429, "Too many", "Wait as long as Retry-After says, or stop something first."),
    Kind.INTERNAL: About(500, "A mistake of ours", "Tell an administrator the instance id."),
    Kind.AWS_FAILED: About(502, "AWS did not do it", "The detail has AWS's own words; ask again later."),
    Kind.UNAVAILABLE: About(503, "Not available just now", "Ask again after a few seconds."),
    Kind.SWITCHED_OFF: About(503, "Not part of this deployment", "The stack's parameters switch it on."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    kind: Kind
    detail: str
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return ABOUT[self.kind].status

    def document(self, request_id: str, base: str = "") -> str:
        """The JSON of the answer. ``base``: the path of API Gateway's stage, where there is one."""
        found: dict[str, object] = {
            "type": base + type_of(self.kind),
            "title": ABOUT[self.kind].title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance_of(request_id),
        }
        if self.faults:
            found["errors"] = [{"field": one.field, "message": one.message, "code": one.code} for one in self.faults]
        return json.dumps(found, ensure_ascii=False)


def type_of(kind: Kind) -> str:
    """A reference to the page that explains the kind, relative to the API's own base."""
    return f"/api/docs#{kind.value}"


def instance_of(request_id: str) -> str:
    """API Gateway's id of the request, which our log lines bear too, as the URI that RFC 9457 wants."""
    try:
        return uuid.UUID(request_id).urn
    except ValueError:
        return f"urn:request:{request_id}"


def problem_of(error: LifecycleError, *, token_sent: bool = False) -> Problem:
    """``token_sent``: RFC 6750 tells one that does not hold from none at all."""
    detail = str(error)
    match error:
        case UnreadableRequest():
            return Problem(of_status(error.status), detail)
        case InvalidRequest():
            return Problem(Kind.INVALID, detail, error.faults)
        case Unfit():
            faults = (Fault(error.field, detail, "unfit"),) if error.field else ()
            return Problem(Kind.INVALID, detail, faults)
        case LoginRefused():
            return Problem(Kind.LOGIN_REFUSED, detail, headers=_challenge(token_sent=False))
        case NotAuthenticated():
            return Problem(Kind.NOT_AUTHENTICATED, detail, headers=_challenge(token_sent=token_sent))
        case TooMany():
            return Problem(Kind.TOO_MANY, detail, headers=_retry(error.retry_after_seconds))
        case Forbidden():
            return Problem(Kind.FORBIDDEN, detail)
        case NotAllowed():
            return Problem(Kind.NOT_ALLOWED, detail)
        case NotFound() | UnknownService():
            return Problem(Kind.NOT_FOUND, detail)
        case Refused():
            return Problem(Kind.CONFLICT, detail)
        case ConditionFailed():
            return Problem(Kind.CONFLICT, "Somebody else changed it at the same moment.", headers=_retry(1))
        case ActionFailed():
            return Problem(Kind.AWS_FAILED, detail)
        case SwitchedOff():
            return Problem(Kind.SWITCHED_OFF, detail)
        case AwsUnreachable() | ObservationError() | RecordUnavailable():
            return Problem(Kind.UNAVAILABLE, "AWS did not answer, or refused.", headers=_retry(RETRY_SECONDS))
        case ConfigurationError() | PolicyError():
            return Problem(Kind.UNAVAILABLE, "The deployment is not set up completely; its log says what is missing.")
        case _:
            return internal()


def internal() -> Problem:
    return Problem(Kind.INTERNAL, "An error that nobody foresaw; it is in the log under the instance id.")


def of_status(status: int) -> Kind:
    """The most general kind with this status; `INTERNAL` where none has it."""
    return next((kind for kind, about in ABOUT.items() if about.status == status), Kind.INTERNAL)


def _retry(seconds: int | None) -> Mapping[str, str]:
    return {} if seconds is None else {"Retry-After": str(max(1, seconds))}


def _challenge(*, token_sent: bool) -> Mapping[str, str]:
    return {"WWW-Authenticate": 'Bearer realm="ollama-lifecycle"' + (', error="invalid_token"' if token_sent else "")}
