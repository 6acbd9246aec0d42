"""Whether hosts really end after a stop: a desired count of zero stops tasks, and what costs money is the host.

Each stop notes the hosts that its tasks ran on. They are asked for at every sweep until all are gone, or serve others;
the history then says when, because money is counted in host hours. A host that stays without tasks is told of once.
Nobody is asked while nothing is watched.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib.controller.parts import Parts
from chalicelib.controller.run import Run
from chalicelib.controller.telling import WHO
from chalicelib.decide.facts import ActionKind, ServiceId, ServiceMemory
from chalicelib.decide.words import counted, length
from chalicelib.errors import ObservationError, RecordUnavailable
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.observe.hosts import HostState
from chalicelib.record.history import Entry, EntryKind
from chalicelib.record.outcomes import HOST_ENDED, HOST_STAYS

LATE = timedelta(hours=1)
"""Scale-in takes about a quarter of an hour: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ (cluster auto
scaling). After an hour something holds the host."""


def watch(parts: Parts, run: Run) -> None:
    """Asks once a cluster for all hosts that are watched. What cannot be read now is asked at the next sweep."""
    if run.scope is not None:
        return
    by_cluster: dict[str, dict[ServiceId, tuple[ServiceMemory, datetime]]] = {}
    for id, memory in run.known.memories.items():
        stopping = memory.pending is not None and memory.pending.kind is ActionKind.STOP
        if memory.hosts_left and memory.stopped_at is not None and not stopping:
            by_cluster.setdefault(id.cluster, {})[id] = memory, memory.stopped_at
    for cluster, watched in by_cluster.items():
        wanted = sorted({host for memory, _ in watched.values() for host in memory.hosts_left})
        with suppress(ObservationError, RecordUnavailable):
            states = parts.hosts.states(cluster, wanted)
            for id, (memory, stopped_at) in watched.items():
                _judge(parts, run, id, memory, stopped_at, states)


def _judge(
    parts: Parts,
    run: Run,
    id: ServiceId,
    memory: ServiceMemory,
    stopped_at: datetime,
    states: Mapping[str, HostState],
) -> None:
    now = parts.clock.now()
    since = now - stopped_at
    idle = [host for host in memory.hosts_left if states.get(host) in (HostState.IDLE, HostState.SILENT)]
    if idle:
        if since >= LATE and parts.states.first_refusal(id, f"host-stays:{idle[0]}", now):
            hosts = counted(len(idle), "host")
            silent = " (its agent is silent)" if states[idle[0]] is HostState.SILENT else ""
            text = f"{id}: {hosts} without a task{silent}, and paid for, {length(since)} after it was stopped"
            parts.history.append(_line(now, id, text, HOST_STAYS, len(idle)))
            run.notices.append(
                Notice(now, NoticeKind.STOP_FAILED, id, f"{text}; `lifecycle doctor` says what holds it")
            )
        return
    if not parts.states.note_hosts_ended(id, memory.hosts_left):
        return  # told by another run
    used = sum(states.get(host) is HostState.USED for host in memory.hosts_left)
    ended = len(memory.hosts_left) - used
    others = f"; {counted(used, 'host')} serve{'s' if used == 1 else ''} others" if used else ""
    text = f"{id}: {counted(ended, 'host')} ended {length(since)} after it was stopped{others}"
    parts.history.append(_line(now, id, text, HOST_ENDED, ended))


def _line(now: datetime, id: ServiceId, text: str, outcome: str, hosts: int) -> Entry:
    """For the ledger, which counts host hours by it."""
    return Entry(at=now, kind=EntryKind.NOTICE, who=WHO, reason=text, service=id, outcome=outcome, desired_count=hosts)
