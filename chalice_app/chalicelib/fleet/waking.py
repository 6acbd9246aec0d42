"""Answers requests to an instance that does not run, and starts it, once, if its policy and the caller allow it.

The load balancer sends them here while the model sleeps or boots. The token is verified here as well, whatever the
listener checks. Whoever may not start it hears so; a start goes the way of every person's word (`Wishes.wake`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, assert_never

from chalicelib.errors import ActionFailed, NotAuthenticated, NotFound, ObservationError, Refused, TooMany
from chalicelib.fleet.answers import Answer, Request
from chalicelib.fleet.model import SERVICE_PREFIX, Instance, InstanceState
from chalicelib.fleet.start_times import SHORTEST_RETRY_SECONDS, wait_for

if TYPE_CHECKING:
    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.keeping import Keeper
    from chalicelib.fleet.people import Caller
    from chalicelib.fleet.waits import Waits
    from chalicelib.fleet.wishes import Wishes
    from chalicelib.runtime.clock import Clock

BUSY_RETRY_SECONDS = 30
LIMIT_RETRY_SECONDS = 120
"""After a limit that time alone does not lift: clients repeat a 429 by themselves, so they are told to be slow."""
LONGEST_LABEL = 63
"""Of a host name's parts."""

Verify = Callable[[str], "Caller"]
"""A token -> who it is. Raises NotAuthenticated or Forbidden."""


@dataclass(frozen=True, slots=True)
class WakerParts:
    instances: Instances
    wishes: Wishes
    keeper: Keeper
    waits: Waits
    verify: Verify
    clock: Clock


class Waker:
    def __init__(self, parts: WakerParts) -> None:
        self._parts = parts

    def answer(self, request: Request) -> Answer:
        """Never raises for anything a client can send."""
        if request.is_health_check:
            return Answer(HTTPStatus.OK, "ok", "awake")
        try:
            caller = self._parts.verify(request.token)
            instance = self._instance_of(request.host)
        except NotAuthenticated as refused:
            return Answer(HTTPStatus.UNAUTHORIZED, "invalid_token", str(refused))
        except Refused as refused:
            return Answer(HTTPStatus.FORBIDDEN, "no_role", str(refused))
        except ObservationError:
            said = "Tokens cannot be checked just now; try again."
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "token_unchecked", said, BUSY_RETRY_SECONDS)
        except NotFound:
            return Answer(HTTPStatus.NOT_FOUND, "no_such_instance", f"There is no instance at {request.host}.")
        return self._of_instance(instance, caller)

    def _instance_of(self, host: str) -> Instance:
        """Raises NotFound, also for a host name that only looks like one of ours."""
        label = host.partition(".")[0]
        instance_id = label.removeprefix(SERVICE_PREFIX)
        if instance_id in ("", label) or len(instance_id) > LONGEST_LABEL:
            raise NotFound(f"There is no instance at {host}.")
        instance = self._parts.instances.get(instance_id)
        if instance.host_name != host or instance.state in (InstanceState.REMOVING, InstanceState.REMOVED):
            raise NotFound(f"There is no instance at {host}.")
        return instance

    def _of_instance(self, instance: Instance, caller: Caller) -> Answer:
        match instance.state:
            case InstanceState.RUNNING:
                said = f"{instance.id} is ready; its route is being switched."
                return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "model_starting", said, SHORTEST_RETRY_SECONDS)
            case InstanceState.STARTING:
                self._parts.waits.count(instance.id)
                return self._starting(instance)
            case InstanceState.FAILED:
                said = f"{instance.id} failed: {instance.state_reason}; a person has to start it again."
                return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "model_failed", said)
            case InstanceState.STOPPING | InstanceState.STOPPED:
                return self._asleep(instance, caller)
            case InstanceState.REMOVING | InstanceState.REMOVED:
                return Answer(HTTPStatus.NOT_FOUND, "no_such_instance", f"There is no instance {instance.id}.")
            case other:
                assert_never(other)

    def _asleep(self, instance: Instance, caller: Caller) -> Answer:
        if not caller.may_change(instance.owner_sub):
            said = f"{instance.id} is stopped, and only its owner or an Admin may start it."
            return Answer(HTTPStatus.FORBIDDEN, "model_stopped", said)
        turn = self._parts.waits.take_turn(instance.id, self._parts.clock.now())
        if turn.refusal:
            return _refusal(turn.refusal, turn.retry_after_seconds)
        return self._wake(instance, caller) if turn.ours else self._starting(instance)

    def _wake(self, instance: Instance, caller: Caller) -> Answer:
        waits, clock = self._parts.waits, self._parts.clock
        try:
            heard = self._parts.wishes.wake(instance.service, caller)
            after = self._parts.keeper.look(instance.id, clock.now())
        except TooMany as limited:
            return self._refused(instance, str(limited), limited.retry_after_seconds or LIMIT_RETRY_SECONDS)
        except (Refused, NotFound) as refused:
            return self._refused(instance, str(refused))
        except (ActionFailed, ObservationError) as failed:
            waits.give_back(instance.id)
            said = f"{instance.id} is stopped and could not be started just now: {failed}"
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "model_stopped", said, BUSY_RETRY_SECONDS)
        if after.state in (InstanceState.STARTING, InstanceState.RUNNING):
            return self._starting(after)
        return self._refused(instance, f"{instance.id} is stopped and was not started: {heard.reason}")

    def _refused(self, instance: Instance, why: str, retry_after_seconds: int | None = None) -> Answer:
        now = self._parts.clock.now()
        self._parts.waits.refused(instance.id, why, now, retry_after_seconds=retry_after_seconds)
        return _refusal(why, retry_after_seconds)

    def _starting(self, instance: Instance) -> Answer:
        now = self._parts.clock.now()
        left, said = wait_for(instance, now)
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "model_starting", said, left)


def _refusal(why: str, retry_after_seconds: int | None) -> Answer:
    if retry_after_seconds is not None:
        return Answer(HTTPStatus.TOO_MANY_REQUESTS, "rate_limit_exceeded", why, retry_after_seconds)
    return Answer(HTTPStatus.FORBIDDEN, "model_stopped", why)
