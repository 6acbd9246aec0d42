"""The bill from files in FOCUS form, of any provider: read by DuckDB inside this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
from chalicelib.errors import SourceFailed

from reports.model import Source, State
from reports.queries import BILL, for_duckdb
from reports.sources.asked import Asked
from reports.sources.embedded import Limits, engine, rows
from reports.sources.focus_files import found_at
from reports.sources.focus_view import make_view
from reports.sources.frames import Bill, Gathered, TagKeys, nothing_but
from reports.sources.rows import bill
from reports.values import Known, Sentence, Unknown

NAME = "FOCUS files"


@dataclass(frozen=True, slots=True)
class FocusFiles:
    """``place``: a file, or the folder of one export. ``tags``: which of the bill's tags mean what."""

    place: Path
    tags: TagKeys = field(default_factory=TagKeys)
    limits: Limits = field(default_factory=Limits)

    def bill(self, since: date, until: date, as_of: date) -> Bill:
        """All days in ``[since, until)``; ``as_of`` is today.

        Raises:
            SourceFailed: there are no such files, or they are no bill; the sentence names file, column and value.
        """
        files = found_at(self.place)
        with engine(self.limits) as connection:
            try:
                make_view(connection, files)
                answer = rows(connection, for_duckdb(BILL), parameters(self.tags, since, until))
            except duckdb.OutOfMemoryException as error:
                raise SourceFailed(
                    f"{self.place} is too large for {self.limits.memory_mib} MiB; give the report more, or use Athena"
                ) from error
            except duckdb.Error as error:
                raise SourceFailed(f"{self.place} cannot be read: {str(error).splitlines()[0]}") from error
        return bill(answer, since, until, as_of, str(self.place))

    def gather(self, asked: Asked) -> Gathered:
        """The bill; all that only Cost Explorer knows is unknown. Never raises for what cannot be read."""
        try:
            found = self.bill(asked.since, asked.until, asked.today)
        except SourceFailed as error:
            said = Sentence.told(str(error))
            return nothing_but(Unknown(said), Source(NAME, State.MISSING, said))
        return nothing_but(Known(found), Source(NAME, State.OK, Sentence("focus_read", {"place": self.place.name})))


def parameters(tags: TagKeys, since: date, until: date) -> dict[str, str | date]:
    """What ``bill.sql`` asks for. A correction is billed later than what it corrects, by a month most of the time."""
    return {
        "workload": tags.workload,
        "model": tags.model,
        "environment": tags.environment,
        "owner": tags.owner,
        "first_period": f"{since:%Y-%m}",
        "last_period": f"{until + timedelta(days=31):%Y-%m}",
        "since": since,
        "until": until,
    }
