"""How long a service may be unused before it is idle: the policy's own duration, or the one that was learned for it.

Gives the duration with the words and the evidence for it, so that `why` can say which clause of the rule applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil, inf

from chalicelib.decide.adaptive import Bounds, Clause, Costs, Held, Timeout, choose_timeout
from chalicelib.decide.decision import Evidence
from chalicelib.decide.learned import Learned
from chalicelib.decide.words import counted, length, number
from chalicelib.policy.sections.idle import Idle as IdleSection

LEAST, LONGEST = timedelta(minutes=5), timedelta(hours=4)
"""Of an adaptive timeout, where the policy does not say."""

UNKNOWN_PRICE = 0.0


@dataclass(frozen=True, slots=True)
class Patience:
    """``says`` is empty for a duration that the policy wrote itself."""

    stop_after: timedelta
    says: str = ""
    evidence: tuple[Evidence, ...] = ()


def is_adaptive(section: IdleSection | None) -> bool:
    return section is not None and isinstance(section.stop_after, str)


def bets_allowed(section: IdleSection | None) -> bool:
    return section is not None and is_adaptive(section) and section.prewarm == "when-it-pays"


def patience(section: IdleSection, learned: Learned, usd_per_hour: float | None) -> Patience:
    """``usd_per_hour`` of the whole service; None when nobody knows it. Whole minutes, rounded up."""
    if isinstance(section.stop_after, timedelta):
        return Patience(section.stop_after)
    least = section.min if section.min is not None else min(LEAST, section.max or LEAST)
    longest = section.max if section.max is not None else max(LONGEST, least)
    costs = costs_of(section, learned, usd_per_hour)
    chosen = choose_timeout(
        learned.gaps,
        costs or Costs(UNKNOWN_PRICE, learned.boot_or_default_seconds, 0.0),
        Bounds(least.total_seconds(), longest.total_seconds()),
    )
    stop_after = timedelta(minutes=ceil(chosen.seconds / 60 - 1e-9))
    evidence = _evidence(chosen, learned, stop_after)
    evidence += calibration(learned) if section.prewarm == "when-it-pays" else ()
    return Patience(stop_after, _words(chosen, section, stop_after), evidence)


def calibration(learned: Learned) -> tuple[Evidence, ...]:
    """How often early starts came true for each time expected, those on paper too, and what they brought."""
    bets = learned.bets
    met = f"uses for each expected ({bets.hits} of {bets.bets} early starts were ready in time)"
    return (
        Evidence("calibration", number(bets.trust), met),
        Evidence("net of all early starts", number(bets.net_usd), "USD"),
    )


def costs_of(section: IdleSection, learned: Learned, usd_per_hour: float | None) -> Costs | None:
    """None when an hour and a wait cannot be weighed against each other: no price, or another currency than its."""
    value = section.cold_start_value
    if value is None or value.currency != "USD" or not usd_per_hour:
        return None
    return Costs(usd_per_hour, learned.boot_or_default_seconds, float(value.amount))


def _words(chosen: Timeout, section: IdleSection, stop_after: timedelta) -> str:
    named = f"adaptive: {length(stop_after)}"
    match chosen.clause:
        case Clause.NO_PRICE:
            return f"{named}, the longest allowed, because {_no_price(section)}"
        case Clause.TOO_FEW_GAPS:
            seen = counted(chosen.own_gaps, "gap")
            return f"{named}, break-even, because only {seen} of its own were seen{_held(chosen.held)}"
        case Clause.LEARNED:
            return f"{named}, learned from {counted(chosen.own_gaps, 'gap')} of its own{_held(chosen.held)}"


def _no_price(section: IdleSection) -> str:
    value = section.cold_start_value
    if value is not None and value.currency != "USD":
        return f"a cold-start-value in {value.currency} cannot be weighed against prices in USD"
    return "what an hour of it costs is not known (tag instance-type)"


def _held(held: Held | None) -> str:
    match held:
        case None:
            return ""
        case Held.LEAST_SHARE:
            return ", no shorter for the worst case's sake"
        case Held.MOST_SHARE:
            return ", no longer for the worst case's sake"
        case Held.POLICY_MIN:
            return ", no shorter by idle.min"
        case Held.POLICY_MAX:
            return ", no longer by idle.max"


def _evidence(chosen: Timeout, learned: Learned, stop_after: timedelta) -> tuple[Evidence, ...]:
    found = [
        Evidence("idle timeout", number(stop_after.total_seconds() / 60), f"min ({chosen.clause.value})"),
        Evidence("own idle gaps", str(chosen.own_gaps), "gaps"),
    ]
    if chosen.break_even_seconds is not None:
        found.append(Evidence("break-even timeout", number(chosen.break_even_seconds / 60), "min"))
    if chosen.worst_case is not None and chosen.worst_case != inf:
        found.append(Evidence("worst case", number(chosen.worst_case), "times the cost of knowing each gap"))
    found.append(Evidence("cold starts", str(learned.cold_starts), "waits seen"))
    if learned.answer_seconds is not None:
        found.append(Evidence("time to first answer", number(learned.answer_seconds), "s"))
    measured = "s" if learned.boots else "s (not measured yet)"
    found.append(Evidence("boot time", number(learned.boot_or_default_seconds), measured))
    return tuple(found)
