"""Where a service's Ollama answers, and what it says: ``GET /api/ps`` of each of its running tasks, for `OllamaPs`.

Tasks are asked at their own addresses (network mode awsvpc), so this works only from inside their network: it is off
unless ``LIFECYCLE_PROBE_OLLAMA`` says otherwise. Bounded: every task is asked at the same time, each has
`TASK_SECONDS`, and an answer is at most `MOST_BYTES` long. Refuses to guess: one running task that does not answer
makes the whole answer fail, which counts as busy.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.observe.calls import Failed, attempt, chunks, together
from chalicelib.observe.probes import NoAddress
from chalicelib.observe.protection import TASKS_PER_CALL

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_ecs.type_defs import TaskTypeDef

    from chalicelib.decide.facts import ServiceFacts

PORT, PATH = 11434, "/api/ps"
TASK_SECONDS = 3.0
MOST_BYTES = 1_000_000

Get = Callable[[str], bytes]
"""The body of Ollama's answer at one address. Raises OSError when there is none."""


class TaskAnswers:
    """A `Fetch`: two calls to ECS per 100 tasks of the service, and one request to each task that runs."""

    def __init__(self, ecs: ECSClient, get: Get | None = None) -> None:
        self._ecs = ecs
        self._get = get or ask_ollama

    def __call__(self, facts: ServiceFacts) -> Sequence[bytes]:
        """Raises NoAddress when no task runs or none has an address, OSError when one that runs did not answer."""
        found = attempt(partial(self._running, facts))
        if isinstance(found, Failed):
            raise OSError(f"its tasks could not be read: {found.reason}")
        addresses = [address_of(task) for task in found]
        if not addresses:
            raise NoAddress("none of its tasks runs")
        if not any(addresses):
            raise NoAddress("its tasks have no address of their own (their network mode is not awsvpc)")
        answers = together([partial(self._ask, address) for address in addresses])
        if failed := next((answer for answer in answers if isinstance(answer, Failed)), None):
            raise OSError(failed.reason)
        return [answer for answer in answers if isinstance(answer, bytes)]

    def _running(self, facts: ServiceFacts) -> list[TaskTypeDef]:
        """Tasks that still boot hold no request yet, and cannot be asked."""
        pages = self._ecs.get_paginator("list_tasks").paginate(
            cluster=facts.id.cluster, serviceName=facts.id.name, PaginationConfig={"PageSize": TASKS_PER_CALL}
        )
        arns = [arn for page in pages for arn in page["taskArns"]]
        tasks: list[TaskTypeDef] = []
        for chunk in chunks(arns, TASKS_PER_CALL):
            tasks += self._ecs.describe_tasks(cluster=facts.id.cluster, tasks=list(chunk))["tasks"]
        return [task for task in tasks if task.get("lastStatus") == "RUNNING"]

    def _ask(self, address: str | None) -> bytes | Failed:
        if address is None:
            return Failed("NoAddress", "one of its tasks has no address of its own")
        try:
            return self._get(address)
        except OSError as error:
            return Failed(type(error).__name__, f"{address}: {error}")


def ask_ollama(address: str, *, port: int = PORT, seconds: float = TASK_SECONDS) -> bytes:
    """Asks no proxy and follows no redirect. Raises OSError for anything but a whole answer within its time."""
    until = time.monotonic() + seconds
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request("GET", PATH)
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise OSError(f"it answered {response.status}")
        body = b""
        while part := response.read1(65_536):
            body += part
            if len(body) > MOST_BYTES:
                raise OSError(f"its answer is longer than {MOST_BYTES} bytes")
            if time.monotonic() > until:
                raise TimeoutError(f"its answer took longer than {seconds:g} s")
        return body
    except http.client.HTTPException as error:
        raise OSError(f"it does not speak HTTP ({type(error).__name__})") from error
    finally:
        connection.close()


def address_of(task: TaskTypeDef) -> str | None:
    """ECS names the address at the task's network interface, and again at its containers."""
    for attachment in task.get("attachments", []):
        for detail in attachment.get("details", []):
            if detail.get("name") == "privateIPv4Address" and detail.get("value"):
                return detail.get("value")
    for container in task.get("containers", []):
        for interface in container.get("networkInterfaces", []):
            if address := interface.get("privateIpv4Address"):
                return address
    return None
