"""Reserved Instances and Savings Plans: how much they cover, how much of them is used, and what AWS would buy.

Each of the seven figures is a call of its own and may fail alone: an account without Savings Plans is refused theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

from chalicelib.errors import SourceFailed

from reports.sections import Commitment, CommitmentKind, Commitments, Recommendation
from reports.sources.answers import Reader
from reports.sources.ce_calls import (
    RI_ADVICE,
    RI_COVERAGE,
    RI_UTILISATION,
    SP_ADVICE,
    SP_COVERAGE,
    SP_UTILISATION,
    Calls,
)
from reports.values import Known, Money, Section, Sentence, Unknown

_USD = "USD"
"""Cost Explorer names no currency with utilisation; the Savings Plans and RI reports are in US dollars."""

_EC2 = "Amazon Elastic Compute Cloud - Compute"
_LOOKBACK = "THIRTY_DAYS"
_TERM = {"TermInYears": "ONE_YEAR", "PaymentOption": "NO_UPFRONT", "LookbackPeriodInDays": _LOOKBACK}
"""One year, nothing upfront, from the last 30 days: the smallest promise that AWS recommends."""

Value = TypeVar("Value")


def attempt(read: Callable[[], Value]) -> Section[Value]:
    """What could be read, or the sentence of why it could not."""
    try:
        return Known(read())
    except SourceFailed as error:
        return Unknown(Sentence.told(str(error)))


def read_commitments(calls: Calls, since: date, until: date) -> Commitments:
    """Of ``[since, until)``. Never raises SourceFailed: every figure says itself what it lacks."""
    span = {"Start": since.isoformat(), "End": until.isoformat()}
    reserved = attempt(lambda: Reader("GetReservationUtilization", calls.one(RI_UTILISATION, TimePeriod=span)))
    plans = attempt(lambda: Reader("GetSavingsPlansUtilization", calls.one(SP_UTILISATION, TimePeriod=span)))
    return Commitments(
        held=(
            Commitment(
                CommitmentKind.RESERVED,
                coverage=attempt(lambda: _reserved_coverage(calls, span)),
                utilisation=_of(reserved, lambda one: one.part("Total").number("UtilizationPercentage") / 100),
                net_saving=_of(reserved, lambda one: Money(one.part("Total").number("NetRISavings"), _USD)),
            ),
            Commitment(
                CommitmentKind.SAVINGS_PLANS,
                coverage=attempt(lambda: _plans_coverage(calls, span)),
                utilisation=_of(
                    plans, lambda one: one.part("Total").part("Utilization").number("UtilizationPercentage") / 100
                ),
                net_saving=_of(plans, lambda one: Money(one.part("Total").part("Savings").number("NetSavings"), _USD)),
            ),
        ),
        recommended=attempt(lambda: (*_plans_advice(calls), *_reserved_advice(calls))),
    )


def _of(answer: Section[Reader], read: Callable[[Reader], Value]) -> Section[Value]:
    return attempt(lambda: read(answer.value)) if isinstance(answer, Known) else answer


def _reserved_coverage(calls: Calls, span: Mapping[str, str]) -> Decimal:
    answer = Reader("GetReservationCoverage", calls.one(RI_COVERAGE, TimePeriod=span))
    return answer.part("Total").part("CoverageHours").number("CoverageHoursPercentage") / 100


def _plans_coverage(calls: Calls, span: Mapping[str, str]) -> Decimal:
    """Covered spend of all spend that plans could cover, over every page: the mean of percentages would be wrong."""
    covered = whole = Decimal(0)
    for page in calls.pages(SP_COVERAGE, TimePeriod=span, Granularity="DAILY"):
        for one in Reader("GetSavingsPlansCoverage", page).parts("SavingsPlansCoverages"):
            covered += one.part("Coverage").number("SpendCoveredBySavingsPlans")
            whole += one.part("Coverage").number("TotalCost")
    if not whole:
        raise SourceFailed("nothing was spent that a Savings Plan could cover")
    return covered / whole


def _plans_advice(calls: Calls) -> list[Recommendation]:
    found = []
    for page in calls.pages(SP_ADVICE, SavingsPlansType="COMPUTE_SP", **_TERM):
        answer = Reader("GetSavingsPlansPurchaseRecommendation", page)
        if not answer.has("SavingsPlansPurchaseRecommendation"):
            continue
        advice = answer.part("SavingsPlansPurchaseRecommendation")
        for one in advice.parts("SavingsPlansPurchaseRecommendationDetails"):
            found.append(
                Recommendation(
                    CommitmentKind.SAVINGS_PLANS,
                    what="Compute Savings Plan, 1 year, no upfront",
                    hourly=one.money("HourlyCommitmentToPurchase", "CurrencyCode"),
                    monthly_saving=one.money("EstimatedMonthlySavingsAmount", "CurrencyCode"),
                    upfront=one.money("UpfrontCost", "CurrencyCode"),
                )
            )
    return found


def _reserved_advice(calls: Calls) -> list[Recommendation]:
    found = []
    for page in calls.pages(RI_ADVICE, Service=_EC2, **_TERM):
        for advice in Reader("GetReservationPurchaseRecommendation", page).parts("Recommendations"):
            for one in advice.parts("RecommendationDetails"):
                host = one.part("InstanceDetails").part("EC2InstanceDetails")
                count = one.number("RecommendedNumberOfInstancesToPurchase")
                found.append(
                    Recommendation(
                        CommitmentKind.RESERVED,
                        what=f"{count.normalize():f} x {host.text('InstanceType')} in {host.text('Region')}, 1 year, "
                        "no upfront",
                        hourly=None,
                        monthly_saving=one.money("EstimatedMonthlySavingsAmount", "CurrencyCode"),
                        upfront=one.money("UpfrontCost", "CurrencyCode"),
                    )
                )
    return found
