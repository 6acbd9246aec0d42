"""What people ask of the API in a minute, by whom and when.

The load is open: calls come at instants drawn beforehand, whether or not the last one was answered, so that slowness
shows as latency and never as fewer calls. Most calls read. Each write is sent twice, as a client does that heard no
answer: a launch under its idempotency key, a word about an instance as it is. Some ask for what is not theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from typing import Any

SEED = 20261121
MODEL, ENVIRONMENT = "tinyllama", "sandbox"
READS: Mapping[str, int] = {
    "one instance": 6, "list instances": 4, "list models": 2, "health": 2, "one model": 1, "profile": 1, "why": 1,
    "policies": 1, "decisions": 1, "everybody's instances": 1, "another's instance": 1, "not allowed": 1,
}  # fmt: skip
"""How often each is asked for among them: a page that shows instances asks again and again how they are."""
WRITES = frozenset({"stop", "wake", "keep", "launch"})
AGAIN_WITHIN = 3.0
"""Seconds after which a client at the latest sends its write once more."""


@dataclass(frozen=True, slots=True)
class Mine:
    """An instance and whose it is."""

    owner: str
    id: str


@dataclass(frozen=True)
class Cast:
    """Whose instances stand ready, and for what: each is spoken of in one way only, so that its end is known.
    ``launching`` names people who have room for one more, once for each."""

    users: Sequence[str]
    to_stop: Sequence[Mine]
    to_wake: Sequence[Mine]
    to_keep: Sequence[Mine]
    launching: Sequence[str]
    admin: str = "admin"
    reader: str = "rita"

    @property
    def everything(self) -> Sequence[Mine]:
        return (*self.to_stop, *self.to_wake, *self.to_keep)


@dataclass(frozen=True, slots=True)
class Asked:
    """``at``: seconds after the load began. ``right``: the statuses that may answer it."""

    at: float
    who: str
    method: str
    path: str
    kind: str
    right: tuple[int, ...] = (200,)
    body: Mapping[str, Any] | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """``seconds`` since the instant at which it was to be asked."""

    asked: Asked
    status: int
    text: str
    seconds: float


def minute_of(cast: Cast, per_second: float, seconds: float, seed: int = SEED) -> list[Asked]:
    """Calls in the order in which they come."""
    luck = Random(seed)
    writes = [*_words(cast, luck, seconds), *_launches(cast, luck, seconds)]
    left = round(per_second * seconds) - len(writes)
    assert left > len(writes), "the load is to be mostly reads"
    reads = list(islice(_reads(cast, luck), left))
    calls = [*writes, *(Asked(luck.uniform(0, seconds), *one) for one in reads)]
    return sorted(calls, key=lambda one: one.at)


def _words(cast: Cast, luck: Random, seconds: float) -> Iterator[Asked]:
    said: list[tuple[Mine, str, str, str, Mapping[str, Any] | None]] = [
        *((one, "DELETE", f"/api/models/{one.id}/stop?force=true", "stop", None) for one in cast.to_stop),
        *((one, "POST", f"/api/instances/{one.id}/start", "wake", {"minutes": 240}) for one in cast.to_wake),
        *(
            (one, "PUT", f"/api/instances/{one.id}/override", "keep", {"action": "keep", "minutes": 240})
            for one in cast.to_keep
        ),
    ]
    for one, method, path, kind, body in said:
        yield from _twice(Asked(0.0, one.owner, method, path, kind, (202, 409), body), luck, seconds)


def _launches(cast: Cast, luck: Random, seconds: float) -> Iterator[Asked]:
    body = {"model_id": MODEL, "environment": ENVIRONMENT}
    for number, who in enumerate(cast.launching):
        first = Asked(0.0, who, "POST", "/api/models/start", "launch", (202, 409), body, f"load-launch-{number:04}")
        yield from _twice(first, luck, seconds)


def _twice(one: Asked, luck: Random, seconds: float) -> Iterator[Asked]:
    at = luck.uniform(0, seconds - AGAIN_WITHIN) if seconds > AGAIN_WITHIN else luck.uniform(0, seconds / 2)
    for moment in (at, at + luck.uniform(0, min(AGAIN_WITHIN, seconds / 2))):
        yield Asked(moment, one.who, one.method, one.path, one.kind, one.right, one.body, one.key)


def _reads(cast: Cast, luck: Random) -> Iterator[tuple[Any, ...]]:
    """Without end: who, method, path, kind, the right statuses, and the body."""
    kinds = [kind for kind, often in READS.items() for _ in range(often)]
    for kind in cycle(luck.sample(kinds, len(kinds))):
        who, mine = luck.choice(cast.users), luck.choice(cast.everything)
        match kind:
            case "list instances":
                yield who, "GET", "/api/instances", kind
            case "one instance":
                yield mine.owner, "GET", f"/api/instances/{mine.id}", kind
            case "list models":
                yield who, "GET", "/api/models", kind
            case "one model":
                yield who, "GET", f"/api/models/{MODEL}", kind
            case "health":
                yield "", "GET", "/api/health", kind
            case "profile":
                yield who, "GET", "/api/user/profile", kind
            case "why":
                yield mine.owner, "GET", f"/api/instances/{mine.id}/why", kind, (200, 409)
            case "policies":
                yield cast.reader, "GET", "/api/policies", kind
            case "decisions":
                yield who, "GET", "/api/decisions?limit=20", kind
            case "everybody's instances":
                yield cast.admin, "GET", "/api/instances?limit=50", kind
            case "another's instance":
                stranger = next(one for one in cast.users if one != mine.owner)
                yield stranger, "DELETE", f"/api/models/{mine.id}/stop", kind, (403, 404)
            case _:
                body = {"model_id": MODEL, "environment": ENVIRONMENT}
                yield cast.reader, "POST", "/api/models/start", kind, (403,), body
