"""The source of small accounts: the bill and everything around it from Cost Explorer, and the account's budgets.

Cost Explorer has one endpoint, in us-east-1, whatever region the report runs in; the client has to be made for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from chalicelib.errors import SourceFailed

from reports.model import Source, State
from reports.sections import BudgetPace
from reports.sources.asked import Asked
from reports.sources.budgets import BudgetsClient, read_budgets
from reports.sources.ce_bill import read_bill
from reports.sources.ce_calls import CALLS_PER_REPORT, Calls, CostExplorerClient, Kept
from reports.sources.ce_commitments import attempt, read_commitments
from reports.sources.ce_outlook import read_anomalies, read_forecast
from reports.sources.frames import Bill, Gathered, TagKeys
from reports.values import Known, Money, Section, Sentence, Unknown

REGION = "us-east-1"
NAME = "Cost Explorer"
BUDGETS = "AWS Budgets"


@dataclass(frozen=True, slots=True)
class CostExplorer:
    """``client`` None: only what ``kept`` has is read. ``budgets`` needs the ``account`` whose they are."""

    client: CostExplorerClient | None
    kept: Kept
    tags: TagKeys = field(default_factory=TagKeys)
    call_limit: int = CALLS_PER_REPORT
    budgets: BudgetsClient | None = None
    account: str = ""

    def bill(self, since: date, until: date) -> Bill:
        """The bill alone. Raises SourceFailed when not even the cut by service can be read."""
        found, _ = read_bill(Calls(self.client, self.kept, self.call_limit), self.tags, since, until)
        return found

    def gather(self, asked: Asked) -> Gathered:
        """The bill, the forecast of today's month, and all else of the week: in this order, so that what matters most
        is asked before the calls are spent. Never raises for what Cost Explorer refuses, lacks or does not answer.
        """
        calls = Calls(self.client, self.kept, self.call_limit)
        bill, lacking = self._bill(calls, asked)
        found = self._all_but(calls, asked, bill, lacking)
        if isinstance(bill, Unknown):
            explorer = Source(NAME, State.MISSING, bill.sentence, calls.paid, Money(calls.cost_usd, "USD"))
            return replace(found, sources=(explorer, *found.sources[1:]))
        return found

    def beside(self, other: Gathered, asked: Asked) -> Gathered:
        """``other`` has the bill; the rest is asked here, which takes some ten calls. Never raises, as `gather`."""
        calls = Calls(self.client, self.kept, self.call_limit)
        found = self._all_but(calls, asked, other.bill, [])
        sources = (*other.sources, *found.sources)
        return replace(found, sources=sources)

    def _all_but(self, calls: Calls, asked: Asked, bill: Section[Bill], lacking: Sequence[Sentence]) -> Gathered:
        forecast = attempt(lambda: read_forecast(calls, asked.today))
        anomalies = attempt(lambda: read_anomalies(calls, asked.monday, asked.next_monday))
        commitments = read_commitments(calls, asked.monday, asked.next_monday)
        budgets = attempt(lambda: self._budgets(asked.today))
        lacking = [*lacking, *(one.sentence for one in (forecast, anomalies) if isinstance(one, Unknown))]
        sources = (_explorer(lacking, calls), _budgets(budgets))
        return Gathered(sources, bill, forecast, anomalies, Known(commitments), budgets)

    def _bill(self, calls: Calls, asked: Asked) -> tuple[Section[Bill], list[Sentence]]:
        try:
            found, lacking = read_bill(calls, self.tags, asked.since, asked.until)
        except SourceFailed as error:
            return Unknown(Sentence.told(str(error))), []
        return Known(found), list(lacking)

    def _budgets(self, today: date) -> tuple[BudgetPace, ...]:
        if self.budgets is None or not self.account:
            raise SourceFailed("the report was not told of which account the budgets are")
        return read_budgets(self.budgets, self.account, today)


def _explorer(lacking: Sequence[Sentence], calls: Calls) -> Source:
    """The first thing that is lacking is told; each section says its own."""
    cost = Money(calls.cost_usd, "USD")
    if lacking:
        return Source(NAME, State.DEGRADED, lacking[0], calls.paid, cost)
    said = Sentence("cost_explorer_read", {"n": calls.paid, "kept": calls.from_cache})
    return Source(NAME, State.OK, said, calls.paid, cost)


def _budgets(budgets: Section[tuple[BudgetPace, ...]]) -> Source:
    match budgets:
        case Known(found):
            return Source(BUDGETS, State.OK, Sentence("budgets_read", {"n": len(found)}))
        case Unknown(sentence):
            return Source(BUDGETS, State.MISSING, sentence)
