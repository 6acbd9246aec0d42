"""How long after an edge of the clock UpdateService is issued, with a Scheduler that is 60 s precise and seldom sweeps.

The whole application runs against the strict fake AWS, on a clock that is stepped: nothing here depends on how busy the
machine is. What takes time: an entry fires within its minute (uniformly, seeded), our function begins `COLD_START`
later, each call to AWS takes `LATENCY`, and actions wait for a token as they do when deployed. Actions go on eight at a
time there; here they are made one after the other, each of their calls counting an eighth.

Hours open at 02:30, which Europe/Berlin skips on one Sunday of the year and tells twice on another: 100 services close
on the Saturday, open on the Sunday of the change and close on it, for both changes. Then 1,000 services share one
closing, with three prices: who saves most has to go first.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from chalicelib.controller.acting import WORKERS  # noqa: E402
from chalicelib.controller.pacing import BURST, PER_SECOND, Pace  # noqa: E402
from chalicelib.prices import INSTANCE_TYPE_TAG  # noqa: E402
from goals import Goal, Result  # noqa: E402
from support.stage import Stage, staged  # noqa: E402
from support.to_the_minute import SETTINGS, Firing  # noqa: E402

LATENCY = timedelta(milliseconds=30)
COLD_START = timedelta(seconds=3)
"""From the Scheduler's call to our first line: what `import_bench` measures of a first call, and Lambda's own part."""

SWEEP_EVERY = timedelta(minutes=15)
MOST_SECONDS = 90.0
HANDLER_SECONDS = 235.0
"""What the function has for a run, launched models to tend included."""
SEED = 20261121

SERVICES, MANY = 100, 1_000
MOST_ACTIONS = 1_200
"""What the deployed function may do in one run: see ``cfn/app-resources.yaml``."""

POLICY = """\
lifecycle: v1
policies:
  everything:
    match: {everything: true}
    hours: {timezone: Europe/Berlin, open: ["daily 02:30-14:00"]}
    limits: {stops-per-hour: 10000}
    mode: enforce
