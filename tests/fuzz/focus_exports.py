"""The border of FOCUS files: CSV and parquet, plain or packed, with columns, types, numbers and bytes of all kinds.

Whatever is read must be sums that are finite and a bill of its own days; whatever is not is refused by one sentence
that names the file.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from chalicelib.errors import SourceFailed
from fuzz.hunt import Border, Take
from fuzz.mutations import bytes_near, odd_texts, texts_near
from hypothesis import strategies as st
from support.focus_bill import PLAIN, as_csv, as_parquet, charge

from reports.sources.focus import FocusFiles
from reports.sources.frames import Cut, TagKeys

FROM, TO, TODAY = date(2026, 11, 9), date(2026, 11, 16), date(2026, 11, 16)
TAGS = TagKeys(workload="service", model="model", environment="env", owner="who")
CHAT = '{"service": "chat", "model": "llama2", "env": "dev", "who": "ada@example.com"}'
CHARGES = (
    charge("1.006", Tags=CHAT),
    charge("0.302", "2026-11-10T03:00:00Z", Tags=CHAT, ResourceId="i-2", PricingCategory="Dynamic"),
    charge("-5.25", "2026-11-10T00:00:00Z", ChargeCategory="Credit", ResourceId=""),
    charge("-1.10", "2026-11-10T00:00:00Z", ChargeClass="Correction", PricingCategory=""),
)
TYPES = ("VARCHAR", "DOUBLE", "BIGINT", "DATE", "TIMESTAMP", "BOOLEAN", "BLOB", "VARCHAR[]", "DECIMAL(38, 20)", "TIME")


@dataclass(frozen=True)
class Export:
    name: str
    data: bytes


def _seed(suffix: str, types: dict[str, str] | None = None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"bill{suffix}"
        return (as_parquet(path, CHARGES, types) if suffix == ".parquet" else as_csv(path, CHARGES)).read_bytes()


def _typed(types: dict[str, str]) -> bytes:
    """A parquet file with columns of other types; those that cannot be made of our charges stay as they are."""
    import duckdb

    try:
        return _seed(".parquet", types)
    except duckdb.Error:
        return _PARQUET


def _cells(drawn: Sequence[tuple[int, str, str]]) -> bytes:
    rows = [dict(one) for one in CHARGES]
    for row, column, value in drawn:
        rows[row % len(rows)][column] = value.encode("utf-8", "replace").decode()
    with tempfile.TemporaryDirectory() as folder:
        return as_csv(Path(folder) / "bill.csv", rows).read_bytes()


def _hurt(data: bytes, hurts: Sequence[tuple[int, int]], cut: int | None) -> bytes:
    whole = bytearray(data)
    for at, value in hurts:
        whole[at % len(whole)] = value
    return bytes(whole[: None if cut is None else cut % len(whole)])


_CSV, _PARQUET = _seed(".csv"), _seed(".parquet")
NUMBERS = st.sampled_from(("NaN", "-NaN", "inf", "-1e400", "1e29", "9" * 40, "0x10", "1,5", "1.5.5", "", "NULL", "١٢"))
_CELLS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(tuple(PLAIN)), NUMBERS | odd_texts), max_size=3).map(
    _cells
)
_CSVS = st.one_of(_CELLS, _CELLS, bytes_near(texts_near((_CSV.decode(),))), st.binary(max_size=60))
_HURT = st.tuples(
    st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 255)), max_size=4), st.none() | st.integers(0, 100_000)
)
_PARQUETS = st.one_of(
    _HURT.map(lambda drawn: _hurt(_PARQUET, *drawn)),
    st.dictionaries(st.sampled_from(tuple(PLAIN)), st.sampled_from(TYPES), min_size=1, max_size=2).map(_typed),
)
EXPORTS = st.one_of(
    _CSVS.map(lambda data: Export("bill.csv", data)),
    _CSVS.map(lambda data: Export("bill.csv", data)),
    _CSVS.map(lambda data: Export("bill.csv.gz", gzip.compress(data))),
    st.tuples(_CSVS, _HURT).map(lambda drawn: Export("bill.csv.gz", _hurt(gzip.compress(drawn[0]), *drawn[1]))),
    _PARQUETS.map(lambda data: Export("bill.parquet", data)),
    st.integers(1_000, 300_000).map(lambda size: Export("bill.csv", _CSV + b"a" * size)),
)


@contextmanager
def _room() -> Iterator[Take]:
    with tempfile.TemporaryDirectory() as folder:

        def take(export: Export) -> None:
            path = Path(folder) / export.name
            path.write_bytes(export.data)
            try:
                bill = FocusFiles(path, TAGS).bill(FROM, TO, TODAY)
            except SourceFailed as refusal:
                assert str(path) in str(refusal), refusal
                assert "\n" not in str(refusal), refusal
                return
            for cut in Cut:
                frame = bill.cut(cut)
                assert all(one.is_finite() for one in frame["billed"]), frame
                assert all(FROM <= day < TO for day in frame["day"]) if "day" in frame else True

        yield take


FOCUS_EXPORTS = Border("FOCUS files", EXPORTS, _room)
