"""What AWS told about money, as entries of the history: a cost anomaly, a budget that passed its threshold.

One entry an event, at the moment AWS gave it: an event delivered twice is the same row. The weekly report reads them
back, so that it knows of an anomaly even where nobody may ask Cost Explorer. Amounts are in their own currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from chalicelib.decide.decision import Evidence
from chalicelib.record.history import Entry, EntryKind

ANOMALY, BUDGET = "cost-anomaly", "budget"
"""The outcomes by which these entries are known among others."""


@dataclass(frozen=True, slots=True)
class CostAnomaly:
    """``what`` got dearer by ``impact`` than ``expected``, from ``begins`` to ``ends`` (days of UTC; None: unknown or
    still going on). ``cause`` is the first root cause in words, or empty."""

    id: str
    at: datetime
    what: str
    cause: str
    begins: date
    ends: date | None
    impact: Decimal
    expected: Decimal | None
    currency: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class BudgetAlert:
    """``message`` is one sentence. ``is_forecast``: the amount is what AWS expects of the period, not yet spent."""

    id: str
    at: datetime
    name: str
    message: str
    is_forecast: bool
    limit: Decimal | None
    amount: Decimal | None
    currency: str


CostEvent = CostAnomaly | BudgetAlert


def entry_of(event: CostEvent) -> Entry:
    match event:
        case CostAnomaly():
            evidence = _some(
                ("what", event.what, ""),
                ("cause", event.cause, ""),
                ("impact", event.impact, event.currency),
                ("expected", event.expected, event.currency),
                ("link", event.link, ""),
            )
            span = Evidence(
                "days", event.id, since=_midnight(event.begins), until=_midnight(event.ends) if event.ends else None
            )
            reason = f"{event.what} costs {event.impact:,.2f} {event.currency} more than expected"
            return _entry(event.at, "AWS Cost Anomaly Detection", reason, ANOMALY, (span, *evidence))
        case BudgetAlert():
            evidence = _some(
                ("name", event.name, ""),
                ("limit", event.limit, event.currency),
                ("forecast" if event.is_forecast else "spent", event.amount, event.currency),
            )
            said = Evidence("message", event.message)
            return _entry(event.at, "AWS Budgets", event.message, BUDGET, (Evidence("id", event.id), said, *evidence))


def event_of(entry: Entry) -> CostEvent | None:
    """None for an entry of anything else."""
    if entry.kind is not EntryKind.NOTICE or entry.outcome not in (ANOMALY, BUDGET):
        return None
    facts = {one.name: one for one in entry.evidence}
    return _anomaly(entry.at, facts) if entry.outcome == ANOMALY else _alert(entry.at, facts)


def told_in(entries: Iterable[Entry]) -> tuple[CostEvent, ...]:
    """Oldest first. An anomaly of which AWS told again is there once, as it was told last."""
    return latest(event for entry in entries if (event := event_of(entry)) is not None)


def latest(events: Iterable[CostEvent]) -> tuple[CostEvent, ...]:
    found: dict[tuple[str, str], CostEvent] = {}
    for event in sorted(events, key=lambda one: one.at):
        found[type(event).__name__, event.id] = event
    return tuple(sorted(found.values(), key=lambda one: one.at))


def _anomaly(at: datetime, facts: dict[str, Evidence]) -> CostAnomaly:
    days, impact = facts["days"], facts["impact"]
    begins = days.since or at
    return CostAnomaly(
        id=days.value,
        at=at,
        what=_value(facts, "what"),
        cause=_value(facts, "cause"),
        begins=begins.astimezone(UTC).date(),
        ends=days.until.astimezone(UTC).date() if days.until else None,
        impact=Decimal(impact.value),
        expected=_amount(facts, "expected"),
        currency=impact.unit,
        link=_value(facts, "link"),
    )


def _alert(at: datetime, facts: dict[str, Evidence]) -> BudgetAlert:
    is_forecast = "forecast" in facts
    amount = facts.get("forecast") or facts.get("spent") or facts.get("limit")
    return BudgetAlert(
        id=facts["id"].value,
        at=at,
        name=_value(facts, "name"),
        message=facts["message"].value,
        is_forecast=is_forecast,
        limit=_amount(facts, "limit"),
        amount=_amount(facts, "forecast" if is_forecast else "spent"),
        currency=amount.unit if amount else "",
    )


def _some(*facts: tuple[str, object, str]) -> tuple[Evidence, ...]:
    """Only what is known."""
    return tuple(Evidence(name, str(value), unit) for name, value, unit in facts if value not in (None, ""))


def _entry(at: datetime, who: str, reason: str, outcome: str, evidence: tuple[Evidence, ...]) -> Entry:
    return Entry(at=at, kind=EntryKind.NOTICE, who=who, reason=reason, outcome=outcome, evidence=evidence)


def _value(facts: dict[str, Evidence], name: str) -> str:
    return facts[name].value if name in facts else ""


def _amount(facts: dict[str, Evidence], name: str) -> Decimal | None:
    return Decimal(facts[name].value) if name in facts else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
