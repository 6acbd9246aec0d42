"""What a look at a service with an adaptive timeout needs beside its signals: what was learned of it, and its price.

A row that is lost, or was never there, is rebuilt from the history: boots from starts that came up, gaps from each
idle stop and the start that somebody made after it. Habits and bets cannot be rebuilt; they begin anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.abreast import side_by_side
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import ActionKind, ServiceFacts, ServiceId, SignalName
from chalicelib.decide.learned import LONGEST_BOOT, NEWEST_BOOT_WEIGHT, UNLEARNED, Learned, law_of_stops
from chalicelib.errors import NoRecord
from chalicelib.execute.entries import PriceOf, no_price
from chalicelib.record.history import Entry, EntryKind, History
from chalicelib.record.learned import LearnedRows

MOST_ENTRIES = 500
"""Of the history of one service, read once when its row is lost."""

TIMEOUT = "idle timeout"
"""The name under which a learned timeout stands among a decision's evidence, in minutes."""


@dataclass(frozen=True, slots=True)
class Recalled:
    learned: Learned = UNLEARNED
    usd_per_hour: float | None = None


class Recall:
    """Reads, and never writes."""

    def __init__(
        self, rows: LearnedRows | None = None, history: History | None = None, price: PriceOf = no_price
    ) -> None:
        self._rows = rows
        self._history = history
        self._price = price

    def __call__(self, services: Iterable[ServiceFacts]) -> Mapping[ServiceId, Recalled]:
        """Of each service. Raises RecordUnavailable."""
        asked = list(services)
        return dict(zip((facts.id for facts in asked), side_by_side(self._recalled, asked), strict=True))

    def _recalled(self, facts: ServiceFacts) -> Recalled:
        return Recalled(self._learned(facts.id), self._usd_per_hour(facts))

    def _learned(self, service: ServiceId) -> Learned:
        if self._rows is None or self._history is None:
            return UNLEARNED
        try:
            found, revision = self._rows.get(service)
            if found is not None:
                return found
            entries = self._history.of_service(service, limit=MOST_ENTRIES)
        except NoRecord:
            return UNLEARNED
        return replace(rebuilt(tuple(reversed(entries))), revision=revision)

    def _usd_per_hour(self, facts: ServiceFacts) -> float | None:
        price = self._price(facts)
        return float(price.usd_per_hour) * max(1, facts.desired_count) if price else None


def rebuilt(entries: Sequence[Entry]) -> Learned:
    """From the entries of one service, oldest first."""
    stops: list[tuple[float, float]] = []
    stopped: tuple[datetime, float] | None = None
    begun: dict[str, datetime] = {}
    boot: float | None = None
    boots = 0
    for entry in entries:
        if entry.kind not in (EntryKind.ACTED, EntryKind.HAND):
            continue
        if entry.action is ActionKind.STOP and entry.outcome != "done":
            timeout = _timeout_seconds(entry)
            stopped = (entry.at - timedelta(seconds=timeout), timeout) if timeout else None
        elif entry.action is ActionKind.START and entry.outcome == "done":
            took = entry.at - begun.pop(entry.action_id, entry.at)
            if timedelta() < took <= LONGEST_BOOT:
                seconds = took.total_seconds()
                boot = seconds if boot is None else boot + NEWEST_BOOT_WEIGHT * (seconds - boot)
                boots += 1
        elif entry.action is ActionKind.START:
            begun[entry.action_id] = entry.at
            if stopped is not None and _somebody_asked(entry):
                stops.append(((entry.at - stopped[0]).total_seconds(), stopped[1]))
            stopped = None
    return Learned(gaps=law_of_stops(stops), boot_seconds=boot, boots=boots, cold_starts=len(stops))


def _timeout_seconds(entry: Entry) -> float | None:
    """After how long unused it was stopped; None for a stop that was not for idleness, or does not say."""
    if entry.because is not Because.IDLE:
        return None
    measured: float | None = None
    for fact in entry.evidence:
        if fact.name == TIMEOUT:
            return 60 * float(fact.value)
        if fact.name == SignalName.REQUESTS.value and fact.since and fact.until:
            measured = (fact.until - fact.since).total_seconds()
    return measured


def _somebody_asked(entry: Entry) -> bool:
    return entry.kind is EntryKind.HAND or entry.because is Because.OVERRIDE
