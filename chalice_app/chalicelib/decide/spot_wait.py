"""How long Spot is left alone after it failed a service: worked out from what is remembered, never stored. Pure.

After a setback the service stays on demand for ``try-again-after``. One that comes soon again, before a stay on Spot
has lasted as long as the wait before it, doubles the wait: where the mean time between losses is short, the tries grow
rare by themselves and nothing ping-pongs. More than ``max-interruptions-per-day`` losses within a day end Spot until
fewer are left of the last 24 hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.decide.capacity import Setback, SetbackKind
from chalicelib.decide.words import counted, length

DAY = timedelta(days=1)
LONGEST_WAIT = DAY
REMEMBERED = timedelta(days=7)
"""Setbacks older than this say nothing about Spot today."""
SAME_SETBACK = timedelta(minutes=10)
"""Losses so close together are one shortage: the hosts of a service are taken one after the other."""

FALL_BACK_AFTER = timedelta(minutes=5)
TRY_AGAIN_AFTER = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Rest:
    """Spot is left alone until ``until``; ``says`` why, to be read after "on demand"."""

    until: datetime
    says: str


def rest(setbacks: Sequence[Setback], now: datetime, *, try_again_after: timedelta, most_losses: int) -> Rest | None:
    """The rest that holds at ``now``; None: Spot may be tried. What was told ahead of its time counts as told now."""
    known = _separate([one for one in sorted(setbacks) if now - REMEMBERED < one.at])
    if not known:
        return None
    last, wait = known[-1], _wait(known, try_again_after)
    until, says = last.at + wait, _words(known, wait, now)
    lost = [one for one in known if one.kind is SetbackKind.LOST and now - DAY < one.at]
    if len(lost) > most_losses:
        over = lost[-(most_losses + 1)].at + DAY
        if over > until:
            until, says = over, f"{counted(len(lost), 'interruption')} within a day, more than {most_losses}"
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
    wait, before = try_again_after, None
    for one in known:
        soon = before is not None and one.at - before < 2 * wait
        wait = min(2 * wait, LONGEST_WAIT) if soon else try_again_after
        before = one.at
    return max(wait, try_again_after)


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
