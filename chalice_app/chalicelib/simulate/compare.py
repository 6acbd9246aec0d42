"""One trace under several policies, and under two that know the future: the table that `lifecycle simulate` prints.

Alternatives are the same policy with another idle rule, so that hours, warm-up and signals stay what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil

from chalicelib.errors import TraceError
from chalicelib.policy.loader import load
from chalicelib.policy.model import Mode, Policy
from chalicelib.policy.problems import ScalarError
from chalicelib.policy.sections.hours import Closed, Hours
from chalicelib.policy.sections.idle import Idle
from chalicelib.policy.texts import parse_duration
from chalicelib.simulate.gaps import GapResult, Machine, PrewarmingOptimum, Terms, optimum
from chalicelib.simulate.replay import Setting, replay
from chalicelib.simulate.result import Assumptions, Outcome
from chalicelib.simulate.runs import runs
from chalicelib.simulate.trace import Trace

WORDS = ("break-even", "adaptive", "schedule", "15m")
OFFICE_HOURS = "mon-fri 08:00-20:00"
LEAST_IDLE = timedelta(minutes=5)
OPTIMUM, PREWARMED = "optimum, knowing every gap", "optimum, knowing every request"


@dataclass(frozen=True, slots=True)
class Alternative:
    label: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Study:
    """``outcomes``: the policy first, then the alternatives, always on, and the optima. ``notes``: assumptions."""

    service: str
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]

    @property
    def always_on(self) -> Outcome:
        return next(one for one in self.outcomes if one.label == ALWAYS_ON)


ALWAYS_ON = "always on"


def alternatives(policy: Policy, text: str, assumed: Assumptions) -> tuple[Alternative, ...]:
    """``15m,60m,break-even,adaptive,schedule``, with or without ``idle=`` before. Raises TraceError."""
    words = [word.strip() for word in text.removeprefix("idle=").split(",") if word.strip()]
    if not words:
        raise TraceError(f'--compare "{text}" names nothing: write {",".join(WORDS)}')
    return tuple(_alternative(policy, word, assumed) for word in dict.fromkeys(words))


def study(setting: Setting, trace: Trace, assumed: Assumptions, others: Sequence[Alternative] = ()) -> Study:
    """Reads the trace once for each policy, and once for always on and the optima."""
    since, until = setting.since.timestamp(), setting.until.timestamp()
    found = [replay(setting, trace.open(), assumed, setting.policy.name)]
    for other in others:
        changed = replace(setting, policy=other.policy)
        found.append(replay(changed, trace.open(), assumed, other.label))
    found.append(_always_on(since, until, found[0].requests, assumed))
    notes = [*assumed.sentences(), *trace.notes, NO_LIMITS]
    if assumed.usd_per_hour:
        found += _optima(trace, since, until, found[0].requests, assumed)
        notes.append(IDEAL)
    return Study(trace.service, tuple(found), tuple(notes))


NO_LIMITS = "limits, approvals and Spot are left out; no other service is looked at"
IDEAL = "the optima know no hours, no sweeps and no time to stop: nobody can reach them"


def enforced(policy: Policy) -> Policy:
    """As it would be once promoted."""
    return policy.model_copy(update={"mode": Mode.ENFORCE})


def _alternative(policy: Policy, word: str, assumed: Assumptions) -> Alternative:
    match word:
        case "break-even":
            price = assumed.usd_of_all_tasks_per_hour
            if not price:
                raise TraceError("break-even needs a price: add --price USD")
            seconds = assumed.boot_seconds + assumed.wait_usd / price * 3600
            length = max(LEAST_IDLE, timedelta(minutes=ceil(seconds / 60)))
            minutes = int(length.total_seconds() // 60)
            return Alternative(f"break-even ({minutes} min)", with_idle(policy, {"stop-after": f"{minutes}m"}))
        case "adaptive":
            keys = {"stop-after": "adaptive", "cold-start-value": f"{assumed.wait_usd:.2f} USD"}
            return Alternative("adaptive", with_idle(policy, keys))
        case "schedule":
            hours = (policy.hours or _office_hours()).model_copy(update={"closed": Closed.STOP})
            label = "schedule" if policy.hours else f"schedule {OFFICE_HOURS} UTC"
            return Alternative(label, policy.model_copy(update={"hours": hours, "idle": None}))
        case _:
            try:
                length = parse_duration(word)
            except ScalarError as wrong:
                raise TraceError(f'--compare "{word}": write a duration or {", ".join(WORDS[:-1])} ({wrong})') from None
            if length < LEAST_IDLE:
                raise TraceError(f'--compare "{word}": the newest 2 minutes of metrics are not trusted: 5m or more')
            return Alternative(f"idle {word}", with_idle(policy, {"stop-after": word}))


def with_idle(policy: Policy, keys: dict[str, str]) -> Policy:
    """The policy with these keys of its idle rule replaced; what it says of warm-up and signals stays."""
    kept: dict[str, object] = {}
    if policy.idle is not None:
        kept = {"warm-up": policy.idle.warm_up, "signals": policy.idle.signals}
    section = Idle.model_validate({**_parsed(keys), **kept})
    return policy.model_copy(update={"idle": section})


def _parsed(keys: dict[str, str]) -> dict[str, object]:
    """Read as they stand in a file."""
    written = ", ".join(f"{key}: {value}" for key, value in keys.items())
    idle = _read(f"idle: {{{written}}}").idle
    assert idle is not None
    return {key: getattr(idle, key.replace("-", "_")) for key in keys}


def _office_hours() -> Hours:
    hours = _read(f"hours: {{timezone: UTC, open: [{OFFICE_HOURS}]}}").hours
    assert hours is not None
    return hours


def _read(line: str) -> Policy:
    text = f"lifecycle: v1\npolicies:\n  other:\n    match: {{everything: true}}\n    {line}\n    mode: enforce\n"
    loaded = load({"other.yaml": text}, today=date(2026, 1, 1))
    if not loaded.policies.policies:
        raise TraceError("; ".join(problem.message for problem in loaded.problems))
    return loaded.policies.policies[0]


def _always_on(since: float, until: float, requests: int, assumed: Assumptions) -> Outcome:
    seconds = until - since
    price = assumed.usd_of_all_tasks_per_hour
    usd = None if price is None else price * seconds / 3600
    return Outcome(ALWAYS_ON, since, until, seconds, 0, 0, 0.0, 0, 0, 0, 0, requests, usd, assumed.wait_usd)


def _optima(trace: Trace, since: float, until: float, requests: int, assumed: Assumptions) -> list[Outcome]:
    terms = Terms(assumed.usd_of_all_tasks_per_hour or 0.0, assumed.boot_seconds, assumed.wait_usd)
    machines: dict[str, Machine | PrewarmingOptimum] = {
        OPTIMUM: optimum(terms),
        PREWARMED: PrewarmingOptimum(assumed.boot_seconds),
    }
    for run in runs(trace.between(since, until), assumed.boot_seconds):
        for machine in machines.values():
            machine.feed(run)
    return [
        _as_outcome(label, machine.finish(until), since, until, requests, terms) for label, machine in machines.items()
    ]


def _as_outcome(label: str, found: GapResult, since: float, until: float, requests: int, terms: Terms) -> Outcome:
    return Outcome(
        label,
        since,
        until,
        found.on_seconds,
        found.cold_starts,
        found.waited,
        found.longest_wait_seconds,
        0,
        found.stops,
        found.stops + found.cold_starts,
        0,
        requests,
        terms.usd_per_hour * found.on_seconds / 3600,
        terms.wait_usd,
    )
