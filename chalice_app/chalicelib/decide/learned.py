"""What one service has taught: its idle gaps, its habits, its boots, how bets on it went; and how a look adds to it.

A look tells in which minutes there was use, over a stretch without holes. What was already known is passed over by
the watermark ``known_until``, so the same look twice teaches once. After a hole the gap that ran into it is given up:
nobody knows how long it was. Sleep is no hole: a service that is down is not used, and the start that somebody asked
for ends the gap; a start by the clock or by a bet does not.

Refuses to read or write anything; all times are aware, in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.decide.adaptive import BINS, MOST_SHARE, Costs, GapLaw
from chalicelib.decide.adaptive_prior import PRIOR
from chalicelib.decide.constants import LONG_WINDOW
from chalicelib.decide.prewarm import Bet, BetRecord, Habit

BOOT_UNKNOWN_SECONDS = 240.0
"""Stands in until the first boot was measured: the boot of the experiments the rule was chosen on."""

LONGEST_BOOT = timedelta(hours=2)
NEWEST_BOOT_WEIGHT = 0.3

NO_GAPS, NO_BETS = GapLaw(), BetRecord()


@dataclass(frozen=True, slots=True)
class Learned:
    """Of one service; the empty value is that of one never looked at.

    ``used_until`` is where the running gap began, None when that is not known. ``asleep_since``: when it was stopped;
    None while it is up. ``waking_since``: when our start began that was not seen ready yet. ``woken_at``: when
    somebody asked who has not been seen served yet; ``answer_seconds``: decayed mean of that wait. ``bets_from``: no
    bet is made for a time before it. ``revision`` is the row's, 0 for a row that is not there.
    """

    gaps: GapLaw = NO_GAPS
    habit: Habit | None = None
    bets: BetRecord = NO_BETS
    bet: Bet | None = None
    bet_acted: bool = False
    bets_from: datetime | None = None
    boot_seconds: float | None = None
    boots: int = 0
    cold_starts: int = 0
    used_until: datetime | None = None
    known_until: datetime | None = None
    asleep_since: datetime | None = None
    waking_since: datetime | None = None
    woken_at: datetime | None = None
    answer_seconds: float | None = None
    revision: int = 0

    @property
    def boot_or_default_seconds(self) -> float:
        return BOOT_UNKNOWN_SECONDS if self.boot_seconds is None else self.boot_seconds


@dataclass(frozen=True, slots=True)
class Use:
    """``[begin, end)`` with at least one request."""

    begin: datetime
    end: datetime


def after_looking(
    before: Learned, uses: Sequence[Use], covers_from: datetime, covers_to: datetime, costs: Costs | None
) -> Learned:
    """With what a look saw over ``[covers_from, covers_to)``; ``uses`` in order. ``costs`` None: no bet is settled."""
    known = before.known_until
    if known is not None and covers_to <= known:
        return before
    torn = known is not None and covers_from > known
    used_until = None if torn else before.used_until
    habit = before.habit or Habit.beginning(covers_from.timestamp())
    gaps: list[float] = []
    now = before
    for use in uses:
        if known is not None and use.end <= known:
            continue
        if used_until is not None and use.begin > used_until:
            gaps.append((use.begin - used_until).total_seconds())
        now = _answered(bet_met(now, use.begin, costs), use)
        used_until = use.end if used_until is None else max(used_until, use.end)
        habit = habit.used(use.begin.timestamp(), use.end.timestamp() - 1)
    grown = replace(now, gaps=before.gaps.with_gaps(gaps), habit=habit, used_until=used_until, known_until=covers_to)
    if costs is not None:
        waited = sum(min(gap, MOST_SHARE * costs.break_even_seconds) for gap in gaps)
        grown = replace(grown, bets=grown.bets.idled(costs.price_usd_per_second * waited))
    return bet_lost(grown, covers_to, costs)


def reading_from(learned: Learned, window_from: datetime, window_to: datetime) -> datetime:
    """From when to read so that no hole is left: further back costs nothing, up to where the points become coarse."""
    known = learned.known_until
    if known is None or known >= window_from or window_to - known > LONG_WINDOW:
        return window_from
    return known.replace(second=0, microsecond=0)


def after_stop(before: Learned, at: datetime, costs: Costs | None) -> Learned:
    """It was seen unused and stopped at ``at``: what it idled until then is booked beside the bets."""
    if before.asleep_since is not None:
        return before
    bets = before.bets
    if costs is not None and before.used_until is not None and at > before.used_until:
        bets = bets.idled(costs.price_usd_per_second * (at - before.used_until).total_seconds())
    return replace(before, bets=bets, asleep_since=at, known_until=at, waking_since=None, woken_at=None, bets_from=at)


def after_start(
    before: Learned, at: datetime, costs: Costs | None, *, wanted: bool, ours: bool, early: bool = False
) -> Learned:
    """It was started at ``at``. ``wanted``: because somebody asked for it now, so the gap ends and they wait;
    ``ours``: we know when the boot began; ``early``: by a bet, which is carried out with it."""
    now = replace(before, asleep_since=None, known_until=at, waking_since=at if ours else None)
    if not wanted:
        return replace(now, bet_acted=now.bet_acted or (early and now.bet is not None))
    now = bet_met(now, at, costs)
    gaps = now.gaps
    if now.used_until is not None and at > now.used_until:
        gaps = gaps.with_gaps([(at - now.used_until).total_seconds()])
    stamp = at.timestamp()
    habit = (now.habit or Habit.beginning(stamp)).used(stamp, stamp)
    return replace(now, gaps=gaps, habit=habit, used_until=at, woken_at=at, cold_starts=now.cold_starts + 1)


def after_boot(before: Learned, ready_since: datetime) -> Learned:
    """It was seen ready: a decayed mean of the boots' lengths, of our own starts. Who woke it waited until then, and a
    wait is no idle gap."""
    if before.woken_at is not None and before.used_until is not None and ready_since > before.woken_at:
        before = replace(before, used_until=max(before.used_until, ready_since))
    began = before.waking_since
    if began is None or ready_since < began:
        return before
    done = replace(before, waking_since=None)
    if ready_since - began > LONGEST_BOOT:
        return done
    return replace(done, boot_seconds=_mean(before.boot_seconds, ready_since - began), boots=before.boots + 1)


def _answered(before: Learned, use: Use) -> Learned:
    """The first use that ended after somebody's asking answers them, to the minute."""
    asked = before.woken_at
    if asked is None or use.end <= asked:
        return before
    took = max(use.begin - asked, timedelta())
    if took > LONGEST_BOOT:
        return replace(before, woken_at=None)
    return replace(before, woken_at=None, answer_seconds=_mean(before.answer_seconds, took))


