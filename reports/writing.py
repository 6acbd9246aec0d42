"""Writes a report into a folder: the page with its pictures beside it, text, CSV, XLSX, JSON, and the Slack blocks."""

from __future__ import annotations

import json as plain
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.model import WeeklyReport
from reports.render.charts import charts
from reports.render.csv import csv
from reports.render.document import Document
from reports.render.html import html
from reports.render.json import json
from reports.render.slack import slack
from reports.render.text import text
from reports.render.writing import document
from reports.render.xlsx import xlsx


@dataclass(frozen=True, slots=True)
class Forms:
    """A report in one language in every form. ``pictures``: PNG by name."""

    document: Document
    pictures: Mapping[str, bytes]
    text: str
    csv: str
    xlsx: bytes
    json: str
    slack: str

    def html(self, addresses: Mapping[str, str]) -> str:
        """``addresses`` of the pictures by their names."""
        return html(self.document, addresses)


def forms(report: WeeklyReport, language: str, pictures: Mapping[str, bytes] | None = None) -> Forms:
    """``pictures``: those of another language, which are the same."""
    told = document(report, language)
    return Forms(
        document=told,
        pictures=charts(report) if pictures is None else pictures,
        text=text(told),
        csv=csv(told, str(report.header.week)),
        xlsx=xlsx(told),
        json=json(report, language),
        slack=plain.dumps(slack(told), ensure_ascii=False, indent=1) + "\n",
    )


def write(made: Forms, folder: Path, name: str) -> Path:
    """Makes the folder. Gives the page's path: ``NAME.html``; the other files have the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture, packed in made.pictures.items():
        (folder / picture).write_bytes(packed)
    page = folder / f"{name}.html"
    page.write_text(made.html({picture: picture for picture in made.pictures}), encoding="utf-8")
    (folder / f"{name}.txt").write_text(made.text, encoding="utf-8")
    (folder / f"{name}.csv").write_text(made.csv, encoding="utf-8", newline="")
    (folder / f"{name}.xlsx").write_bytes(made.xlsx)
    (folder / f"{name}.json").write_text(made.json, encoding="utf-8")
    (folder / f"{name}.slack.json").write_text(made.slack, encoding="utf-8")
    return page
