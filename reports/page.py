"""The report as one self-contained HTML page and as JSON: no script, no font, no image from anywhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ServiceId
from chalicelib.ledger.values import Amount

from reports.figures import Row, WeekReport
from reports.strip import Marks, strip

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the chronicle: ``word`` is STOP, START, KEEP…; ``loud`` lines are refusals and failures."""

    at: datetime
    word: str
    services: str
    text: str
    saves: str = ""
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page that is not in the report itself. ``facts`` are (name, value) pairs about the run."""

    title: str
    lead: str
    chronicle: Sequence[Told]
    marks: Marks
    notes: Sequence[str]
    refused: Mapping[ServiceId, int] | None = None
    """Requests that found their service stopped, where somebody counted them."""
    facts: Sequence[tuple[str, str]] = ()
    policies: Mapping[str, str] | None = None


def usd(value: Decimal | None) -> str:
    """``$1,234.50``; ``unknown`` when the price is."""
    if value is None:
        return "unknown"
    return f"-${-value:,.2f}" if value < 0 else f"${value:,.2f}"


def hours(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value:,.1f}"


def share(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value * 100:.0f}%"


def as_html(report: WeekReport, page: Page, zone: ZoneInfo) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(usd=usd, hours=hours, share=share)
    drawn = strip(report.rows, report.since, report.until, zone, page.marks)
    template = environment.get_template("week.html.j2")
    return template.render(
        report=report,
        page=page,
        zone=zone,
        strip=Markup(drawn),  # noqa: S704  # made of numbers and escaped names by reports.strip
        since=report.since.astimezone(zone),
        until=report.until.astimezone(zone),
    )


def as_json(report: WeekReport, page: Page) -> dict[str, object]:
    """Numbers as text: JSON's own are binary fractions. Instants in UTC."""
    return {
        "title": page.title,
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "baseline": report.baseline_name,
        "prices": list(report.price_sources),
        "unpriced": [str(service) for service in report.unpriced],
        "total": _amounts(report.ran, report.baseline, report.saved),
        "services": [_row(row, page.refused) for row in report.rows],
        "events": [
            {
                "at": told.at.isoformat(),
                "what": told.word,
                "services": told.services,
                "why": told.text,
                "saves": told.saves,
            }
            for told in page.chronicle
        ],
        "run": dict(page.facts),
        "notes": list(page.notes),
    }


def _row(row: Row, refused: Mapping[ServiceId, int] | None) -> dict[str, object]:
    counted = {} if refused is None else {"refused": refused.get(row.service, 0)}
    return {
        "service": str(row.service),
        "tasks": row.tasks,
        "usd_per_task_hour": None if row.price is None else str(row.price.usd_per_hour),
        **_amounts(row.ran, row.baseline, row.saved),
        "stops": row.stops,
        "starts": row.starts,
        "failed_starts": row.failed_starts,
        "by_hand": row.by_hand,
        **counted,
        "ran_in": [
            {"since": span.since.isoformat(), "until": span.until.isoformat(), "tasks": span.tasks}
            for span in row.spans
        ],
    }


def _amounts(ran: Amount, baseline: Amount, saved: Amount) -> dict[str, object]:
    return {"ran": _amount(ran), "baseline": _amount(baseline), "saved": _amount(saved)}


def _amount(amount: Amount) -> dict[str, str | None]:
    return {
        "host_hours": _text(amount.host_hours),
        "gpu_hours": _text(amount.gpu_hours),
        "usd": _text(amount.usd),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"
