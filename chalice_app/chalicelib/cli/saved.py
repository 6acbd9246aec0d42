"""How `lifecycle savings` looks: lines by policy, service or day that add up, the baseline, and what is not counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chalicelib.cli.render import Column, Paper, dollars
from chalicelib.decide import words
from chalicelib.ledger import sums

if TYPE_CHECKING:
    from chalicelib.ledger.values import Amount, Ledger, Tally

CENT = Decimal("0.01")
TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Line:
    """``services`` is how many it is about; None where a line is one of them, or a day."""

    name: str
    told: Tally
    services: int | None = None


def lines(counted: Ledger, zone: ZoneInfo, view: str) -> Sequence[Line]:
    """``view``: policy, service or day."""
    if view == "service":
        return [Line(str(service), told) for service, told in sums.by_service(counted).items()]
    if view == "day":
        return [Line(_day(day), told) for day, told in sums.by_day(counted, zone).items()]
    acted_on = sums.services_of(counted)
    return [Line(credit.name, told, len(acted_on[credit])) for credit, told in sums.by_credit(counted).items()]


def show(paper: Paper, counted: Ledger, zone: ZoneInfo, view: str, troubles: Sequence[str]) -> None:
    """``troubles``: sentences on sources of prices that failed."""
    span = f"{words.clock_with_year(counted.since, zone)} to {words.clock_with_year(counted.until, zone)}"
    if not counted.accounts:
        paper.say(f"The record holds nothing from {span}: nothing was saved, and nothing is known.")
        return
    found = lines(counted, zone, view)
    if found:
        paper.table(_columns(view), [_row(line, view) for line in found])
    else:
        paper.say("No policy stopped or moved anything.")
    total = counted.total
    share = f" ({total.saved_share * 100:.0f} %)" if total.saved_share is not None else ""
    paper.say()
    paper.say(
        f"{dollars(total.saved.usd)} of {dollars(total.baseline.usd)} saved{share}, {span}, on "
        f"{words.counted(len(counted.accounts), 'service')} in the record.",
        "bold",
    )
    paper.say(f"Baseline: {counted.baseline.value}.")
    if counted.price_sources:
        paper.say(f"Prices: {'; '.join(counted.price_sources)}.")
    if counted.unpriced:
        named = words.listed([str(service) for service in counted.unpriced])
        paper.say(f"No price is known for {named}: {_hours(total.unpriced_hours)} host hours are in no sum.", "yellow")
    for sentence in troubles:
        paper.say(sentence, "yellow")
    _show_wishes(paper, counted)


def _show_wishes(paper: Paper, counted: Ledger) -> None:
    wished = sums.wished_by_policy(counted)
    if not wished:
        return
    paper.say()
    paper.say("In dry run, and in no sum: what they would have saved besides")
    paper.table(
        [Column("POLICY"), Column("SERVICES", right=True), Column("HOST HOURS", right=True), Column("USD", right=True)],
        [
            [
                policy,
                str(len({one.service for one in wishes})),
                _hours(sum((one.host_hours for one in wishes), Decimal(0))),
                dollars(sums.worth(wishes)[0]),
            ]
            for policy, wishes in wished.items()
        ],
    )


def as_json(counted: Ledger, zone: ZoneInfo, view: str, troubles: Sequence[str]) -> Mapping[str, object]:
    """Every amount as exact text, rounded only to a hundredth of an hour and a cent."""
    total = counted.total
    return {
        "since": counted.since,
        "until": counted.until,
        "zone": zone.key,
        "baseline": counted.baseline.value,
        "currency": "USD",
        "price_sources": counted.price_sources,
        "unpriced": [str(service) for service in counted.unpriced],
        "total": {
            **_amounts(total),
            "saved_share": None if total.saved_share is None else _rounded(total.saved_share, Decimal("0.0001")),
        },
        "by": view,
        "lines": [
            {"name": line.name, "services": line.services, **_amounts(line.told)} for line in lines(counted, zone, view)
        ],
        "dry_run": [
            {
                "policy": policy,
                "services": sorted({str(one.service) for one in wishes}),
                "host_hours": _rounded(sum((one.host_hours for one in wishes), Decimal(0))),
                "usd": _maybe_rounded(sums.worth(wishes)[0]),
                "unpriced": sums.worth(wishes)[1],
            }
            for policy, wishes in sums.wished_by_policy(counted).items()
        ],
        "troubles": troubles,
    }


def _columns(view: str) -> Sequence[Column]:
    """A policy has no spending of its own: only what it took away counts as its."""
    amounts: tuple[str, ...] = ("SERVICES", "HOURS SAVED", "SAVED")
    if view != "policy":
        amounts = ("HOURS RAN", "HOURS SAVED", "SPENT", "BASELINE", "SAVED")
    return [Column(view.upper()), *(Column(title, right=True) for title in amounts)]


def _row(line: Line, view: str) -> list[str]:
    told = line.told
    if view == "policy":
        return [line.name, str(line.services), _hours(told.saved.host_hours), dollars(told.saved.usd)]
    return [
        line.name,
        _hours(told.ran.host_hours),
        _hours(told.saved.host_hours),
        *(dollars(amount.usd) for amount in (told.ran, told.baseline, told.saved)),
    ]


def _hours(hours: Decimal) -> str:
    return f"{hours.quantize(TENTH, ROUND_HALF_UP):,}"


def _amounts(told: Tally) -> Mapping[str, object]:
    parts = {"ran": told.ran, "baseline": told.baseline, "saved": told.saved}
    return {
        **{name: _amount(amount) for name, amount in parts.items()},
        "unpriced_hours": _rounded(told.unpriced_hours),
    }


def _amount(amount: Amount) -> Mapping[str, Decimal | None]:
    return {
        "host_hours": _rounded(amount.host_hours),
        "gpu_hours": _maybe_rounded(amount.gpu_hours),
        "usd": _maybe_rounded(amount.usd),
    }


def _maybe_rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else _rounded(value)


def _rounded(value: Decimal, to: Decimal = CENT) -> Decimal:
    return value.quantize(to, ROUND_HALF_UP)


def _day(day: date) -> str:
    return f"{day:%a} {day.isoformat()}"
