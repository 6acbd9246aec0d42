"""Every form of the weekly report says the same figures, in both languages, and says what it does not know."""

from __future__ import annotations

import ast
import csv as plain_csv
import io
import json as plain_json
import re
import string
import zipfile
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.weekly_sample import line, sample, unknown, usd, without_sources

import reports
from reports.model import Breakdown, Dimension, WeeklyReport
from reports.render import numbers
from reports.render.document import Document, Figure, Unit, folded
from reports.render.html import MOST_BYTES, html
from reports.render.slack import slack
from reports.render.writing import document
from reports.sections import Untagged
from reports.values import Known, Money, Sentence
from reports.words import LANGUAGES, words
from reports.writing import Forms, forms

PICTURES = {"days.png": b"png", "weeks.png": b"png"}


@pytest.fixture(params=LANGUAGES)
def made(request: pytest.FixtureRequest) -> Forms:
    return forms(sample(), request.param, PICTURES)


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "td":
            self.cells.append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data


def figures(told: Document) -> list[Figure]:
    """All of the tables and tiles, in the order of the page."""
    tiles = [tile.figure for tile in told.tiles if tile.figure]
    rows = [row for part in told.parts for table in part.tables for row in (*table.rows, table.foot or ())]
    return tiles + [cell for row in rows for cell in row if isinstance(cell, Figure)]


def page_of(made: Forms) -> str:
    return made.html({name: name for name in made.pictures})


def test_the_page_has_every_figure_of_the_document_in_its_order(made: Forms) -> None:
    read = _Cells()
    read.feed(page_of(made))
    shown = [cell.strip() for cell in read.cells]
    tables = [figure.text for figure in figures(made.document)[len(made.document.tiles) :]]
    assert [cell for cell in shown if cell in set(tables)] == tables
    for tile in made.document.tiles:
        assert tile.figure is not None
        assert any(tile.figure.text in cell and tile.label in cell for cell in shown)


def test_the_text_has_every_figure_that_the_page_has(made: Forms) -> None:
    for figure in figures(made.document):
        assert figure.text in made.text


def test_the_csv_has_each_figure_exactly_once_and_exactly(made: Forms) -> None:
    rows = list(plain_csv.DictReader(io.StringIO(made.csv.lstrip("\ufeff"))))
    assert [Decimal(row["value"]) for row in rows] == [
        Decimal(numbers.exact(figure.value)) for figure in figures(made.document)
    ]
    assert {row["week"] for row in rows} == {"2026-W46"}
    for row, figure in zip(rows, figures(made.document), strict=True):
        assert row["unit"] == (figure.currency or figure.unit.value)


