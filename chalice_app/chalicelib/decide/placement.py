"""Where the tasks of a service are to run: on Spot or on demand, when to fall back, when to try again. Pure.

    no `spot:` section, never-touch, exclusion, a freeze that holds moves, stopped: left alone
    starting from zero                                  where they are wanted, at once
    tasks missing on Spot, or being taken from it        on demand, at once (`prefer`); where that would cut work that
                                                        runs on tasks which nobody takes, once those are quiet
    tasks that run well on the wrong side                moved by force: quiet, open hours, no stop due within a day

ECS knows no "on demand only if there is no Spot"; this module is that. It never looks at AWS: what was heard of
capacity and what Spot has done to the service before are part of the observation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from chalicelib.decide.capacity import CapacityWord, Market, Setback, SetbackKind
from chalicelib.decide.case import Case, Speaks, earliest
from chalicelib.decide.decision import Decision, Evidence, Placing, RuleName, Wanted
from chalicelib.decide.facts import ServiceFacts, ServiceMemory
from chalicelib.decide.forced import cuts_running_work, why_not_at_once, why_not_by_force
from chalicelib.decide.in_place import short, short_since
from chalicelib.decide.pairs import Pair, pair_of, strategy
from chalicelib.decide.rules import excluded
from chalicelib.decide.spot_wait import FALL_BACK_AFTER, TRY_AGAIN_AFTER, mean_time_between_losses, rest
from chalicelib.decide.words import clock, counted, length, sentence
from chalicelib.policy.sections.terms import Spot

_NOTHING_IS_TOUCHED = frozenset({RuleName.FREEZE_ALL, RuleName.NEVER_TOUCH})

LOSS_HOLDS = timedelta(minutes=10)
"""For so long after an interruption was told, tasks that still run on Spot are taken for lost."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """Which market it should be on. ``at_once``: nothing is lost by it, or more by waiting."""

    market: Market
    why: str
    at_once: bool = False
    setback: Setback | None = None
    until: datetime | None = None


def place(case: Case, decision: Decision) -> Placing | None:
    """None where the policy leaves placement alone."""
    spot = case.policy.spot
    if spot is None:
        return None
    pair = pair_of(spot, case.facts, case.seen.providers)
    if isinstance(pair, str):
        return Placing(None, f"its placement is left alone: {pair}", refused=True)
    starts = not case.is_up and decision.wanted is Wanted.RUNNING
    if held := _held(case, decision, starts=starts):
        return held
    wish = _wish(spot, pair, case)
    size = _size(case)
    to = strategy(pair, wish.market, spot.on_demand_base, size)
    here = Placing(wish.market, wish.why, until=wish.until, evidence=_evidence(case))
    if to == case.facts.capacity_providers:
        ends = wait_ends(spot, case.facts, case.memory) if _is_on_spot(case.facts, pair) else None
        return replace(here, until=earliest(wish.until, ends))
    waits = None
    if not starts and case.facts.running_count > 0:
        waits = why_not_at_once(case) if wish.at_once else why_not_by_force(case, decision)
    if waits is not None:
        said = f"{wish.why}; it stays where it is for now: {waits.says}"
        return replace(here, reason=said, until=earliest(wish.until, waits.until))
    by_force = not starts and case.facts.running_count > 0 and (not wish.at_once or cuts_running_work(case.facts))
    return replace(here, to=to, setback=wish.setback, by_force=by_force)


def asks_for_capacity(spot: Spot, facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> bool:
    """Whether what AWS says of the missing tasks could change the placement now."""
    ends = wait_ends(spot, facts, memory)
    return ends is not None and now >= ends


def wait_ends(spot: Spot, facts: ServiceFacts, memory: ServiceMemory) -> datetime | None:
    """When the wait for tasks that are missing is over; None while none are, or nothing follows from it."""
    since = short_since(facts, memory) if facts.desired_count > 0 and spot.use == "prefer" else None
    return None if since is None else since + (spot.fall_back_after or FALL_BACK_AFTER)


def hands_off(case: Case) -> Placing | None:
    """What keeps our hands off its placement, whatever a stronger rule says about starting and stopping it."""
    if isinstance(exclusion := excluded(case), Speaks):
        return Placing(None, f"its placement is left alone: {exclusion.reason}", until=exclusion.until)
    for freeze in case.policies.freezes:
        if "spot-move" in freeze.hold and freeze.from_ <= case.now < freeze.to:
            until = clock(freeze.to, case.zone)
            said = f"the freeze {freeze.name} holds every move until {until}: {sentence(freeze.reason)}"
            return Placing(None, said, until=freeze.to)
    return None


def _held(case: Case, decision: Decision, *, starts: bool) -> Placing | None:
    if decision.rule in _NOTHING_IS_TOUCHED:
        return Placing(None, f"its placement is left alone: {decision.reason}")
    if held := hands_off(case):
        return held
    if starts:
        return None
    if not case.is_up:
        return Placing(None, "stopped; it is placed when it starts")
    if decision.wanted is Wanted.STOPPED:
        return Placing(None, "it is being stopped")
    return None


def _wish(spot: Spot, pair: Pair, case: Case) -> _Wish:
    match spot.use:
        case "never":
            return _Wish(Market.ON_DEMAND, "on demand: its policy never uses Spot")
        case "only":
            return _only(case)
        case "prefer":
            return _prefer(spot, pair, case)
        case other:
            assert_never(other)


def _only(case: Case) -> _Wish:
    covered = f", though {case.seen.covered_by} pays for it on demand already" if case.seen.covered_by else ""
    return _Wish(Market.SPOT, f"on Spot only{covered}")


def _prefer(spot: Spot, pair: Pair, case: Case) -> _Wish:
    if case.seen.covered_by:
        said = f"on demand: {case.seen.covered_by} pays for it already, so Spot would save nothing"
        return _Wish(Market.ON_DEMAND, said)
    resting = rest(
        case.memory.spot.setbacks,
        case.now,
        try_again_after=spot.try_again_after or TRY_AGAIN_AFTER,
        most_losses=spot.max_interruptions_per_day,
        zone=case.zone,
    )
    if resting:
        said = f"on demand: {resting.says}; Spot is tried again {clock(resting.until, case.zone)}"
        return _Wish(Market.ON_DEMAND, said, at_once=_is_going(case, pair), until=resting.until)
    if setback := _no_capacity(spot, pair, case):
        waited = length(case.now - (short_since(case.facts, case.memory) or case.now))
        said = f"on demand: {_missing(case)} on Spot for {waited}{_what_was_heard(case)}"
        return _Wish(Market.ON_DEMAND, said, at_once=True, setback=setback)
    return _Wish(Market.SPOT, "on Spot, as its policy prefers")


def _is_going(case: Case, pair: Pair) -> bool:
    """Its Spot tasks are being taken, or are gone: a replacement cannot wait for quiet."""
    lost = [one.at for one in case.memory.spot.setbacks if one.kind is SetbackKind.LOST]
    return bool(short(case.facts)) or (bool(lost) and case.now - max(lost) < LOSS_HOLDS)


def _no_capacity(spot: Spot, pair: Pair, case: Case) -> Setback | None:
    """The setback of having waited for Spot in vain; None while there is none."""
    facts = case.facts
    ends = wait_ends(spot, facts, case.memory)
    if ends is None or case.now < ends or not _is_on_spot(facts, pair):
        return None
    heard = case.seen.capacity
    match heard.word if heard else CapacityWord.SILENT:
        case CapacityWord.PLACED | CapacityWord.BROKEN:
            return None
        case CapacityWord.QUOTA:
            return Setback(case.now, SetbackKind.QUOTA)
        case CapacityWord.NONE | CapacityWord.SILENT:
            return Setback(case.now, SetbackKind.NO_CAPACITY)
        case other:
            assert_never(other)


def _is_on_spot(facts: ServiceFacts, pair: Pair) -> bool:
    return any(one.name == pair.spot for one in facts.capacity_providers)


def _missing(case: Case) -> str:
    lacking = short(case.facts)
    return f"{counted(lacking, 'task')} {'is' if lacking == 1 else 'are'} missing"


def _what_was_heard(case: Case) -> str:
    heard = case.seen.capacity
    if heard is None or not heard.says:
        return ""
    quota = "; ask AWS for a larger quota" if heard.word is CapacityWord.QUOTA else ""
    return f" ({sentence(heard.says)}){quota}"


def _size(case: Case) -> int:
    if case.is_up or case.memory.saved_size is None:
        return case.facts.desired_count
    return case.memory.saved_size.desired_count


def _evidence(case: Case) -> tuple[Evidence, ...]:
    setbacks = case.memory.spot.setbacks
    found = [Evidence("running on", name, "", None, None) for name, _ in case.facts.running_on]
    if setbacks:
        found.append(Evidence("setbacks of Spot", str(len(setbacks)), "", setbacks[0].at, setbacks[-1].at))
    if (mean := mean_time_between_losses(setbacks, case.now)) is not None:
        found.append(Evidence("mean time between losses", length(mean)))
    return tuple(found)
