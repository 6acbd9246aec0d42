"""Gathers what the record, the metrics and the policies tell of one week; the bill comes from `reports.sources`.

What cannot be read becomes `Unknown` with its sentence: a report is made of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.govern import Governance, govern
from chalicelib.decide.idle import rules_of
from chalicelib.errors import AwsUnreachable, RecordUnavailable
from chalicelib.fleet.model import ENVIRONMENT_TAG, MODEL_TAG, OWNER_TAG
from chalicelib.ledger.counting import Terms, ledger
from chalicelib.ledger.courses import Known as KnownBefore
from chalicelib.ledger.places import unquoted
from chalicelib.ledger.reading import read
from chalicelib.ledger.values import Row
from chalicelib.notify.notice import NoticeKind
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.prices import gpus_per_task, hourly_price
from chalicelib.prices.bill import fargate_spot
from chalicelib.prices.book import PriceBook
from chalicelib.prices.hosts import host_of, market_of
from chalicelib.record.cost_events import told_in
from chalicelib.record.history import Entry, EntryKind, History

from reports.build import Given, Recorded
from reports.making.labels import Hold, Label, Labels
from reports.making.use import Use
from reports.measured import Ask, Watched, measure
from reports.model import Rate
from reports.own_cost import asked_for, own_cost
from reports.sources.fargate_lines import lines_of
from reports.sources.frames import Gathered
from reports.sources.told_events import with_told
from reports.values import Known, Money, Section, Sentence, Unknown, Week

OWNER_TAGS = (OWNER_TAG, "owner", "Owner")
WEEKS_BEFORE = 4


@dataclass(frozen=True, slots=True)
class Reach:
    """What one run can reach. ``services`` as they are now: what is gone has hours and no labels."""

    history: History
    services: Mapping[ServiceId, ServiceFacts]
    policies: PolicySet
    region: str
    ask: Ask
    prices: PriceBook | None = None
    """Of what the record itself knows no price: Spot, and hosts that are in no table."""
    deployment: str = ""
    """As its metrics name it; empty: nobody knows, and what its runs cost is in no line."""
    table: str = ""


def given(
    reach: Section[Reach], gathered: Gathered, week: Week, now: datetime, team: str, rate: Rate | None = None
) -> Given:
    """All that the report of the week is made of. ``reach`` unknown: nobody could ask the record."""
    if isinstance(reach, Unknown):
        return Given(team, week, now, gathered, reach, reach, rate=rate)
    reached = reach.value
    found, suite = use(reached, week, now)
    is_billed = isinstance(gathered.bill, Known)
    counted = recorded(_with_rates(reached, gathered), week, now, with_weeks_before=not is_billed)
    if isinstance(counted, Known):
        gathered = with_told(gathered, counted.value.told)
    return Given(
        team=team,
        week=week,
        generated_at=now,
        gathered=gathered,
        recorded=counted,
        use=found,
        labels=labels(reached),
        rate=rate,
        suite=suite,
    )


def _with_rates(reach: Reach, gathered: Gathered) -> Reach:
    """And what the bill says of Fargate Spot, of which nobody else knows the price."""
    if isinstance(gathered.bill, Unknown):
        return reach
    prices = reach.prices or PriceBook(reach.region)
    return replace(reach, prices=replace(prices, fargate_spot=fargate_spot(lines_of(gathered.bill.value))))


def recorded(reach: Reach, week: Week, now: datetime, *, with_weeks_before: bool) -> Section[Recorded]:
    """As far as the week is over. ``with_weeks_before``: only where no bill tells of them; it reads four times more."""
    since = week.back(WEEKS_BEFORE).since if with_weeks_before else week.since
    until = min(week.until, now)
    try:
        entries = read(reach.history, reach.services, since, until)
    except RecordUnavailable as error:
        return Unknown(Sentence.told(str(error)))
    acted = {entry.service for entry in entries if entry.action is not None}
    known = {facts.id: _before(facts, reach.region, facts.id in acted) for facts in reach.services.values()}
    prices = reach.prices or PriceBook(reach.region)
    quoted = prices.quoted(unquoted(entries, known), since, until, now)
    terms = Terms(week.zone, quoted)
    counted = ledger(entries, week.since, until, terms, known)
    first = min((entry.at for entry in entries), default=week.since)
    rows: tuple[Row, ...] = ()
    if with_weeks_before and first < week.since:
        rows = tuple(ledger(entries, max(since, first), week.since, terms, known).rows)
    told = Recorded(counted, rows, min(first, week.since).astimezone(week.zone).date(), troubles=quoted.problems)
    within = [entry for entry in entries if week.since <= entry.at < until]
    return Known(replace(told, interruptions=_interruptions(within, reach.policies), told=told_in(within)))


def _interruptions(entries: Sequence[Entry], policies: PolicySet) -> Section[int]:
    """The record has those of services whose policy speaks of Spot, each once; without such a policy nobody counts."""
    found = sum(one.kind is EntryKind.NOTICE and one.outcome == NoticeKind.SPOT_INTERRUPTED.value for one in entries)
    if not found and all(policy.spot is None for policy in policies.policies):
        return Unknown(Sentence("no_interruptions"))
    return Known(found)


def _before(facts: ServiceFacts, region: str, is_in_record: bool) -> KnownBefore:
    """What the record never saw started or stopped stood all the time as it stands now."""
    return KnownBefore(
        facts.id,
        max(facts.desired_count, 1),
        host_of(facts),
        hourly_price(facts, region),
        gpus_per_task(facts),
        running=None if is_in_record else facts.desired_count > 0,
        market=market_of(facts),
    )


def labels(reach: Reach) -> Labels:
    return Labels({facts.id: _label(facts, reach.policies) for facts in reach.services.values()})


def _label(facts: ServiceFacts, policies: PolicySet) -> Label:
    found = govern(policies, facts)
    policy = found.ruling or next(iter(found.shadows), None)
    return Label(
        model=facts.tags.get(MODEL_TAG, ""),
        environment=facts.tags.get(ENVIRONMENT_TAG, ""),
        owner=next(_owners(facts, policy), ""),
        policy=policy.name if policy else "",
        hold=_hold(found),
    )


def _hold(found: Governance) -> Hold:
    if found.ruling is None and found.shadows:
        return Hold.DRY_RUN
    return Hold.EXCLUDED if found.never_touch is not None else Hold.RULED


def _owners(facts: ServiceFacts, policy: Policy | None) -> Iterator[str]:
    yield from (facts.tags[tag] for tag in OWNER_TAGS if facts.tags.get(tag))
    if policy is not None and policy.owner:
        yield policy.owner


def use(reach: Reach, week: Week, now: datetime) -> tuple[Section[Use], tuple[tuple[Sentence, Money], ...]]:
    """The use of the week as far as it is over, and what asking for it cost."""
    watched = [_watched(facts, reach.policies) for facts in reach.services.values()]
    until = min(week.until, now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
    try:
        found, asked = measure(watched, week.since, until, reach.ask)
    except AwsUnreachable as error:
        return Unknown(Sentence.told(str(error))), ()
    return Known(found), _suite(reach, asked, week.since.replace(minute=0), until)


def _suite(reach: Reach, asked: int, since: datetime, until: datetime) -> tuple[tuple[Sentence, Money], ...]:
    try:
        lines, more = own_cost(reach.ask, reach.deployment, reach.table, since, until)
    except AwsUnreachable:
        lines, more = (), 0
    return (*lines, asked_for(asked + more)) if asked + more else lines


def _watched(facts: ServiceFacts, policies: PolicySet) -> Watched:
    found = govern(policies, facts)
    policy = found.ruling or next(iter(found.shadows), None)
    rules = rules_of(policy.idle if policy else None)
    is_stopped = found.ruling is not None and found.ruling.idle is not None and found.never_touch is None
    return Watched(facts, rules, is_stopped)
