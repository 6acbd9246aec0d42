"""Bills of several providers in one report: added up in one currency, and never a part for the whole."""

from __future__ import annotations

from support.weekly_given import MONDAY_AFTER, WEEK, bill, each_day, gathered

from reports.making.costs import of_bill
from reports.model import Source, State
from reports.sources.frames import Bill, Gathered, nothing_but
from reports.sources.together import together
from reports.values import Known, Section, Sentence, Unknown

AWS = gathered(Known(bill(each_day(WEEK, "10"))))


def azure(billed: str, currency: str = "USD", days: int = 7) -> Gathered:
    found: Section[Bill] = Known(bill(each_day(WEEK, billed, product="Azure OpenAI")[:days], currency))
    return nothing_but(found, Source("FOCUS files", State.OK, Sentence("focus_read", {"place": "azure.csv"})))


def test_an_azure_bill_lands_in_the_report_of_aws() -> None:
    found = together(AWS, azure("2", days=5))
    assert isinstance(found.bill, Known)
    products = of_bill(found.bill.value, WEEK, MONDAY_AFTER).whole.groupby("name")["amount"].sum()
    assert dict(products) == {"Amazon EC2": 70, "Azure OpenAI": 10}
    assert found.sources[-1].sentence.values == {"place": "azure.csv", "last": WEEK.days[4]}


def test_another_currency_is_not_added_and_said() -> None:
    found = together(AWS, azure("2", "EUR"))
    assert found.bill is AWS.bill
    assert (found.sources[-1].state, found.sources[-1].sentence.key) == (State.MISSING, "other_currency")


def test_a_part_is_not_told_as_the_whole() -> None:
    unread = gathered(Unknown(Sentence.told("No access.")))
    assert together(unread, azure("2")).bill is unread.bill
