"""Whether the burst had its effect, all of it, once: told from AWS and from the rows, without asking the rules.

For every service it is known what had to become of it (`load_cast.Part`). What AWS was asked to change, what the table
holds, and what the history tells are each held against that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never

from boto3.dynamodb.types import TypeDeserializer
from chalicelib.decide.facts import ActionKind, ServiceId, ServiceMemory
from chalicelib.record.codec import memory_of
from chalicelib.record.history import Entry, EntryKind
from load_cast import CLOSED_AT, Part, Player

if TYPE_CHECKING:
    from load_events import Scene

A_DAY_LATER = 86_400.0
SPOT_TOLD = "spot-interrupted"


def losses(scene: Scene) -> list[str]:
    """One sentence for each thing that is missing, or there twice; empty when all is as it has to be."""
    found = [*_of_the_queue(scene)]
    told, memories = _history(scene), _memories(scene)
    asked: Mapping[str, Counter[str]] = defaultdict(Counter)
    for operation, params in scene.aws.writes:
        asked[_about(operation, params)][operation] += 1
    for one in scene.players:
        about = f"{one.fake.cluster}/{one.fake.name}"
        mine = _Seen(one, memories.get(about, ServiceMemory()), told.get(about, ()), asked.get(about, Counter()))
        found += [f"{about} ({one.part.value}): {wrong}" for wrong in mine.wrong()]
    draining = {one.host for one in scene.players if one.host}
    found += [f"host {host}: not drained" for host in sorted(draining - scene.aws.world.draining)]
    found += [f"host {host}: drained for nothing" for host in sorted(scene.aws.world.draining - draining)]
    return found


class _Seen:
    """One service, and all that there is of it after the burst."""

    def __init__(self, one: Player, memory: ServiceMemory, told: Sequence[Entry], asked: Counter[str]) -> None:
        self._one = one
        self._memory = memory
        self._told = told
        self._asked = asked

    def wrong(self) -> Iterator[str]:
        one, memory = self._one, self._memory
        if memory.pending and one.part is not Part.CAME_NOT_UP:
            yield f"its {memory.pending.kind.value} is still pending"
        match one.part:
            case Part.IDLE | Part.IDLE_BEHIND:
                yield from self._stopped()
            case Part.TURNED_OFF | Part.TURNED_ON:
                yield from self._turned()
            case Part.CAME_UP | Part.CAME_NOT_UP:
                yield from self._started()
            case Part.HOST_TAKEN | Part.TASK_TAKEN:
                yield from self._struck()
            case Part.BUSY | Part.STEADY:
                yield from self._is("desired count", one.fake.desired, one.size)
                yield from self._is("lines in the history", len(self._told), 0)
                yield from self._is("changes at AWS", self._asked.total(), 0)
            case other:
                assert_never(other)

    def _stopped(self) -> Iterator[str]:
        one, saved = self._one, self._memory.saved_size
        yield from self._is("desired count", one.fake.desired, 0)
        yield from self._is("UpdateService", self._asked["ecs.UpdateService"], 1)
        yield from self._is("autoscaling changes", self._asked["application-autoscaling.RegisterScalableTarget"], 1)
        yield from self._is("saved size", saved.desired_count if saved else None, one.size)
        yield from self._is("stops in the history", len(self._ids(ActionKind.STOP)), 1)
        yield from self._is("lines of its end", self._count(ActionKind.STOP, "done"), 1)

    def _turned(self) -> Iterator[str]:
        on = self._one.part is Part.TURNED_ON
        kind = ActionKind.START if on else ActionKind.STOP
        noted = self._memory.hand_started_at if on else self._memory.hand_stopped_at
        lines = sum(entry.kind is EntryKind.HAND and entry.action is kind for entry in self._told)
        yield from self._is("desired count", self._one.fake.desired, int(on))
        yield from self._is("noted as a hand", noted is not None, True)
        yield from self._is("lines of a hand", lines, 1)
        yield from self._is("changes at AWS", self._asked.total(), 0)

    def _started(self) -> Iterator[str]:
        """One that did not come up is tried again when its wait is over, if the burst lasts so long."""
        up = self._one.part is Part.CAME_UP
        again = 0 if up else self._asked["ecs.UpdateService"]
        yield from self._is("starts in the history", len(self._ids(ActionKind.START)), 1 + again)
        yield from self._is("lines that it came up", self._count(ActionKind.START, "done"), int(up))
        yield from self._is("lines that it did not", self._count(ActionKind.START, "failed") > 0, not up)
        yield from self._is("size that waits to be given back", self._memory.saved_size is not None, not up)
        yield from self._is("changes at AWS", self._asked.total() - again, 0)

    def _struck(self) -> Iterator[str]:
        lines = sum(entry.outcome == SPOT_TOLD for entry in self._told)
        yield from self._is("setbacks remembered", len(self._memory.spot.setbacks), 1)
        yield from self._is("lines of the interruption", lines, 1)
        yield from self._is("UpdateService", self._asked["ecs.UpdateService"], 1)
        yield from self._is("placed on", [item["capacityProvider"] for item in self._one.fake.strategy], [self._away()])
        yield from self._is("moves in the history", len(self._ids(ActionKind.MOVE)), 1)
        yield from self._is("lines of its end", self._count(ActionKind.MOVE, "done"), 1)

    def _away(self) -> str:
        return "gpu-od" if self._one.part is Part.HOST_TAKEN else "FARGATE"

    def _ids(self, kind: ActionKind) -> set[str]:
        return {entry.action_id for entry in self._told if entry.action is kind and entry.outcome in ("begun", "done")}

    def _count(self, kind: ActionKind, outcome: str) -> int:
        return sum(entry.action is kind and entry.outcome == outcome for entry in self._told)

    def _is(self, what: str, found: object, right: object) -> Iterator[str]:
        if found != right:
            yield f"{what}: {found}, not {right}"


def _of_the_queue(scene: Scene) -> Iterator[str]:
    queue = scene.queue
    if queue.waiting:
        yield f"{len(queue.waiting)} messages still wait"
    for message in queue.dead:
        if message.kind != "alarm of a stranger":
            yield f"a message ended in the dead letters: {message.body[:200]}"
    done = Counter(message.number for message, _ in queue.handled) + Counter(one.number for one in queue.dead)
    if sent := len(scene.events) + scene.caused - len(done):
        yield f"{sent} messages were neither done nor given up"
    yield from (f"message {number} was done {times} times" for number, times in done.items() if times > 1)


def _memories(scene: Scene) -> Mapping[str, ServiceMemory]:
    unpack = TypeDeserializer()
    return {
        item["sk"]["S"]: memory_of({name: unpack.deserialize(value) for name, value in item.items()})
        for item in scene.aws.rows.partition("STATE")
    }


def _history(scene: Scene) -> Mapping[str, Sequence[Entry]]:
    """Lines by service; those of services of which nothing was told before the burst begin with it."""
    by_service: dict[str, list[Entry]] = defaultdict(list)
    for entry in scene.queue.apps[0].history.since(CLOSED_AT, scene.clock.now()):
        if entry.service:
            by_service[str(entry.service)].append(entry)
    return by_service


def _about(operation: str, params: Mapping[str, Any]) -> str:
    match operation:
        case "ecs.UpdateService":
            return str(ServiceId(params["cluster"], params["service"]))
        case "application-autoscaling.RegisterScalableTarget":
            return str(params["ResourceId"]).removeprefix("service/")
        case _:
            return ""