"""


@dataclass(frozen=True)
class Weekend:
    """``edges``: UTC instants written by hand, as a wall clock in Berlin shows them; ``begins`` shortly before."""

    what: str
    begins: str
    edges: tuple[str, ...]


WEEKENDS = (
    Weekend(
        "clocks go forward, 2027-03-28",
        "2027-03-27T12:20+00:00",
        ("2027-03-27T13:00+00:00", "2027-03-28T01:00+00:00", "2027-03-28T12:00+00:00"),
    ),
    Weekend(
        "clocks go back, 2026-10-25",
        "2026-10-24T11:20+00:00",
        ("2026-10-24T12:00+00:00", "2026-10-25T00:30+00:00", "2026-10-25T13:00+00:00"),
    ),
)


@dataclass
class Virtual:
    """Time that passes on the stage: with each call, and while waiting for a token."""

    stage: Stage | None = None
    acting: bool = False
    issued: list[tuple[datetime, str]] = field(default_factory=list)
    elapsed: float = 0.0

    def stopwatch(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self._pass(timedelta(seconds=seconds))

    def called(self, operation: str) -> None:
        self._pass(LATENCY / WORKERS if self.acting else LATENCY)

    def updates(self, params: Mapping[str, Any], **_: object) -> None:
        if self.stage:
            self.issued.append((self.stage.clock.now(), str(params["service"])))

    def _pass(self, time: timedelta) -> None:
        self.elapsed += time.total_seconds()
        if self.stage:
            self.stage.set(self.stage.clock.now() + time)


class TimedGate:
    """Around the actions of a run, which go on side by side when deployed."""

    def __init__(self, gate: Any, virtual: Virtual) -> None:
        self._gate = gate
        self._virtual = virtual

    def run(self, *arguments: Any) -> Any:
        self._virtual.acting = True
        try:
            return self._gate.run(*arguments)
        finally:
            self._virtual.acting = False


def measure() -> Result:
    luck = random.Random(SEED)
    late: list[float] = []
    rows: list[Mapping[str, object]] = []
    for weekend in WEEKENDS:
        for edge, seconds in at_edges(weekend, luck).items():
            late += seconds
            rows.append(_row(weekend.what, edge, seconds))
    p99 = _share(late, 0.99)
    many = shared_by_many(luck)
    rows.append(_row(f"{MANY:,} services, one closing", many.edge, many.seconds))
    return Result(
        title="Transitions: from the edge to UpdateService",
        rows=rows,
        goals=[
            Goal(
                f"edge to UpdateService, p99 of {len(late)} with {SERVICES} services an edge",
                f"<= {MOST_SECONDS:.0f} s",
                f"{p99:.1f} s",
                p99 <= MOST_SECONDS and len(late) == SERVICES * sum(len(one.edges) for one in WEEKENDS),
            ),
            Goal(
                f"{MANY:,} services sharing an edge: calls in any ten seconds",
                f"<= {BURST + 10 * PER_SECOND:.0f}",
                str(many.most_in_ten_seconds),
                many.most_in_ten_seconds <= BURST + 10 * PER_SECOND and len(many.seconds) == MANY,
            ),
            Goal("the largest saving first", "all", "all" if many.in_order else "not all", many.in_order),
        ],
        notes=[
            f"Simulated: entries fire 0 to 60 s into their minute, {COLD_START.total_seconds():.0f} s to begin, "
            f"{LATENCY.total_seconds() * 1000:.0f} ms a call, sweeps every {SWEEP_EVERY.total_seconds() / 60:.0f} "
            f"minutes; seed {SEED}.",
            f"The rate is that of Amazon ECS: {BURST} at once, then {PER_SECOND:.0f} a second.",
        ],
        headline=f"From the edge of hours to ECS being told, {SERVICES} services on one edge, both changes of the "
        f"clock: p99 {p99:.1f} s; the last of {MANY:,} on one edge after {max(many.seconds):.0f} s",
    )


def at_edges(weekend: Weekend, luck: random.Random) -> Mapping[str, Sequence[float]]:
    """For each edge, how many seconds after it UpdateService was issued, of every service."""
    virtual = Virtual()
    with stage_of(weekend.begins, virtual) as (stage, firing):
        for number in range(SERVICES):
            stage.add(f"chat-{number:04}", requests=0.0)
        firing.late = lambda: timedelta(seconds=luck.uniform(0, 60)) + COLD_START
        firing.run_until(_at(weekend.edges[-1]) + timedelta(minutes=10))
    return {edge: _after(_at(edge), [at for at, _ in virtual.issued]) for edge in weekend.edges}


@dataclass(frozen=True)
class Shared:
    edge: str
    seconds: Sequence[float]
    most_in_ten_seconds: int
    in_order: bool


def shared_by_many(luck: random.Random) -> Shared:
    """One closing of a thousand services of one, two and three tasks, each on a GPU host of its own."""
    virtual = Virtual()
    edge = "2026-11-20T13:00+00:00"
    gpu = {"environment": "dev", INSTANCE_TYPE_TAG: "g5.xlarge"}
    sizes: dict[str, int] = {}
    with stage_of("2026-11-20T12:20+00:00", virtual) as (stage, firing):
        for number in range(MANY):
            one = stage.add(f"chat-{number:04}", requests=0.0, desired=1 + number % 3, launch_type="EC2", tags=gpu)
            sizes[one.name] = one.desired
        firing.late = lambda: timedelta(seconds=luck.uniform(0, 60)) + COLD_START
        firing.run_until(_at(edge) + timedelta(minutes=10))
    in_turn = [sizes[name] for _, name in virtual.issued]
    times = [at for at, _ in virtual.issued]
    return Shared(edge, _after(_at(edge), times), _most_within(times, 10.0), in_turn == sorted(in_turn, reverse=True))


@contextmanager
def stage_of(begins: str, virtual: Virtual) -> Iterator[tuple[Stage, Firing]]:
    pace = Pace(virtual.stopwatch, virtual.sleep)
    with (
        tempfile.TemporaryDirectory() as folder,
        staged(Path(folder), POLICY, at=begins, zone="Europe/Berlin", most=MOST_ACTIONS, bookings=SETTINGS, pace=pace)
        as stage,
    ):  # fmt: skip
        actor: Any = stage.app.controller._parts.actor
        actor._gate = TimedGate(actor._gate, virtual)
        virtual.stage = stage
        stage.before_call = virtual.called
        stage.app.clients.ecs.meta.events.register("provide-client-params.ecs.UpdateService", virtual.updates)
        yield stage, Firing(stage, SWEEP_EVERY, seconds=HANDLER_SECONDS)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _after(edge: datetime, times: Sequence[datetime]) -> list[float]:
    """Seconds from the edge, of those within the hour after it."""
    return [(at - edge).total_seconds() for at in times if edge <= at < edge + timedelta(hours=1)]


def _share(values: Sequence[float], share: float) -> float:
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else math.inf


def _most_within(times: Sequence[datetime], seconds: float) -> int:
    spans = ((begin, begin + timedelta(seconds=seconds)) for begin in times)
    return max((bisect_left(times, end) - bisect_left(times, begin) for begin, end in spans), default=0)


def _row(what: str, edge: str, seconds: Sequence[float]) -> Mapping[str, object]:
    return {
        "what": what,
        "edge (UTC)": f"{_at(edge):%Y-%m-%d %H:%M}",
        "services": len(seconds),
        "median": f"{_share(seconds, 0.5):.1f} s",
        "p99": f"{_share(seconds, 0.99):.1f} s",
        "last": f"{_share(seconds, 1.0):.1f} s",
    }


if __name__ == "__main__":
    from goals import as_markdown

    print(as_markdown(measure()))
