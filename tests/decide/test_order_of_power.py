"""Who wins: freezes, never-touch, exclusions, people, the clock."""

from __future__ import annotations

import pytest
from chalicelib.decide.decision import Because, RuleName, Wanted
from chalicelib.decide.facts import OverrideKind, SavedSize, ServiceMemory, SignalName, Switches
from support.observations import MINUTE, Scene, at, in_flight, override, service
from support.policies import policy, policy_set

HOURS = "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}"
NIGHTS_OFF = policy(HOURS)
SCENE = Scene(NIGHTS_OFF)
NIGHT = "2026-11-20T21:00"
MORNING = "2026-11-20T08:00"
ASLEEP = SCENE.but(facts=service(up=False), memory=ServiceMemory(saved_size=SavedSize(1, None, at("2026-11-19T20:00"))))
NONE = "policies: {dev: {match: {everything: true}, idle: {stop-after: 30m}}}\n"


def with_freeze(hold: str = "") -> Scene:
    hold = f", hold: [{hold}]" if hold else ""
    span = "from: 2026-11-20T00:00+09:00, to: 2026-11-21T00:00+09:00"
    return SCENE.but(policies=policy_set(NONE + f"freezes: [{{name: launch, {span}{hold}, reason: launch week}}]"))


def test_a_freeze_of_everything_beats_even_a_person() -> None:
    stop = override(OverrideKind.STOP, "2026-11-21T08:00", made="2026-11-20T20:30", force=True)
    scene = SCENE.but(switches=Switches("rei", "audit", at("2026-11-20T19:00")), overrides=(stop,))

    decision = scene.decide(NIGHT)

    assert (decision.wanted, decision.rule, decision.because) == (
        Wanted.LEAVE,
        RuleName.FREEZE_ALL,
        Because.FREEZE,
    )
    assert "frozen by rei since Fri 20 Nov 19:00 JST (audit)" in decision.reason


def test_the_never_touch_list_beats_everything_below_it() -> None:
    listed = policy_set(NONE + "never-touch: [{tags: {tier: critical}, reason: paid SLA}]")
    scene = SCENE.but(policies=listed)

    assert scene.decide(NIGHT).wanted is Wanted.STOPPED
    critical = scene.but(facts=service(tags={"tier": "critical"})).decide(NIGHT)
    assert (critical.wanted, critical.rule) == (Wanted.LEAVE, RuleName.NEVER_TOUCH)
    assert "paid SLA" in critical.reason


def test_a_freeze_holds_until_its_end_and_then_the_clock_rules() -> None:
    frozen = with_freeze()

    held = frozen.decide(NIGHT)

    assert (held.wanted, held.rule, held.look_again_at) == (Wanted.LEAVE, RuleName.FREEZE, at("2026-11-21T00:00"))
    assert frozen.decide("2026-11-21T00:00").wanted is Wanted.STOPPED


def test_a_freeze_that_begins_later_is_waited_for() -> None:
    assert with_freeze().decide("2026-11-19T23:00").look_again_at <= at("2026-11-20T00:00")


def test_a_freeze_of_stops_lets_a_start_happen_and_one_of_starts_a_stop() -> None:
    no_stops, no_starts = with_freeze("stop"), with_freeze("start")

    assert no_stops.decide(NIGHT).rule is RuleName.FREEZE
    assert no_starts.decide(NIGHT).wanted is Wanted.STOPPED
    down = {"facts": ASLEEP.facts, "memory": ASLEEP.memory}
    assert no_stops.but(**down).decide(MORNING).wanted is Wanted.RUNNING
    assert no_starts.but(**down).decide(MORNING).rule is RuleName.FREEZE
    assert with_freeze("spot-move").decide(NIGHT).wanted is Wanted.STOPPED


def test_an_opening_held_by_a_freeze_is_not_dealt_with() -> None:
    held = with_freeze().but(facts=ASLEEP.facts, memory=ASLEEP.memory).decide(MORNING)

    assert (held.wanted, held.handles_opening) == (Wanted.LEAVE, None)


def test_a_policys_exclusion_lasts_through_its_last_day_in_the_policys_zone() -> None:
    excluding = policy(HOURS + "\nexclude: [{names: [ollama-vis*], until: 2026-11-20, reason: customer demo.}]")
    scene = SCENE.but(policy=excluding)

    last = scene.decide("2026-11-20T23:59")

    assert (last.rule, last.because, last.look_again_at) == (
        RuleName.EXCLUSION,
        Because.EXCLUDE,
        at("2026-11-21T00:00"),
    )
    assert last.reason == "excluded by the policy until Sat 21 Nov 00:00 JST: customer demo"
    assert scene.decide("2026-11-21T00:00").wanted is Wanted.STOPPED


def test_an_exclusion_for_good_never_ends() -> None:
    excluding = policy(HOURS + "\nexclude: [{tags: {keep: 'yes'}, until: never, reason: lab}]")
    scene = SCENE.but(policy=excluding, facts=service(tags={"keep": "yes"}))

    assert scene.decide("2036-11-20T21:00").rule is RuleName.EXCLUSION


def test_a_persons_exclusion_beats_the_clock_until_it_ends() -> None:
    scene = SCENE.but(overrides=(override(OverrideKind.EXCLUDE, "2026-11-22T00:00", made="2026-11-20T09:00"),))

    assert scene.decide(NIGHT).rule is RuleName.EXCLUSION
    assert scene.decide("2026-11-22T00:00").wanted is Wanted.STOPPED


