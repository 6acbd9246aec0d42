"""Breaks calls to AWS, inside botocore: whatever answers below (the strict fake, moto, the embedded AWS, AWS itself).

    trouble = Injection(aws.session.events)          # before clients are made of that session
    trouble.always(Fault.TIMEOUT_AFTER, "ecs.UpdateService", times=1)
    trouble.decide = lambda operation: Fault.THROTTLED if coin() else None

A fault before a call keeps it from having its effect; one after a call takes the answer of what happened. botocore
retries below this level, so that a fault stands for what is left after its tries. ``Killed`` is the end of the
process: `Injection.revive` begins another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from botocore.model import OperationModel
from botocore.parsers import ResponseParserError
from support.strict_rows import conditional_check_failed
from support.toy_cloud import Killed

URL = "https://aws.invalid"


class Fault(StrEnum):
    THROTTLED = "throttled"
    SERVER_ERROR = "answered 5xx"
    TIMEOUT_BEFORE = "timed out before it had effect"
    TIMEOUT_AFTER = "timed out after it had effect"
    MALFORMED = "answered with an unreadable body"
    EMPTY = "answered with an empty body"
    PARTIAL = "answered in part"
    CONDITION_LOST = "lost its condition to itself (a retry found what the first try had written)"
    DEATH_BEFORE = "process died before the call"
    DEATH_AFTER = "process died after the call"


AFTER = frozenset(
    {Fault.TIMEOUT_AFTER, Fault.MALFORMED, Fault.EMPTY, Fault.PARTIAL, Fault.CONDITION_LOST, Fault.DEATH_AFTER}
)
THROTTLED_AS: Mapping[str, str] = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "s3": "SlowDown",
    "elbv2": "Throttling",
    "cloudwatch": "Throttling",
}
CONDITIONAL = frozenset({"dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodb.DeleteItem"})
WRITES = CONDITIONAL | {
    "ecs.UpdateService",
    "ecs.CreateService",
    "ecs.DeleteService",
    "ecs.RegisterTaskDefinition",
    "ecs.DeregisterTaskDefinition",
    "application-autoscaling.RegisterScalableTarget",
    "scheduler.CreateSchedule",
    "scheduler.DeleteSchedule",
}

Decide = Callable[[str], Fault | None]
"""What is to go wrong with this call (``service.Operation``), if anything."""


def fits(fault: Fault, operation: str) -> bool:
    """Whether this can happen to such a call at all.

    DynamoDB's answers bear a checksum that botocore checks (x-amz-crc32): a mangled one is asked for again, so none
    arrives empty. Only bulk reads are answered in part.
    """
    match fault:
        case Fault.CONDITION_LOST:
            return operation in CONDITIONAL
        case Fault.PARTIAL:
            return operation in _IN_PART
        case Fault.EMPTY:
            return operation.partition(".")[0] in ("ecs", "application-autoscaling") and operation not in WRITES
        case _:
            return True


@dataclass(slots=True)
class _Standing:
    fault: Fault
    operation: str
    times: int | None


class Injection:
    """``count`` says what was injected. ``before`` and ``after`` are told of each call that is made and that ended
    well, with its parameters: for who interleaves processes and for who watches; ``injected`` of each fault."""

    def __init__(self, events: Any) -> None:
        self.decide: Decide = lambda operation: None
        self.before: Callable[[str, Mapping[str, Any]], None] = lambda operation, params: None
        self.after: Callable[[str, Mapping[str, Any], Mapping[str, Any]], None] = lambda operation, params, body: None
        self.injected: Callable[[Fault], None] = lambda fault: None
        self.count: Counter[Fault] = Counter()
        self.dead = False
        self._standing: list[_Standing] = []
        events.register_first("before-parameter-build", self._remember)
        events.register_first("before-call", self._before)
        events.register_last("after-call", self._after)

    def always(self, fault: Fault, operation: str, times: int | None = None) -> None:
        """From now on, or so many times."""
        self._standing.append(_Standing(fault, operation, times))

    def heal(self) -> None:
        self._standing.clear()
        self.decide = lambda operation: None

    def revive(self) -> None:
        """Another process goes on."""
        self.dead = False

    # --- around one call, however it is made

    def begins(self, operation: str, params: Mapping[str, Any]) -> Fault | None:
        """Raises what keeps the call from being made; else what is to go wrong with its answer."""
        if self.dead:
            raise Killed
        self.before(operation, params)
        fault = self._chosen(operation, params)
        if fault is None:
            return None
        self.count[fault] += 1
        self.injected(fault)
        service, _, name = operation.partition(".")
        match fault:
            case Fault.THROTTLED:
                code = THROTTLED_AS.get(service, "ThrottlingException")
                raise ClientError({"Error": {"Code": code, "Message": "Rate exceeded"}}, name)
            case Fault.SERVER_ERROR:
                raise ClientError({"Error": {"Code": "InternalServerError", "Message": "We failed"}}, name)
            case Fault.TIMEOUT_BEFORE:
                raise ConnectTimeoutError(endpoint_url=URL)
            case Fault.DEATH_BEFORE:
                self.dead = True
                raise Killed
            case _:
                return fault

    def ends(
        self, fault: Fault | None, operation: str, params: Mapping[str, Any], parsed: dict[str, Any], *, ok: bool
    ) -> None:
        """Raises in the place of the answer, or mangles it. ``ok``: AWS did what was asked."""
        if ok:
            self.after(operation, params, parsed)
        match fault:
            case Fault.TIMEOUT_AFTER:
                raise ReadTimeoutError(endpoint_url=URL)
            case Fault.MALFORMED:
                raise ResponseParserError("Unable to parse response: <html><body>502 Bad Gateway</body></html>")
            case Fault.DEATH_AFTER:
                self.dead = True
                raise Killed
            case Fault.EMPTY:
                _keep(parsed, "ResponseMetadata")
            case Fault.PARTIAL:
                _IN_PART[operation](parsed)
            case Fault.CONDITION_LOST if ok:
                body = conditional_check_failed(_standing_after(params, parsed))
                raise ClientError(body, operation.partition(".")[2])

    # --- within botocore

    def _remember(self, params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        context["asked"] = params

    def _before(self, model: OperationModel, context: dict[str, Any], **_: object) -> None:
        context["fault"] = self.begins(_name(model), context["asked"])

    def _after(
        self, http_response: Any, parsed: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: object
    ) -> None:
        ok = http_response.status_code < 300
        self.ends(context.get("fault"), _name(model), context["asked"], parsed, ok=ok)

    def _chosen(self, operation: str, params: Mapping[str, Any]) -> Fault | None:
        for one in self._standing:
            if one.operation in ("", operation) and one.times != 0 and _possible(one.fault, operation, params):
                if one.times is not None:
                    one.times -= 1
                return one.fault
        fault = self.decide(operation)
        return fault if fault is not None and _possible(fault, operation, params) else None


def _name(model: OperationModel) -> str:
    return f"{model.service_model.service_name}.{model.name}"


def _possible(fault: Fault, operation: str, params: Mapping[str, Any]) -> bool:
    return fits(fault, operation) and (fault is not Fault.CONDITION_LOST or "ConditionExpression" in params)


def _standing_after(params: Mapping[str, Any], parsed: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The item as the first try had left it, as far as the call's own answer tells."""
    if "Item" in params:
        return dict(params["Item"])
    return dict(parsed["Attributes"]) if parsed.get("Attributes") else None