def _mean(before: float | None, newest: timedelta) -> float:
    took = newest.total_seconds()
    return took if before is None else before + NEWEST_BOOT_WEIGHT * (took - before)


def bet_met(before: Learned, first_use: datetime, costs: Costs | None) -> Learned:
    """The open bet, if any, is settled by a use that began within its time."""
    bet, at = before.bet, first_use.timestamp()
    if bet is None or costs is None or not bet.start_at <= at <= bet.give_up_at:
        return before
    bets = before.bets.settled(bet, at, costs, acted=before.bet_acted)
    return replace(before, bets=bets, bet=None, bet_acted=False, bets_from=first_use)


def bet_lost(before: Learned, known_until: datetime, costs: Costs | None) -> Learned:
    """The open bet, if any, is lost once it is known that nobody came until it gave up."""
    bet = before.bet
    if bet is None or costs is None or known_until.timestamp() <= bet.give_up_at:
        return before
    bets = before.bets.settled(bet, bet.give_up_at + 1, costs, acted=before.bet_acted)
    ended = datetime.fromtimestamp(bet.give_up_at, known_until.tzinfo)
    return replace(before, bets=bets, bet=None, bet_acted=False, bets_from=ended)


def law_of_stops(stops: Iterable[tuple[float, float]]) -> GapLaw:
    """A law rebuilt from stops alone: ``(length of the gap, timeout after which it was stopped)``, in seconds.

    Gaps that ended before the timeout left no trace. For each one that did not, as many are added as the pooled law
    has gaps below that timeout for each above it: below the timeout the rebuilt law is the prior's, above its own.
    """
    law = GapLaw()
    for gap, timeout in stops:
        law = law.with_gaps([gap])
        below = [k for k in range(BINS) if PRIOR.mean_seconds[k] < min(timeout, gap)]
        above = 1.0 - sum(PRIOR.shares[k] for k in below)
        counts, sums = list(law.counts), list(law.sums)
        for k in below:
            counts[k] += PRIOR.shares[k] / above
            sums[k] += PRIOR.shares[k] / above * PRIOR.mean_seconds[k]
        law = GapLaw(tuple(counts), tuple(sums), law.seen)
    return law


UNLEARNED = Learned()
