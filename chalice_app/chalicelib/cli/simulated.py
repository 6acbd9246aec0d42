"""How a simulation is shown: a table, JSON, Markdown for a review, and files with charts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.cli.exits import Stop
from chalicelib.cli.render import Column, dollars
from chalicelib.decide.words import counted

if TYPE_CHECKING:
    from chalicelib.cli.assuming import Really
    from chalicelib.cli.desk import Desk
    from chalicelib.simulate.compare import Study
    from chalicelib.simulate.result import Outcome

HEAD = (
    *("POLICY", "HOURS", "PAID", "WITH WAITS", "OF ALWAYS ON"),
    *("COLD STARTS", "WAITED", "LONGEST", "STOPS/DAY", "REGRETS"),
)


def show(desk: Desk, found: Study, *, really: Really | None) -> None:
    first = found.outcomes[0]
    say = desk.paper.say
    say(f"{found.service}: {counted(first.requests, 'request')} in {first.days:.1f} days", "bold")
    say()
    columns = [Column(HEAD[0]), *(Column(title, right=True) for title in HEAD[1:])]
    desk.paper.table(columns, [_row(one, found) for one in found.outcomes])
    say()
    if really is not None:
        say(in_truth(really))
    if first.refused:
        say(f"{counted(first.refused, 'request')} would have found it stopped.")
    say("WITH WAITS adds what the waits are worth. REGRETS: used again within 30 minutes of a stop.")
    say("Assumed: " + "; ".join(found.notes) + ".", "dim")


def document(found: Study, *, really: Really | None) -> dict[str, object]:
    first = found.outcomes[0]
    truth = None
    if really is not None:
        truth = {"hours": round(really.hours, 3), "usd": None if really.usd is None else round(really.usd, 2)}
    return {
        "service": found.service,
        "from": _iso(first.since),
        "to": _iso(first.until),
        "requests": first.requests,
        "assumptions": list(found.notes),
        "really": truth,
        "outcomes": [_as_json(one) for one in found.outcomes],
        "actions": [
            {"at": one.at, "kind": one.kind, "because": one.because, "reason": one.reason} for one in first.actions
        ],
    }


def markdown(found: Study, *, really: Really | None, diffed: bool) -> str:
    """A comment for a review; with a diff the second line is the change, compared with the first."""
    first = found.outcomes[0]
    lines = []
    if diffed:
        lines += [_verdict(first, found.outcomes[1]), ""]
    lines += [
        f"**{found.service}**, {counted(first.requests, 'request')} in {first.days:.1f} days",
        "",
        "| " + " | ".join(title.lower() for title in HEAD) + " |",
        "|---|" + "---:|" * (len(HEAD) - 1),
        *("| " + " | ".join(_row(one, found)) + " |" for one in found.outcomes),
        "",
        *([in_truth(really), ""] if really is not None else []),
        "<sub>Simulated with the same decisions as live. Assumed: " + "; ".join(found.notes) + ".</sub>",
    ]
    return "\n".join(lines)


def write_charts(found: Study, folder: Path) -> Sequence[Path]:
    """Raises Stop where the packages for charts are not installed."""
    try:
        from reports.simulation import write
    except ImportError as missing:
        raise Stop(f"Charts need {missing.name}: pip install 'ollama-lifecycle[report]'.") from None
    return write(found, folder)


def in_truth(really: Really) -> str:
    paid = f" and cost {in_dollars(really.usd)}" if really.usd is not None else ""
    return f"In truth it was up for {really.hours:,.1f} h{paid}, as far as its load balancer tells."


def _verdict(old: Outcome, new: Outcome) -> str:
    weeks = old.days / 7
    if old.usd is None or new.usd is None:
        said = f"{(new.hours - old.hours) / weeks:+,.1f} hours a week"
    else:
        change = (new.usd - old.usd) / weeks
        said = f"{'-' if change < 0 else '+'}${abs(change):,.2f} a week"
    waits = (new.cold_starts - old.cold_starts) / weeks
    return f"**This change: {said}, {waits:+,.1f} cold starts a week, {new.regrets - old.regrets:+d} regrets.**"


def _row(one: Outcome, found: Study) -> tuple[str, ...]:
    share = one.on_seconds / found.always_on.on_seconds if found.always_on.on_seconds else 0.0
    return (
        one.label,
        f"{one.hours:,.1f}",
        in_dollars(one.usd),
        in_dollars(one.cost_usd),
        f"{100 * share:.1f} %",
        str(one.cold_starts),
        f"{one.waited} ({100 * one.waited_share:.1f} %)",
        f"{one.longest_wait_seconds:.0f} s",
        f"{one.stops_per_day:.1f}",
        str(one.regrets),
    )


def in_dollars(amount: float | None) -> str:
    """Of a float that was estimated: whole cents."""
    return dollars(None if amount is None else Decimal(str(round(amount, 2))))


def _as_json(one: Outcome) -> dict[str, object]:
    return {
        "label": one.label,
        "hours": round(one.hours, 3),
        "usd": None if one.usd is None else round(one.usd, 2),
        "cost_usd": None if one.cost_usd is None else round(one.cost_usd, 2),
        "cold_starts": one.cold_starts,
        "waited": one.waited,
        "waited_share": round(one.waited_share, 4),
        "refused": one.refused,
        "longest_wait_seconds": round(one.longest_wait_seconds, 1),
        "stops": one.stops,
        "stops_per_day": round(one.stops_per_day, 2),
        "starts": one.starts,
        "regrets": one.regrets,
    }


def _iso(seconds: float) -> object:
    from chalicelib.simulate.service import instant

    return instant(seconds)
