"""What a bad minute does: 10,000 events about 5,000 services, 50 API calls a second over HTTP, 200 from memory.

Nothing may be lost: whatever an event or an accepted call is about, its effect is there afterwards, once
(`load_losses`, `load_calls.wrongs`). The burst is played on a clock of its own (`load_time`), so that its seconds are
those of Lambda's functions and hardly depend on this machine; the API's are the machine's. Each part has an interpreter
of its own. `python load_bench.py small` plays all of it in a minute or two.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

import load_http  # noqa: E402
from goals import Goal, Result  # noqa: E402
from load_effects import told  # noqa: E402

SWEEP_SECONDS = 300.0
"""As deployed: what an event is heard later than, a sweep has done before it."""
SPOT_SECONDS = 120.0
"""Between AWS's warning and the end of the host."""
API_MEGABYTES = 1_024
"""Of the function that answers the API, in .chalice/config.json; the local server holds all of AWS beside it."""
LATE_SECONDS = 2.0
"""A load is held when its last answer comes no later than this after its last call."""
SPEED = 10.0
"""Of the local fleet: its sweeps come every 30 seconds, ten times as often as deployed."""


@dataclass(frozen=True)
class Size:
    services: int
    events: int
    http: float
    memory: float
    """Calls a second."""
    seconds: float
    users: int
    launches: int


FULL = Size(services=5_000, events=10_000, http=50, memory=200, seconds=60, users=16, launches=12)
"""One load balancer takes 49 launched models: two for each person beforehand, and twelve more in the minute."""
SMALL = Size(services=300, events=600, http=10, memory=50, seconds=10, users=6, launches=4)


def measure(size: Size = FULL) -> Result:
    burst = _apart("load_events.py", size.services, size.events)
    memory = _apart("load_memory.py", size.memory, size.seconds, size.users, size.launches, 0)
    with tempfile.TemporaryDirectory() as folder:
        served = load_http.load(
            Path(folder), per_second=size.http, seconds=size.seconds, users=size.users, launches=size.launches,
            speed=SPEED,
        )  # fmt: skip
    http = told(served.cast, served.answers, served.after, served.seconds)
    http |= {"ready": served.megabytes_before, "peak": served.megabytes_peak, "cpu": served.cpu}
    clean = _clean()
    return Result(
        title="Load",
        rows=[_burst_row(burst), *_api_rows("HTTP", http), *_api_rows("memory", memory)],
        goals=[
            *_burst_goals(burst, clean),
            *_api_goals(f"{size.http:g} calls a second over HTTP", http, size.http, size.seconds),
            *_api_goals(f"{size.memory:g} calls a second on the in-memory fake", memory, size.memory, size.seconds),
        ],
        notes=[*_burst_notes(burst, clean), *_api_notes(http, memory)],
        headline=f"{burst['events']:,} events in a minute about {burst['services']:,} services: {len(burst['lost'])} "
        f"effects lost or doubled; the API at {size.http:g} calls a second over HTTP: p99 "
        f"{http['all']['p99'] * 1000:,.0f} ms",
    )


# --- the burst


def _burst_row(burst: Mapping[str, Any]) -> Mapping[str, object]:
    what = f"{burst['events']:,} events about {burst['services']:,} services: one invocation"
    return _row(what, burst["invocations"], burst["took p50"], burst["took p99"], burst["took most"])


def _burst_goals(burst: Mapping[str, Any], clean: float) -> Iterator[Goal]:
    lost, after = burst["lost"], burst["drained"] - 60
    yield Goal("effects lost or doubled in the burst", "0", _first(lost), not lost)
    yield Goal(
        "queue empty after the last event, before a sweep would have come",
        f"<= {SWEEP_SECONDS:.0f} s", f"{after:.0f} s", after <= SWEEP_SECONDS,
    )  # fmt: skip
    most, timeout = burst["took most"], burst["timeout"]
    yield Goal("longest invocation, within the function's timeout", f"< {timeout} s", f"{most:.1f} s", most < timeout)
    held = clean + burst["peak"] - burst["ready"]
    yield Goal("memory of the burst", f"< {burst['most']} MB", f"{held:.0f} MB", held < burst["most"])


