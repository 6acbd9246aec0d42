"""Is an instance ready: does a task run, is it healthy, does the load balancer say so, does the model answer?

The container's own health check (`ollama show`) proves that the weights are there, the load balancer's that requests
reach it; where we can reach its tasks ourselves the model is asked too. Refuses to guess: what cannot be read makes
nothing ready, and nothing late.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.fleet.model import CONTAINER, PORT

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client

    from chalicelib.fleet.model import Instance

Ask = Callable[[str, str], bool]
"""Whether Ollama at an address knows a model. Raises OSError when it does not answer."""

ASK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Ready:
    """``task_since``: when its task began to run."""

    task_since: datetime | None


@dataclass(frozen=True, slots=True)
class NotReady:
    """What is missing, in words that can stand after "not ready: "."""

    because: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nobody can tell; ``because`` is a sentence without its full stop."""

    because: str


class Readiness:
    """``ask`` None: no way to the tasks' network, so their health checks have to do. Four calls at the most."""

    def __init__(self, ecs: ECSClient, elb: ElasticLoadBalancingv2Client, ask: Ask | None = None) -> None:
        self._ecs = ecs
        self._elb = elb
        self._ask = ask

    def of(self, instance: Instance) -> Ready | NotReady | Unreadable:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            task = self._task(instance)
            if isinstance(task, NotReady | Unreadable):
                return task
            if lacking := self._target(instance):
                return lacking
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            return Unreadable(f"its state could not be read: {error}")
        except LookupError as error:
            return Unreadable(f"its state could not be read: AWS answered without {error}")
        if self._ask is not None and (lacking := self._answer(task, instance)):
            return lacking
        started = task.get("startedAt")
        return Ready(started.astimezone(UTC) if started else None)

    def _task(self, instance: Instance) -> Any | NotReady | Unreadable:
        """Its newest task that runs and is healthy."""
        from chalicelib.observe.calls import MISSING

        service = instance.service
        arns = self._ecs.list_tasks(cluster=service.cluster, serviceName=service.name)["taskArns"]
        if not arns:
            return NotReady("ECS has not placed its task yet")
        answer = self._ecs.describe_tasks(cluster=service.cluster, tasks=arns[:100])
        if untold := [one.get("reason", "") for one in answer.get("failures", []) if one.get("reason") != MISSING]:
            return Unreadable(f"its tasks could not be read: ECS answered {untold[0]}")
        tasks = answer["tasks"]
        running = [task for task in tasks if task.get("lastStatus") == "RUNNING"]
        if not running:
            return NotReady(
                f"its task is {str(tasks[0].get('lastStatus', 'gone')).lower()}" if tasks else "no task runs"
            )
        healthy = [task for task in running if task.get("healthStatus") == "HEALTHY"]
        if not healthy:
            return NotReady(f"the container {CONTAINER} is not healthy yet: the weights of {instance.ollama_name} load")
        return max(healthy, key=lambda task: task.get("startedAt", datetime.min.replace(tzinfo=UTC)))

    def _target(self, instance: Instance) -> NotReady | None:
        found = self._elb.describe_target_health(TargetGroupArn=instance.resources.target_group_arn)
        states = [one.get("TargetHealth", {}).get("State", "") for one in found.get("TargetHealthDescriptions", [])]
        if "healthy" in states:
            return None
        return NotReady(f"the load balancer finds its target {states[0]}" if states else "it is no target yet")

    def _answer(self, task: Any, instance: Instance) -> NotReady | None:
        from chalicelib.observe.ollama import address_of

        address = address_of(task)
        if address is None:
            return NotReady("its task has no address of its own")
        try:
            known = self._ask is None or self._ask(address, instance.ollama_name)
        except OSError as error:
            return NotReady(f"Ollama does not answer: {error}")
        return None if known else NotReady(f"Ollama does not know {instance.ollama_name} yet")


def ask_for_model(address: str, model: str, *, port: int = PORT, seconds: float = ASK_SECONDS) -> bool:
    """``POST /api/show``. Asks no proxy, follows no redirect. Raises OSError when there is no answer in time."""
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request("POST", "/api/show", json.dumps({"model": model}), {"Content-Type": "application/json"})
        return connection.getresponse().status == http.client.OK
    except http.client.HTTPException as error:
        raise OSError(f"it does not speak HTTP ({type(error).__name__})") from error
    finally:
        connection.close()
