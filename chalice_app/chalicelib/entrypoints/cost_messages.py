"""Reads what AWS tells about money, once, at the border: events of anomalies, and the mail-like text of budgets.

AWS Budgets sends its topic the same text that it mails: an address, a paragraph, then lines ``Name: value``. It writes
amounts with the sign of their currency; only the dollar's is one currency's here, any other leaves them unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from chalicelib.entrypoints.spot_triggers import instant_of
from chalicelib.errors import MalformedEvent
from chalicelib.record.cost_events import BudgetAlert, CostAnomaly

USD = "USD"
"""Of every anomaly: Cost Anomaly Detection reports in US dollars and names no currency."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LINE = re.compile(r"^([A-Z][A-Za-z ]+): (.+)$", re.MULTILINE)
_DOLLARS = re.compile(r"-?\$(\d[\d,]*(?:\.\d+)?)")
_LIMIT, _FORECASTED = "budgeted amount", "FORECASTED"
_LONGEST = 300


def anomaly_of(event: Mapping[str, object]) -> CostAnomaly:
    """The ``Anomaly Detected`` event of ``aws.ce``. Raises MalformedEvent with the path of what is wrong."""
    detail = _object(event, "", "detail")
    impact = _object(detail, "detail.", "impact")
    causes = detail.get("rootCauses")
    cause = next((one for one in causes if isinstance(one, Mapping)), {}) if isinstance(causes, list) else {}
    expected = impact.get("totalExpectedSpend")
    ends = detail.get("anomalyEndDate")
    return CostAnomaly(
        id=_text(detail, "detail.", "anomalyId"),
        at=instant_of("time", event.get("time")),
        what=_known(detail, "dimensionValue") or _known(cause, "service") or "the account",
        cause=" in ".join(filter(None, (_known(cause, "usageType"), _known(cause, "region")))),
        begins=_day(detail, "anomalyStartDate"),
        ends=_day(detail, "anomalyEndDate") if ends else None,
        impact=_number(impact, "totalImpact"),
        expected=_number(impact, "totalExpectedSpend") if expected is not None else None,
        currency=USD,
        link=_known(detail, "anomalyDetailsLink"),
    )


def alert_of(id: str, at: object, text: str) -> BudgetAlert | None:
    """A notification of AWS Budgets by its SNS message; None for a message of the topic that is about no budget, as the
    one by which a subscription is tried. Raises MalformedEvent for a time that is none."""
    facts = {name.strip().lower(): value.strip() for name, value in _LINE.findall(text)}
    name = facts.get("budget name")
    if not name:
        return None
    kind = facts.get("alert type", "ACTUAL").upper()
    limit, amount = _dollars(facts.get(_LIMIT)), _dollars(facts.get(f"{kind.lower()} amount"))
    return BudgetAlert(
        id=id,
        at=instant_of("Timestamp", at),
        name=name[:_LONGEST],
        message=_said(facts, kind),
        is_forecast=kind == _FORECASTED,
        limit=limit,
        amount=amount,
        currency=USD if limit is not None or amount is not None else "",
    )


def _said(facts: Mapping[str, str], kind: str) -> str:
    """In the amounts as AWS wrote them."""
    amount, limit, threshold = (facts.get(name, "") for name in (f"{kind.lower()} amount", _LIMIT, "alert threshold"))
    verb = "expected" if kind == _FORECASTED else "spent"
    reached = f"{amount} {verb}" if amount else "its alert was passed"
    said = f"{reached} of {limit}" if limit else reached
    return (f"{said}; the alert was set at {threshold}" if threshold else said)[:_LONGEST]


def _dollars(text: str | None) -> Decimal | None:
    found = _DOLLARS.fullmatch(text) if text else None
    return None if found is None else Decimal(found[1].replace(",", "")) * (-1 if text and text[0] == "-" else 1)


def _object(values: Mapping[str, object], path: str, name: str) -> Mapping[str, object]:
    value = values.get(name)
    if not isinstance(value, Mapping):
        raise MalformedEvent(f"{path}{name} is missing or no object")
    return value


def _text(values: Mapping[str, object], path: str, name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedEvent(f"{path}{name} is missing or not text")
    return value


def _known(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    return value[:_LONGEST] if isinstance(value, str) else ""


def _day(detail: Mapping[str, object], name: str) -> date:
    text = _text(detail, "detail.", name)
    try:
        return date.fromisoformat(_DAY.match(text)[0])  # type: ignore[index]
    except (TypeError, ValueError):
        raise MalformedEvent(f'detail.{name} is "{text}", not a day') from None


def _number(impact: Mapping[str, object], name: str) -> Decimal:
    value = impact.get(name)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise MalformedEvent(f'detail.impact.{name} is "{value}", not an amount')
    return number
