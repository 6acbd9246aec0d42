"""The account's own AWS Budgets: how far each is spent, against an even pace of its month. Asking is free."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from chalicelib.errors import SourceFailed

from reports.sections import BudgetPace
from reports.sources.answers import Reader

_PAGE = 100


class BudgetsClient(Protocol):
    """What is called of boto3's client for ``budgets``; its endpoint is in us-east-1."""

    @property
    def describe_budgets(self) -> Callable[..., Mapping[str, Any]]: ...


def read_budgets(client: BudgetsClient, account: str, today: date) -> tuple[BudgetPace, ...]:
    """Budgets of costs alone; those of hours or of utilisation have no money. Furthest ahead of its pace first.

    Raises:
        SourceFailed: refused, not answered, or an answer without amounts.
    """
    found = [
        _pace(budget, today)
        for page in _pages(client, account)
        for budget in page.parts("Budgets")
        if budget.text("BudgetType") == "COST" and budget.has("BudgetLimit")
    ]
    return tuple(sorted(found, key=lambda one: (one.pace is None, -(one.pace or 0), one.name)))


def _pages(client: BudgetsClient, account: str) -> Iterator[Reader]:
    more: dict[str, str] = {}
    while True:
        try:
            answer = client.describe_budgets(AccountId=account, MaxResults=_PAGE, **more)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise SourceFailed(
                f"AWS refused DescribeBudgets: {code}; the report's role needs budgets:ViewBudget"
            ) from error
        except BotoCoreError as error:
            raise SourceFailed(f"AWS Budgets did not answer: {error}") from error
        yield Reader("DescribeBudgets", answer)
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _pace(budget: Reader, today: date) -> BudgetPace:
    limit = budget.part("BudgetLimit").money()
    spent = budget.part("CalculatedSpend").part("ActualSpend").money()
    even = None
    if budget.text("TimeUnit") == "MONTHLY":
        even = limit.amount * (today.day - 1) / monthrange(today.year, today.month)[1]
    return BudgetPace(budget.text("BudgetName"), limit, spent, pace=spent.amount / even if even else None)
