"""Simulated months of a service with `use: prefer` per zone: how long it is up, and what it costs.

What the rule's numbers (`decide.spot_wait`) were chosen on is not what it is judged by: the goals are measured on
months that nothing was chosen on, with a policy that tries Spot again after an hour; what the default of two hours
costs stands beside it.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable, Sequence

from chalicelib.policy.loader import load
from chalicelib.policy.model import PolicySet
from goals import Goal, Result
from spot_cloud import BOOT_SECONDS, NOTICE_SECONDS, ON_DEMAND, SPOT
from spot_life import MONTH, SPOT_PRICE, START, Lived, always, live
from spot_market import OTHERS, WEST, Zone

MONTHS = int(os.environ.get("SPOT_MONTHS", "12"))
CHOSEN_ON, JUDGED_ON = range(MONTHS), range(2000, 2000 + MONTHS)
"""Seeds: the first were used to choose `PLAIN_TRIES` and `LONGEST_WAIT`, the second never."""
PROMISED = "prefer, try again after 1h"
GOAL_UP, STRETCH_UP, GOAL_COST = 0.990, 0.995, 0.60

POLICY = """\
lifecycle: v1
policies:
  dev:
    match: {everything: true}
    spot: {use: prefer, fall-back-after: 2m, providers: {spot: gpu-spot, on-demand: gpu-od}}
    mode: enforce
"""
SOONER = POLICY.replace("fall-back-after: 2m", "fall-back-after: 2m, try-again-after: 1h")
BY_DAY = POLICY.replace("    spot:", "    hours: {timezone: Etc/UTC, open: [daily 08:00-20:00]}\n    spot:")


def row(zone: Zone, how: str, months: Sequence[Lived]) -> dict[str, object]:
    days = MONTH / 86_400
    return {
        "zone": zone.name,
        "placement": how,
        "up": f"{100 * _mean(one.up for one in months):.2f} %",
        "worst month": f"{100 * min(one.up for one in months):.2f} %",
        "cost of on demand": f"{100 * _mean(one.cost for one in months):.1f} %",
        "moves a day": f"{_mean(one.moves for one in months) / days:.2f}",
        "losses a day": f"{_mean(one.losses for one in months) / days:.2f}",
    }


def goals(zone: Zone, months: Sequence[Lived]) -> list[Goal]:
    up, cost = _mean(one.up for one in months), _mean(one.cost for one in months)
    return [
        Goal(f"{zone.name}: up", f">= {GOAL_UP:.1%} ({STRETCH_UP:.1%} is the stretch)", f"{up:.2%}", up >= GOAL_UP),
        Goal(f"{zone.name}: cost of on demand", f"<= {GOAL_COST:.0%}", f"{cost:.1%}", cost <= GOAL_COST),
    ]


def measure() -> Result:
    plain, sooner = _policies(POLICY), _policies(SOONER)
    rows: list[dict[str, object]] = []
    promises: list[Goal] = []
    for zone in (*WEST, *OTHERS):
        lived = [live(zone, seed, plain) for seed in JUDGED_ON]
        rows.append(row(zone, "prefer", lived))
        if zone in WEST:
            promised = [live(zone, seed, sooner) for seed in JUDGED_ON]
            rows.append(row(zone, PROMISED, promised))
            rows += _beside(zone, plain, sooner)
            promises += goals(zone, promised)
        rows.append(row(zone, "always Spot", [always(SPOT, zone, seed) for seed in JUDGED_ON]))
        rows.append(row(zone, "always on demand", [always(ON_DEMAND, zone, seed) for seed in JUDGED_ON]))
    notes = (
        f"{MONTHS} seeded months a zone, wanted always but for the row by day; boot {BOOT_SECONDS:.0f} s, notice "
        f"{NOTICE_SECONDS:.0f} s, fall-back-after 2m, try-again-after 2h (the default) unless said; Spot at "
        f"{SPOT_PRICE} of on demand; hosts that boot beside a running one are paid for.",
        f"The goals are those of `{PROMISED}`, measured like all rows on seeds {JUDGED_ON.start} to "
        f"{JUDGED_ON.stop - 1}, which nothing was chosen on; the rule's two numbers and that hour were chosen on seeds "
        f"{CHOSEN_ON.start} to {CHOSEN_ON.stop - 1} of the us-west-2 zones (their own row).",
        "Without surge (0 / 100 %) the new task gets its GPU when the old one is gone: every move is an absence of one "
        "boot, the voluntary ones while nobody uses the service. By day (08:00 to 20:00) each opening waits for a "
        "boot, and nothing is moved back by force, because a stop is always due within 24 hours.",
        "Losses and up-times as recorded in 2023 for another GPU (`spot_market.py`), so the figures say how hard it "
        "may get. Losses under `prefer` are fewer than the zone's: while Spot rests nothing is lost.",
    )
    return Result("Spot for a month", rows, promises, notes)


def _beside(zone: Zone, plain: PolicySet, sooner: PolicySet) -> list[dict[str, object]]:
    """What the goal leaves open: other settings, other services."""
    by_day = _policies(BY_DAY)
    return [
        row(zone, f"{PROMISED}, seeds chosen on", [live(zone, seed, sooner) for seed in CHOSEN_ON]),
        row(zone, "prefer, without surge", [live(zone, seed, plain, surge=False) for seed in JUDGED_ON]),
        row(zone, "prefer, by day", [live(zone, seed, by_day) for seed in JUDGED_ON]),
    ]


def _policies(text: str) -> PolicySet:
    return load({"bench.yaml": text}, today=START.date()).policies


def _mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)
