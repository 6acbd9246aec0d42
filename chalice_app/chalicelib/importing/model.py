"""What every import speaks of: the original's wish at a minute, a policy drafted from it, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import Literal, Protocol
from zoneinfo import ZoneInfo


class Wish(IntEnum):
    """What the original wants at one minute. ``EITHER``: its behaviour is not defined there, or it keeps hands off."""

    STOPPED = 0
    RUNNING = 1
    EITHER = 2


class Original(Protocol):
    """A schedule as its own tool runs it, for the comparison with ours."""

    def wishes(self, begin: datetime, minutes: int) -> bytes:
        """One `Wish` for each minute from ``begin`` (UTC), each at the middle of its minute."""
        ...

    def reason(self, begin: datetime, end: datetime) -> str | None:
        """Why we decide otherwise from ``begin`` to ``end`` (UTC); None where no reason is known."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """The ``hours`` section in our texts: windows, or cron edges where windows cannot say it."""

    zone: ZoneInfo
    windows: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    holidays: tuple[date, ...] = ()
    opening: Literal["start", "leave"] = "start"
    closed: Literal["stop", "leave"] = "stop"
    started_by_hand: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The ``match`` section. Empty: everything."""

    clusters: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    launch_type: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Excluded:
    """One entry of ``exclude``: a service by name, until a day (that day included) or for good."""

    name: str
    until: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One policy to be. ``notes`` are sentences about what of its original is not in it, or is decided otherwise."""

    name: str
    description: str
    chosen: Chosen
    timing: Timing
    original: Original
    priority: int = 0
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[str, ...] = ()


WIDER = (
    "CAUTION: it governs more than its original did, because what follows is not translated. Narrow `match` before it "
    "is enforced."
)
"""The first note of a policy that takes more services than its original, or takes them at more times."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that has no counterpart here. ``what`` names it as its file does, ``why`` is one sentence."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Drafted:
    """What reading some files came to, in their order."""

    drafts: tuple[Draft, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences about the files as a whole."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a person adds that no file says: the zone where none is written, the tag's key, the stack's name."""

    zone: ZoneInfo | None = None
    tag: str | None = None
    stack: str | None = None
