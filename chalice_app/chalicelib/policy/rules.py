"""What the keys of one section must say together. Each rule is one finding: where, which code, one sentence.

A section that breaks a rule cannot be made: `enforce` raises `BrokenRules` with all findings at once, and the reader
turns them into problems with their places. Refuses to look beyond one section; policies are compared in ``lint``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from chalicelib.policy.problems import nearest_word
from chalicelib.policy.texts import SHORTEST_STOP_AFTER, TOO_SHORT_TO_TELL

if TYPE_CHECKING:
    from chalicelib.policy.model import Freeze
    from chalicelib.policy.sections.expectations import Given
    from chalicelib.policy.sections.hours import CronEdges, Holidays, Hours
    from chalicelib.policy.sections.idle import Idle, SignalRule, SignalWord
    from chalicelib.policy.sections.services import Exclude, Match, NeverTouch
    from chalicelib.policy.sections.terms import Approval, Limits, Spot

PRIMARY_SIGNALS: tuple[SignalWord, ...] = ("requests", "leases", "ollama-ps")
"""Signals that can prove idleness; the others only see use. Without any of these nothing can be called idle."""
UNIT_OF = {
    "requests": "count",
    "leases": "count",
    "gpu": "percent",
    "cpu": "percent",
    "network-out": "bytes-per-second",
}
"""What the threshold of each signal counts; a signal that is not here has none."""
_WRITE = {"count": "a whole number, as 0", "percent": "a share, as 5%", "bytes-per-second": "a rate, as 50 KiB/s"}
MOST_OPENINGS = 400
"""Windows, or cron expressions of one kind: one for each day of a year. Each is looked at on every day, of 41 years
where hours never close."""
_ONLY_ADAPTIVE = ("cold_start_value", "min", "max", "prewarm")


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule. ``path`` holds YAML keys and list places below the section."""

    path: tuple[str | int, ...]
    code: str
    message: str
    allowed: tuple[str, ...] = ()
    nearest: str | None = None


