"""A calendar strip: when each service held hosts, one row a service, one column a day, as one SVG.

Only shapes and text that every browser and printer draws; running and stopped differ in height as well as in colour,
so that the strip reads on paper and without colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ServiceId
from chalicelib.ledger.values import Span

from reports.figures import Row

WIDTH = 1000
_LABELS = 150
_ROW = 26
_TOP = 30
_BAR = 14


@dataclass(frozen=True, slots=True)
class Marks:
    """What else stands on the strip: requests that found the service stopped, by service; names of holidays by day
    (``2026-11-23`` -> name)."""

    refused: Mapping[ServiceId, Sequence[datetime]]
    holidays: Mapping[str, str]


def strip(rows: Sequence[Row], since: datetime, until: datetime, zone: ZoneInfo, marks: Marks) -> str:
    """``since`` to ``until`` across the width; days are those of ``zone``."""
    scale = _Scale(since, until)
    height = _TOP + _ROW * len(rows) + 6
    parts = [
        f'<svg class="strip" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="When each service ran" xmlns="http://www.w3.org/2000/svg">',
        *_days(scale, zone, marks.holidays, height),
    ]
    for number, row in enumerate(rows):
        parts.extend(_service(row, _TOP + number * _ROW, scale, zone, marks.refused.get(row.service, ())))
    return "\n".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class _Scale:
    since: datetime
    until: datetime

    def x(self, at: datetime) -> float:
        share = (at - self.since) / (self.until - self.since)
        return round(_LABELS + share * (WIDTH - _LABELS), 1)


def _days(scale: _Scale, zone: ZoneInfo, holidays: Mapping[str, str], height: int) -> Iterator[str]:
    at = scale.since
    while at < scale.until:
        local = at.astimezone(zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        ends = min(midnight, scale.until)
        left, width = scale.x(at), round(scale.x(ends) - scale.x(at), 1)
        holiday = holidays.get(local.date().isoformat(), "")
        resting = " rest" if holiday or local.weekday() >= 5 else ""
        title = f"<title>{escape(holiday)}</title>" if holiday else ""
        label = f"{local:%a} {local.day} {local:%b}" + (" ✻" if holiday else "")
        yield f'<rect class="day{resting}" x="{left}" y="0" width="{width}" height="{height}">{title}</rect>'
        yield f'<line class="midnight" x1="{left}" y1="0" x2="{left}" y2="{height}"/>'
        yield f'<text class="day-name" x="{left + 6}" y="17">{label}{title}</text>'
        at = ends


def _service(row: Row, top: int, scale: _Scale, zone: ZoneInfo, refused: Sequence[datetime]) -> Iterator[str]:
    middle = top + _ROW / 2
    width = WIDTH - _LABELS
    yield f'<text class="service" x="0" y="{middle + 4}">{escape(row.service.name)}</text>'
    yield f'<rect class="off" x="{_LABELS}" y="{middle - 1}" width="{width}" height="2"/>'
    for span in row.spans:
        left, right = scale.x(span.since), scale.x(span.until)
        yield (
            f'<rect class="on" x="{left}" y="{middle - _BAR / 2}" width="{max(round(right - left, 1), 0.8)}" '
            f'height="{_BAR}" rx="2"><title>{escape(_told(row, span, zone))}</title></rect>'
        )
    for at in refused:
        yield f'<line class="refused" x1="{scale.x(at)}" y1="{middle + 3}" x2="{scale.x(at)}" y2="{middle + 9}"/>'


def _told(row: Row, span: Span, zone: ZoneInfo) -> str:
    tasks = "1 task" if span.tasks == 1 else f"{span.tasks} tasks"
    begins, ends = span.since.astimezone(zone), span.until.astimezone(zone)
    return f"{row.service.name}: {tasks}, {begins:%a %H:%M} to {ends:%a %H:%M}"