def _keep(parsed: dict[str, Any], *names: str) -> None:
    for name in parsed.keys() - set(names):
        del parsed[name]


def _half_of_the_metrics(parsed: dict[str, Any]) -> None:
    for result in parsed.get("MetricDataResults", [])[::2]:
        middle = len(result["Values"]) // 2
        result |= {
            "Timestamps": result["Timestamps"][:middle], "Values": result["Values"][:middle],
            "StatusCode": "InternalError",
        }  # fmt: skip


def _half_of(name: str, key: str) -> Callable[[dict[str, Any]], None]:
    """Every other one is no longer among the answers but among the failures."""

    def halve(parsed: dict[str, Any]) -> None:
        whole = parsed.get(name, [])
        parsed[name] = whole[1::2]
        parsed["failures"] = [
            *parsed.get("failures", []),
            *({"arn": one[key], "reason": "SERVICE_UNAVAILABLE"} for one in whole[::2]),
        ]

    return halve


_IN_PART: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "cloudwatch.GetMetricData": _half_of_the_metrics,
    "ecs.DescribeServices": _half_of("services", "serviceArn"),
    "ecs.DescribeTasks": _half_of("tasks", "taskArn"),
    "ecs.GetTaskProtection": _half_of("protectedTasks", "taskArn"),
}
