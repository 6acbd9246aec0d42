"""A strict fake of the AWS services we read in bulk: it refuses what AWS refuses and counts every call.

It stands inside botocore (event ``before-call``), so parameters are validated and pages, errors and exceptions
are botocore's own. moto answers all of these calls too, but lets pass what AWS does not: eleven services in one
DescribeServices, 501 metrics in one GetMetricData, all services in one page.

    aws = StrictAws(at)                                     # ecs, application-autoscaling, elbv2, cloudwatch
    chat = aws.world.add_service("gpu-dev", "chat", tags={"environment": "dev"}, scaling=(1, 4))
    chat.sends("requests", 3.0).sends("gpu", lambda at: 80.0 if at.hour < 18 else 0.0)
    inventory = Inventory(aws.client("ecs"), aws.client("application-autoscaling"), aws.client("elbv2"))
    aws.fail("ecs.DescribeServices", "ThrottlingException", times=1)
    assert aws.calls["ecs.DescribeServices"] == 1

``with StrictAws(at, moto=True) as aws:`` lets moto answer for everything else (DynamoDB, S3, …); those calls are
counted and delayed as well. Give ``aws.session`` to `runtime.clients.Clients`.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.loaders import Loader
from botocore.model import OperationModel
from support import strict_ecs, strict_metrics, strict_scaling, strict_scheduler, strict_statistics
from support.strict_world import REGION, World

Params = Mapping[str, Any]
Operation = Callable[[World, Params], dict[str, Any]]

OPERATIONS: dict[str, Operation] = {
    **strict_ecs.OPERATIONS,
    **strict_scaling.OPERATIONS,
    **strict_scheduler.OPERATIONS,
    **strict_metrics.OPERATIONS,
    **strict_statistics.OPERATIONS,
}
STRICT_SERVICES = frozenset(name.partition(".")[0] for name in OPERATIONS)

_LOADER = Loader()
"""Shared by all sessions: reading the service models is most of the price of a client."""


@dataclass(slots=True)
class _Fault:
    operation: str
    error: strict_ecs.AwsError | Exception
    times: int | None
    when: Callable[[Params], bool]


@dataclass(frozen=True, slots=True)
class _Http:
    status_code: int


class StrictAws:
    """``calls`` counts by ``service.Operation``; ``latency_seconds`` is slept in every call, in its own thread.

    ``parse``: answers are written as JSON and read back by botocore's parser, so that a measurement pays for it
    (a large GetMetricData answer takes longer to parse than to decide on). ``core``: a botocore session made elsewhere.
    """

    def __init__(
        self,
        now: datetime,
        *,
        latency_seconds: float = 0.0,
        moto: bool = False,
        parse: bool = False,
        core: botocore.session.Session | None = None,
    ) -> None:
        self.world = World(now)
        self.latency_seconds = latency_seconds
        self.calls: Counter[str] = Counter()
        self.own_seconds = 0.0
        """Time spent inside the fake, sleeping apart: what a measurement owes to the fake itself."""
        self._moto = moto
        self._parse = parse
        self._core = core
        self._faults: list[_Fault] = []
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self._stack = ExitStack()
        if not moto:
            self.session = self._make_session()

    def __enter__(self) -> Self:
        if self._moto:
            from chalicelib.local.quick_moto import quicken
            from moto import mock_aws

            quicken()
            self._stack.enter_context(mock_aws())
            self.session = self._make_session()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.session.client(service)
        return self._clients[service]

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """``with aws.counting() as calls:`` holds, afterwards, the calls made inside."""
        before, inside = self.calls.copy(), Counter[str]()
        yield inside
        inside.update(self.calls - before)

    def fail(
        self,
        operation: str,
        error: str | Exception,
        message: str = "Rate exceeded",
        *,
        times: int | None = None,
        when: Callable[[Params], bool] = lambda _: True,
    ) -> None:
        """``operation`` (``ecs.DescribeServices``) fails ``times`` (None: always) for the parameters ``when`` picks.

        As botocore retries below this level, a fault stands for what is left after its retries.
        """
        raised = strict_ecs.AwsError(error, message) if isinstance(error, str) else error
        self._faults.append(_Fault(operation, raised, times, when))

    def unplug(self, operation: str = "") -> None:
        """No answer from AWS: for one operation, or for all of them."""
        self.fail(operation, EndpointConnectionError(endpoint_url=f"https://aws.{REGION}.example"))

    def heal(self) -> None:
        self._faults.clear()

    def _make_session(self) -> boto3.Session:
        core = self._core or botocore.session.Session()
        core.register_component("data_loader", _LOADER)
        core.set_default_client_config(Config(user_agent="tests"))  # botocore's own takes a while to make
        core.get_component("event_emitter").register("before-parameter-build", self._remember)
        core.get_component("event_emitter").register("before-call", self._answer)
        self._parsers = core.get_component("response_parser_factory")
        return boto3.Session(
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            region_name=REGION,
            botocore_session=core,
        )

    def _remember(self, params: Params, context: dict[str, Any], **_: object) -> None:
        context["strict_params"] = params

    def _answer(
        self, model: OperationModel, context: dict[str, Any], **_: object
    ) -> tuple[_Http, dict[str, Any]] | None:
        service = model.service_model.service_name
        operation = f"{service}.{model.name}"
        if self.latency_seconds:
            time.sleep(self.latency_seconds)
        with self._lock:
            started = time.perf_counter()
            try:
                self.calls[operation] += 1
                answer = self._handle(service, operation, context["strict_params"])
                if answer is None or not self._parse or model.service_model.resolved_protocol != "json":
                    return answer
                body = json.dumps(answer[1], default=_epoch).encode()
            except strict_ecs.AwsError as error:
                return _Http(400), {
                    "Error": {"Code": error.code, "Message": error.message},
                    "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "strict", "RetryAttempts": 0},
                }
            finally:
                self.own_seconds += time.perf_counter() - started
        raw = {"status_code": 200, "headers": {}, "body": body}
        return answer[0], self._parsers.create_parser("json").parse(raw, model.output_shape)

    def _handle(self, service: str, operation: str, params: Params) -> tuple[_Http, dict[str, Any]] | None:
        for fault in self._faults:
            if fault.operation in ("", operation) and fault.times != 0 and fault.when(params):
                if fault.times is not None:
                    fault.times -= 1
                raise fault.error
        if service not in STRICT_SERVICES:
            if not self._moto:
                raise AssertionError(f"nobody answers for {operation} here: use StrictAws(…, moto=True)")
            return None
        if operation not in OPERATIONS:
            raise AssertionError(f"the strict fake does not know {operation}: add it to tests/support")
        answer = OPERATIONS[operation](self.world, params)
        return _Http(200), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": "strict"}}


def _epoch(value: object) -> float:
    """JSON services send moments as seconds since 1970."""
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{value!r} cannot be sent")
