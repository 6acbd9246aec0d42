"""A simulation as files: the frontier of dollars against waits, a calendar strip of on and off, one page with both.

The page holds everything it needs, pictures included; the pictures also stand beside it as PNG.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from chalicelib.simulate.compare import Study
    from chalicelib.simulate.result import Outcome

MOST_DAYS = 62
"""Of the calendar strip: beyond that a day is too thin to be read."""
ON, OFF, OPTIMUM = "#2f6f9f", "#e6e9ec", "#b0552d"
OPTIMUM_LABEL = "optimum"


def write(found: Study, folder: Path) -> Sequence[Path]:
    """``index.html``, ``frontier.png`` and ``calendar.png`` in ``folder``, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {"frontier.png": frontier(found), "calendar.png": calendar(found.outcomes[0])}
    paths = []
    for name, figure in pictures.items():
        paths.append(folder / name)
        figure.savefig(folder / name, dpi=130)
    page = folder / "index.html"
    page.write_text(_page(found, {name: _png(figure) for name, figure in pictures.items()}), encoding="utf-8")
    return [page, *paths]


def frontier(found: Study) -> Figure:
    """Dollars paid (hours, where no price is known) against requests that waited; left and low is better."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    priced = all(one.usd is not None for one in found.outcomes)
    for index, one in enumerate(found.outcomes):
        across = one.usd if priced and one.usd is not None else one.hours
        marker, color = ("D", OPTIMUM) if one.label.startswith(OPTIMUM_LABEL) else ("o", ON)
        axes.scatter([across], [100 * one.waited_share], marker=marker, color=color, s=90 if index == 0 else 40)
        weight = "bold" if index == 0 else "normal"
        axes.annotate(
            one.label, (across, 100 * one.waited_share), (6, 5), textcoords="offset points", fontsize=8, weight=weight
        )
    axes.set_xlabel("paid, US dollars" if priced else "hours on")
    axes.set_ylabel("requests that waited, %")
    axes.set_title(f"{found.service}: dollars against waits", fontsize=11)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.margins(0.15)
    axes.grid(alpha=0.25)
    return figure


def calendar(one: Outcome) -> Figure:
    """One line a day in UTC, on in blue; the last `MOST_DAYS` days."""
    end = datetime.fromtimestamp(one.until, UTC)
    first = max(datetime.fromtimestamp(one.since, UTC), end - timedelta(days=MOST_DAYS))
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    days = []
    while day < end:
        days.append(day)
        day += timedelta(days=1)
    figure = Figure(figsize=(9, 0.9 + 0.24 * len(days)), layout="constrained")
    axes = figure.subplots()
    for line, begin in enumerate(days):
        start, stop = begin.timestamp(), (begin + timedelta(days=1)).timestamp()
        axes.broken_barh([(0, 24)], (line + 0.1, 0.8), color=OFF)
        bars = [
            ((max(on.since, start) - start) / 3600, (min(on.until, stop) - max(on.since, start)) / 3600)
            for on in one.on
            if on.since < stop and on.until > start
        ]
        axes.broken_barh(bars, (line + 0.1, 0.8), color=ON)
    axes.set_yticks([line + 0.5 for line in range(len(days))], [f"{begin:%a %d %b}" for begin in days], fontsize=7)
    axes.set_xticks(range(0, 25, 3))
    axes.set_xlim(0, 24)
    axes.invert_yaxis()
    axes.set_xlabel("hour, UTC")
    axes.set_title(f"{one.label}: on and off", fontsize=11)
    return figure


def _png(figure: Figure) -> str:
    packed = BytesIO()
    figure.savefig(packed, dpi=130)
    return base64.b64encode(packed.getvalue()).decode()


def _page(found: Study, pictures: dict[str, str]) -> str:
    title = html.escape(f"{found.service}: simulated")
    rows = "".join(_row(one) for one in found.outcomes)
    images = "".join(
        f'<img alt="{name.removesuffix(".png")}" src="data:image/png;base64,{data}">' for name, data in pictures.items()
    )
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in found.notes)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><table><tr><th>policy<th>hours<th>paid<th>cold starts<th>waited<th>longest<th>stops a day"
        f"<th>regrets</tr>{rows}</table>{images}<h2>Assumed</h2><ul>{notes}</ul></html>\n"
    )


def _row(one: Outcome) -> str:
    paid = "unknown" if one.usd is None else f"${one.usd:,.2f}"
    cells = (
        f"{one.hours:,.1f}",
        paid,
        str(one.cold_starts),
        f"{one.waited} ({100 * one.waited_share:.1f} %)",
        f"{one.longest_wait_seconds:.0f} s",
        f"{one.stops_per_day:.1f}",
        str(one.regrets),
    )
    return f"<tr><th>{html.escape(one.label)}" + "".join(f"<td>{cell}" for cell in cells) + "</tr>"


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2024}"
    "table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #dfe3e6}"
    "th:first-child{text-align:left}img{max-width:100%;display:block;margin:1.5rem 0}"
)
