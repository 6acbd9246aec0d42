"""The demo week through the deployed handlers and through `simulate`: how many actions differ."""

from __future__ import annotations

from chalicelib.local.scenario import week
from goals import Goal, Result
from support.agreement import live_through, simulated


def measure() -> Result:
    scenario = week()
    lived = live_through(scenario)
    rows, different = [], 0
    for blueprint in scenario.fleet:
        live, replayed = lived.acts.get(blueprint.id, []), simulated(lived, blueprint)
        unlike = len(set(live) ^ set(replayed))
        different += unlike
        rows.append({"service": str(blueprint.id), "live": len(live), "simulated": len(replayed), "unlike": unlike})
    return Result(
        title="The demo week, live and simulated",
        rows=rows,
        goals=[
            Goal("actions of the demo week that live and simulate do not share", "0", str(different), not different)
        ],
        notes=["An action is the same when its instant, its kind, its rule and its words are."],
    )
