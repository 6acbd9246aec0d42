"""A burst of AWS's events on a large fleet, through the deployed function, and whether any of it was lost.

`python load_events.py SERVICES EVENTS` plays it in an interpreter of its own and prints one JSON line.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

import botocore.session  # noqa: E402
from chalicelib.controller.pacing import Pace  # noqa: E402
from chalicelib.local.handlers import logging_to  # noqa: E402
from chalicelib.notify.settings import NoticeSettings, Outbox  # noqa: E402
from chalicelib.runtime import compose  # noqa: E402
from chalicelib.runtime.clients import Clients  # noqa: E402
from chalicelib.runtime.settings import Settings  # noqa: E402
from faults.cloud import WholeAws  # noqa: E402
from load_cast import BURST_AT, CLOSED_AT, OPEN_AT, POLICY, UP_AFTER, Part, Player, Sent, fleet, happen, minute  # noqa: E402
from load_figures import resident, share_of, status  # noqa: E402
from load_losses import losses  # noqa: E402
from load_queue import Deployed, Queue, as_deployed  # noqa: E402
from load_time import VirtualTime, in_lanes, slowness  # noqa: E402
from support.aws_events import deployment_event, task_event  # noqa: E402
from support.strict_ecs import AwsError  # noqa: E402
from support.to_the_minute import SETTINGS as BOOKINGS  # noqa: E402
from sweep_bench import core_session  # noqa: E402

LATENCY_SECONDS = 0.03
"""Of one call to AWS, as in the other benchmarks."""
HANDLER_SECONDS = 75
"""LIFECYCLE_HANDLER_SECONDS of the function, in cfn/app-resources.yaml."""
ECS_TELLS_AFTER = 5.0
"""How long after a change of ours ECS tells of its effect."""
OUR_DOING = "of our own doing"
SEED = 20261121
CHANGES = frozenset(
    {"ecs.UpdateService", "ecs.UpdateContainerInstancesState", "application-autoscaling.RegisterScalableTarget"}
)
BEFORE = 100_000
"""Actions in one run, and seconds for it, for what happens before the burst."""


class MeteredAws(WholeAws):
    """Its own work counts as nobody's. ``writes`` are the changes that it was asked for, in order."""

    clock: VirtualTime

    def __init__(self, clock: VirtualTime, core: botocore.session.Session | None) -> None:
        super().__init__(clock.now(), core=core)
        self.clock = clock
        self.writes: list[tuple[str, Mapping[str, Any]]] = []
        self.hear: Callable[[str, Mapping[str, Any]], None] = lambda operation, params: None
        self.trouble.after = self._note

    def _note(self, operation: str, params: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        if operation in CHANGES:
            self.writes.append((operation, params))
            self.hear(operation, params)

    def _handle(self, service: str, operation: str, params: Mapping[str, Any]) -> Any:
        with self.clock.not_ours():
            if service == "ce":
                raise AwsError("AccessDeniedException", "Cost Explorer is not for this role")
            self.world.now = self.clock.now()
            return super()._handle(service, operation, params)


@dataclass
class Scene:
    """All that takes part; `play` lets it happen."""

    aws: MeteredAws
    clock: VirtualTime
    players: list[Player]
    events: list[Sent]
    rules: Deployed
    queue: Queue
    ready: float
    """Megabytes of this process when the world was there and nothing of ours had run yet."""
    caused: int = 0
    """Events of ECS that our own changes brought about, beside those of the burst."""

    def play(self) -> None:
        """The minute, until the queue is empty."""
        for one in self.events:
            self.queue.send(one.at, one.body, one.kind)
        self.aws.hear = self._ecs_answers
        self.aws.trouble.before = self._call
        self.queue.drain()

    def _call(self, operation: str, params: Mapping[str, Any]) -> None:
        self.clock.wait(LATENCY_SECONDS)
        self.queue.slip_in()

    def _ecs_answers(self, operation: str, params: Mapping[str, Any]) -> None:
        """What ECS tells of what we did: a last task ended, or a deployment on other hosts is complete."""
        if operation != "ecs.UpdateService":
            return
        moved = "capacityProviderStrategy" in params
        arn = self.aws.world.service(params["cluster"], params["service"]).arn
        event = deployment_event(arn) if moved else task_event(params["cluster"], f"service:{params['service']}")
        self.queue.send(self.clock.seconds() + ECS_TELLS_AFTER, json.dumps(event), OUR_DOING)
        self.caused += 1


@contextmanager
def scene(
    services: int, events: int, *, with_cpu: bool = True, core: botocore.session.Session | None = None
) -> Iterator[Scene]:
    """``with_cpu`` False: time is that of calls alone."""
    rules = as_deployed()
    clock = VirtualTime(BURST_AT, slowness(rules.megabytes) if with_cpu else 0.0)
    aws = MeteredAws(clock, core)
    aws.shelf.objects["policies/load.yaml"] = POLICY.encode()
    aws.world.now = CLOSED_AT
    players = fleet(aws.world, services)
    with tempfile.TemporaryFile("w") as log, logging_to(log), in_lanes(clock):
        ready = resident()
        _before(aws, clock, players)
        gc.collect()
        gc.freeze()  # a function of Lambda has no fleet of fakes in its memory to go through again and again
        sent = minute(players, events, SEED)
        queue = Queue(clock, rules, [_process(aws, clock) for _ in range(rules.at_once)])
        try:
            yield Scene(aws, clock, players, sent, rules, queue, ready)
        finally:
            gc.unfreeze()
            compose.install(None)


def _before(aws: MeteredAws, clock: VirtualTime, players: Sequence[Player]) -> None:
    """Sweeps stop what is closed and start it again at its opening; then people and AWS do what events will tell."""
    app = _process(aws, clock, most=BEFORE)
    for at in (CLOSED_AT, CLOSED_AT + timedelta(minutes=5), OPEN_AT):
        clock.idle_at = (at - BURST_AT).total_seconds()
        for one in players:
            match one.part:
                case Part.CAME_UP:
                    one.fake.boot = UP_AFTER
                case Part.CAME_NOT_UP:
                    one.fake.boot = None
        report = app.controller.sweep(clock.now(), full=True)
        assert not report.left
    clock.idle_at = 0.0
    aws.world.now = BURST_AT
    happen(players)
    aws.writes.clear()


def _process(aws: MeteredAws, clock: VirtualTime, most: int | None = None) -> compose.App:
    """``most``: actions in a run, and no pace; None: as deployed."""
    settings = Settings(
        "t", "s3://b/policies", aws.session.region_name, bookings=BOOKINGS, outbox=Outbox.FILL,
        notices=NoticeSettings(channel="#gpu"), handler_seconds=HANDLER_SECONDS,
    )  # fmt: skip
    if most is not None:
        unhurried = replace(settings, max_actions_per_run=most, handler_seconds=most)
        return compose.build(unhurried, Clients(aws.session), clock)
    return compose.build(settings, Clients(aws.session), clock, pace=Pace(clock.seconds, clock.sleep))


def figures(services: int, events: int) -> dict[str, object]:
    """One burst, as numbers: seconds, megabytes, counts, and what was lost."""
    with scene(services, events, core=core_session()) as one:
        sizes: list[float] = []
        one.queue.after_each = lambda: sizes.append(resident())
        one.play()
        lost = losses(one)
        queue = one.queue
        ours = [(message, at) for message, at in queue.handled if message.kind != OUR_DOING]
        ages = [at - message.sent_at for message, at in ours]
        took = [each.took for each in queue.invocations]
        spot = [at - message.sent_at for message, at in ours if message.kind == "Spot"]
        distinct = {each.body for each in one.events}
        return {
            "services": services, "events": len(one.events), "doubled": len(one.events) - len(distinct),
            "caused": one.caused, "lost": lost, "dead letters": len(queue.dead), "invocations": len(took),
            "took p50": share_of(took, 0.5), "took p99": share_of(took, 0.99), "took most": max(took),
            "timeout": one.rules.timeout, "age p50": share_of(ages, 0.5), "age p99": share_of(ages, 0.99),
            "spot most": max(spot), "drained": max(at for _, at in queue.handled),
            "cpu": sum(each.cpu for each in queue.invocations), "calls": one.aws.calls.total(),
            "ready": one.ready, "quarter": sizes[len(sizes) // 4], "end": sizes[-1], "peak": status("VmHWM"),
            "most": one.rules.megabytes, "at once": one.rules.at_once, "batch": one.rules.batch,
            "slower": one.clock.slower,
        }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(figures(int(sys.argv[1]), int(sys.argv[2]))))
