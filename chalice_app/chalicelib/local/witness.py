"""Stands beside the controller, hears every report, and says in the words of the timeline what happened.

It changes nothing: each call is passed on, each answer handed back as it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_never
from zoneinfo import ZoneInfo

from chalicelib.controller.report import Decided, Report
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.use_words import UNSEEN
from chalicelib.decide.words import length
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import PlanKind
from chalicelib.local.timeline import Happening, Word
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.policy.timetable import Timetable
from chalicelib.prices import hourly_price

if TYPE_CHECKING:
    from chalicelib.controller.controller import Controller


class Witness:
    """Takes the controller's place in the application."""

    def __init__(self, controller: Controller, region: str, zone: ZoneInfo) -> None:
        self._controller = controller
        self._region = region
        self._zone = zone
        self._heard: list[Happening] = []
        self._failed: set[ServiceId] = set()
        self.standing: dict[ServiceId, tuple[Happening, ...]] = {}
        """What keeps each service from what was wished, as of the last look at it; empty: nothing does."""
        self.stopped: set[ServiceId] = set()
        """Every service that was ever stopped, or about to be."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._controller, name)

    def sweep(self, now: datetime, *, full: bool | None = None, seconds: float | None = None) -> Report:
        return self._listen(self._controller.sweep(now, full=full, seconds=seconds))

    def look_at(
        self, ids: Iterable[ServiceId], now: datetime, *, why: str, force: bool = True, seconds: float | None = None
    ) -> Report:
        return self._listen(self._controller.look_at(ids, now, why=why, force=force, seconds=seconds))

    def say(self, happening: Happening | None) -> None:
        """For what people do: no report tells it."""
        if happening is not None:
            self._heard.append(happening)

    def heard(self) -> list[Happening]:
        """Everything since the last time, oldest first."""
        heard, self._heard = self._heard, []
        return heard

    def _listen(self, report: Report) -> Report:
        decided = {one.facts.id: one for one in report.decided}
        for outcome in report.outcomes:
            self._heard.extend(self._of_outcome(outcome, decided, report.at))
        for one in report.decided:
            self.standing[one.facts.id] = tuple(self._of_decision(one, report.at))
            self._heard.extend(self.standing[one.facts.id])
        for notice in report.notices:
            if not _is_told_already(notice, report):
                self._heard.extend(self._of_notice(notice, report.at))
        return report

    def _of_outcome(self, outcome: Outcome, decided: Mapping[ServiceId, Decided], at: datetime) -> Iterator[Happening]:
        one = decided.get(outcome.service)
        decision = one.decision if one else None
        sort = decision.because.value if decision else ""
        why = self._short(decision.reason) if decision else self._without_name(outcome.reason, outcome.service)
        match outcome.status, outcome.kind:
            case OutcomeStatus.DONE, PlanKind.STOP if not outcome.verified:
                self.stopped.add(outcome.service)
                usd, planned = self._saves(one, at) if one else (None, False)
                yield Happening(at, Word.STOP, outcome.service, why, sort, usd, planned)
            case OutcomeStatus.DONE, PlanKind.START if not outcome.verified:
                if outcome.service in self._failed:
                    why, sort = "tried once more", "retry"
                yield Happening(at, Word.START, outcome.service, why, sort)
            case OutcomeStatus.DONE, PlanKind.START if outcome.service in self._failed:
                self._failed.discard(outcome.service)
                text = self._without_name(outcome.reason, outcome.service)
                yield Happening(at, Word.READY, outcome.service, text, "ready after all")
            case OutcomeStatus.DONE, _:
                return
            case OutcomeStatus.FAILED, _:
                self._failed.add(outcome.service)
                text = self._without_name(outcome.reason, outcome.service)
                yield Happening(at, Word.FAIL, outcome.service, text, f"{outcome.kind.value} failed")
            case OutcomeStatus.REFUSED, _:
                if outcome.news:
                    text = self._without_name(outcome.reason, outcome.service)
                    yield Happening(at, Word.REFUSE, outcome.service, text, f"{outcome.kind.value} refused")
            case other:
                assert_never(other)

    def _of_decision(self, one: Decided, at: datetime) -> Iterator[Happening]:
        decision, service = one.decision, one.facts.id
        if one.held:
            yield Happening(at, Word.WAIT, service, self._short(one.held), "held")
        if decision is None or not one.facts.is_running:
            return
        if decision.rule is RuleName.EXCLUSION:
            yield Happening(at, Word.LEAVE, service, self._short(decision.reason), "excluded")
        elif decision.because is Because.UNKNOWN and decision.wanted is Wanted.LEAVE:
            yield Happening(at, Word.LEAVE, service, self._short(decision.reason), "unknown")
        elif decision.because is Because.IN_USE and _only_in_flight(decision):
            text = self._unseen_use(decision)
            yield Happening(at, Word.KEEP, service, text, "in flight" if "in flight" in text else "no new request")
        elif decision.because is Because.IN_USE and decision.rule is RuleName.CLOSED:
            yield Happening(at, Word.KEEP, service, self._short(decision.reason), "closed, yet in use")

    def _of_notice(self, notice: Notice, at: datetime) -> Iterator[Happening]:
        if notice.service is None:
            return
        text = self._short(self._without_name(notice.text, notice.service))
        match notice.kind:
            case NoticeKind.HAND_START | NoticeKind.HAND_STOP:
                yield Happening(at, Word.HAND, notice.service, text, notice.kind.value)
            case NoticeKind.WOULD:
                text = text.removeprefix(f"{notice.policy} ")
                yield Happening(at, Word.WOULD, notice.service, text, notice.kind.value)
            case NoticeKind.TIE | NoticeKind.REFUSED:
                yield Happening(at, Word.REFUSE, notice.service, text, notice.kind.value)
            case _:
                return

    def _saves(self, one: Decided, at: datetime) -> tuple[Decimal | None, bool]:
        """Dollars until the hours open again, or an hour's where nothing says when it will be wanted."""
        price = hourly_price(one.facts, self._region)
        if price is None:
            return None, False
        hourly = price.usd_per_hour * max(_size(one.facts), 1)
        closed_until = _closed_until(one, at)
        if closed_until is None:
            return hourly, False
        return hourly * Decimal((closed_until - at).total_seconds()) / 3600, True

    def _short(self, text: str) -> str:
        """Without the zone's name, which the head of the demo tells once."""
        return text.replace(" JST", "")

    def _unseen_use(self, decision: Decision) -> str:
        requests = next(one for one in decision.evidence if one.name == "requests")
        quiet = f" for {length(requests.until - requests.since)}" if requests.since and requests.until else ""
        flight = next((one for one in decision.evidence if one.unit == "requests in flight"), None)
        if flight and flight.since and flight.until:
            begun = f"{flight.since.astimezone(self._zone):%H:%M} ({length(flight.until - flight.since)})"
            return f"request in flight since {begun}; none new{quiet}"
        past = next((one for one in decision.evidence if one.name == UNSEEN and one.until), None)
        if past and past.until:
            at = f"{past.until.astimezone(self._zone):%H:%M}"
            return f"none new{quiet}, yet " + (
                f"nobody asked its probes before {at}" if past.since == past.until else f"one ran until {at} or so"
            )
        gpu = next((one for one in decision.evidence if one.name == "gpu"), None)
        return f"no new request{quiet}, yet " + (f"its GPU is at {gpu.value} %" if gpu else "something runs in it")

    def _without_name(self, text: str, service: ServiceId) -> str:
        for opening in (f"{service}: ", f"{service} "):
            if text.startswith(opening):
                return text.removeprefix(opening)
        return text


def _only_in_flight(decision: Decision) -> bool:
    """The load balancer saw nothing; something else did."""
    return any(one.name == "requests" and one.value == "0" for one in decision.evidence)


def _is_told_already(notice: Notice, report: Report) -> bool:
    """A refusal by its outcome; a wish beside a deed of this very look says nothing."""
    of_it = [one for one in report.outcomes if one.service == notice.service]
    match notice.kind:
        case NoticeKind.REFUSED:
            return any(one.status is OutcomeStatus.REFUSED for one in of_it)
        case NoticeKind.WOULD:
            return any(one.status is OutcomeStatus.DONE for one in of_it)
        case _:
            return False


def _size(facts: ServiceFacts) -> int:
    return max(facts.desired_count, facts.running_count)


def _closed_until(one: Decided, at: datetime) -> datetime | None:
    hours = one.policy.hours if one.policy else None
    if hours is None or one.decision is None or one.decision.rule is not RuleName.CLOSED:
        return None
    phase = Timetable.of(hours).phase(at)
    return None if phase.open else phase.until
