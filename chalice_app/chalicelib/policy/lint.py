"""Doubts about policies that are well formed, and the one error that only two policies together can make: a tie.

A tie is told only when it is certain from the files alone: every service of one policy is also a service of the other.
Services that two policies happen to share are found at run time, where nothing is done to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from chalicelib.policy.nodes import ListNode, MapNode, Mark, Node
from chalicelib.policy.problems import Problem

if TYPE_CHECKING:
    from chalicelib.policy.model import Freeze, Policy, PolicySet
    from chalicelib.policy.sections.idle import Idle
    from chalicelib.policy.sections.services import Match

IN_FLIGHT_SIGNALS = ("leases", "ollama-ps", "task-protection")
"""Signals that see a request while it runs; the others only see that one began."""

_LONG_STREAMS = (
    "no signal that sees a request in flight is named, so a long stream is protected only by the gpu, cpu and "
    f"network-out vetoes; name the one your services have ({', '.join(IN_FLIGHT_SIGNALS)}), "
    "as signals: {task-protection: {}}"
)


def ties(policies: Mapping[str, tuple[Policy, Mark]]) -> tuple[tuple[Problem, str], ...]:
    """LC083 for each policy of a pair that certainly shares services at the same priority, with its name."""
    found: list[tuple[Problem, str]] = []
    enforced = [(policy, mark) for policy, mark in policies.values() if policy.mode.value == "enforce"]
    by_priority: dict[int, list[tuple[Policy, Mark]]] = {}
    for policy, mark in enforced:
        by_priority.setdefault(policy.priority, []).append((policy, mark))
    for group in by_priority.values():
        for place, (first, first_mark) in enumerate(group):
            for second, second_mark in group[place + 1 :]:
                if covers(first.match, second.match) or covers(second.match, first.match):
                    found.append((_tie(first, first_mark, second, second_mark), first.name))
                    found.append((_tie(second, second_mark, first, first_mark), second.name))
    return tuple(found)


def _tie(policy: Policy, mark: Mark, other: Policy, other_mark: Mark) -> Problem:
    message = (
        f"ties with {other.name} at {other_mark.file}:{other_mark.line}: both have priority {policy.priority} "
        "and match the same services; give one of them a higher priority"
    )
    return Problem("LC083", "error", mark.file, mark.line, mark.column, mark.path, None, message)


def covers(wide: Match, narrow: Match) -> bool:
    """Whether every service that ``narrow`` matches is certainly matched by ``wide`` too."""
    if wide.not_tags and wide.not_tags != narrow.not_tags:
        return False
    if not _covers_globs(wide.clusters, narrow.clusters) or not _covers_globs(wide.names, narrow.names):
        return False
    if wide.launch_type is not None and not set(narrow.launch_type or ("fargate", "ec2")) <= set(wide.launch_type):
        return False
    tags = narrow.tags or {}
    return all(key in tags and _covers_globs(values, tags[key]) for key, values in (wide.tags or {}).items())


def _covers_globs(wide: Sequence[str] | None, narrow: Sequence[str] | None) -> bool:
    """A glob covers itself and every text without wild signs that it matches."""
    if wide is None:
        return True
    if narrow is None:
        return False
    return all(any(glob in (one, "*") or _covers_text(glob, one) for glob in wide) for one in narrow)


def _covers_text(glob: str, one: str) -> bool:
    literal_glob = glob.replace("[", "[[]")
    return not set(one) & set("*?") and fnmatchcase(one, literal_glob)


def warnings(policy: Policy, merged: MapNode, mark: Mark, today: date) -> Iterator[Problem]:
    """Everything doubtful about one policy by itself."""
    if policy.mode.value == "disabled":
        return
    yield from _past_exclusions(policy, merged, mark, today)
    if policy.hours is None and policy.idle is None and policy.spot is None:
        yield _warning("LC093", mark, "it has neither hours nor idle, so it does nothing")
    if policy.hours is not None and policy.hours.open is not None and policy.hours.open:
        yield from _windows(policy, _place(merged, mark, "hours", "open"), today)
    if policy.idle is not None and not names_what_sees_in_flight(policy.idle):
        yield _warning("LC092", _place(merged, mark, "idle"), _LONG_STREAMS)
    if policy.hours is not None and policy.hours.closed.value == "idle" and policy.idle is None:
        place = _place(merged, mark, "hours", "closed")
        yield _warning("LC094", place, "closed: idle leaves stopping to the idle rule, and there is no idle section")


def names_what_sees_in_flight(idle: Idle) -> bool:
    """Whether ``idle.signals`` names a signal that sees a request while it runs, and does not ignore it.

    Every service is asked for its task protection, and may be for the others; only its owner knows that it has one.
    """
    return any(name in IN_FLIGHT_SIGNALS and not rule.ignore for name, rule in idle.signals.items())


def blind_policies(policies: PolicySet, asks: Set[str]) -> tuple[str, ...]:
    """Names of the policies that LC092 is told of, without those whose services a deployment that ``asks`` these
    signals asks anyway. Task protection is asked of everybody and set by few, so that it must be named."""
    asked = {name for name in IN_FLIGHT_SIGNALS if name != "task-protection"} & asks
    return tuple(
        one.name
        for one in policies.policies
        if one.mode.value != "disabled" and (idle := one.idle) is not None
        if not names_what_sees_in_flight(idle)
        if asked <= {name for name, rule in idle.signals.items() if rule.ignore}
    )


def unheard(policies: PolicySet, asks: Set[str]) -> tuple[str, ...]:
    """One sentence for each signal that a policy counts on and a deployment that ``asks`` only these never reads."""
    return tuple(
        f"{one.name}: {name} is named under idle.signals, but this deployment does not ask it, so it protects no "
        f"stream ({_WHY_UNHEARD.get(name, 'it has no source of it')})"
        for one in policies.policies
        if one.mode.value != "disabled" and one.idle is not None
        for name, rule in one.idle.signals.items()
        if name in IN_FLIGHT_SIGNALS and not rule.ignore and name not in asks
    )


_WHY_UNHEARD = {
    "ollama-ps": "LIFECYCLE_PROBE_OLLAMA is not true",
    "leases": "no gateway that keeps leases stands before its services",
}


def past_freezes(nodes: Sequence[Node], freezes: Sequence[Freeze], today: date) -> Iterator[Problem]:
    """LC095 for each freeze of one file that is over."""
    over = {one.name for one in freezes if one.to <= datetime.combine(today, time(), UTC)}
    for node in nodes:
        name = node.get("name") if isinstance(node, MapNode) else None
        if name is not None and getattr(name, "text", None) in over:
            yield _warning("LC095", node.mark, "this freeze is over; take it out")


def _past_exclusions(policy: Policy, merged: MapNode, mark: Mark, today: date) -> Iterator[Problem]:
    for index, one in enumerate(policy.exclude):
        if one.until is not None and one.until < today:
            place = _place(merged, mark, "exclude", index, "until")
            yield _warning("LC090", place, "this day has passed, so nothing is excluded; take it out or give a new day")


def _windows(policy: Policy, place: Mark, today: date) -> Iterator[Problem]:
    from chalicelib.policy.timetable import Timetable

    assert policy.hours is not None and policy.hours.open is not None
    timetable = Timetable.of(policy.hours)
    for window in timetable.dead_windows():
        yield _warning("LC096", place, f'"{window}" can never begin: no calendar has such a day')
    if len(policy.hours.open) > 1:
        for overlap in timetable.overlaps(today):
            message = f'"{overlap.first}" and "{overlap.second}" are open together, first on {overlap.on}'
            yield _warning("LC091", place, message)


def _place(merged: MapNode, mark: Mark, *path: str | int) -> Mark:
    node: Node = merged
    for key in path:
        if isinstance(node, MapNode) and isinstance(key, str) and (entry := node.entry(key)):
            node, mark = entry.value, entry.mark
        elif isinstance(node, ListNode) and isinstance(key, int):
            node = node.items[key]
            mark = node.mark
    return mark


def _warning(code: str, mark: Mark, message: str) -> Problem:
    return Problem(code, "warning", mark.file, mark.line, mark.column, mark.path, None, message)
