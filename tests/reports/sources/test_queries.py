"""One text of each query, and what is written of it for either engine."""

from __future__ import annotations

from datetime import date

import pytest
from chalicelib.errors import ReportError

from reports.queries import BILL, FOLDER, for_athena, for_duckdb, literal, parameters
from reports.queries.translate import translation
from reports.sources import focus
from reports.sources.frames import TagKeys

QUERIES = sorted(path.stem for path in FOLDER.glob("*.sql"))
SINCE, UNTIL = date(2026, 11, 9), date(2026, 11, 16)


@pytest.mark.parametrize("name", QUERIES)
def test_the_committed_translation_of_a_query_is_current(name: str) -> None:
    assert for_duckdb(name) == translation((FOLDER / f"{name}.sql").read_text()), "run reports/queries/translate.py"


def test_every_query_has_one_translation_and_no_translation_is_left_over() -> None:
    assert [path.stem for path in sorted((FOLDER / "duckdb").glob("*.sql"))] == QUERIES


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_sums_decimals_prunes_by_billing_period_and_approximates_nothing(name: str) -> None:
    text = (FOLDER / f"{name}.sql").read_text()

    assert "billing_period BETWEEN :first_period AND :last_period" in text
    assert "approx" not in text.lower()
    assert "DOUBLE" not in text
    assert "SELECT *" not in text


def test_the_sources_give_every_parameter_of_the_bill() -> None:
    assert parameters(BILL) == set(focus.parameters(TagKeys(), SINCE, UNTIL))


def test_athena_gets_every_parameter_written_out() -> None:
    text = for_athena(BILL, focus.parameters(TagKeys(owner="it's"[:2]), SINCE, UNTIL))

    assert "ELEMENT_AT(Tags, 'it')" in text
    assert "CAST('2026-11-09' AS TIMESTAMP)" in text
    assert "billing_period BETWEEN '2026-11' AND '2026-12'" in text
    assert ":" not in text.replace("aws:ecs:serviceName", "").replace("lifecycle:owner", "")


@pytest.mark.parametrize("value", ["x' OR 1=1", "a\\b", "a;b", "x--'", "ta\x00g", "a" * 257])
def test_no_value_can_end_its_literal(value: str) -> None:
    with pytest.raises(ReportError, match="which no tag of AWS can be"):
        literal("owner", value)
