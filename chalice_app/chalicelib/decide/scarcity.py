"""What the words of AWS mean for tasks that are missing: no capacity, a quota, a host that boots, or a broken task.

Pure. Told apart because the answer differs: no capacity on Spot is answered on demand, a quota by a person who asks AWS
for a larger one, a booting host by patience, and a task that does not stay up by nobody here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chalicelib.decide.capacity import CapacityNews, CapacityWord
from chalicelib.decide.words import counted

_QUOTA = (
    "maxspotinstancecountexceeded",
    "max spot instance count exceeded",
    "vcpulimitexceeded",
    "vcpu limit",
    "limit on the number of vcpus",
    "instancelimitexceeded",
)
_NONE = (
    "insufficientinstancecapacity",
    "insufficient capacity",
    "unfulfillablecapacity",
    "no spot capacity available",
    "sufficient capacity",
    "capacity is unavailable",
    "capacity-not-available",
    "spotmaxpricetoolow",
    "no container instances were found",
    "no container instance met all of its requirements",
    "unable to place a task",
)
_BROKEN = (
    "unable to consistently start tasks",
    "essential container in task exited",
    "cannotpull",
    "resourceinitializationerror",
    "outofmemory",
    "task failed elb health checks",
    "task failed container health checks",
)


@dataclass(frozen=True, slots=True)
class Heard:
    """``unplaced`` and ``booting`` count tasks that wait for a host, and that have one and do not run yet. ``said``
    holds service events and failed activities of the Auto Scaling group, ``ended`` why tasks stopped, newest last."""

    unplaced: int = 0
    booting: int = 0
    said: Sequence[str] = ()
    ended: Sequence[str] = ()


def judge(heard: Heard) -> CapacityNews:
    if words := _last(heard.said, _QUOTA):
        return CapacityNews(CapacityWord.QUOTA, words)
    if heard.unplaced == 0 and heard.booting > 0:
        return CapacityNews(CapacityWord.PLACED, f"{counted(heard.booting, 'task')} on a host already, starting")
    if words := _last(heard.said, _NONE):
        return CapacityNews(CapacityWord.NONE, words)
    broken = _last(heard.ended, _BROKEN) or _last(heard.said, _BROKEN)
    if heard.unplaced == 0 and broken:
        return CapacityNews(CapacityWord.BROKEN, broken)
    waiting = f"{counted(heard.unplaced, 'task')} without a host" if heard.unplaced else ""
    return CapacityNews(CapacityWord.SILENT, waiting)


def _last(said: Iterable[str], marks: Iterable[str]) -> str:
    return next((one for one in reversed(list(said)) if any(mark in one.lower() for mark in marks)), "")