class BrokenRules(ValueError):
    """A section's keys contradict each other; ``findings`` says where and why."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


class Judged(Protocol):
    def findings(self) -> Iterable[Finding]: ...


def enforce(section: Judged) -> None:
    """Raises BrokenRules when the section breaks one rule or more."""
    if found := tuple(section.findings()):
        raise BrokenRules(found)


def _empty(key: str, value: Sized | None) -> Iterator[Finding]:
    if value is not None and len(value) == 0:
        yield Finding((key,), "LC051", "an empty list matches nothing; fill it or leave the key out")


def match(section: Match) -> Iterator[Finding]:
    listed = (section.clusters, section.names, section.tags, section.not_tags, section.launch_type)
    if all(one is None for one in listed) and not section.everything:
        yield Finding((), "LC050", "an empty match would take all services; to mean that, write everything: true")
    for key, value in zip(("clusters", "names", "tags", "not-tags", "launch-type"), listed, strict=True):
        yield from _empty(key, value)
    yield from _empty_tags("tags", section.tags)
    yield from _empty_tags("not-tags", section.not_tags)


def _empty_tags(key: str, tags: Mapping[str, tuple[str, ...]] | None) -> Iterator[Finding]:
    for tag, values in (tags or {}).items():
        if not values:
            yield Finding(
                (key, tag), "LC051", f'an empty list matches nothing; write "*" when {tag} need only be there'
            )


def exclude(section: Exclude) -> Iterator[Finding]:
    if section.names is None and section.tags is None:
        yield Finding((), "LC052", "say which services: names or tags is missing")
    yield from _empty("names", section.names)
    yield from _empty("tags", section.tags)
    yield from _empty_tags("tags", section.tags)


def never_touch(section: NeverTouch) -> Iterator[Finding]:
    if section.names is None and section.tags is None and section.clusters is None:
        yield Finding((), "LC052", "say which services: names, clusters or tags is missing")
    yield from _empty("names", section.names)
    yield from _empty("clusters", section.clusters)
    yield from _empty("tags", section.tags)
    yield from _empty_tags("tags", section.tags)


def holidays(section: Holidays) -> Iterator[Finding]:
    if section.country is None:
        if section.subdivision is not None:
            yield Finding(("subdivision",), "LC054", "a subdivision of which country? write country too")
        return
    if section.subdivision is None:
        return
    from chalicelib.policy import countries  # loads the package `holidays`, only for policies that use it

    regions = countries.subdivisions(section.country)
    if section.subdivision not in regions:
        which = "" if regions else f"; {section.country} has none"
        yield Finding(
            ("subdivision",),
            "LC054",
            f"no subdivision of {section.country} whose holidays are known{which}",
            allowed=regions,
            nearest=nearest_word(section.subdivision, regions),
        )


def cron_edges(section: CronEdges) -> Iterator[Finding]:
    for key, value, other in (("start", section.start, "stop"), ("stop", section.stop, "start")):
        if not value:
            yield Finding((), "LC055", f"{key} is missing: {other} alone never ends; write both")


def hours(section: Hours) -> Iterator[Finding]:
    if section.open is None and section.cron is None:
        yield Finding((), "LC008", "open is missing: say when services may run, as open: [mon-fri 08:00-20:00]")
    elif section.open is not None and section.cron is not None:
        yield Finding(("cron",), "LC056", "open and cron both say when services may run; keep one of them")
    elif too_many := [key for key, listed in _openings(section) if len(listed) > MOST_OPENINGS]:
        message = f"hours have at most {MOST_OPENINGS} of these; join those that touch"
        yield from (Finding(key, "LC002", message) for key in too_many)
    elif section.open is not None and not section.open:
        yield Finding(("open",), "LC051", "no window: it can never open; write one, as mon-fri 08:00-20:00")
    elif not _can_open(section):
        yield Finding(
            ("open" if section.open else "cron",), "LC057", "this can never open; look at its days and its holidays"
        )
    closed = section.closed.value
    if closed == "cut" and section.cut_after is None:
        yield Finding((), "LC058", "closed: cut needs cut-after: how long may work in use go on? write cut-after: 30m")
    if closed != "cut" and section.cut_after is not None:
        yield Finding(("cut-after",), "LC058", f"cut-after belongs to closed: cut, and here closed is {closed}")
    if section.opening.value == "leave" and closed == "leave":
        yield Finding(("closed",), "LC059", "opening: leave with closed: leave does nothing; one of them must act")


def _openings(section: Hours) -> Iterator[tuple[tuple[str, ...], Sized]]:
    yield ("open",), section.open or ()
    if section.cron is not None:
        yield from ((("cron", "start"), section.cron.start), (("cron", "stop"), section.cron.stop))


def _can_open(section: Hours) -> bool:
    from chalicelib.policy.timetable import Timetable

    return Timetable.of(section).can_open


def idle(section: Idle) -> Iterator[Finding]:
    if isinstance(section.stop_after, timedelta):
        if section.stop_after < SHORTEST_STOP_AFTER:
            yield Finding(("stop-after",), "LC060", TOO_SHORT_TO_TELL)
        for field in _ONLY_ADAPTIVE:
            if getattr(section, field) is not None:
                key = field.replace("_", "-")
                yield Finding((key,), "LC061", f"{key} belongs to stop-after: adaptive; leave it out here")
    else:
        if section.cold_start_value is None:
            yield Finding((), "LC062", "stop-after: adaptive needs cold-start-value; write cold-start-value: 1.00 USD")
        if section.min is not None and section.max is not None and section.min > section.max:
            yield Finding(("min",), "LC061", "min is above max; exchange them")
        if section.min is not None and section.min < SHORTEST_STOP_AFTER:
            yield Finding(("min",), "LC060", TOO_SHORT_TO_TELL)
    if all(name in section.signals and section.signals[name].ignore for name in PRIMARY_SIGNALS):
        message = "every primary signal is ignored, so nothing could ever be called idle; keep one of them"
        yield Finding(("signals",), "LC065", message)


def fit_their_signals(
    signals: Mapping[SignalWord, SignalRule],
) -> Mapping[SignalWord, SignalRule]:
    """The same rules. Raises BrokenRules when one of them asks of its signal what it cannot say."""
    if found := tuple(_signals(signals)):
        raise BrokenRules(found)
    return signals


def _signals(signals: Mapping[SignalWord, SignalRule]) -> Iterator[Finding]:
    for name, rule in signals.items():
        unit = UNIT_OF.get(name)
        if rule.busy_above is not None and unit is None:
            message = f"{name} is either busy or not; it has no busy-above"
            yield Finding((name, "busy-above"), "LC063", message)
        elif rule.busy_above is not None and unit is not None and rule.busy_above.unit != unit:
            message = f"{name} is measured as {_WRITE[unit]}"
            yield Finding((name, "busy-above"), "LC063", message)
        if rule.missing == "zero-while-healthy" and name != "requests":
            message = "zero-while-healthy is for requests: only a target group reports healthy hosts"
            yield Finding((name, "missing"), "LC064", message)


def spot(section: Spot) -> Iterator[Finding]:
    if section.use == "only" and section.fall_back_after is not None:
        yield Finding(("fall-back-after",), "LC066", "use: only never falls back; write use: prefer, or leave it out")
    if section.providers is not None:
        yield from _pair(section.providers)


def _pair(providers: Mapping[Literal["spot", "on-demand"], str]) -> Iterator[Finding]:
    spot, on_demand = providers.get("spot"), providers.get("on-demand")
    message = ""
    if spot is None or on_demand is None:
        message = "name both capacity providers, spot and on-demand, or leave providers out"
    elif spot == on_demand:
        message = "spot and on-demand are the same capacity provider, so nothing could move"
    elif (spot == "FARGATE_SPOT") != (on_demand == "FARGATE") or spot == "FARGATE" or on_demand == "FARGATE_SPOT":
        message = "Fargate's pair is {spot: FARGATE_SPOT, on-demand: FARGATE}; it cannot share a strategy with others"
    if message:
        yield Finding(("providers",), "LC072", message)


def approval(section: Approval) -> Iterator[Finding]:
    if not section.for_:
        yield Finding(("for",), "LC051", "an empty list asks for nothing; fill it or leave approval out")
    if not section.approvers:
        yield Finding(("approvers",), "LC051", "nobody could answer; name a group or a person")
    if section.no_answer == "escalate" and section.escalate_to is None:
        yield Finding((), "LC067", 'no-answer: escalate needs escalate-to; write escalate-to: "#gpu-leads"')


def limits(section: Limits) -> Iterator[Finding]:
    if section.keep_running_per is not None and section.keep_running == 0:
        yield Finding(("keep-running-per",), "LC068", "keep how many per group? write keep-running: 1 too")


def given(section: Given) -> Iterator[Finding]:
    if section.override is not None and len(section.override) != 1:
        yield Finding(("override",), "LC069", "one override: keep-until or stop-until")


def freeze(section: Freeze) -> Iterator[Finding]:
    if section.to <= section.from_:
        yield Finding(("to",), "LC071", "a freeze must end after it begins; look at from and to")
    if not section.hold:
        yield Finding(("hold",), "LC051", "an empty list holds nothing; leave hold out to hold everything")
