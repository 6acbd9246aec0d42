"""The table in memory answers what moto's DynamoDB answers, for every condition the record knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from chalicelib.errors import ConditionFailed
from chalicelib.record.conditions import Condition
from chalicelib.record.table import BY_SERVICE, Changes, Table
from faults.cloud import WholeAws
from support.conditions import EVERY
from support.moto_record import moto_table
from support.strict_rows import condition


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Table, Table]]:
    with moto_table() as theirs:
        aws = WholeAws(datetime(2026, 11, 18, tzinfo=UTC))
        yield Table(aws.client("dynamodb"), "t"), theirs


def outcome(table: Table, number: int, one: Condition, standing: dict[str, Any], values: dict[str, Any]) -> Any:
    row = {"pk": one.name, "sk": str(number)}
    if standing:
        table.put({**row, **standing}, Condition("none", "attribute_not_exists(never)"))
    changes = Changes(set={"touched": "yes"}, remove=tuple(standing)[:1], add={"fence": 1})
    try:
        return table.update(one.name, str(number), changes, one, values)
    except ConditionFailed as lost:
        return "lost", lost.standing


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_a_write_under_any_condition_of_ours_ends_as_with_moto(one: Condition, both: tuple[Table, Table]) -> None:
    chance = Random(one.name)
    names = sorted(set(re.findall(r"(?<![:\w(])[a-z_]+(?= ?[<=,)])|(?<=\()[a-z_]+(?=[,)])", one.expression)))
    asked = sorted(set(re.findall(r":[a-z_]+", one.expression)))
    for number in range(6):
        words = {name: chance.choice("abc") for name in names if chance.random() < 0.7 and name not in ("pk", "fence")}
        standing = {name: {word} if name == "spot_setbacks" else word for name, word in words.items()}
        values = {name: chance.choice("abc") for name in asked}
        ours, theirs = (outcome(table, number, one, standing, values) for table in both)
        assert ours == theirs, (standing, values)


def test_pages_and_the_index_come_in_the_same_order(both: tuple[Table, Table]) -> None:
    anyhow = Condition("none", "attribute_not_exists(never)")
    for table in both:
        for number in range(12):
            day = {"pk": f"DAY{number % 2}", "sk": f"{number:02}", "service": f"gpu/{number % 3}", "n": number}
            table.put(day, anyhow)
    for ask in (
        {"pk": "DAY0", "page": 2}, {"pk": "DAY0", "newest_first": True, "limit": 3}, {"pk": "DAY1", "since": "05"},
        {"pk": "gpu/1", "index": BY_SERVICE, "newest_first": True}, {"pk": "gpu/2", "index": BY_SERVICE, "page": 1},
    ):  # fmt: skip
        ours, theirs = (list(table.query(**ask)) for table in both)  # type: ignore[arg-type]
        assert ours == theirs


def test_what_cannot_be_read_is_refused_rather_than_guessed() -> None:
    with pytest.raises(AssertionError, match="cannot read"):
        condition("begins_with(name, :a) %")