def _burst_notes(burst: Mapping[str, Any], clean: float) -> Iterator[str]:
    yield (
        f"The burst: {burst['events']:,} events in 60 s, {burst['doubled']:,} of them copies, in disorder within five "
        f"seconds, and {burst['caused']:,} more that ECS sent of our own changes. {burst['invocations']} invocations "
        f"of at most {burst['batch']} messages, {burst['at once']} at once as deployed; {burst['calls']:,} calls. "
        f"{burst['dead letters']} alarms of target groups that nobody knows ended in the dead letters, as they should."
    )
    yield (
        f"From an event to the end of the invocation that heard it: p50 {burst['age p50']:.0f} s, p99 "
        f"{burst['age p99']:.0f} s. The last Spot warning was heard after {burst['spot most']:.0f} s of the "
        f"{SPOT_SECONDS:.0f} s that AWS gives: they stand in the same queue as all other events, and where that takes "
        "longer than ten minutes their hosts are not drained any more. A queue of their own would keep them apart from "
        "a burst; memory of one core's worth for the function would empty this one sooner."
    )
    yield (
        f"Simulated: each call to AWS takes 30 ms, side by side where ours goes side by side; CPU seconds "
        f"({burst['cpu']:.0f} of this machine's in all) count {burst['slower']:.1f} times, because a function of "
        f"{burst['most']} MB has that share of a core. Invocations at once run between each other's calls. "
        "Launched models, which each invocation also looks after, were not part of it."
    )
    added = burst["peak"] - burst["ready"]
    yield (
        f"Memory is {clean:.0f} MB of an interpreter with our modules and clients, and what the sweeps before and "
        f"the whole burst added at their peak ({added:.0f} MB, all invocations, the queue and the fake's table in "
        f"it). From the first quarter of the burst to its end it went from {burst['quarter']:.0f} to "
        f"{burst['end']:.0f} MB."
    )


# --- the API


def _api_rows(where: str, load: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    for kind, shares in {"all calls": load["all"], **load["kinds"]}.items():
        yield _row(f"{where}: {kind}", shares["calls"], shares["p50"], shares["p99"], shares["most"])


def _api_goals(what: str, load: Mapping[str, Any], rate: float, seconds: float) -> Iterator[Goal]:
    wrong, held = load["wrong"], load["calls"] / load["seconds"]
    yield Goal(f"{what}: 5xx, or no answer", "0", str(load["5xx"]), load["5xx"] == 0)
    yield Goal(f"{what}: wrong answers, lost or doubled effects", "0", _first(wrong), not wrong)
    in_time = load["seconds"] <= seconds + LATE_SECONDS
    yield Goal(f"{what}: held", f"{rate:g} a second", f"{held:.1f} a second", in_time)
    yield Goal(f"{what}: memory", f"< {API_MEGABYTES} MB", f"{load['peak']:.0f} MB", load["peak"] < API_MEGABYTES)


def _api_notes(http: Mapping[str, Any], memory: Mapping[str, Any]) -> Iterator[str]:
    for what, load in (("Over HTTP", http), ("On the in-memory fake", memory)):
        cpu_ms = load["cpu"] / load["calls"] * 1000
        yield (
            f"{what}: {load['calls']:,} calls, {load['writes']} of them writes, each sent twice ({load['accepted']} "
            f"answered 202, the others 409 because the first was being done), {cpu_ms:.1f} ms of CPU a call; memory "
            f"went from {load['ready']:.0f} MB to {load['peak']:.0f} MB."
        )
    yield (
        "Calls come at instants drawn beforehand, whether or not others are answered, and times count from those "
        "instants: waiting is in them. The HTTP server, its fleet and the embedded AWS (moto) are one process with one "
        "interpreter lock, the clients another. The in-memory load has handler and fake in one process, without HTTP."
    )


# --- how


def _row(what: str, calls: int, *seconds: float) -> Mapping[str, object]:
    p50, p99, most = (f"{one * 1000:,.0f} ms" for one in seconds)
    return {"what": what, "times": f"{calls:,}", "p50": p50, "p99": p99, "most": most}


def _first(wrong: list[str]) -> str:
    return f"{len(wrong)}, such as {wrong[0]}" if wrong else "0"


def _apart(module: str, *arguments: float | str) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).parent / module), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _clean() -> float:
    """Megabytes of an interpreter with what a handler imports and all clients made."""
    return float(_apart("sweep_bench.py", "clean", 0)["clean"])


if __name__ == "__main__":
    from goals import as_markdown

    print(as_markdown(measure(SMALL if "small" in sys.argv[1:] else FULL)))
