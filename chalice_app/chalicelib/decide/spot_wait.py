"""How long Spot is left alone after it failed a service: worked out from what is remembered, never stored. Pure.

After a setback the service stays on demand for ``try-again-after``. A stay on Spot that lasts less than a quarter of
that is one in a row; from the fourth in a row on each doubles the wait, up to six hours: where the time between losses
is short the tries grow rare by themselves, and nothing ping-pongs. More than ``max-interruptions-per-day`` losses on
one day of the policy's zone end Spot for that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.decide.capacity import Setback, SetbackKind
from chalicelib.decide.tags import end_of
from chalicelib.decide.words import counted, length

DAY = timedelta(days=1)
LONGEST_WAIT = timedelta(hours=6)
"""Unless ``try-again-after`` itself is longer. Chosen with `PLAIN_TRIES` in tests/bench/spot_bench.py, on seeds of its
own: a day costs half a percent of on demand more in the recorded us-west-2 zones, four hours a third more moves where
Spot is hardly ever there."""
REMEMBERED = timedelta(days=7)
"""Setbacks older than this say nothing about Spot today."""
PLAIN_TRIES = 3
"""So many setbacks in a row wait the plain ``try-again-after``: capacity comes and goes in clusters, and most gaps are
short. Measured in tests/bench/spot_bench.py: doubling from the second costs 2 % of on demand more."""
SAME_SETBACK = timedelta(minutes=10)
"""Losses so close together are one shortage: the hosts of a service are taken one after the other."""

FALL_BACK_AFTER = timedelta(minutes=5)
TRY_AGAIN_AFTER = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Rest:
    """Spot is left alone until ``until``; ``says`` why, to be read after "on demand"."""

    until: datetime
    says: str


def rest(
    setbacks: Sequence[Setback], now: datetime, *, try_again_after: timedelta, most_losses: int, zone: ZoneInfo
) -> Rest | None:
    """The rest that holds at ``now``; None: Spot may be tried. What was told ahead of its time counts as told now."""
    known = _separate([one for one in sorted(setbacks) if now - REMEMBERED < one.at])
    if not known:
        return None
    last, wait = known[-1], _wait(known, try_again_after)
    until, says = last.at + wait, _words(known, wait, now)
    today = now.astimezone(zone).date()
    lost = [one for one in known if one.kind is SetbackKind.LOST and one.at.astimezone(zone).date() == today]
    if len(lost) > most_losses and (tomorrow := end_of(today, zone)) > until:
        until, says = tomorrow, f"{counted(len(lost), 'interruption')} today, more than {most_losses}"
    return Rest(until, says) if now < until else None


def mean_time_between_losses(setbacks: Sequence[Setback], now: datetime) -> timedelta | None:
    """Over the last week, between interruptions; None with fewer than two."""
    lost = _separate([one for one in sorted(setbacks) if one.kind is SetbackKind.LOST and now - REMEMBERED < one.at])
    return (lost[-1].at - lost[0].at) / (len(lost) - 1) if len(lost) > 1 else None


def _separate(ordered: Sequence[Setback]) -> list[Setback]:
    """One for each shortage: the first of those that follow each other closely, with the instant of the last."""
    found: list[Setback] = []
    for one in ordered:
        if found and one.at - found[-1].at <= SAME_SETBACK:
            kind = SetbackKind.LOST if SetbackKind.LOST in (one.kind, found[-1].kind) else one.kind
            found[-1] = Setback(one.at, kind, found[-1].key)
        else:
            found.append(one)
    return found


def _wait(known: Sequence[Setback], try_again_after: timedelta) -> timedelta:
    """After the last of ``known``, which are in the order of time."""
    wait, before, in_a_row = try_again_after, None, 0
    for one in known:
        lasted = None if before is None else one.at - before - wait
        in_a_row = in_a_row + 1 if lasted is not None and lasted < try_again_after / 4 else 1
        wait = min(try_again_after * 2 ** max(0, in_a_row - PLAIN_TRIES), max(LONGEST_WAIT, try_again_after))
        before = one.at
    return wait


def _words(known: Sequence[Setback], wait: timedelta, now: datetime) -> str:
    ago = f"{length(now - known[-1].at)} ago"
    what = {
        SetbackKind.LOST: f"AWS took its Spot capacity back {ago}",
        SetbackKind.NO_CAPACITY: f"there was no Spot capacity {ago}",
        SetbackKind.QUOTA: f"our quota of Spot requests was used up {ago}",
        SetbackKind.FAILED: f"the last move to Spot did not come up {ago}",
    }[known[-1].kind]
    mean = mean_time_between_losses(known, now)
    often = f"; {length(mean)} between losses on average" if mean is not None else ""
    return f"{what}, so Spot rests for {length(wait)}{often}"
