"""The bill from Cost Explorer: by the day, two groupings a call, so one call for every cut (and one a page).

Its days are UTC's, its ``End`` is exclusive, and with groupings it gives no total. By service the rows have their kind
(usage, credit, tax); in every other cut both groupings are taken, so these hold usage alone. A quantity is told only by
meter: of anything wider Cost Explorer adds hours to gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.errors import SourceFailed

from reports.sources.answers import Reader
from reports.sources.ce_calls import COST_AND_USAGE, Calls
from reports.sources.frames import COLUMNS, TAG_CUTS, Bill, Cut, Kind, Pricing, TagKeys
from reports.sources.rows import frame
from reports.values import Sentence

PROVIDER = "AWS"
_SAVINGS_PLAN_FEES = ("SavingsPlanRecurringFee", "SavingsPlanUpfrontFee")
_METRICS = ("UnblendedCost", "AmortizedCost", "UsageQuantity")

_KINDS: Mapping[str, Kind] = {
    "credit": Kind.CREDIT,
    "refund": Kind.REFUND,
    "tax": Kind.TAX,
    "fee": Kind.PURCHASE,
    "rifee": Kind.PURCHASE,
    "upfront": Kind.PURCHASE,
    "recurring": Kind.PURCHASE,
    "savingsplanrecurringfee": Kind.PURCHASE,
    "savingsplanupfrontfee": Kind.PURCHASE,
    "usage": Kind.USAGE,
    "discountedusage": Kind.USAGE,
    "savingsplancoveredusage": Kind.USAGE,
    "savingsplannegation": Kind.USAGE,
    "bundleddiscount": Kind.USAGE,
    "edpdiscount": Kind.USAGE,
    "discount": Kind.USAGE,
    "privateratediscount": Kind.USAGE,
}
"""RECORD_TYPE of Cost Explorer, which has the values of ``lineItem/LineItemType`` (CUR data dictionary)."""

NO_USAGE = ("Credit", "Refund", "Tax", "Fee", "RIFee", "Upfront", "Recurring", *_SAVINGS_PLAN_FEES)
_USAGE_ALONE = {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(NO_USAGE)}}}


def read_bill(calls: Calls, tags: TagKeys, since: date, until: date) -> tuple[Bill, tuple[Sentence, ...]]:
    """The bill, and a sentence for each cut that could not be read.

    Raises:
        SourceFailed: not even the cut by service could be read, or the account is billed in two currencies.
    """
    span = {"Start": since.isoformat(), "End": until.isoformat()}
    answer = _Rows(calls, span)
    answer.read(Cut.SERVICE, _dimension("SERVICE"), _dimension("RECORD_TYPE"))
    asked: list[tuple[Cut, tuple[Mapping[str, str], ...]]] = [
        *((cut, (_tag(tags.of(cut)),)) for cut in TAG_CUTS),
        (Cut.PRICING, (_dimension("SERVICE"), _dimension("PURCHASE_TYPE"))),
        (Cut.METER, (_dimension("SERVICE"), _dimension("USAGE_TYPE"))),
    ]
    failed: list[Sentence] = []
    for cut, groups in asked:
        try:
            answer.read(cut, *groups)
        except SourceFailed as error:
            failed.append(Sentence("cut_not_read", {"cut": cut.value, "why": str(error)}))
    return answer.bill(since, until), tuple(failed)


class _Rows:
    """What all calls together answered."""

    def __init__(self, calls: Calls, span: Mapping[str, str]) -> None:
        self._calls = calls
        self._span = span
        self._rows: list[tuple[object, ...]] = []
        self._currencies: set[str] = set()
        self._days: set[date] = set()
        self._estimated: set[date] = set()

    def read(self, cut: Cut, *groups: Mapping[str, str]) -> None:
        """All pages or nothing: half of a cut is no figure."""
        usage_alone: Mapping[str, Any] = {} if cut is Cut.SERVICE else {"Filter": _USAGE_ALONE}
        rows: list[tuple[object, ...]] = []
        for page in self._calls.pages(
            COST_AND_USAGE,
            TimePeriod=self._span,
            Granularity="DAILY",
            Metrics=list(_METRICS),
            GroupBy=list(groups),
            **usage_alone,
        ):
            for result in Reader("GetCostAndUsage", page).parts("ResultsByTime"):
                rows += self._of_day(cut, result)
        self._rows += rows

    def bill(self, since: date, until: date) -> Bill:
        if not self._rows:
            raise SourceFailed(f"Cost Explorer has no cost from {since} to before {until}")
        if len(self._currencies) > 1:
            raise SourceFailed(
                f"Cost Explorer answers in {' and '.join(sorted(self._currencies))}; no sum can hold both"
            )
        return Bill(
            currency=self._currencies.pop(),
            since=since,
            until=until,
            frame=frame(self._rows),
            days=tuple(sorted(self._days)),
            estimated=tuple(sorted(self._estimated)),
        )

    def _of_day(self, cut: Cut, result: Reader) -> Iterable[tuple[object, ...]]:
        day = result.part("TimePeriod").day("Start")
        groups = result.parts("Groups")
        if groups:
            self._days.add(day)
        if groups and result.flag("Estimated"):
            self._estimated.add(day)
        for group in groups:
            metrics = group.part("Metrics")
            billed = metrics.part("UnblendedCost").money()
            effective = metrics.part("AmortizedCost").money()
            self._currencies |= {billed.currency, effective.currency}
            key, service, kind = _named(cut, group.texts("Keys"))
            quantity, unit = _quantity(cut, metrics.part("UsageQuantity"))
            row: Mapping[str, object] = {
                "day": day,
                "cut": cut.value,
                "key": key,
                "provider": PROVIDER,
                "service": service,
                "kind": kind.value,
                "unit": unit,
                "billed": billed.amount,
                "effective": effective.amount,
                "quantity": quantity,
            }
            yield tuple(row.get(column) for column in COLUMNS)


def _named(cut: Cut, keys: Iterable[str]) -> tuple[str, str, Kind]:
    """Key, service and kind of a row, from the values of the groupings that were asked for."""
    first, *rest = keys
    match cut:
        case Cut.SERVICE:
            return "", first, _kind(rest[0])
        case Cut.PRICING:
            return _pricing(rest[0]).value, first, Kind.USAGE
        case Cut.METER:
            return rest[0], first, Kind.USAGE
        case _:
            return first.partition("$")[2], "", Kind.USAGE


def _kind(record_type: str) -> Kind:
    return _KINDS.get("".join(record_type.lower().split()), Kind.ADJUSTMENT)


def _pricing(purchase_type: str) -> Pricing:
    """PURCHASE_TYPE as in "Spot Instances", "Standard Reserved Instances", "Savings Plans", "On Demand Instances"."""
    words = purchase_type.lower()
    if "spot" in words:
        return Pricing.DYNAMIC
    if "reserved" in words or "savings plan" in words:
        return Pricing.COMMITTED
    return Pricing.STANDARD if "demand" in words else Pricing.OTHER


def _quantity(cut: Cut, usage: Reader) -> tuple[Decimal | None, str]:
    if cut is not Cut.METER:
        return None, ""
    unit = usage.text("Unit", "")
    return usage.number("Amount"), "" if unit == "N/A" else unit


def _dimension(key: str) -> Mapping[str, str]:
    return {"Type": "DIMENSION", "Key": key}


def _tag(key: str) -> Mapping[str, str]:
    return {"Type": "TAG", "Key": key}