def test_the_workbook_has_every_figure_as_a_number(made: Forms) -> None:
    names = {"main": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    found: list[float] = []
    with zipfile.ZipFile(io.BytesIO(made.xlsx)) as packed:
        sheets = [name for name in packed.namelist() if name.startswith("xl/worksheets/sheet")]
        for sheet in sorted(sheets, key=lambda name: int("".join(filter(str.isdigit, name)))):
            for cell in ElementTree.fromstring(packed.read(sheet)).iterfind(".//main:c", names):
                value = cell.find("main:v", names)
                if cell.get("t") != "s" and value is not None and value.text:
                    found.append(float(value.text))
    assert found == pytest.approx([float(figure.value) for figure in figures(made.document)], rel=1e-12)


def test_slack_says_the_headline_and_the_four_figures_and_where_the_rest_is(made: Forms) -> None:
    said = made.slack
    for tile in made.document.tiles:
        assert tile.figure is not None and tile.figure.text in said
    for sentence in made.document.headline:
        assert sentence in said
    assert made.document.link in said


def test_json_holds_every_figure_of_every_other_form(made: Forms) -> None:
    held = set(_numbers(plain_json.loads(made.json)))
    for part in made.document.parts:
        for table in part.tables:
            for row in table.rows:
                for cell in row:
                    if isinstance(cell, Figure) and cell.unit is not Unit.COUNT:
                        assert Decimal(numbers.exact(cell.value)) in held, (part.key, row[0])
    for tile in made.document.tiles:
        assert tile.figure is not None and tile.figure.value in held


def _numbers(told: object) -> list[Decimal]:
    match told:
        case dict():
            return [one for value in told.values() for one in _numbers(value)]
        case list():
            return [one for value in told for one in _numbers(value)]
        case str() if re.fullmatch(r"-?\d+(\.\d+)?", told):
            return [Decimal(told)]
        case _:
            return []


def test_both_languages_show_the_same_figures() -> None:
    english, japanese = (document(sample(), language) for language in LANGUAGES)
    assert figures(english) == figures(japanese)


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    english, japanese = (words(language).texts for language in LANGUAGES)
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        assert _gaps(text) == _gaps(japanese[key]), key


def _gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_of_the_code_stands_in_the_catalogue() -> None:
    known = words("en").texts
    for path in Path(reports.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Sentence":
                key = call.args[0]
                if isinstance(key, ast.Constant):
                    assert key.value in known, path.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_read_is_said_in_its_section_and_is_nowhere_a_zero(language: str) -> None:
    made = forms(without_sources(), language)
    page = page_of(made)
    assert made.pictures == {}
    assert not any(part.tables for part in made.document.parts if part.key not in ("sources", "unit_costs"))
    assert page.count("Cost Explorer refused: AccessDeniedException.") > 10
    assert "$0.00" not in page
    assert plain_json.loads(made.json)["totals"] == {"unknown": "Cost Explorer refused: AccessDeniedException."}


def _crowded(report: WeeklyReport, services: int) -> WeeklyReport:
    lines = tuple(line(f"gpu/service-{n:04}", "10.00", "9.00", "0", "1", "0") for n in range(services))
    cuts = (Dimension.SERVICE, Dimension.MODEL, Dimension.ENVIRONMENT, Dimension.OWNER, Dimension.PRODUCT)
    return replace(report, breakdowns=Known(tuple(Breakdown(one, lines) for one in cuts)))


def test_a_thousand_services_still_fit_into_a_mail_that_is_not_cut_off() -> None:
    told = document(_crowded(sample(), 1000), "ja")
    page = html(told, {name: name for name in PICTURES})
    assert len(page.encode()) < MOST_BYTES
    assert "¥" not in page and "ほか" in page


def test_what_a_table_leaves_to_the_files_is_summed_up_in_one_row() -> None:
    table = document(_crowded(sample(), 20), "en").part("breakdowns").tables[0]
    shown = folded(table, 8, lambda n: f"{n} more", "unknown")
    assert shown.rows[-1][0] == "12 more"
    assert [cell.text for cell in shown.rows[-1] if isinstance(cell, Figure)] == ["$120.00", "$108.00", "+$12.00"]


def test_a_tag_that_begins_like_a_formula_is_none_in_the_files() -> None:
    evil = Breakdown(Dimension.OWNER, (line('=HYPERLINK("http://x")', "1", "1", "0", "0", "0"),))
    made = forms(replace(sample(), breakdowns=Known((evil,))), "en", PICTURES)
    assert "'=HYPERLINK" in made.csv
    with zipfile.ZipFile(io.BytesIO(made.xlsx)) as packed:
        assert not any(b"<f>" in packed.read(name) for name in packed.namelist() if "sheet" in name)


def test_markup_in_a_name_is_shown_and_not_obeyed() -> None:
    evil = Breakdown(Dimension.OWNER, (line("<script>x</script>", "1", "1", "0", "0", "0"),))
    made = forms(replace(sample(), breakdowns=Known((evil,))), "en", PICTURES)
    assert "<script>" not in page_of(made)
    assert "&lt;script&gt;" in page_of(made)


def test_a_page_is_whole_by_itself_but_for_its_pictures() -> None:
    page = html(document(sample(), "en"), {name: f"cid:{name}" for name in PICTURES})
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) == {
        "cid:days.png", "cid:weeks.png", "https://reports.example.com/2026-W46/report.html",
    }  # fmt: skip
    assert "prefers-color-scheme: dark" in page and "max-width: 560px" in page


def test_money_is_written_as_its_currency_is() -> None:
    written = {
        Money(Decimal("1234.505"), "USD"): "$1,234.51",
        Money(Decimal("-0.004"), "USD"): "$0.00",
        Money(Decimal("-3"), "EUR"): "−€3.00",
        Money(Decimal("1234.5"), "JPY"): "¥1,235",
        Money(Decimal("12"), "CHF"): "CHF 12.00",
    }
    assert {amount: numbers.money(amount) for amount in written} == written


def test_a_single_unknown_figure_says_unknown_and_why() -> None:
    report = replace(sample(), untagged=Known(Untagged(Decimal(0), usd("0"), (), Sentence("mend_tags"))))
    part = document(report, "en").part("commitments")
    assert part.tables[0].rows[1][1:] == ("unknown", "unknown", "unknown")
    assert "No reservation is held." in part.notes
    assert unknown("why").sentence == Sentence.told("why")


def test_slack_takes_no_more_than_it_may() -> None:
    told = slack(document(without_sources(), "en"))
    assert len(told["blocks"]) <= 50
    assert all(
        len(block["text"]["text"]) <= 3000 for block in told["blocks"] if block["type"] == "section" and "text" in block
    )
