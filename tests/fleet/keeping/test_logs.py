"""An instance's logs, page by page and followed, from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

import pytest
from chalicelib.errors import Unfit
from chalicelib.fleet.logs import LogPage, LogReader

if TYPE_CHECKING:
    from chalicelib.fleet.model import Instance

GROUP = "/ollama/models"
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_DEFAULT_REGION": "eu-west-1"}


@dataclass
class Named:
    id: str


@dataclass
class Book:
    logs: Any

    def write(self, stream: str, *lines: str, at: datetime = NOON) -> None:
        if not self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=stream)["logStreams"]:
            self.logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        events = [
            {"timestamp": int((at + timedelta(seconds=n)).timestamp() * 1000), "message": line}
            for n, line in enumerate(lines)
        ]
        self.logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)

    def read(self, instance_id: str = "inst-1", **asked: Any) -> LogPage:
        instance = cast("Instance", Named(instance_id))
        return LogReader(self.logs, GROUP).read(instance, NOON + timedelta(minutes=30), **asked)


@pytest.fixture
def book() -> Iterator[Book]:
    import boto3
    from moto import mock_aws

    with patch.dict("os.environ", _CREDENTIALS), mock_aws():
        logs = boto3.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        yield Book(logs)


def test_the_lines_of_all_its_tasks_come_in_order_of_time_and_nobody_else_s(book: Book) -> None:
    book.write("inst-1/ollama/task-1", "first", "third")
    book.write("inst-1/ollama/task-2", "second", at=NOON + timedelta(milliseconds=500))
    book.write("inst-11/ollama/task-9", "of another")

    page = book.read()

    assert [line.text for line in page.lines] == ["first", "second", "third"]
    assert page.lines[1].at == NOON + timedelta(milliseconds=500)
    assert page.lines[1].stream == "inst-1/ollama/task-2"


def test_a_page_holds_what_was_asked_and_the_cursor_goes_on_after_it(book: Book) -> None:
    book.write("inst-1/ollama/task-1", *(f"line {n}" for n in range(25)))
    seen: list[str] = []
    cursor = ""
    for _ in range(5):
        page = book.read(limit=10, cursor=cursor)
        assert len(page.lines) <= 10
        seen += [line.text for line in page.lines]
        cursor = page.cursor
        if not page.more:
            break
    assert seen == [f"line {n}" for n in range(25)]


def test_who_follows_gets_only_what_is_new_and_nothing_twice(book: Book) -> None:
    book.write("inst-1/ollama/task-1", "one", "two")
    page = book.read()
    assert book.read(cursor=page.cursor).lines == ()

    book.write("inst-1/ollama/task-1", "at the same moment as two", "three", at=NOON + timedelta(seconds=1))
    page = book.read(cursor=page.cursor)
    assert [line.text for line in page.lines] == ["at the same moment as two", "three"]
    assert book.read(cursor=page.cursor).lines == ()


def test_reading_begins_where_it_is_told_or_an_hour_ago(book: Book) -> None:
    book.write("inst-1/ollama/task-1", "yesterday", at=NOON - timedelta(days=1))
    book.write("inst-1/ollama/task-1", "now")
    assert [line.text for line in book.read().lines] == ["now"]
    assert [line.text for line in book.read(since=NOON - timedelta(days=2)).lines] == ["yesterday", "now"]


def test_an_instance_that_wrote_nothing_has_no_lines_even_without_a_log_group(book: Book) -> None:
    assert book.read().lines == ()
    book.logs.delete_log_group(logGroupName=GROUP)
    page = book.read()
    assert (page.lines, page.more) == ((), False)
    assert page.cursor


@pytest.mark.parametrize("cursor", ["x", "e30", "W10", "bnVsbA", "WyJpbnN0LTEiLCJ4IiwiIixbXV0", "ü"])
def test_a_cursor_that_is_none_is_refused_by_its_field(book: Book, cursor: str) -> None:
    with pytest.raises(Unfit) as wrong:
        book.read(cursor=cursor)
    assert wrong.value.field == "cursor"


def test_a_cursor_of_another_instance_opens_nothing(book: Book) -> None:
    book.write("inst-1/ollama/task-1", "one")
    cursor = book.read().cursor
    with pytest.raises(Unfit, match="another instance"):
        book.read("inst-2", cursor=cursor)
