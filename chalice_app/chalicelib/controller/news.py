"""What people should hear of one service, once: each piece of news has a name, and is told while it is new.

Decides nothing about the service. News that still holds is not told again; when it has passed and comes back, it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime

from chalicelib.controller.looking import KEPT
from chalicelib.controller.report import Decided, WhyNot
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.tags import zone_of
from chalicelib.decide.words import clock
from chalicelib.notify.notice import NoticeKind
from chalicelib.policy.model import Policy


@dataclass(frozen=True, slots=True)
class News:
    """``name`` tells one piece of news from another; ``decision`` is set where it belongs into the history as such;
    ``useless_after``: then nobody need hear it any more."""

    name: str
    kind: NoticeKind
    text: str
    policy: Policy | None = None
    decision: Decision | None = None
    useless_after: datetime | None = None


def news_of(one: Decided, *, unknown_since: datetime | None, closing_at: datetime | None, now: datetime) -> list[News]:
    """Everything worth saying of a service as it was decided now, told before or not."""
    return [
        *_refusal(one),
        *_kept(one),
        *_unknown(one, unknown_since, now),
        *_closing(one, closing_at),
        *_wishes(one),
    ]


def _refusal(one: Decided) -> Iterator[News]:
    match one.why_not:
        case None:
            return
        case WhyNot.NO_POLICY:
            saved = one.seen.memory.saved_size
            if saved and one.facts.desired_count == 0:
                text = f"{one.facts.id}: asleep, and no policy rules it any more: nobody will start it. " + (
                    f"Set its desired count to {saved.desired_count}, as it was, or let a policy match it again."
                )
                yield News("orphaned", NoticeKind.REFUSED, text)
        case WhyNot.TIE | WhyNot.BAD_TAG | WhyNot.UNMANAGEABLE as why_not:
            kind = NoticeKind.TIE if why_not is WhyNot.TIE else NoticeKind.REFUSED
            yield News(why_not.value, kind, f"{one.facts.id}: {one.refused}")


def _kept(one: Decided) -> Iterator[News]:
    decision = one.decision
    if decision is None:
        return
    if one.awaits_yes:
        return  # the question itself is what people hear
    if one.held:
        yield News("held", NoticeKind.LIMIT, f"{one.facts.id}: {one.held}", one.policy, decision)
    elif decision.because is Because.IN_USE and (decision.rule is RuleName.CLOSED or one.spared):
        yield News(KEPT, NoticeKind.KEPT, f"{one.facts.id}: {decision.reason}", one.policy, decision)


def _unknown(one: Decided, unknown_since: datetime | None, now: datetime) -> Iterator[News]:
    decision, policy = one.decision, one.policy
    if decision is None or policy is None or unknown_since is None:
        return
    tell_after = policy.idle.tell_unknown_after if policy.idle else None
    if tell_after is None or now - unknown_since >= tell_after:
        since = clock(unknown_since, zone_of(policy))
        text = f"{one.facts.id}: cannot tell since {since} whether it is used: {decision.reason}"
        yield News("unknown", NoticeKind.UNKNOWN, text, policy, decision)


def _closing(one: Decided, closing_at: datetime | None) -> Iterator[News]:
    if closing_at is not None and one.policy is not None:
        text = f"{one.facts.id}: closes {clock(closing_at, zone_of(one.policy))}; `lifecycle keep` keeps it running"
        name = f"closing:{closing_at.isoformat()}"
        yield News(name, NoticeKind.CLOSING_SOON, text, one.policy, one.decision, useless_after=closing_at)


def ended_wishes(one: Decided, told: Set[str]) -> Iterator[News]:
    """The dry-run wishes to stop it that were told and hold no more. For the record only: nobody needs to hear it."""
    for policy, decision in one.shadows:
        is_up = one.facts.desired_count > 0
        name = _wish_name(policy, "stop")
        if name not in told or (is_up and decision.wanted is Wanted.STOPPED):
            continue
        why = decision.reason if is_up else "it is stopped"
        text = f"{one.facts.id}: {policy.name} (dry-run) would not stop it any more: {why}"
        yield News(name, NoticeKind.WOULD, text, policy, decision)


def _wish_name(policy: Policy, word: str) -> str:
    return f"would:{policy.name}:{word}"


def _wishes(one: Decided) -> Iterator[News]:
    for policy, decision in one.shadows:
        stops = decision.wanted is Wanted.STOPPED and one.facts.desired_count > 0
        starts = decision.wanted is Wanted.RUNNING and one.facts.desired_count == 0
        placing = decision.placing
        if stops or starts:
            word, does, why = "stop" if stops else "start", "", decision.reason
        elif placing and placing.to and placing.market and one.facts.desired_count > 0:
            word, does, why = "move", f" to {placing.market.value}", placing.reason
        else:
            continue
        text = f"{one.facts.id}: {policy.name} (dry-run) would {word} it{does}: {why}"
        yield News(_wish_name(policy, f"{word}{does}"), NoticeKind.WOULD, text, policy, decision)
