"""Calls to Cost Explorer, each of which costs money: counted, limited, kept, and followed to their last page.

A page is a call is one cent (AWS Cost Explorer pricing). boto3 has no paginator for most of these operations and their
tokens have two names, so the paging is here. An answer that is kept costs nothing the second time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from chalicelib.errors import SourceFailed

USD_PER_CALL = Decimal("0.01")
CALLS_PER_REPORT = 40
"""Forty cents a week at most; an account of some hundred services needs 17."""

Answer = Mapping[str, Any]
Call = Callable[..., Answer]


class CostExplorerClient(Protocol):
    """What the report calls of boto3's client for ``ce``."""

    @property
    def get_cost_and_usage(self) -> Call: ...
    @property
    def get_cost_forecast(self) -> Call: ...
    @property
    def get_anomalies(self) -> Call: ...
    @property
    def get_reservation_coverage(self) -> Call: ...
    @property
    def get_reservation_utilization(self) -> Call: ...
    @property
    def get_reservation_purchase_recommendation(self) -> Call: ...
    @property
    def get_savings_plans_coverage(self) -> Call: ...
    @property
    def get_savings_plans_utilization(self) -> Call: ...
    @property
    def get_savings_plans_purchase_recommendation(self) -> Call: ...


@dataclass(frozen=True, slots=True)
class Operation:
    """``next_page`` is what both request and answer call the token of the next page."""

    name: str
    of: Callable[[CostExplorerClient], Call]
    next_page: str = "NextPageToken"


COST_AND_USAGE = Operation("GetCostAndUsage", lambda client: client.get_cost_and_usage)
FORECAST = Operation("GetCostForecast", lambda client: client.get_cost_forecast)
ANOMALIES = Operation("GetAnomalies", lambda client: client.get_anomalies)
RI_COVERAGE = Operation("GetReservationCoverage", lambda client: client.get_reservation_coverage)
RI_UTILISATION = Operation("GetReservationUtilization", lambda client: client.get_reservation_utilization)
RI_ADVICE = Operation(
    "GetReservationPurchaseRecommendation", lambda client: client.get_reservation_purchase_recommendation
)
SP_COVERAGE = Operation("GetSavingsPlansCoverage", lambda client: client.get_savings_plans_coverage, "NextToken")
SP_UTILISATION = Operation("GetSavingsPlansUtilization", lambda client: client.get_savings_plans_utilization)
SP_ADVICE = Operation(
    "GetSavingsPlansPurchaseRecommendation", lambda client: client.get_savings_plans_purchase_recommendation
)


class Kept(Protocol):
    """Answers kept from an earlier run; `cache` has them in a folder and on S3."""

    def read(self, key: str) -> str | None: ...
    def write(self, key: str, text: str) -> None: ...


class Calls:
    """Of one report. ``client`` None: only what was kept is read, and nothing is paid."""

    def __init__(self, client: CostExplorerClient | None, kept: Kept, limit: int = CALLS_PER_REPORT) -> None:
        self._client = client
        self._kept = kept
        self._limit = limit
        self.paid = 0
        self.from_cache = 0

    @property
    def cost_usd(self) -> Decimal:
        return USD_PER_CALL * self.paid

    def one(self, operation: Operation, **arguments: Any) -> Answer:
        """Of an operation without pages.

        Raises:
            SourceFailed: refused, not answered, over the limit, or not kept where nothing may be paid.
        """
        key = _key(operation, arguments)
        kept = self._kept.read(key)
        if kept is not None:
            self.from_cache += 1
            return _loaded(kept, operation)
        answer = self._pay(operation, arguments)
        self._kept.write(key, json.dumps(answer, default=str, sort_keys=True))
        return answer

    def pages(self, operation: Operation, **arguments: Any) -> Iterator[Answer]:
        """Every page, in order. Raises as `one`; a token that comes twice is an error, never an endless bill."""
        seen: set[str] = set()
        page = self.one(operation, **arguments)
        yield page
        while token := page.get(operation.next_page):
            if token in seen:
                raise SourceFailed(f"{operation.name} answered the same page twice; its figures would be wrong")
            seen.add(token)
            page = self.one(operation, **arguments, **{operation.next_page: token})
            yield page

    def _pay(self, operation: Operation, arguments: Mapping[str, Any]) -> Answer:
        if self._client is None:
            raise SourceFailed(f"the answer of {operation.name} is not kept; run once with credentials of AWS")
        if self.paid >= self._limit:
            raise SourceFailed(
                f"the report's {self._limit} calls of Cost Explorer are spent, so {operation.name} was not asked; "
                "allow more, or take the bill from a FOCUS export"
            )
        self.paid += 1
        try:
            answer = operation.of(self._client)(**arguments)
        except ClientError as error:
            raise SourceFailed(_refusal(operation, error)) from error
        except BotoCoreError as error:
            raise SourceFailed(f"Cost Explorer did not answer {operation.name}: {error}") from error
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def _key(operation: Operation, arguments: Mapping[str, Any]) -> str:
    content = json.dumps(arguments, sort_keys=True, default=str)
    return f"{operation.name}-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _loaded(text: str, operation: Operation) -> Answer:
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise SourceFailed(f"the kept answer of {operation.name} is no JSON; remove it to ask again") from error
    if not isinstance(answer, dict):
        raise SourceFailed(f"the kept answer of {operation.name} is no answer; remove it to ask again")
    return answer


def _refusal(operation: Operation, error: ClientError) -> str:
    told = error.response.get("Error", {})
    match told.get("Code", ""):
        case "AccessDeniedException" | "AccessDenied":
            return f"AWS refused {operation.name}: the report's role needs ce:{operation.name}"
        case "DataUnavailableException":
            return f"Cost Explorer has no data for {operation.name}: nothing of that kind, or it was switched on today"
        case code:
            return f"AWS refused {operation.name}: {code}, {told.get('Message', '')}".rstrip(", ")
