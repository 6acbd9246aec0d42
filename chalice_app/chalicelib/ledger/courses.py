"""The course of one service: when it held hosts, and whether an action of ours was in force, from its entries.

Three choices make the saving smaller rather than larger where the record cannot tell. A service counts as on from the
moment its start was asked for. A stop counts only once its tasks were seen to have ended, and on EC2 once the host was
seen to have ended too, because it outlives its last task; where nobody watched that, `SCALE_IN` later. And what a
person stopped by hand saves us nothing: without us it would have been down as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.decide.decision import Because
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.ledger.values import Actor, Counts, Credit
from chalicelib.prices.hosts import Market, is_fargate
from chalicelib.prices.listed import Price
from chalicelib.record.history import Entry, EntryKind
from chalicelib.record.outcomes import FORGOTTEN, GONE, HOST_ENDED, HOST_STAYS, MADE_ANEW, UNDONE

SCALE_IN = timedelta(minutes=15)
"""How long a GPU host outlives its last task, where its end is not in the record: an ECS capacity provider's scale-in
takes about 15 minutes."""

_FAILED_START, _BY_HAND = "failed start", "by hand"

THE_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a service before the first of its entries.

    ``running`` None: the first action in the record tells; without any it ran. ``gpus`` None: the host's own number.
    ``market``: how it is bought now, which holds for as long as the record says nothing else; people chose it.
    """

    service: ServiceId
    tasks: int = 1
    host: str = ""
    price: Price | None = None
    gpus: int | None = None
    running: bool | None = None
    market: Market | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """From ``at`` on ``tasks`` tasks run of ``size``; ``credit`` is set while an action of ours is in force."""

    at: datetime
    tasks: int
    size: int
    credit: Credit | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """``tasks`` tasks' hosts were held in ``[since, until)``; see `Turn`."""

    since: datetime
    until: datetime
    tasks: int
    size: int
    credit: Credit | None


def stretches(
    known: Known, entries: Sequence[Entry], since: datetime, until: datetime, *, scale_in: timedelta = SCALE_IN
) -> tuple[Stretch, ...]:
    """Without a gap from ``since`` to ``until``. ``entries`` of this service, oldest first, also from before."""
    turns = _turns(known, entries)
    first = max((n for n, turn in enumerate(turns) if turn.at <= since), default=0)
    edges = [max(turn.at, since) for turn in turns[first:]]
    found: list[Stretch] = []
    for n, turn in enumerate(turns[first:]):
        begin = edges[n]
        end = min(edges[n + 1] if n + 1 < len(edges) else until, until)
        before = turns[first + n - 1] if first + n else None
        if not turn.tasks and before is not None and before.tasks:
            held = min(_host_ends(entries, turn.at, end, scale_in), end)
            if held > begin:
                tasks = max(before.tasks, turn.size)
                found.append(Stretch(begin, held, tasks, tasks, turn.credit))
                begin = held
        if end > begin:
            found.append(Stretch(begin, end, turn.tasks, turn.size, turn.credit))
    return tuple(found)


def _host_ends(entries: Iterable[Entry], stopped_at: datetime, end: datetime, scale_in: timedelta) -> datetime:
    """Of the hosts of a stop that held until ``end``."""
    told = [one for one in entries if one.kind is EntryKind.NOTICE and stopped_at <= one.at <= end]
    if seen := next((one.at for one in told if one.outcome == HOST_ENDED), None):
        return seen
    return end if any(one.outcome == HOST_STAYS for one in told) else stopped_at + scale_in


def _turns(known: Known, entries: Sequence[Entry]) -> list[Turn]:
    """The first stands at the beginning of time."""
    acts, whose = _acts(entries), credits(entries)
    first_size = next((one.desired_count for one in acts if one.desired_count), None)
    size = first_size if first_size and known.running is None else known.tasks
    running = known.running if known.running is not None else not (acts and _is_up(acts[0]))
    turns = [Turn(THE_BEGINNING, size if running else 0, size, None)]
    for act in acts:
        last = turns[-1]
        up = _is_up(act)
        size = act.desired_count or last.size
        if not up and not last.tasks and act.outcome != FORGOTTEN:
            continue  # it was down already: whoever took it down keeps the credit
        at = max(_took_effect(act), last.at)
        turns.append(Turn(at, size if up else 0, size, whose.get(act.action_id) if _is_ours(act) else None))
    return turns


def _acts(entries: Sequence[Entry]) -> list[Entry]:
    """One entry for each action that took effect, oldest first."""
    chosen: list[Entry] = []
    begun: set[str] = set()
    for entry in entries:
        if entry.kind is EntryKind.NOTICE and entry.outcome == FORGOTTEN:
            chosen.append(entry)
        if entry.action not in (ActionKind.START, ActionKind.STOP):
            continue
        if entry.kind is EntryKind.HAND:
            chosen.append(entry)
        elif entry.kind is EntryKind.ACTED and entry.action is ActionKind.START:
            if entry.action_id not in begun:
                chosen.append(entry)
            begun.add(entry.action_id)
        elif entry.kind is EntryKind.ACTED and entry.outcome == "done":
            chosen.append(entry)
    return chosen


def _took_effect(act: Entry) -> datetime:
    """That a service is gone is noticed late, and saves nothing meanwhile."""
    return next((one.since for one in act.evidence if one.name in (GONE, MADE_ANEW) and one.since), act.at)


def credits(entries: Iterable[Entry]) -> Mapping[str, Credit]:
    """By action: the entry that began it names the policy and the reason, the one that verified it does not."""
    found: dict[str, Credit] = {}
    for entry in entries:
        if not _is_ours(entry) or not entry.action_id:
            continue
        if entry.because is not None or entry.action_id not in found:
            by_person = entry.because is Because.OVERRIDE and entry.action is not ActionKind.MOVE
            actor = Actor.PERSON if by_person else Actor.POLICY
            found[entry.action_id] = Credit(actor, entry.policy)
    return found


def _is_ours(entry: Entry) -> bool:
    return entry.kind is EntryKind.ACTED


def _is_up(entry: Entry) -> bool:
    if entry.action is None:
        return any(one.name == MADE_ANEW for one in entry.evidence)
    turned_round = entry.kind is EntryKind.HAND and entry.outcome == UNDONE
    return (entry.action is ActionKind.START) != turned_round


def counts(entries: Iterable[Entry], since: datetime) -> Counts:
    """Actions that began since then, each once however many entries tell it. ``entries`` oldest first."""
    seen: dict[str, set[str]] = {}
    known: set[str] = set()
    for entry in entries:
        word = _word(entry)
        if not word:
            continue
        key = entry.action_id if word != _BY_HAND and entry.action_id else entry.at.isoformat()
        if entry.at >= since and f"{word} {key}" not in known:
            seen.setdefault(word, set()).add(key)
        known.add(f"{word} {key}")
    told = {word: len(actions) for word, actions in seen.items()}
    return Counts(
        told.get(ActionKind.STOP.value, 0),
        told.get(ActionKind.START.value, 0),
        told.get(_FAILED_START, 0),
        told.get(_BY_HAND, 0),
    )


def _word(entry: Entry) -> str:
    """As what the entry counts; empty: as nothing."""
    if entry.action is None:
        return ""
    match entry.kind:
        case EntryKind.HAND:
            return _BY_HAND
        case EntryKind.FAILED if entry.action is ActionKind.START:
            return _FAILED_START
        case EntryKind.ACTED:
            return entry.action.value
        case _:
            return ""


def lingers(host: str, scale_in: timedelta) -> timedelta:
    """Fargate ends with its task."""
    return timedelta() if is_fargate(host) else scale_in
