"""Reading traces: every wrong line is named, and nothing is guessed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from chalicelib.errors import TraceError
from chalicelib.simulate.alb import alb_trace, looks_like_a_log
from chalicelib.simulate.trace import NOTHING_IS_UNUSED, csv_trace, has_column, read_csv

NINE = 1795132800.0
"""2026-11-20T00:00:00Z."""


def write(folder: Path, text: str, name: str = "chat.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_times_may_be_iso_or_seconds_and_lengths_may_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "2026-11-20T09:00:00+09:00\n1795132830\n2026-11-20T00:01:00Z\n")
    assert list(read_csv(path)) == [(NINE, 10.0), (NINE + 30, 10.0), (NINE + 60, 10.0)]
    assert csv_trace(path).notes == (NOTHING_IS_UNUSED, "a request takes 10 s: the trace does not say")
    assert csv_trace(path).service == "chat"


def test_a_head_puts_the_columns_in_any_order_and_one_service_is_picked(tmp_path: Path) -> None:
    path = write(tmp_path, "service,time,seconds\na,1795132800,2\nb,1795132801,3\n\n# noon\na,1795132802,\n")
    assert list(read_csv(path, "a")) == [(NINE, 2.0), (NINE + 2, 10.0)]
    assert has_column(path, "service")


def test_a_packed_file_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv.gz"
    path.write_bytes(gzip.compress(b"1795132800,1\n"))
    assert list(read_csv(path)) == [(NINE, 1.0)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1795132800\nyesterday\n", 'csv:2: "yesterday" is no time: write 2026-11-20T09:15:00+09:00'),
        ("2026-11-20T09:00:00\n", "has no offset: write 2026-11-20T09:00:00Z"),
        ("1795132800000\n", "it looks like milliseconds"),
        ("1795132800\n1795132799\n", "csv:2: 1795132799 is earlier than the line before: sort it by time"),
        ("1795132800,ten\n", 'csv:1: "ten" is no number of seconds'),
        ("1795132800,-1\n", "must take from 0 seconds to a week"),
        ("1795132800,nan\n", "must take from 0 seconds to a week"),
        ("1795132800,1,a\n1795132801,1,b\n", 'here begins "b" beside "a": say which with --service'),
        ("time,length\n", 'there is no column "length": only time, seconds and service'),
        ("1795132800,1\n1795132801\n", "csv:2: only 1 columns, where the first line has 2"),
        ("1795132800\n1795132801,1\n", "csv:2: 2 columns, where the first line has 1"),
        ("", "there is no request in it"),
        ("time\n", "there is no request in it"),
        ("0001-01-01T00:00:00+23:59\n", "is no time between 2000 and 2100"),
        ("9999-12-31T23:59:59Z\n", "is no time between 2000 and 2100"),
        ("time,time\n1795132800,1795132800\n", "a column stands twice in time, time"),
    ],
)
def test_a_wrong_trace_is_refused_in_one_sentence_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(TraceError) as refused:
        list(read_csv(write(tmp_path, text)))
    assert says in str(refused.value)


def test_a_service_that_is_not_in_it_and_a_file_that_is_not_there_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "1795132800,1,a\n")
    with pytest.raises(TraceError, match='no request of the service "b"'):
        list(read_csv(path, "b"))
    with pytest.raises(TraceError, match="there is no such file"):
        list(read_csv(tmp_path / "none.csv"))
    with pytest.raises(TraceError, match="is a folder"):
        list(read_csv(tmp_path))


@pytest.mark.parametrize(
    "text", [b"1795132800\n\xff\xfe\x00\x01\n", b"\x89PNG\r\n\x1a\n\x00\x00", b"\x93NUMPY caf\xe9\n"]
)
@pytest.mark.parametrize("read", [looks_like_a_log, csv_trace, alb_trace, lambda path: list(read_csv(path))])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, text: bytes, read: Callable[[Path], object]) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text)
    with suppress(TraceError):
        read(path)
    with pytest.raises(TraceError):
        list(read_csv(path))


@pytest.mark.parametrize("read", [csv_trace, alb_trace, lambda path: list(read_csv(path))])
def test_a_packed_file_that_was_hurt_on_the_way_is_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    packed = bytearray(gzip.compress(b"1795132800,1\n" * 50))
    packed[12:16] = b"\xff\xff\xff\xff"
    path = tmp_path / "chat.csv.gz"
    path.write_bytes(packed)

    assert not looks_like_a_log(path)
    with pytest.raises(TraceError, match="cannot be read as"):
        read(path)
