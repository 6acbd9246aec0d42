"""The engine for a bill that outgrows one machine: the same query text, run by Athena over the export where it lies.

Athena bills by what it scans, so the workgroup has to have a limit of bytes a query, and the report's footer says what
its scan cost. A query that runs too long is stopped, never left behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from chalicelib.errors import ReportError, SourceFailed

from reports.model import Source, State
from reports.queries import BILL, for_athena
from reports.sources.answers import Reader
from reports.sources.asked import Asked
from reports.sources.athena_rows import read_row
from reports.sources.focus import parameters
from reports.sources.focus_columns import COLUMNS, PERIOD
from reports.sources.frames import Bill, Gathered, TagKeys, nothing_but
from reports.sources.rows import bill
from reports.values import Known, Money, Sentence, Unknown

NAME = "Athena"
USD_PER_TB = Decimal(5)
LEAST_BYTES = 10 * 10**6
"""Athena bills at least 10 MB a query and 5 USD per TB in most regions (aws.amazon.com/athena/pricing). A TB is taken
as 10^12 bytes, so that the footer never says less than the bill."""

REUSE_MINUTES = 20 * 60
"""The export is written anew some times a day; an answer of this morning costs nothing the second time."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,128}")
_EXPORT = re.compile(r"(?P<database>\w+)\.(?P<table>\w+)@(?P<workgroup>[\w.-]+)(/(?P<version>\d\.\d))?", re.ASCII)
_METERS = {"1.0": "x_UsageType", "1.1": "x_UsageType", "1.2": "SkuMeter"}

Call = Callable[..., Mapping[str, Any]]


class AthenaClient(Protocol):
    """What is called of boto3's client for ``athena``."""

    @property
    def get_work_group(self) -> Call: ...
    @property
    def start_query_execution(self) -> Call: ...
    @property
    def get_query_execution(self) -> Call: ...
    @property
    def stop_query_execution(self) -> Call: ...
    @property
    def get_query_results(self) -> Call: ...


@dataclass(frozen=True, slots=True)
class Export:
    """Where the export's table is. ``version`` is FOCUS' own: 1.0 (or 1.1) or 1.2. Raises ReportError for a name that
    no table of Glue has."""

    database: str
    table: str
    version: str
    workgroup: str

    def __post_init__(self) -> None:
        for name, value in (("database", self.database), ("table", self.table)):
            if not _IDENTIFIER.fullmatch(value):
                raise ReportError(f"the {name} '{value}' is no name of Glue: letters, digits and _ only")
        if self.version not in _METERS:
            raise ReportError(f"FOCUS {self.version} is not read; name {', '.join(_METERS)}")

    def query(self, values: Mapping[str, str | date]) -> str:
        """`bill.sql` with ``focus`` in front of it: the columns that are read, by their own names, and no others."""
        own = {column.name: column.name for column in COLUMNS} | {"SkuMeter": _METERS[self.version]}
        fields = ", ".join([*(f"{name} AS {called}" for called, name in own.items()), PERIOD])
        text = for_athena(BILL, values)
        return f'WITH focus AS (SELECT {fields} FROM "{self.database}"."{self.table}"),\n{text.removeprefix("WITH")}'  # noqa: S608


def export_of(text: str) -> Export:
    """``DATABASE.TABLE@WORKGROUP``, of FOCUS 1.2, or with ``/1.0`` behind it of that version. Raises ReportError."""
    found = _EXPORT.fullmatch(text.strip())
    if found is None:
        raise ReportError(f'the export "{text}" cannot be read; write DATABASE.TABLE@WORKGROUP, as bills.focus@reports')
    return Export(found["database"], found["table"], found["version"] or "1.2", found["workgroup"])


