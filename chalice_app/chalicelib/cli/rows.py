"""What a survey of the fleet says, one row a wish: what is, what is wanted, why, what it saves, who decides.

Pure. A ruling policy and each dry-run policy beside it give a row of their own; a service that no policy may act on
gives one too, with the reason. Savings are list prices times hours; where either is unknown nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from chalicelib.cli.render import dollars, short_moment
from chalicelib.controller.report import Decided, Survey, WhyNot
from chalicelib.controller.wording import state_of
from chalicelib.decide.decision import Because, Decision, Evidence, RuleName, Wanted
from chalicelib.decide.facts import ServiceFacts
from chalicelib.decide.govern import nearest_miss
from chalicelib.decide.tags import zone_of
from chalicelib.policy.model import Mode, Policy, PolicySet
from chalicelib.policy.timetable import Timetable
from chalicelib.prices import hourly_price

UTC = ZoneInfo("UTC")


class What(StrEnum):
    """What a row comes to. The first six are worth a line in `plan`, the others only with `--all`."""

    STOP = "stop"
    START = "start"
    MOVE = "move"
    MEND = "mend"
    HELD = "held"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    KEEP = "keep"
    UNGOVERNED = "ungoverned"


LOUD = frozenset({What.STOP, What.START, What.MOVE, What.MEND, What.HELD, What.REFUSED, What.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Row:
    """``mode`` is empty where no policy governs. ``saves_usd`` covers now until ``saves_until``; with None for the
    latter it is what one hour saves."""

    service: str
    now: str
    wanted: Wanted
    what: What
    why: str
    because: Because | None
    rule: str
    policy: str
    mode: Mode | None
    zone: ZoneInfo
    look_again_at: datetime | None
    evidence: tuple[Evidence, ...] = ()
    steps: tuple[str, ...] = ()
    saves_usd: Decimal | None = None
    saves_until: datetime | None = None
    moves_to: str = ""
    """The market that a move goes to: ``spot``, ``on-demand``."""

    @property
    def acts(self) -> bool:
        """Whether carrying the plan out would touch the service."""
        return self.mode is Mode.ENFORCE and self.what in (What.STOP, What.START, What.MOVE, What.MEND)

    @property
    def change(self) -> str:
        """``running 2 → stopped``, ``running 2 → spot``, or only what it is."""
        if self.what is What.MOVE:
            return f"{self.now} → {self.moves_to}"
        return f"{self.now} → {self.wanted.value}" if self.what in (What.STOP, What.START) else self.now

    @property
    def governed_by(self) -> str:
        return f"{self.policy} ({self.mode.value})" if self.mode else "-"

    def saves(self, now: datetime) -> str:
        if self.what is not What.STOP:
            return ""
        if self.saves_usd is None:
            return "?"
        if self.saves_until is None:
            return dollars(self.saves_usd, per="/h")
        return f"{dollars(self.saves_usd)} until {short_moment(self.saves_until, now, self.zone)}"


def rows(survey: Survey, region: str) -> tuple[Row, ...]:
    """In the order of the services' names; the ruling policy's row before its shadows'."""
    found = [
        row
        for decided in sorted(survey.decided, key=lambda one: one.facts.id)
        for row in _of_service(decided, survey, region)
    ]
    return tuple(found)


def unmatched(policies: PolicySet, services: tuple[ServiceFacts, ...]) -> tuple[str, ...]:
    """One sentence for each policy that takes no service at all, with what came nearest."""
    live = [policy for policy in policies.policies if policy.mode is not Mode.DISABLED]
    misses = [(policy.name, nearest_miss(policy, services)) for policy in live]
    return tuple(f"{name}: {miss}" for name, miss in misses if miss)


def _of_service(decided: Decided, survey: Survey, region: str) -> Iterator[Row]:
    wishes: list[tuple[Policy, Decision]] = list(decided.shadows)
    if decided.policy is not None and decided.decision is not None:
        wishes.insert(0, (decided.policy, decided.decision))
    ruled = decided.policy is not None and decided.decision is not None
    if not ruled and (decided.refused or not wishes):
        yield _refused(decided)
    for index, (policy, decision) in enumerate(wishes):
        yield _wish(decided, policy, decision, survey, region, rules=ruled and index == 0)


