"""What holds of every decision, whatever the policy, the signals, the people and the hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.decide.decide import decide, weigh
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import (
    Availability,
    Observation,
    Override,
    OverrideKind,
    Point,
    SavedSize,
    ServiceMemory,
    SignalName,
    SignalReading,
    StartFailure,
    Switches,
)
from chalicelib.policy.model import PolicySet
from hypothesis import given, settings
from hypothesis import strategies as st
from support.observations import DAY, HOUR, MINUTE, VISION, Scene, at, service
from support.policies import policy, policy_set

HOURS = "timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00, sat 22:00-02:00]"
POLICIES = tuple(
    policy(body)
    for body in (
        "idle: {stop-after: 5m, warm-up: 0s}",
        "idle: {stop-after: 37m, warm-up: 90s}",
        "idle: {stop-after: 4h30m}",
        f"hours: {{{HOURS}}}",
        f"hours: {{{HOURS}, warn-before: 15m}}\nidle: {{stop-after: 30m}}",
        f"hours: {{{HOURS}, closed: cut, cut-after: 40m}}\nidle: {{stop-after: 1h}}",
        f"hours: {{{HOURS}, closed: idle, started-by-hand: 0s}}\nidle: {{stop-after: 45m}}",
        f"hours: {{{HOURS}, closed: leave}}\nidle: {{stop-after: 45m}}",
        f"hours: {{{HOURS}, opening: leave, started-by-hand: 6h}}",
        "hours: {timezone: Europe/Paris, open: [daily 22:00-06:00]}\nidle: {stop-after: 3h}\n"
        "exclude: [{names: [ollama-vision], until: 2026-11-18, reason: demo}]",
        "idle:\n  stop-after: 20m\n  signals: {gpu: {missing: zero}, requests: {missing: zero}}",
    )
)
FREEZES = policy_set("""
    policies: {other: {match: {names: [other]}, idle: {stop-after: 30m}}}
    freezes:
      - {name: launch, from: 2026-11-17T00:00Z, to: 2026-11-17T18:30Z, reason: launch}
      - {name: payday, from: 2026-11-19T09:00Z, to: 2026-11-20T09:00Z, hold: [stop], reason: payday}
      - {name: moving, from: 2026-11-21T00:00Z, to: 2026-11-21T12:00Z, hold: [start], reason: moving}
