"""IAM in front of the embedded AWS: a call that the policies do not allow is refused before it reaches moto.

clients, guard = guarded(aws, statements, world)
clients.ecs.update_service(...)          # AccessDeniedException, unless the statements allow it
assert guard.denied == []
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.model import OperationModel
from chalicelib.local.aws import EmbeddedAws
from chalicelib.runtime.clients import Clients
from support.iam_asks import World, asks
from support.iam_verdict import Ask, Statement, is_allowed


@dataclass(frozen=True, slots=True)
class _Http:
    status_code: int


@dataclass
class Guard:
    """``asked`` and ``denied`` in the order of the calls, over all threads."""

    statements: Sequence[Statement]
    world: World
    asked: list[Ask] = field(default_factory=list)
    denied: list[Ask] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    """Operations of which nobody knows what they ask for; they are refused too."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def used(self) -> frozenset[str]:
        return frozenset(one.action for one in self.asked)

    def remember(self, params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        context["asked_with"] = params

    def judge(
        self, model: OperationModel, context: Mapping[str, Any], **_: object
    ) -> tuple[_Http, dict[str, Any]] | None:
        if model.auth_type == "none" or model.auth == ["smithy.api#noAuth"]:
            return None  # logging in, for one: whoever calls it needs no role
        service = model.service_model.service_name
        try:
            wanted = asks(self.world, service, model.name, context["asked_with"])
        except AssertionError as error:
            with self._lock:
                self.mistakes.append(str(error))
            return _refusal(f"{service}:{model.name}")
        refused = [one for one in wanted if not is_allowed(self.statements, one)]
        with self._lock:
            self.asked += wanted
            self.denied += refused
        return _refusal(str(refused[0])) if refused else None


def guarded(aws: EmbeddedAws, statements: Sequence[Statement], world: World) -> tuple[Clients, Guard]:
    """Clients that may do what ``statements`` allow, and what stands before them."""
    guard, clients = Guard(statements, world), aws.clients()
    clients.ask_ollama = None  # as it is where the stack is not told to: no call of AWS's depends on it
    events = clients.session.events
    events.register("before-parameter-build", guard.remember)
    events.register_first("before-call", guard.judge)
    return clients, guard


def _refusal(what: str) -> tuple[_Http, dict[str, Any]]:
    error = {"Code": "AccessDeniedException", "Message": f"User is not authorized to perform: {what}"}
    metadata = {"HTTPStatusCode": 400, "RequestId": "iam", "RetryAttempts": 0}
    return _Http(400), {"Error": error, "ResponseMetadata": metadata}
