"""Every exception this project raises on purpose, in one tree.

    LifecycleError
    ├── PolicyError              a policy cannot be used; carries the problems found
    ├── ConfigurationError       a setting or an environment variable is missing or wrong
    │   └── SwitchedOff          a part that this deployment was not given: sign-in, launching
    ├── ObservationError         the world could not be read
    │   └── AwsUnreachable       no answer from AWS, or no credentials
    ├── UnknownService           a name that matches no service we can see
    ├── MalformedEvent           an event that cannot be read, or that nothing here handles
    ├── PlanFileError            a plan file cannot be used
    ├── TraceError               a trace of requests cannot be read; says where
    ├── ImportRefused            another tool's schedule cannot be read; says file, field and value
    ├── ReportError              a report cannot be made: of this week, of this bill, of these settings
    │   └── SourceFailed         one source of it could not be read; the report is made without
    ├── RecordUnavailable        our own record (DynamoDB) could not be read or written
    │   └── NoRecord             there is no such table: nothing is deployed here
    ├── ConditionFailed          a named conditional write lost; carries the condition's name
    ├── ActionFailed             AWS refused an action, or did not answer it
    ├── NotDelivered             a message that did not reach people (Slack, mail, a webhook)
    ├── RequestError             an HTTP request that nobody can take as it is
    │   ├── UnreadableRequest    too large, of another type, or no JSON
    │   └── InvalidRequest       readable, with fields that are wrong; carries all of them
    ├── NotFound                 what a person named does not exist, or is not theirs to see
    ├── NotAuthenticated         no token, or one that does not hold
    │   └── LoginRefused         wrong address or password, or too many tries
    └── Refused                  an action that a guard forbids
        ├── Forbidden            the caller's role does not allow it, or it belongs to somebody else
        ├── NotAllowed           the policy in force, a limit or the deployment's settings do not allow it
        │   └── TooMany          a limit of a person: running instances, price per hour, starts per minute
        ├── Unfit                what was asked for cannot be made of what the catalog and the hosts have
        ├── Conflict             it contradicts what is there: another request, another state, several that match
        ├── NotManageable        DAEMON, CODE_DEPLOY and EXTERNAL services
        ├── Locked               somebody else is acting on the service, or our own lock has run out
        ├── WorldChanged         the service is no longer what the plan was made for
        └── NoLongerWanted       looking again just before acting changed the decision

Every message is one sentence a person can act on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.decide.decision import Decision
    from chalicelib.decide.facts import ServiceFacts
    from chalicelib.policy.problems import Problem


class LifecycleError(Exception):
    """Root of the tree."""


class PolicyError(LifecycleError):
    """A policy cannot be used. ``problems`` holds every problem of every file, in reading order."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class ConfigurationError(LifecycleError):
    """A setting is missing or wrong."""


class SwitchedOff(ConfigurationError):
    """This deployment was not given what the part asked for needs."""


class ObservationError(LifecycleError):
    """The world could not be read."""


class AwsUnreachable(ObservationError):
    """AWS did not answer, or no credentials were found."""


class UnknownService(LifecycleError):
    """A name that matches no service."""


class MalformedEvent(LifecycleError):
    """An event that cannot be read, or that nothing here handles."""


class PlanFileError(LifecycleError):
    """A plan file cannot be used."""


class TraceError(LifecycleError):
    """A trace of requests cannot be read; the message begins with ``file:line`` where there is one."""


class ReportError(LifecycleError):
    """A report cannot be made of what was given."""


class SourceFailed(ReportError):
    """A bill, an export or an AWS service could not be read; its sections say so and the rest is made without."""


class ImportRefused(LifecycleError):
    """Another tool's schedule cannot be read; the message begins with the file and names field, value and fix."""


class RecordUnavailable(LifecycleError):
    """Our own record could not be read or written."""


class NoRecord(RecordUnavailable):
    """There is no table of this name: nothing is deployed in this account and region."""


class ConditionFailed(LifecycleError):
    """A conditional write lost. ``condition`` is its name in ``record.conditions``; ``standing`` what stood there."""

    def __init__(self, condition: str, message: str, standing: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.condition = condition
        self.standing: Mapping[str, Any] = standing or {}


class ActionFailed(LifecycleError):
    """AWS refused an action or did not answer. ``uncertain``: no answer came, so it may have happened all the same."""

    def __init__(self, message: str, *, uncertain: bool = False) -> None:
        super().__init__(message)
        self.uncertain = uncertain


class NotDelivered(LifecycleError):
    """A message did not reach people.

    ``retry_after_seconds``: how long whoever takes it asked us to wait, None where it said nothing. ``final``: the same
    message will never be taken. ``mendable``: this one receiver is set up wrongly, which somebody may put right.
    ``uncertain``: no answer came, so it may have arrived all the same. ``code`` is the other side's own word for why,
    empty where it said none.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        final: bool = False,
        mendable: bool = False,
        uncertain: bool = False,
        code: str = "",
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.final = final
        self.mendable = mendable
        self.uncertain = uncertain
        self.code = code


class RequestError(LifecycleError):
    """An HTTP request that nobody can take as it is."""


class UnreadableRequest(RequestError):
    """``status`` is HTTP's own for it: 400, 413 or 415."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field of a request: where it stands (``body.time_to_live_minutes``), why in words, why as a code."""

    field: str
    message: str
    code: str


class InvalidRequest(RequestError):
    """Fields of a request are wrong; ``faults`` names all of them."""

    def __init__(self, message: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(message)
        self.faults = faults


class NotFound(LifecycleError):
    """What a person named does not exist, or is not theirs to see; the two are told alike."""


class NotAuthenticated(LifecycleError):
    """No token, or one that does not hold. ``reason`` says which check failed: for our log, never for the caller."""

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class LoginRefused(NotAuthenticated):
    """Wrong address or password, or too many tries; the sentence is the same for all of them."""


class Refused(LifecycleError):
    """A guard forbids this action."""


class Forbidden(Refused):
    """The caller's role does not allow it, or it belongs to somebody else."""


class NotAllowed(Refused):
    """The policy in force, a limit or the deployment's settings do not allow it."""


class TooMany(NotAllowed):
    """A limit of a person is reached. ``retry_after_seconds`` where waiting helps."""

    def __init__(self, message: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unfit(Refused):
    """What was asked for cannot be made. ``field`` is the request's field that is wrong."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Conflict(Refused):
    """It contradicts what is there."""


class NotManageable(Refused):
    """This kind of service cannot be stopped and started by desired count."""


class Locked(Refused):
    """Somebody else is acting on the service, or may be, because our own lock has run out.

    ``holder`` is the word of the lock (``start:ID``) and ``until`` its end, where somebody else's lock was met.
    """

    def __init__(self, message: str, *, holder: str = "", until: datetime | None = None) -> None:
        super().__init__(message)
        self.holder = holder
        self.until = until


class WorldChanged(Refused):
    """The service is no longer what the plan was made for."""


class NoLongerWanted(Refused):
    """Looking again just before acting changed the decision; carries the new one, and the service as it is now."""

    def __init__(self, decision: Decision, facts: ServiceFacts | None = None) -> None:
        super().__init__(decision.reason)
        self.decision = decision
        self.facts = facts