""")
BEGIN = at("2026-11-15T00:00")

EDGES = tuple(BEGIN + day * DAY + hour * HOUR for day in range(1, 8) for hour in (2, 8, 14, 20, 22))
"""Where something opens or closes, or nearly."""

anywhen = st.integers(0, 8 * 24 * 3600).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
near_an_edge = st.builds(lambda edge, minutes: edge + minutes * MINUTE, st.sampled_from(EDGES), st.integers(-60, 60))
moments = anywhen | near_an_edge
lately = st.integers(0, 12 * 3600).map(lambda seconds: timedelta(seconds=seconds))
values = st.floats(0, 200, allow_nan=False) | st.sampled_from([0.0, 0.0, 1.0, 5.0, 60_000.0])


@st.composite
def memories(draw: st.DrawFn, now: datetime) -> ServiceMemory:
    past = st.none() | lately.map(lambda ago: now - ago)
    failure = draw(st.none() | st.builds(StartFailure, st.integers(1, 9), lately.map(lambda ago: now - ago), st.text()))
    return ServiceMemory(
        opening_handled=draw(past | st.just(now)),
        hand_started_at=draw(past),
        hand_stopped_at=draw(past),
        saved_size=draw(st.none() | st.just(SavedSize(2, None, now - DAY))),
        start_failure=failure,
    )


@st.composite
def words_of_people(draw: st.DrawFn, now: datetime) -> tuple[Override, ...]:
    def one(kind: OverrideKind, ago: timedelta, ahead: timedelta, force: bool) -> Override:
        return Override("id", VISION, kind, now + ahead - 2 * HOUR, "aiko", "demo", now - ago, force and kind == "stop")

    return tuple(
        draw(st.lists(st.builds(one, st.sampled_from(OverrideKind), lately, lately, st.booleans()), max_size=2))
    )


@st.composite
def scenes(draw: st.DrawFn, now: datetime) -> Scene:
    """A service whose uses all lie before what is trusted at ``now``, so that time alone can change a decision."""
    trusted = (now - 3 * MINUTE).replace(second=0, microsecond=0)
    minutes = st.integers(0, 6 * 60).map(lambda ago: trusted - ago * MINUTE)
    running = draw(st.sampled_from([0, 1, 1, 1]))
    up = draw(st.sampled_from([True, True, False]))
    rarely_some = st.just(frozenset[SignalName]()) | st.frozensets(st.sampled_from(SignalName), max_size=2)
    return Scene(
        policy=draw(st.sampled_from(POLICIES)),
        facts=service(up=up, running=running, ready=now - draw(lately)),
        uses=draw(st.lists(minutes, max_size=2) | st.just([trusted])),
        gpu=draw(st.dictionaries(minutes, values, max_size=3)),
        healthy=draw(st.sampled_from([True, True, False])),
        missing=draw(rarely_some),
        absent=draw(rarely_some | st.just(frozenset(SignalName))),
        memory=draw(memories(now)),
        switches=draw(st.sampled_from([Switches()] * 5 + [Switches("rei", "audit", now - HOUR)])),
        overrides=draw(words_of_people(now)),
        policies=draw(st.sampled_from([PolicySet(), FREEZES])),
    )


@st.composite
def looks(draw: st.DrawFn) -> tuple[datetime, Scene]:
    now = draw(moments)
    return now, draw(scenes(now))


@st.composite
def any_readings(draw: st.DrawFn, now: datetime) -> dict[SignalName, SignalReading]:
    """Readings as no honest source would give them: any span, any values, any flags."""
    made = {}
    for name in draw(st.frozensets(st.sampled_from(SignalName))):
        start = now - draw(lately)
        points = tuple(Point(start + n * MINUTE, value) for n, value in enumerate(draw(st.lists(values, max_size=5))))
        made[name] = SignalReading(
            name,
            draw(st.sampled_from(Availability)),
            start,
            draw(st.just(now) | lately.map(lambda ago: now - ago)),
            points,
            draw(st.sampled_from([60, 300])),
            healthy=draw(st.none() | st.booleans()),
            in_flight=draw(st.integers(0, 2)),
            in_flight_since=draw(st.none() | st.just(start)),
        )
    return made


@st.composite
def wild_looks(draw: st.DrawFn) -> tuple[datetime, Scene, Observation]:
    now, scene = draw(looks())
    return now, scene, replace(scene.seen(now), signals=draw(any_readings(now)))


def verdict(decision: Decision) -> tuple[Wanted, RuleName, Because]:
    return decision.wanted, decision.rule, decision.because


@settings(max_examples=250, deadline=None)
@given(looks(), st.floats(0, 1))
def test_nothing_changes_before_it_is_looked_at_again(look: tuple[datetime, Scene], share: float) -> None:
    now, scene = look
    decision = scene.decide(now)
    last = decision.look_again_at - timedelta(microseconds=1)

    assert now < decision.look_again_at <= now + DAY
    for instant in (last, now + share * (last - now)):
        assert verdict(scene.decide(instant)) == verdict(decision), (now, instant)


@settings(max_examples=150, deadline=None)
@given(wild_looks())
def test_no_observation_makes_decide_raise_and_doubt_never_acts(look: tuple[datetime, Scene, Observation]) -> None:
    now, scene, seen = look
    decision = decide(scene.policy, seen, scene.overrides, now, policies=scene.policies)

    assert decision.look_again_at > now
    assert decision.reason
    if decision.because in (Because.UNKNOWN, Because.IN_USE, Because.FREEZE, Because.EXCLUDE):
        assert decision.wanted is Wanted.LEAVE
    if decision.rule in (RuleName.FREEZE_ALL, RuleName.NEVER_TOUCH, RuleName.FREEZE, RuleName.EXCLUSION):
        assert (decision.wanted, decision.handles_opening) == (Wanted.LEAVE, None)


@settings(max_examples=150, deadline=None)
@given(wild_looks())
def test_what_is_seen_in_use_or_cannot_be_told_is_not_stopped(look: tuple[datetime, Scene, Observation]) -> None:
    now, scene, seen = look
    decision = decide(scene.policy, seen, scene.overrides, now, policies=scene.policies)
    runs = seen.facts.desired_count > 0 and seen.facts.running_count > 0
    if not runs or decision.wanted is not Wanted.STOPPED or decision.cuts:
        return

    quiet_from, trusted = now - 7 * MINUTE, now - 3 * MINUTE
    for name, reading in seen.signals.items():
        assert reading.in_flight == 0 or reading.availability is Availability.ABSENT
        if name in (SignalName.LEASES, SignalName.OLLAMA_PS, SignalName.REQUESTS, SignalName.GPU):
            assert reading.availability is not Availability.MISSING
        if name is SignalName.REQUESTS and reading.availability is Availability.READ:
            assert not [one for one in reading.points if one.value > 0 and quiet_from < one.at < trusted]


@settings(max_examples=50, deadline=None)
@given(wild_looks())
def test_why_names_the_same_winner_as_the_decision(look: tuple[datetime, Scene, Observation]) -> None:
    now, scene, seen = look
    decision = decide(scene.policy, seen, scene.overrides, now, policies=scene.policies)
    lines = weigh(scene.policy, seen, scene.overrides, now, policies=scene.policies)

    assert [line.rule for line in lines] == list(RuleName)
    (winner,) = [line for line in lines if line.wins]
    assert (winner.rule, winner.wanted, winner.says) == (decision.rule, decision.wanted, decision.reason)
