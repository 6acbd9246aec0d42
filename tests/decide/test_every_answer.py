"""What is decided of a service in each situation, whole: wish, rule, sentence, evidence, next look, the lines of `why`.

The answers stand in golden/, so that a word that changes is seen by who changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from chalicelib.decide.adaptive import GapLaw
from chalicelib.decide.decision import Decision, Evidence
from chalicelib.decide.facts import (
    Availability,
    OverrideKind,
    SavedSize,
    ServiceMemory,
    SignalName,
    SignalReading,
    StartFailure,
    Switches,
)
from chalicelib.decide.flight import Flight
from chalicelib.decide.learned import Learned
from chalicelib.decide.prewarm import Bet, BetRecord, Habit
from support.golden import assert_golden
from support.observations import DAY, Scene, at, in_flight, on_call, override, service
from support.policies import policy, policy_set

HOURS = "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]%s}"
CLOSING = Scene(policy(HOURS % ""))
IDLE = Scene(policy("idle: {stop-after: 30m, warm-up: 10m}"))
BOTH = Scene(policy(HOURS % "" + "\nidle: {stop-after: 30m, warm-up: 10m}"))
ADAPTIVE = Scene(policy("idle: {stop-after: adaptive, cold-start-value: 1.00 USD, warm-up: 10m}"), usd_per_hour=1.006)
EARLY = Scene(
    policy("idle: {stop-after: adaptive, cold-start-value: 4.00 USD, prewarm: when-it-pays}"), usd_per_hour=1.006
)
NONE = "policies: {dev: {match: {everything: true}, idle: {stop-after: 30m}}}\n"
NIGHT, DAYTIME, MORNING = "2026-11-20T21:00", "2026-11-20T15:00", "2026-11-20T08:00"
DOWN = service(up=False)
SAVED = SavedSize(2, None, at("2026-11-19T20:00"))
ASLEEP = ServiceMemory(saved_size=SAVED, stopped_at=SAVED.saved_at, opening_handled=at("2026-11-19T08:00"))
FAILED = replace(ASLEEP, start_failure=StartFailure(2, at("2026-11-20T07:59"), "no capacity. "))
STOP = override(OverrideKind.STOP, "2026-11-21T08:00", made="2026-11-20T20:30", reason="")
KEEP = override(OverrideKind.KEEP, "2026-11-20T23:00", made="2026-11-20T20:30")
BUSY = (at("2026-11-20T20:55"), at("2026-11-20T20:56"))
MISSING = frozenset({SignalName.REQUESTS})
BLIND = frozenset(SignalName) - {SignalName.GPU}


def frozen(hold: str = "") -> Mapping[str, object]:
    span = "from: 2026-11-20T00:00+09:00, to: 2026-11-21T00:00+09:00"
    return {"policies": policy_set(NONE + f"freezes: [{{name: launch, {span}{hold}, reason: launch week.}}]")}


def excluding(rule: str) -> Scene:
    return CLOSING.but(policy=policy(HOURS % "" + f"\nexclude: [{rule}]"))


def habit(until: datetime) -> Habit:
    """Tokyo's nine o'clock, for twenty days."""
    first = until - 20 * DAY
    found = Habit.beginning(first.timestamp())
    for day in range(20):
        nine = (first + day * DAY).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        found = found.used(nine, nine + 1800)
    return found


SLEEPING = Learned(
    habit=habit(at(NIGHT)), bets=BetRecord(expected=20, came=20, hits=18, bets=20), boot_seconds=200, boots=3
)
NINE = at("2026-11-21T09:00").timestamp()
OPEN_BET = Bet(
    start_at=NINE - 900,
    ready_at=NINE - 700,
    give_up_at=NINE + 1200,
    chance=0.9,
    trusted_chance=0.81,
    expected_gain_usd=2.5,
)

EARLY_BY_DAY = EARLY.but(
    policy=policy(
        "hours: {timezone: Asia/Tokyo, open: [daily 08:00-09:28], closed: idle, opening: leave}\n"
        "idle: {stop-after: adaptive, cold-start-value: 4.00 USD, prewarm: when-it-pays}"
    )
)
THAT_DAY = replace(
    OPEN_BET,
    start_at=OPEN_BET.start_at - DAY.total_seconds(),
    ready_at=OPEN_BET.ready_at - DAY.total_seconds(),
    give_up_at=OPEN_BET.give_up_at - DAY.total_seconds(),
)
YOUNG = service(ready=at("2026-11-20T08:50"))

Scenes = Mapping[str, tuple[Scene, str]]

OF_PEOPLE_AND_FREEZES: Scenes = {
    "a freeze of everything": (CLOSING.but(switches=Switches("rei", "audit. ", at("2026-11-20T19:00"))), NIGHT),
    "a freeze of everything, without more": (CLOSING.but(switches=Switches("rei")), NIGHT),
    "never to be touched": (
        CLOSING.but(policies=policy_set(NONE + "never-touch: [{names: [ollama-*], reason: paid SLA.}]")),
        NIGHT,
    ),
    "a freeze of stops": (CLOSING.but(**frozen()), NIGHT),
    "a freeze of starts": (CLOSING.but(facts=DOWN, memory=ASLEEP, **frozen()), MORNING),
    "a freeze that comes": (CLOSING.but(**frozen()), "2026-11-19T23:00"),
    "excluded by the policy": (excluding("{names: [ollama-vis*], until: 2026-11-20, reason: customer demo.}"), NIGHT),
    "excluded for good": (excluding("{names: [ollama-vis*], until: never, reason: lab}"), NIGHT),
    "excluded no more": (excluding("{names: [ollama-vis*], until: 2026-11-19, reason: lab}"), NIGHT),
    "another excluded": (excluding("{names: [ollama-chat], until: never, reason: lab}"), NIGHT),
    "another tag excluded": (excluding("{tags: {team: lab}, until: never, reason: lab}"), NIGHT),
    "excluded by a person": (
        CLOSING.but(overrides=(override(OverrideKind.EXCLUDE, "2026-11-22T00:00", made="2026-11-20T09:00"),)),
        NIGHT,
    ),
    "excluded by its tag": (CLOSING.but(facts=service(tags={"lifecycle:exclude": "until 2026-11-20"})), NIGHT),
    "excluded by a tag for good": (CLOSING.but(facts=service(tags={"lifecycle:exclude": "never-expires"})), NIGHT),
    "a tag that says nothing": (CLOSING.but(facts=service(tags={"lifecycle:exclude": "please"})), NIGHT),
    "a tag of too many words": (
        CLOSING.but(facts=service(tags={"lifecycle:exclude": "until 2026-11-20 please"})),
        NIGHT,
    ),
    "a tag that ended": (CLOSING.but(facts=service(tags={"lifecycle:exclude": "until 2026-11-19"})), NIGHT),
}
OF_WORDS: Scenes = {
    "kept by a person": (CLOSING.but(overrides=(KEEP,)), NIGHT),
    "kept by a person, down": (CLOSING.but(facts=DOWN, memory=ASLEEP, overrides=(KEEP,)), NIGHT),
    "kept, of no known size": (CLOSING.but(facts=DOWN, overrides=(KEEP,)), NIGHT),
    "kept, of size nought": (
        CLOSING.but(
            facts=DOWN, memory=replace(ASLEEP, saved_size=SavedSize(0, None, SAVED.saved_at)), overrides=(KEEP,)
        ),
        NIGHT,
    ),
    "kept, but its start failed": (
        CLOSING.but(
            facts=DOWN,
            memory=replace(ASLEEP, start_failure=StartFailure(1, at("2026-11-20T20:59"), "no room")),
            overrides=(KEEP,),
        ),
        NIGHT,
    ),
    "kept, but stopped by hand later": (
        CLOSING.but(facts=DOWN, memory=replace(ASLEEP, hand_stopped_at=at("2026-11-20T20:45")), overrides=(KEEP,)),
        NIGHT,
    ),
    "kept after it was stopped by hand": (
        CLOSING.but(facts=DOWN, memory=replace(ASLEEP, hand_stopped_at=at("2026-11-20T20:30")), overrides=(KEEP,)),
        NIGHT,
    ),
    "stopped by a person": (IDLE.but(overrides=(STOP,)), NIGHT),
    "stopped by a person, down": (IDLE.but(facts=DOWN, overrides=(STOP,)), NIGHT),
    "stopped by a person, in use": (IDLE.but(overrides=(STOP,), uses=BUSY), NIGHT),
    "stopped by a person, unknown": (IDLE.but(overrides=(STOP,), missing=MISSING), NIGHT),
    "stopped by force, in use": (IDLE.but(overrides=(replace(STOP, force=True, reason="now. "),), uses=BUSY), NIGHT),
    "stopped, but started by hand later": (
        IDLE.but(overrides=(STOP,), memory=ServiceMemory(hand_started_at=at("2026-11-20T20:45"))),
        NIGHT,
    ),
    "stopped after it was started by hand": (
        IDLE.but(overrides=(STOP,), memory=ServiceMemory(hand_started_at=at("2026-11-20T20:30"))),
        NIGHT,
    ),
    "stopped, nothing runs": (IDLE.but(overrides=(STOP,), facts=service(running=0)), NIGHT),
    "kept over an opening": (
        CLOSING.but(overrides=(override(OverrideKind.KEEP, "2026-11-20T10:00", made="2026-11-20T07:50"),)),
        MORNING,
    ),
    "kept, but its start failed and the word ends first": (
        CLOSING.but(
            facts=DOWN,
            memory=replace(ASLEEP, start_failure=StartFailure(1, at("2026-11-20T20:59"), "no room")),
            overrides=(override(OverrideKind.KEEP, "2026-11-20T21:02", made="2026-11-20T20:30"),),
        ),
        NIGHT,
    ),
    "stopped for a few minutes more": (
        IDLE.but(overrides=(override(OverrideKind.STOP, "2026-11-20T21:05", made="2026-11-20T20:30"),)),
        NIGHT,
    ),
    "two words, the later rules": (CLOSING.but(overrides=(KEEP, replace(STOP, made_at=at("2026-11-20T20:40")))), NIGHT),
}
OF_HOURS: Scenes = {
    "open": (CLOSING, DAYTIME),
    "open, just before closing": (CLOSING, "2026-11-20T19:57"),
    "open and down, just before closing": (
        CLOSING.but(facts=DOWN, memory=replace(ASLEEP, opening_handled=at(MORNING))),
        "2026-11-20T19:45",
    ),
    "open, before the warning of closing": (
        CLOSING.but(policy=policy(HOURS % ", warn-before: 15m")),
        "2026-11-20T19:40",
    ),
    "open, after the warning of closing": (
        CLOSING.but(policy=policy(HOURS % ", warn-before: 15m")),
        "2026-11-20T19:50",
    ),
    "down, before the warning of closing": (
        CLOSING.but(
            policy=policy(HOURS % ", warn-before: 15m"),
            facts=DOWN,
            memory=replace(ASLEEP, opening_handled=at(MORNING)),
        ),
        "2026-11-20T19:40",
    ),
    "closed and down, midweek": (CLOSING.but(facts=DOWN, memory=ASLEEP), "2026-11-19T21:00"),
    "to be cut shortly, quiet": (CLOSING.but(policy=policy(HOURS % ", closed: cut, cut-after: 65m")), NIGHT),
    "open, to be warned of": (CLOSING, "2026-11-20T19:55"),
    "closed": (CLOSING, NIGHT),
    "closed and down": (CLOSING.but(facts=DOWN, memory=ASLEEP), NIGHT),
    "closed, in use": (CLOSING.but(uses=BUSY), NIGHT),
    "closed, in flight": (CLOSING.but(probes=(in_flight(2, at("2026-11-20T20:40"), at(NIGHT)),)), NIGHT),
    "closed, unknown": (CLOSING.but(missing=MISSING), NIGHT),
    "closed, without a signal": (CLOSING.but(absent=frozenset(SignalName)), NIGHT),
    "closed for a holiday": (CLOSING.but(policy=policy(HOURS % ", holidays: {country: JP}")), "2026-11-23T10:00"),
    "closed, left alone": (CLOSING.but(policy=policy(HOURS % ", closed: leave")), NIGHT),
    "closed, only idleness stops": (CLOSING.but(policy=policy(HOURS % ", closed: idle")), NIGHT),
    "to be cut, in use": (CLOSING.but(policy=policy(HOURS % ", closed: cut, cut-after: 2h"), uses=BUSY), NIGHT),
    "to be cut, unknown": (CLOSING.but(policy=policy(HOURS % ", closed: cut, cut-after: 2h"), missing=MISSING), NIGHT),
    "to be cut, quiet": (CLOSING.but(policy=policy(HOURS % ", closed: cut, cut-after: 2h")), NIGHT),
    "cut": (CLOSING.but(policy=policy(HOURS % ", closed: cut, cut-after: 1h"), uses=BUSY), NIGHT),
    "closed, started by hand": (CLOSING.but(memory=ServiceMemory(hand_started_at=at("2026-11-20T20:30"))), NIGHT),
    "closed, started by hand before": (
        CLOSING.but(memory=ServiceMemory(hand_started_at=at("2026-11-20T19:59"))),
        NIGHT,
    ),
    "closed, started by hand long ago": (
        CLOSING.but(memory=ServiceMemory(hand_started_at=at("2026-11-20T20:30"))),
        "2026-11-21T20:30",
    ),
    "an opening": (CLOSING.but(facts=DOWN, memory=ASLEEP), MORNING),
    "an opening dealt with": (
        CLOSING.but(facts=DOWN, memory=replace(ASLEEP, opening_handled=at(MORNING))),
        "2026-11-20T09:00",
    ),
    "an opening whose start failed": (CLOSING.but(facts=DOWN, memory=FAILED), MORNING),
    "an opening after a stop by hand": (
        CLOSING.but(facts=DOWN, memory=replace(ASLEEP, hand_stopped_at=at(MORNING))),
        "2026-11-20T09:00",
    ),
    "an opening finds it running": (CLOSING.but(memory=ServiceMemory(opening_handled=at("2026-11-19T08:00"))), MORNING),
    "hours that start nothing": (
        CLOSING.but(policy=policy(HOURS % ", opening: leave"), facts=DOWN, memory=ASLEEP),
        MORNING,
    ),
}
OF_IDLENESS: Scenes = {
    "no hours, down": (IDLE.but(facts=DOWN, memory=ASLEEP), NIGHT),
    "idle": (IDLE, NIGHT),
    "idle, with hours": (BOTH, DAYTIME),
    "in use": (IDLE.but(uses=BUSY), NIGHT),
    "in use, with hours": (BOTH.but(uses=[at("2026-11-20T14:50")]), DAYTIME),
    "in use by its GPU": (IDLE.but(gpu={at("2026-11-20T20:50"): 61.5}), NIGHT),
    "in use by a lease": (
        IDLE.but(probes=(in_flight(1, at("2026-11-20T20:40"), at(NIGHT), SignalName.LEASES),)),
        NIGHT,
    ),
    "protects itself": (
        IDLE.but(probes=(in_flight(3, at("2026-11-20T20:40"), at(NIGHT), SignalName.TASK_PROTECTION),)),
        NIGHT,
    ),
    "in flight, of no known begin": (
        IDLE.but(probes=(SignalReading(SignalName.OLLAMA_PS, Availability.READ, at(NIGHT), at(NIGHT), in_flight=1),)),
        NIGHT,
    ),
    "was in flight": (
        IDLE.but(memory=ServiceMemory(flight=Flight(at("2026-11-20T20:00"), at("2026-11-20T20:50")))),
        NIGHT,
    ),
    "is still in flight": (IDLE.but(memory=ServiceMemory(flight=Flight(at("2026-11-20T20:00")))), NIGHT),
    "nobody can tell": (IDLE.but(missing=MISSING), NIGHT),
    "unhealthy and silent": (IDLE.but(healthy=False), NIGHT),
    "no signal could ever tell": (IDLE.but(absent=BLIND), NIGHT),
    "without any signal": (IDLE.but(absent=frozenset(SignalName)), NIGHT),
    "still starting": (IDLE.but(facts=service(running=0)), NIGHT),
    "too young": (IDLE.but(facts=service(ready=at("2026-11-20T20:30"))), NIGHT),
    "opened lately": (BOTH, "2026-11-20T08:20"),
}
OF_LEARNING: Scenes = {
    "learned nothing yet": (ADAPTIVE.but(uses=on_call(at("2026-11-20T13:50"))), DAYTIME),
    "learned its nights": (
        ADAPTIVE.but(uses=on_call(at("2026-11-20T14:28")), learned=Learned(gaps=GapLaw().with_gaps([50400.0] * 60))),
        DAYTIME,
    ),
    "learned, answered and booted": (
        ADAPTIVE.but(
            uses=on_call(at("2026-11-20T14:28")),
            learned=Learned(
                gaps=GapLaw().with_gaps([600.0] * 60), cold_starts=4, answer_seconds=312.5, boot_seconds=200.0, boots=2
            ),
        ),
        DAYTIME,
    ),
    "of no known price": (ADAPTIVE.but(usd_per_hour=None), DAYTIME),
    "of another currency": (
        ADAPTIVE.but(policy=policy("idle: {stop-after: adaptive, cold-start-value: 1.00 EUR}")),
        DAYTIME,
    ),
    "held by its least": (
        ADAPTIVE.but(policy=policy("idle: {stop-after: adaptive, cold-start-value: 0.01 USD, min: 20m}")),
        DAYTIME,
    ),
    "held by its most": (
        ADAPTIVE.but(policy=policy("idle: {stop-after: adaptive, cold-start-value: 9.00 USD, max: 20m}")),
        DAYTIME,
    ),
}
OF_EARLY_STARTS: Scenes = {
    "wanted tomorrow": (EARLY.but(facts=DOWN, memory=ASLEEP, learned=SLEEPING), NIGHT),
    "wanted soon": (EARLY.but(facts=DOWN, memory=ASLEEP, learned=SLEEPING), "2026-11-21T08:58"),
    "wanted later, in Tokyo": (EARLY_BY_DAY.but(facts=DOWN, memory=ASLEEP, learned=SLEEPING), "2026-11-20T07:30"),
    "wanted soon, in Tokyo": (EARLY_BY_DAY.but(facts=DOWN, memory=ASLEEP, learned=SLEEPING), "2026-11-20T08:58"),
    "weighed on paper, in Tokyo": (
        EARLY_BY_DAY.but(facts=DOWN, memory=ASLEEP, learned=replace(SLEEPING, bet=THAT_DAY)),
        "2026-11-20T08:58",
    ),
    "started early, unclaimed in Tokyo": (
        EARLY_BY_DAY.but(facts=YOUNG, learned=replace(SLEEPING, bet=THAT_DAY, bet_acted=True)),
        "2026-11-20T09:10",
    ),
    "started early, nobody came in Tokyo": (
        EARLY_BY_DAY.but(facts=YOUNG, learned=replace(SLEEPING, bet=THAT_DAY, bet_acted=True)),
        "2026-11-20T09:25",
    ),
    "weighed on paper": (
        EARLY.but(facts=DOWN, memory=ASLEEP, learned=replace(SLEEPING, bet=OPEN_BET)),
        "2026-11-21T08:58",
    ),
    "lost too often": (
        EARLY.but(facts=DOWN, memory=ASLEEP, learned=replace(SLEEPING, bets=replace(SLEEPING.bets, net_usd=-9.0))),
        "2026-11-21T08:58",
    ),
    "stopped by hand, so no bet": (
        EARLY.but(facts=DOWN, memory=replace(ASLEEP, hand_stopped_at=at(DAYTIME)), learned=SLEEPING),
        "2026-11-21T08:58",
    ),
    "started early, unclaimed": (
        EARLY.but(facts=service(ready=at("2026-11-21T08:50")), learned=replace(SLEEPING, bet=OPEN_BET, bet_acted=True)),
        "2026-11-21T09:10",
    ),
    "started early, unknown": (
        EARLY.but(
            facts=service(ready=at("2026-11-21T08:50")),
            learned=replace(SLEEPING, bet=OPEN_BET, bet_acted=True),
            missing=MISSING,
        ),
        "2026-11-21T09:10",
    ),
    "started early, and somebody came": (
        EARLY.but(
            facts=service(ready=at("2026-11-21T08:50")),
            learned=replace(SLEEPING, bet=OPEN_BET, bet_acted=True),
            uses=[at("2026-11-21T09:01")],
        ),
        "2026-11-21T09:10",
    ),
    "started early, and nobody came": (
        EARLY.but(facts=service(ready=at("2026-11-21T08:50")), learned=replace(SLEEPING, bet=OPEN_BET, bet_acted=True)),
        "2026-11-21T09:25",
    ),
    "a bet on paper, up": (
        EARLY.but(facts=service(ready=at("2026-11-21T08:50")), learned=replace(SLEEPING, bet=OPEN_BET)),
        "2026-11-21T09:10",
    ),
}

TOPICS: Mapping[str, Scenes] = {
    "exclusions": OF_PEOPLE_AND_FREEZES,
    "words": OF_WORDS,
    "hours": OF_HOURS,
    "idleness": OF_IDLENESS,
    "learning": OF_LEARNING,
    "early-starts": OF_EARLY_STARTS,
}


@pytest.mark.parametrize("topic", TOPICS)
def test_the_whole_answer_is_the_one_that_was_agreed(topic: str) -> None:
    shown = {
        name: {**_shown(scene.decide(moment)), "why": scene.why(moment)}
        for name, (scene, moment) in TOPICS[topic].items()
    }

    assert_golden(Path(__file__).parent / "golden" / f"{topic}.json", shown)


def _shown(decision: Decision) -> Mapping[str, object]:
    return {
        "wanted": decision.wanted.value,
        "by": f"{decision.rule.value}, because {decision.because.value}, of the policy {decision.policy}",
        "reason": decision.reason,
        "evidence": [_said(one) for one in decision.evidence],
        "look again": decision.look_again_at.isoformat(),
        "handles": decision.handles_opening.isoformat() if decision.handles_opening else None,
        "cuts": decision.cuts,
    }


def _said(one: Evidence) -> str:
    span = f"{one.since.isoformat() if one.since else ''}/{one.until.isoformat() if one.until else ''}"
    return f"{one.name}: {one.value} {one.unit} {span}"