@pytest.mark.parametrize(
    ("tag", "moment", "rule"),
    [
        ("until 2026-11-20", NIGHT, RuleName.EXCLUSION),
        ("until 2026-11-20", "2026-11-21T00:00", RuleName.CLOSED),
        ("never-expires", "2030-01-01T21:00", RuleName.EXCLUSION),
        ("forever please", NIGHT, RuleName.EXCLUSION),
    ],
)
def test_a_service_tag_excludes_and_one_that_does_not_parse_leaves_it_alone(
    tag: str, moment: str, rule: RuleName
) -> None:
    scene = SCENE.but(facts=service(tags={"lifecycle:exclude": tag}))

    assert scene.decide(moment).rule is rule


def test_a_tag_that_the_policy_does_not_allow_has_no_say() -> None:
    strict = policy(HOURS + "\noverrides: {service-tags: [hours]}")

    scene = SCENE.but(policy=strict, facts=service(tags={"lifecycle:exclude": "never-expires"}))

    assert scene.decide(NIGHT).wanted is Wanted.STOPPED


def test_keep_beats_the_closing_until_it_ends() -> None:
    scene = SCENE.but(overrides=(override(OverrideKind.KEEP, "2026-11-20T22:00", made="2026-11-20T19:00"),))

    kept = scene.decide(NIGHT)

    assert (kept.wanted, kept.rule, kept.look_again_at) == (Wanted.RUNNING, RuleName.OVERRIDE, at("2026-11-20T22:00"))
    assert kept.reason == "kept running until Fri 20 Nov 22:00 JST by aiko: demo"
    assert scene.decide("2026-11-20T22:00").wanted is Wanted.STOPPED


def test_keep_starts_what_is_stopped() -> None:
    keep = override(OverrideKind.KEEP, "2026-11-20T22:00", made="2026-11-20T20:30")

    assert ASLEEP.but(overrides=(keep,)).decide(NIGHT).wanted is Wanted.RUNNING


def test_of_keep_and_stop_the_later_word_wins() -> None:
    keep = override(OverrideKind.KEEP, "2026-11-20T22:00", made="2026-11-20T19:00")
    stop = override(OverrideKind.STOP, "2026-11-20T23:00", made="2026-11-20T19:30")

    assert SCENE.but(overrides=(keep, stop)).decide("2026-11-20T19:45").wanted is Wanted.STOPPED
    later = override(OverrideKind.KEEP, "2026-11-20T22:00", made="2026-11-20T19:40")
    assert SCENE.but(overrides=(later, stop)).decide("2026-11-20T19:45").wanted is Wanted.RUNNING


def test_what_is_done_by_hand_after_a_word_is_later_still() -> None:
    keep = override(OverrideKind.KEEP, "2026-11-20T18:00", made="2026-11-20T09:00")
    stop = override(OverrideKind.STOP, "2026-11-20T18:00", made="2026-11-20T09:00")
    noon = at("2026-11-20T12:00")
    handled = at(MORNING)

    stopped = ASLEEP.but(overrides=(keep,), memory=ServiceMemory(hand_stopped_at=noon, opening_handled=handled))
    started = SCENE.but(overrides=(stop,), memory=ServiceMemory(hand_started_at=noon, opening_handled=handled))

    assert stopped.decide("2026-11-20T12:05").wanted is Wanted.LEAVE
    assert started.decide("2026-11-20T12:05").wanted is Wanted.LEAVE


def test_a_persons_stop_waits_for_quiet_unless_forced() -> None:
    now = at("2026-11-20T12:00")
    busy = SCENE.but(uses=[now - 4 * MINUTE], probes=(in_flight(1, now - MINUTE, now),))
    until = "2026-11-20T18:00"
    asked = override(OverrideKind.STOP, until, made="2026-11-20T11:59")
    forced = override(OverrideKind.STOP, until, made="2026-11-20T11:59", force=True)

    waits = busy.but(overrides=(asked,)).decide(now)
    cuts = busy.but(overrides=(forced,)).decide(now)
    blind = SCENE.but(overrides=(asked,), missing=frozenset({SignalName.REQUESTS})).decide(now)

    assert (waits.wanted, waits.rule, waits.because) == (Wanted.LEAVE, RuleName.OVERRIDE, Because.IN_USE)
    assert (cuts.wanted, cuts.cuts) == (Wanted.STOPPED, True)
    assert (blind.wanted, blind.because) == (Wanted.LEAVE, Because.UNKNOWN)


def test_words_of_others_and_dead_words_do_not_count() -> None:
    dead = override(OverrideKind.KEEP, "2026-11-20T20:30", made="2026-11-20T19:00")

    assert SCENE.but(overrides=(dead,)).decide(NIGHT).wanted is Wanted.STOPPED


def test_why_lists_every_rule_in_order_with_a_mark_at_the_winner() -> None:
    scene = SCENE.but(
        policy=policy(HOURS + "\nidle: {stop-after: 30m}"),
        overrides=(override(OverrideKind.KEEP, "2026-11-20T22:00", made="2026-11-20T19:00"),),
    )

    assert scene.why("2026-11-20T19:30") == [
        "  freeze-all: no freeze of everything is on",
        "  never-touch: not on the never-touch list",
        "  freeze: no freeze of the policies holds now",
        "  exclusion: not excluded",
        "> override: kept running until Fri 20 Nov 22:00 JST by aiko: demo",
        "  closed: open until Fri 20 Nov 20:00 JST (mon-fri 08:00-20:00)",
        "  opening: running already at the opening of Fri 20 Nov 08:00 JST",
        "  idle: not asked (not needed to decide)",
        "  default: otherwise it would stay as it is",
    ]