@dataclass(frozen=True, slots=True)
class Athena:
    """``now`` and ``pause`` are the clock's; a query that has not ended after ``patience`` is stopped."""

    client: AthenaClient
    export: Export
    now: Callable[[], datetime]
    pause: Callable[[float], None]
    tags: TagKeys = field(default_factory=TagKeys)
    patience: timedelta = timedelta(minutes=10)

    def bill(self, since: date, until: date, as_of: date) -> tuple[Bill, int]:
        """The bill, and how many bytes were scanned for it. Raises SourceFailed."""
        query = self.export.query(parameters(self.tags, since, until))
        try:
            self._check_limit()
            id = self._start(query)
            scanned = self._wait(id)
            answer = list(self._rows(id))
        except ClientError as error:
            told = error.response.get("Error", {})
            raise SourceFailed(
                f"AWS refused {error.operation_name}: {told.get('Message', told.get('Code'))}"
            ) from error
        except BotoCoreError as error:
            raise SourceFailed(f"Athena did not answer: {error}") from error
        return bill(answer, since, until, as_of, f"{self.export.database}.{self.export.table}"), scanned

    def gather(self, asked: Asked) -> Gathered:
        """The bill; all that only Cost Explorer knows is unknown. Never raises for what cannot be read."""
        try:
            found, scanned = self.bill(asked.since, asked.until, asked.today)
        except SourceFailed as error:
            said = Sentence.told(str(error))
            return nothing_but(Unknown(said), Source(NAME, State.MISSING, said))
        said = Sentence("athena_read", {"scanned": _size(scanned), "place": self.export.table})
        return nothing_but(Known(found), Source(NAME, State.OK, said, 1, Money(cost_usd(scanned), "USD")))

    def _check_limit(self) -> None:
        group = Reader("GetWorkGroup", self.client.get_work_group(WorkGroup=self.export.workgroup)).part("WorkGroup")
        settings = group.part("Configuration")
        if not settings.has("BytesScannedCutoffPerQuery"):
            raise SourceFailed(
                f"the workgroup {self.export.workgroup} has no limit of bytes scanned a query; give it one, so that no "
                "report can cost more than it is worth"
            )

    def _start(self, query: str) -> str:
        answer = self.client.start_query_execution(
            QueryString=query,
            QueryExecutionContext={"Database": self.export.database},
            WorkGroup=self.export.workgroup,
            ResultReuseConfiguration={
                "ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": REUSE_MINUTES}
            },
        )
        return Reader("StartQueryExecution", answer).text("QueryExecutionId")

    def _wait(self, id: str) -> int:
        """Bytes scanned, once it succeeded."""
        give_up, seconds = self.now() + self.patience, 0.5
        while True:
            answer = Reader("GetQueryExecution", self.client.get_query_execution(QueryExecutionId=id))
            execution = answer.part("QueryExecution")
            status = execution.part("Status")
            match status.text("State"):
                case "SUCCEEDED":
                    return int(execution.part("Statistics").number("DataScannedInBytes"))
                case "FAILED" | "CANCELLED" as ended:
                    why = status.text("StateChangeReason", "it gave no reason")
                    how = "failed" if ended == "FAILED" else "was cancelled"
                    raise SourceFailed(f"Athena's query {how}: {why}")
            if self.now() >= give_up:
                self.client.stop_query_execution(QueryExecutionId=id)
                minutes = self.patience.total_seconds() / 60
                raise SourceFailed(f"Athena's query took longer than {minutes:g} minutes and was stopped")
            self.pause(seconds)
            seconds = min(seconds * 2, 8.0)

    def _rows(self, id: str) -> Iterator[Sequence[object]]:
        """The first row of the first page is the header."""
        more: dict[str, str] = {}
        is_header = True
        while True:
            answer = self.client.get_query_results(QueryExecutionId=id, MaxResults=1000, **more)
            for row in Reader("GetQueryResults", answer).part("ResultSet").parts("Rows"):
                if not is_header:
                    yield read_row([one.maybe_text("VarCharValue") for one in row.parts("Data")])
                is_header = False
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}


def cost_usd(scanned_bytes: int) -> Decimal:
    """Nothing for an answer that Athena had already."""
    return USD_PER_TB * max(scanned_bytes, LEAST_BYTES) / 10**12 if scanned_bytes else Decimal(0)


def _size(scanned_bytes: int) -> str:
    return f"{Decimal(scanned_bytes) / 10**9:.2f} GB"
