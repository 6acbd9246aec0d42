"""Where tasks are to run, and why: each answer whole, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from chalicelib.decide.capacity import (
    CapacityNews,
    CapacityProviderUse,
    CapacityWord,
    Market,
    Setback,
    SetbackKind,
    SpotMemory,
)
from chalicelib.decide.case import make_case
from chalicelib.decide.constants import ACT_RECHECK, UNKNOWN_RECHECK
from chalicelib.decide.decision import Evidence, Placing
from chalicelib.decide.facts import (
    ActionKind,
    OverrideKind,
    Pending,
    SavedSize,
    ServiceFacts,
    ServiceMemory,
    SignalName,
    SignalReading,
)
from chalicelib.decide.placement import asks_for_capacity, place, wait_ends
from chalicelib.policy.model import PolicySet
from support.observations import DAY, HOUR, MINUTE, at, override
from support.placements import (
    AS_PREFERRED,
    GPU,
    NOW,
    ON_DEMAND,
    PREFER,
    SPOT,
    back,
    decided,
    missing_since,
    on_hosts,
    placing,
    requests,
    seen,
)
from support.policies import policy, policy_set


def test_a_policy_without_a_spot_section_says_nothing_of_placement() -> None:
    assert placing(seen(on_hosts(ON_DEMAND)), policy("idle: {stop-after: 30m}")) is None


def test_a_quiet_service_on_the_wrong_side_is_moved_by_force() -> None:
    assert placing(seen(on_hosts(ON_DEMAND))) == Placing(Market.SPOT, AS_PREFERRED, to=SPOT, by_force=True)


def test_a_service_on_the_right_side_stays() -> None:
    assert placing(seen(on_hosts(SPOT))) == Placing(Market.SPOT, AS_PREFERRED)


def test_a_service_of_which_nothing_runs_is_moved_without_force() -> None:
    assert placing(seen(on_hosts(ON_DEMAND, running=0))) == Placing(Market.SPOT, AS_PREFERRED, to=SPOT)


@pytest.mark.parametrize(
    ("signals", "why", "until"),
    [
        (
            requests(3.0, minutes_ago=2),
            "in use: 3 requests since 02:53, the last at 02:58",
            NOW - 2 * MINUTE + MINUTE + 7 * MINUTE,
        ),
        (requests(None), "cannot tell: requests no datapoint", NOW + UNKNOWN_RECHECK),
    ],
)
def test_a_service_in_use_or_of_unknown_use_is_not_moved_for_moneys_sake(
    signals: dict[SignalName, SignalReading], why: str, until: object
) -> None:
    found = placing(seen(on_hosts(ON_DEMAND), signals=signals))

    assert found is not None
    assert (found.market, found.to, found.by_force) == (Market.SPOT, (), False)
    assert found.reason == f"{AS_PREFERRED}; it stays where it is for now: {why}"
    assert found.until == until


@pytest.mark.parametrize(
    ("facts", "memory", "why", "until"),
    [
        (
            on_hosts(ON_DEMAND),
            ServiceMemory(pending=Pending(ActionKind.MOVE, NOW, NOW + HOUR, "a")),
            "a move of it is under way",
            None,
        ),
        (on_hosts(ON_DEMAND), ServiceMemory(draining_since=NOW), "a stop of it is under way", None),
        (on_hosts(ON_DEMAND, 2, 1), ServiceMemory(), "it is not ready with all its tasks", NOW + UNKNOWN_RECHECK),
        (
            replace(on_hosts(ON_DEMAND), ready_since=None),
            ServiceMemory(),
            "it is not ready with all its tasks",
            NOW + UNKNOWN_RECHECK,
        ),
    ],
)
def test_nothing_is_moved_by_force_while_it_is_not_at_rest(
    facts: ServiceFacts, memory: ServiceMemory, why: str, until: object
) -> None:
    found = placing(seen(facts, memory))

    assert found == Placing(Market.SPOT, f"{AS_PREFERRED}; it stays where it is for now: {why}", until=until)  # type: ignore[arg-type]


def test_a_persons_word_keeps_it_where_it_is() -> None:
    word = override(OverrideKind.KEEP, "2026-11-18T18:00", made="2026-11-18T10:00")

    assert placing(seen(on_hosts(ON_DEMAND)), words=[word]) == Placing(
        Market.SPOT,
        f"{AS_PREFERRED}; it stays where it is for now: somebody's word holds "
        "(kept running until Wed 18 Nov 09:00 UTC by aiko: demo)",
        until=at("2026-11-18T18:00"),
    )


@pytest.mark.parametrize(
    ("healthy", "moved"),
    [((100, 200), True), ((0, 100), True), ((100, 100), False), ((50, 100), False), ((51, 149), False), (None, True)],
)
def test_a_deployment_that_lets_no_task_be_replaced_is_not_begun(healthy: tuple[int, int] | None, moved: bool) -> None:
    found = placing(seen(replace(on_hosts(ON_DEMAND), healthy_percent=healthy)))

    assert found is not None
    assert bool(found.to) is moved
    if not moved and healthy is not None:
        assert found.reason == (
            f"{AS_PREFERRED}; it stays where it is for now: its deployment configuration ({healthy[0]}/{healthy[1]} %) "
            "lets no task be replaced; set minimumHealthyPercent to 0, or maximumPercent to 200 where there is a host "
            "to spare"
        )


HOURS = "hours: {timezone: Asia/Tokyo, open: [%s]%s}\n" + GPU


def test_a_service_that_is_stopped_within_a_day_starts_on_the_right_side_then() -> None:
    daily = policy(HOURS % ("daily 08:00-20:00", ""))

    assert placing(seen(on_hosts(ON_DEMAND)), daily) == Placing(
        Market.SPOT,
        f"{AS_PREFERRED}; it stays where it is for now: it is stopped Wed 18 Nov 20:00 JST, "
        "and starts on the right side then",
        until=at("2026-11-18T20:00"),
    )


@pytest.mark.parametrize(("closes", "moved"), [("11:59", False), ("12:00", False), ("12:01", True)])
def test_a_stop_of_more_than_a_day_ahead_is_not_waited_for(closes: str, moved: bool) -> None:
    long = policy(HOURS % (f"wed 00:00-24:00, thu 00:00-{closes}", ""))

    found = placing(seen(on_hosts(ON_DEMAND)), long)

    assert found is not None
    assert bool(found.to) is moved


def test_hours_that_stop_nothing_hold_no_move() -> None:
    for closed in ("idle", "leave"):
        found = placing(seen(on_hosts(ON_DEMAND)), policy(HOURS % ("daily 08:00-20:00", f", closed: {closed}")))
        assert found is not None
        assert found.to == SPOT


def test_after_a_setback_it_waits_on_demand_and_says_until_when() -> None:
    said = (
        "on demand: there was no Spot capacity 30 min ago, so Spot rests for 2 h; "
        "Spot is tried again Wed 18 Nov 04:30 UTC"
    )
    assert placing(seen(on_hosts(ON_DEMAND), back(30))) == Placing(
        Market.ON_DEMAND, said, until=NOW + timedelta(minutes=90)
    )
    quiet = placing(seen(on_hosts(SPOT), back(30)))
    assert quiet == Placing(Market.ON_DEMAND, said, to=ON_DEMAND, by_force=True, until=NOW + timedelta(minutes=90))


def test_tasks_that_are_being_taken_are_replaced_at_once_even_in_use() -> None:
    busy = {"signals": requests(3.0)}

    lately = placing(seen(on_hosts(SPOT), back(9.9, SetbackKind.LOST), **busy))
    gone_by = placing(seen(on_hosts(SPOT), back(10, SetbackKind.LOST), **busy))
    other = placing(seen(on_hosts(SPOT), back(5, SetbackKind.FAILED), **busy))

    assert lately is not None
    assert (lately.market, lately.to, lately.by_force) == (Market.ON_DEMAND, ON_DEMAND, False)
    assert gone_by is not None
    assert gone_by.to == ()
    assert other is not None
    assert other.to == ()


def test_tasks_that_are_missing_on_demand_end_no_wait_for_spot() -> None:
    short_of_one = replace(back(30), spot=replace(back(30).spot, short_since=NOW - 3 * MINUTE))

    found = placing(seen(on_hosts(ON_DEMAND, 1, 0), short_of_one))

    assert found is not None
    assert (found.to, found.until) == ((), NOW + timedelta(minutes=90))


def test_the_newest_of_several_losses_counts() -> None:
    lost = tuple(Setback(NOW - m * MINUTE, SetbackKind.LOST, str(m)) for m in (300, 5))

    found = placing(seen(on_hosts(SPOT), ServiceMemory(spot=SpotMemory(lost)), signals=requests(3.0)))

    assert found is not None
    assert found.to == ON_DEMAND


def test_missing_tasks_are_replaced_at_once_while_spot_rests() -> None:
    found = placing(seen(on_hosts(SPOT, 2, 1), back(60)))

    assert found is not None
    assert (found.to, found.by_force) == (ON_DEMAND, False)


@pytest.mark.parametrize(
    ("heard", "told", "kind"),
    [
        (None, "", SetbackKind.NO_CAPACITY),
        (CapacityNews(CapacityWord.SILENT), "", SetbackKind.NO_CAPACITY),
        (CapacityNews(CapacityWord.NONE, "No Spot here. "), " (No Spot here)", SetbackKind.NO_CAPACITY),
        (CapacityNews(CapacityWord.QUOTA, "Limit"), " (Limit); ask AWS for a larger quota", SetbackKind.QUOTA),
    ],
)
def test_who_waited_for_spot_in_vain_falls_back_with_what_was_heard(
    heard: CapacityNews | None, told: str, kind: SetbackKind
) -> None:
    found = placing(seen(on_hosts(SPOT, 1, 0), missing_since(6), capacity=heard))

    assert found == Placing(
        Market.ON_DEMAND,
        f"on demand: 1 task is missing on Spot for 6 min{told}",
        to=ON_DEMAND,
        setback=Setback(NOW, kind),
    )


def test_several_missing_tasks_are_counted() -> None:
    found = placing(seen(on_hosts(SPOT, 3, 1), missing_since(7)))

    assert found is not None
    assert found.reason == "on demand: 2 tasks are missing on Spot for 7 min"
    assert found.setback == Setback(NOW, SetbackKind.NO_CAPACITY)


@pytest.mark.parametrize("word", [CapacityWord.PLACED, CapacityWord.BROKEN])
def test_tasks_that_have_a_host_or_do_not_stay_up_are_no_setback(word: CapacityWord) -> None:
    found = placing(seen(on_hosts(SPOT, 1, 0), missing_since(60), capacity=CapacityNews(word)))

    assert found == Placing(Market.SPOT, AS_PREFERRED, until=NOW - 54 * MINUTE)


def test_the_wait_for_spot_ends_when_the_policy_says() -> None:
    found = placing(seen(on_hosts(SPOT, 1, 0), missing_since(5)))

    assert found == Placing(Market.SPOT, AS_PREFERRED, until=NOW + MINUTE)


def test_only_missing_tasks_of_a_service_that_may_fall_back_are_waited_for() -> None:
    spot, facts, memory = PREFER.spot, on_hosts(SPOT, 1, 0), missing_since(6)
    assert spot is not None

    assert wait_ends(spot, facts, memory) == NOW
    assert wait_ends(spot.model_copy(update={"fall_back_after": None}), facts, memory) == NOW - MINUTE
    assert wait_ends(spot.model_copy(update={"use": "only"}), facts, memory) is None
    assert wait_ends(spot, on_hosts(SPOT, 0, 0), memory) is None
    assert wait_ends(spot, on_hosts(SPOT), memory) is None
    assert asks_for_capacity(spot, facts, memory, NOW)
    assert not asks_for_capacity(spot, facts, memory, NOW - timedelta(seconds=1))
    assert not asks_for_capacity(spot, on_hosts(SPOT), memory, NOW)


def test_a_commitment_that_pays_already_keeps_it_on_demand() -> None:
    found = placing(seen(on_hosts(ON_DEMAND), covered_by="the Savings Plan sp-1"))

    said = "on demand: the Savings Plan sp-1 pays for it already, so Spot would save nothing"
    assert found == Placing(Market.ON_DEMAND, said)


def test_a_policy_of_spot_only_or_of_none_is_followed() -> None:
    only, never = (policy(GPU.replace("prefer, fall-back-after: 6m", use)) for use in ("only", "never"))
    away, home = seen(on_hosts(ON_DEMAND)), seen(on_hosts(SPOT), back(1))

    assert placing(away, only) == Placing(Market.SPOT, "on Spot only", to=SPOT, by_force=True)
    covered = placing(seen(on_hosts(SPOT), covered_by="a Reserved Instance"), only)
    assert covered == Placing(Market.SPOT, "on Spot only, though a Reserved Instance pays for it on demand already")
    assert placing(home, never) == Placing(
        Market.ON_DEMAND, "on demand: its policy never uses Spot", to=ON_DEMAND, by_force=True
    )


def test_a_start_goes_where_it_is_wanted_with_the_size_that_was_saved() -> None:
    three = policy(GPU.replace("use: prefer", "use: prefer, on-demand-base: 2"))
    asleep = ServiceMemory(saved_size=SavedSize(3, None, NOW))
    word = override(OverrideKind.KEEP, "2026-11-18T18:00", made="2026-11-18T10:00")
    mixed = (CapacityProviderUse("gpu-od", 2, 0), CapacityProviderUse("gpu-spot", 0, 1))

    assert placing(seen(on_hosts(ON_DEMAND, 0), asleep), three, words=[word]) == Placing(
        Market.SPOT, AS_PREFERRED, to=mixed
    )
    small = ServiceMemory(saved_size=SavedSize(2, None, NOW))
    assert placing(seen(on_hosts(ON_DEMAND, 0), small), three, words=[word]) == Placing(Market.SPOT, AS_PREFERRED)


def test_what_is_stopped_or_being_stopped_is_not_placed() -> None:
    closed = policy(HOURS % ("mon 08:00-10:00", ""))

    assert placing(seen(on_hosts(ON_DEMAND, 0))) == Placing(None, "stopped; it is placed when it starts")
    assert placing(seen(on_hosts(ON_DEMAND)), closed) == Placing(None, "it is being stopped")


def test_people_and_freezes_keep_hands_off_its_placement() -> None:
    none = "policies: {dev: {match: {everything: true}, idle: {stop-after: 30m}}}\n"
    span = "from: 2026-11-18T12:00+09:00, to: 2026-11-19T00:00+09:00"
    frozen = policy_set(none + f"freezes: [{{name: launch, {span}, hold: [spot-move], reason: launch week.}}]")
    over = policy_set(none + f"freezes: [{{name: launch, {span}, hold: [stop], reason: launch week.}}]")
    listed = policy_set(none + "never-touch: [{names: [ollama-*], reason: paid SLA}]")
    excluded = override(OverrideKind.EXCLUDE, "2026-11-22T00:00", made="2026-11-17T09:00")
    away = seen(on_hosts(ON_DEMAND))

    assert placing(away, policies=frozen) == Placing(
        None, "the freeze launch holds every move until Wed 18 Nov 15:00 UTC: launch week", until=at("2026-11-19T00:00")
    )
    in_tokyo = placing(away, policy(HOURS % ("daily 00:00-24:00", "")), policies=frozen)
    assert in_tokyo is not None
    assert in_tokyo.reason == "the freeze launch holds every move until Thu 19 Nov 00:00 JST: launch week"
    moved = placing(away, policies=over)
    assert moved is not None
    assert moved.to == SPOT
    assert placing(away, policies=listed) == Placing(
        None, "its placement is left alone: on the never-touch list: paid SLA"
    )
    assert placing(away, words=[excluded]) == Placing(
        None,
        "its placement is left alone: excluded by aiko until Sat 21 Nov 15:00 UTC: demo",
        until=at("2026-11-22T00:00"),
    )


def test_the_look_comes_when_the_placement_could_change() -> None:
    waits = decided(seen(on_hosts(SPOT, 1, 0), missing_since(5)))
    moves = decided(seen(on_hosts(ON_DEMAND)))
    stays = decided(seen(on_hosts(SPOT)))

    assert waits.look_again_at == NOW + MINUTE
    assert moves.look_again_at == NOW + ACT_RECHECK
    assert stays.look_again_at == NOW + DAY


def test_the_evidence_names_where_it_runs_and_what_spot_did_to_it() -> None:
    lost = tuple(Setback(NOW - h * HOUR, SetbackKind.LOST, str(h)) for h in (30, 6))
    case = make_case(PREFER, seen(on_hosts(ON_DEMAND), ServiceMemory(spot=SpotMemory(lost))), (), NOW, PolicySet())

    found = place(case, decided(case.seen))

    assert found is not None
    assert found.evidence == (
        Evidence("running on", "gpu-od"),
        Evidence("setbacks of Spot", "2", "", NOW - 30 * HOUR, NOW - 6 * HOUR),
        Evidence("mean time between losses", "1 d"),
    )
