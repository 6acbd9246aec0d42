"""Turns what a run found and did into notices, and the ones worth keeping into lines of the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from chalicelib.controller.hands import Hand
from chalicelib.controller.news import News
from chalicelib.decide.decision import Evidence, Wanted
from chalicelib.decide.facts import ActionKind, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.decide.tags import zone_of
from chalicelib.decide.words import clock
from chalicelib.execute.entries import KnownPrice, PriceOf, no_price
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import PlanKind
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.observe.fleet import Fleet
from chalicelib.policy.model import Policy
from chalicelib.prices.hosts import host_of
from chalicelib.record.history import Entry, EntryKind, History
from chalicelib.record.outcomes import FORGOTTEN, GONE, MADE_ANEW

WHO = "controller"


def of_outcome(outcome: Outcome, now: datetime) -> Notice | None:
    """A notice of what became of an action; None where nothing new is to be said."""
    kind = _kind(outcome)
    if kind is None or not outcome.news:
        return None
    policy = outcome.entry.policy if outcome.entry else ""
    named = outcome.reason.startswith(str(outcome.service))
    text = outcome.reason if named else f"{outcome.service}: {outcome.reason}"
    return Notice(now, kind, outcome.service, text, policy)


def of_left(count: int, now: datetime) -> Notice:
    """A run that had no room for everything it wanted to do."""
    words = "1 action is" if count == 1 else f"{count} actions are"
    return Notice(now, NoticeKind.LIMIT, None, f"{words} left to the next sweep: this run had no time or room for more")


def of_unread(before: Fleet | None, fleet: Fleet, now: datetime) -> tuple[Notice, ...]:
    """What could not be read in this run and could in the last."""
    known = set(before.problems) if before else set()
    fresh = [problem for problem in fleet.problems if problem not in known]
    return tuple(Notice(now, NoticeKind.UNREADABLE, problem.service, str(problem)) for problem in fresh)


def gone(id: ServiceId, memory: ServiceMemory) -> str:
    """In UTC: what rules a service is told by its tags, and they are gone with it."""
    since = f"since {clock(memory.gone_since)}" if memory.gone_since else "for a while"
    return f"{id}: it is gone {since}; {_what(memory)} is forgotten"


def made_anew(id: ServiceId, created_at: datetime, memory: ServiceMemory, policy: Policy | None) -> str:
    """``policy`` is the one that rules the new service."""
    since = clock(created_at, zone_of(policy)) if policy else clock(created_at)
    return (
        f"{id}: a new service of that name exists since {since}; "
        f"{_what(memory)} was of the one before, and is forgotten"
    )


def _what(memory: ServiceMemory) -> str:
    size = memory.saved_size
    return f"what was remembered of it (its size of {size.desired_count} too)" if size else "what was remembered of it"


def _kind(outcome: Outcome) -> NoticeKind | None:
    """A stop is told when it is begun, a start when the service is seen ready."""
    match outcome.status:
        case OutcomeStatus.REFUSED:
            return NoticeKind.REFUSED
        case OutcomeStatus.FAILED:
            starts = outcome.kind in (PlanKind.START, PlanKind.MOVE)
            return NoticeKind.START_FAILED if starts else NoticeKind.STOP_FAILED
        case OutcomeStatus.DONE:
            match outcome.kind:
                case PlanKind.STOP:
                    return None if outcome.verified else NoticeKind.STOPPED
                case PlanKind.START:
                    return NoticeKind.STARTED if outcome.verified else NoticeKind.STARTING
                case PlanKind.MOVE:
                    if outcome.verified:
                        return NoticeKind.MOVED
                    return None if outcome.to_spot else NoticeKind.SPOT_FALLBACK
                case PlanKind.MEND:
                    return NoticeKind.MENDED
                case other:
                    assert_never(other)
        case unknown:
            assert_never(unknown)


class Teller:
    """Writes news into the history. Notices of outcomes have their own lines there already."""

    def __init__(self, history: History, price: PriceOf = no_price) -> None:
        self._history = history
        self._price = price

    def of_hand(self, turned: Hand, facts: ServiceFacts, now: datetime) -> Notice:
        word, kind = ("started", NoticeKind.HAND_START) if turned is Hand.STARTED else ("stopped", NoticeKind.HAND_STOP)
        text = f"{facts.id}: somebody {word} it by hand (desired count {facts.desired_count})"
        self._history.append(
            Entry(
                at=now,
                kind=EntryKind.HAND,
                who="somebody",
                reason=text,
                service=facts.id,
                action=ActionKind.START if turned is Hand.STARTED else ActionKind.STOP,
                desired_count=facts.desired_count,
                host=host_of(facts),
            )
        )
        return Notice(now, kind, facts.id, text)

    def of_forgotten(
        self, id: ServiceId, text: str, now: datetime, since: datetime, *, is_made_anew: bool = False
    ) -> Notice:
        """``since`` then it is not there any more, or is another: what was asleep before saves nothing from then on."""
        gone = Evidence(MADE_ANEW if is_made_anew else GONE, "true", since=since, until=now)
        self._history.append(
            Entry(at=now, kind=EntryKind.NOTICE, who=WHO, reason=text, service=id, outcome=FORGOTTEN, evidence=(gone,))
        )
        return Notice(now, NoticeKind.FORGOTTEN, id, text)

    def of_policies(self, problems: Iterable[str], changes: Iterable[str], now: datetime) -> tuple[Notice, ...]:
        told = (
            *(Notice(now, NoticeKind.POLICY_CHANGED, None, text) for text in changes),
            *(Notice(now, NoticeKind.POLICY_PROBLEM, None, text) for text in problems),
        )
        for notice in told:
            self._history.append(Entry(at=now, kind=EntryKind.POLICY, who=WHO, reason=notice.text))
        return told

    def of_news(self, facts: ServiceFacts, news: Sequence[News], now: datetime) -> tuple[Notice, ...]:
        for one in news:
            self._history.append(_entry(facts, one, self._price(facts), now))
        return tuple(
            Notice(
                now, one.kind, facts.id, one.text, one.policy.name if one.policy else "",
                useless_after=one.useless_after,
            )
            for one in news
        )  # fmt: skip

    def of_ended(self, facts: ServiceFacts, ended: Iterable[News], now: datetime) -> None:
        """Keeps when a dry-run wish to stop ended, so that what it would have saved, and cost, can be told."""
        for one in ended:
            because = one.decision.because if one.decision and facts.desired_count else None
            kept = _entry(facts, one, self._price(facts), now)
            self._history.append(replace(kept, wanted=Wanted.LEAVE, because=because, outcome="ended"))


def _entry(facts: ServiceFacts, one: News, price: KnownPrice | None, now: datetime) -> Entry:
    decision = one.decision
    return Entry(
        at=now,
        kind=EntryKind.WOULD if one.kind is NoticeKind.WOULD else EntryKind.NOTICE,
        who=WHO,
        reason=one.text,
        service=facts.id,
        policy=one.policy.name if one.policy else "",
        policy_version=one.policy.version if one.policy else "",
        wanted=decision.wanted if decision else None,
        because=decision.because if decision else None,
        evidence=decision.evidence if decision else (),
        outcome=one.kind.value,
        desired_count=facts.desired_count,
        price_usd_per_hour=price.usd_per_hour if price else None,
        price_source=price.source if price else "",
        price_as_of=price.as_of if price else None,
        host=host_of(facts),
    )