def _refused(decided: Decided) -> Row:
    ungoverned = decided.why_not in (None, WhyNot.NO_POLICY)
    return Row(
        service=str(decided.facts.id),
        now=state_of(decided.facts, decided.seen.memory),
        wanted=Wanted.LEAVE,
        what=What.UNGOVERNED if ungoverned else What.REFUSED,
        why=decided.refused or "no policy matches it",
        because=None,
        rule="",
        policy=decided.policy.name if decided.policy else "",
        mode=decided.policy.mode if decided.policy else None,
        zone=UTC,
        look_again_at=None,
    )


def _wish(decided: Decided, policy: Policy, decision: Decision, survey: Survey, region: str, *, rules: bool) -> Row:
    facts = decided.facts
    what = _what(decided, decision, rules=rules)
    saves, until = _savings(facts, policy, decision, survey.at, region) if what is What.STOP else (None, None)
    why = _why(decision, what)
    if rules and (waits := decided.held or decided.refused or (decided.plan.refusal if decided.plan else "")):
        why = f"{why}; waits: {waits}" if decided.held else waits
    return Row(
        service=str(facts.id),
        now=state_of(facts, decided.seen.memory),
        wanted=decision.wanted,
        what=what,
        why=why,
        because=decision.because,
        rule=decision.rule.value,
        policy=policy.name,
        mode=policy.mode,
        zone=zone_of(policy),
        look_again_at=decision.look_again_at,
        evidence=decision.evidence,
        steps=decided.plan.describe() if rules and decided.plan else (),
        moves_to=_moves_to(decision) if what is What.MOVE else "",
        saves_usd=saves,
        saves_until=until,
    )


def _moves_to(decision: Decision) -> str:
    placing = decision.placing
    return placing.market.value if placing and placing.market else ""


def _why(decision: Decision, what: What) -> str:
    """A placement that is refused is worth a word beside whatever else is wanted."""
    placing = decision.placing
    if placing is None:
        return decision.reason
    if what is What.MOVE:
        return placing.reason
    return f"{decision.reason}; {placing.reason}" if placing.refused else decision.reason


def _what(decided: Decided, decision: Decision, *, rules: bool) -> What:
    if rules and (decided.refused or (decided.plan and decided.plan.refusal)):
        return What.REFUSED
    if rules and decided.held:
        return What.HELD
    if rules and decided.plan is not None:
        return What(decided.plan.kind.value)
    if not rules and decision.wanted is Wanted.STOPPED and decided.facts.desired_count > 0:
        return What.STOP
    if not rules and decision.wanted is Wanted.RUNNING and not decided.facts.is_running:
        return What.START
    if not rules and decision.placing and decision.placing.to and decided.facts.desired_count > 0:
        return What.MOVE
    if decision.because is Because.UNKNOWN:
        return What.UNKNOWN
    return What.HELD if _waits_for_quiet(decision, decided.facts) else What.KEEP


def _waits_for_quiet(decision: Decision, facts: ServiceFacts) -> bool:
    """Whether it would be stopped, were it not in use: by its hours or a person's word."""
    is_due = decision.rule in (RuleName.CLOSED, RuleName.OVERRIDE) and facts.desired_count > 0
    return is_due and decision.because is Because.IN_USE


def _savings(
    facts: ServiceFacts, policy: Policy, decision: Decision, now: datetime, region: str
) -> tuple[Decimal | None, datetime | None]:
    """List price of all tasks until the next opening; of one hour where no opening is foreseen."""
    price = hourly_price(facts, region)
    if price is None:
        return None, None
    hourly = price.usd_per_hour * max(facts.desired_count, 1)
    if policy.hours is None or decision.because not in (Because.HOURS, Because.HOLIDAY):
        return hourly, None
    phase = Timetable.of(policy.hours).phase(now)
    if phase.open or phase.until is None:
        return hourly, None
    seconds = Decimal(int((phase.until - now).total_seconds()))
    return (hourly * seconds / 3600).quantize(Decimal("0.01")), phase.until
