"""The report's pictures, as PNG: they read in print, without colour, on a dark page and on a phone.

A picture has a light ground of its own, so that it stays readable where a mail programme turns the page dark. What is
told by colour is told by hatching or shape as well; the colours are those of Okabe and Ito. All letters on it are
numbers, dates (ISO) and the currency: the words stand in the mail, in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

from reports.model import Day, Totals, WeeklyReport
from reports.render import numbers
from reports.render.parts_money import DAYS_CHART, WEEKS_CHART
from reports.values import Known, Money

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPENT, PALE, SAVED, BEFORE = "#0072B2", "#8FBFDD", "#E69F00", "#3A4653"
"""PALE: an earlier week, and a day that is still estimated."""
_INK, _SOFT, _GRID = "#1d2733", "#5c6b7a", "#e3e8ee"
_INCHES = 5.0
_HIGH, _LOW = 2.35, 1.55
_DPI = 200
_POINTS = 8.5


def charts(report: WeeklyReport) -> Mapping[str, bytes]:
    """PNG by name; empty when nothing is known to draw."""
    if not isinstance(report.totals, Known):
        return {}
    totals = report.totals.value
    found = {DAYS_CHART: _png(_days(totals))}
    if len(totals.weeks) > 1:
        found[WEEKS_CHART] = _png(_weeks(totals))
    return found


def _days(totals: Totals) -> Figure:
    """Bars of what was spent; above them, hatched, what was saved; a dash where the same day a week before stood."""
    figure, axes = _empty(totals.spent.currency, _HIGH)
    all_estimated = all(day.estimated for day in totals.days if day.spent is not None)
    for at, day in enumerate(totals.days):
        _day(axes, at, day, pale=day.estimated and not all_estimated)
    axes.set_xticks(range(len(totals.days)), [f"{day.day:%m-%d}" for day in totals.days])
    axes.set_xlim(-0.6, len(totals.days) - 0.4)
    return figure


def _day(axes: Axes, at: int, day: Day, *, pale: bool) -> None:
    spent = float(day.spent.amount) if day.spent is not None else 0.0
    saved = float(day.saved.amount) if day.saved is not None else 0.0
    axes.bar(at, spent, width=0.62, color=PALE if pale else SPENT)
    if saved > 0:
        axes.bar(at, saved, bottom=spent, width=0.62, facecolor="white", edgecolor=SAVED, hatch="////", linewidth=0.9)
    elif saved < 0:
        axes.bar(at, saved, width=0.62, facecolor="white", edgecolor=SAVED, hatch="xxxx", linewidth=0.9)
    if day.before is not None:
        axes.hlines(float(day.before.amount), at - 0.4, at + 0.4, color=BEFORE, linewidth=1.8)
    if day.spent is None:
        axes.annotate("?", (at, 0), ha="center", va="bottom", fontsize=12, color=_SOFT)
    elif spent:
        axes.annotate(
            _short(day.spent),
            (at, spent / 2),
            ha="center",
            va="center",
            fontsize=_POINTS,
            color=_INK if pale else "white",
        )


def _weeks(totals: Totals) -> Figure:
    figure, axes = _empty(totals.spent.currency, _LOW)
    for at, (_, amount) in enumerate(totals.weeks):
        is_this = at == len(totals.weeks) - 1
        axes.bar(at, float(amount.amount), width=0.62, color=SPENT if is_this else PALE)
        axes.annotate(
            _short(amount), (at, float(amount.amount)), (0, 2), textcoords="offset points", ha="center",
            fontsize=_POINTS, color=_INK, weight="bold" if is_this else "normal",
        )  # fmt: skip
    axes.set_xticks(range(len(totals.weeks)), [str(week) for week, _ in totals.weeks])
    axes.margins(y=0.16)
    return figure


def _empty(currency: str, inches_high: float) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_INCHES, inches_high), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_SOFT)
    axes.tick_params(length=0, labelsize=_POINTS, labelcolor=_INK)
    axes.yaxis.set_major_formatter(lambda value, _position: f"{value:,.0f}" if value == int(value) else f"{value:,.1f}")
    axes.locator_params(axis="y", nbins=5)
    axes.set_ylabel(currency, fontsize=_POINTS, color=_SOFT)
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _short(value: Money) -> str:
    """Whole units from a hundred on: a bar has room for no more."""
    digits = 0 if abs(value.amount) >= 100 else numbers.places(value.currency)
    return f"{numbers.rounded(value.amount, digits):,}"


def _png(figure: Figure) -> bytes:
    packed = BytesIO()
    figure.savefig(packed, dpi=_DPI, format="png", metadata={"Software": None})
    return packed.getvalue()
