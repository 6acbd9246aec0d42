"""The look just before an act, in sweeps and in plans that a person applies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import OverrideKind, ServiceFacts, ServiceId
from chalicelib.execute.outcome import OutcomeStatus
from chalicelib.execute.plan import Plan, PlanKind
from support.stage import Stage, id_of, staged
from support.strict_world import Series

POLICY = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    hours:
      timezone: Asia/Tokyo
      open: [mon-fri 08:00-20:00]
    idle: {stop-after: 30m}
    mode: enforce
"""


@pytest.fixture
def noon(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:
        yield stage


def until(stage: Stage, text: str, value: float = 1.0) -> Series:
    end = stage.at(text)
    return lambda at: value if at < end else None


def plans(stage: Stage) -> list[Plan]:
    return [one.plan for one in stage.app.controller.survey(stage.clock.now()).decided if one.plan]


def before_the_first_describe(stage: Stage, happens: Any) -> None:
    """``happens`` is called once, when the executor describes its service: the sweep has decided by then."""
    executor: Any = stage.app.controller._parts.executor
    describe, calls = executor._look, []

    def look(service: ServiceId, now: datetime) -> ServiceFacts:
        if not calls:
            calls.append(service)
            happens()
        found: ServiceFacts = describe(service, now)
        return found

    executor._look = look


def test_a_freeze_that_is_said_while_a_sweep_starts_services_holds_them_all(noon: Stage) -> None:
    both = [noon.add(name, requests=until(noon, "12:10")) for name in ("chat", "vision")]
    noon.run_until("20:05")
    assert [one.desired for one in both] == [0, 0]
    noon.set(noon.at("Thu 08:01"))
    before_the_first_describe(noon, lambda: noon.app.controls.freeze_all("ada", "incident", noon.clock.now()))

    report = noon.sweep()

    assert [one.desired for one in both] == [0, 0]
    assert {one.status for one in report.outcomes} == {OutcomeStatus.REFUSED}


def test_a_stop_said_while_a_sweep_starts_the_service_holds_it(noon: Stage) -> None:
    chat = noon.add("chat", requests=until(noon, "12:10"))
    noon.run_until("20:05")
    noon.set(noon.at("Thu 08:01"))
    before_the_first_describe(noon, lambda: noon.says(chat, OverrideKind.STOP, "Thu 18:00", force=True))

    noon.sweep()

    assert chat.desired == 0


def test_a_mend_is_not_written_under_a_freeze_that_came_meanwhile(noon: Stage) -> None:
    chat = noon.add("chat", requests=until(noon, "12:10"), scaling=(1, 4))
    noon.run_until("13:00")
    assert chat.desired == 0
    noon.set(noon.at("13:05"))
    noon.sweep()
    chat.set_desired(1)
    noon.set(noon.at("13:10"))
    before_the_first_describe(noon, lambda: noon.app.controls.freeze_all("ada", "incident", noon.clock.now()))
    written = noon.aws.calls["application-autoscaling.RegisterScalableTarget"]

    noon.sweep(full=True)

    assert noon.aws.calls["application-autoscaling.RegisterScalableTarget"] == written


def test_a_start_from_an_older_plan_is_not_applied_under_a_freeze(noon: Stage) -> None:
    chat = noon.add("chat", requests=until(noon, "12:10"))
    noon.run_until("20:05")
    noon.set(noon.at("Thu 08:01"))
    made = plans(noon)
    assert [one.kind for one in made] == [PlanKind.START]
    noon.app.controls.freeze_all("ada", "incident", noon.clock.now())
    noon.set(noon.clock.now() + timedelta(minutes=10))

    report = noon.app.controller.apply(made, noon.clock.now(), who="ben")

    assert chat.desired == 0
    assert "frozen by ada" in report.outcomes[0].reason or "froze" in report.outcomes[0].reason


def test_an_applied_stop_remembers_which_signals_used_to_report(noon: Stage) -> None:
    noon.write(POLICY.replace("enforce", "dry-run"))
    chat = noon.add("chat", requests=until(noon, "12:10"))
    chat.sends("gpu", until(noon, "13:00"))
    noon.run_until("12:50")
    noon.write(POLICY)
    noon.set(noon.at("12:55"))
    noon.app.controls.freeze_all("ada", "so that the policy takes force and nothing else", noon.clock.now())
    noon.sweep()
    noon.app.controls.unfreeze("ada", noon.clock.now())
    made = plans(noon)
    assert [one.kind for one in made] == [PlanKind.STOP]
    noon.set(noon.at("13:40"))

    report = noon.app.controller.apply(made, noon.clock.now(), who="ben")

    assert chat.desired == 1
    assert report.outcomes[0].entry is not None
    assert report.outcomes[0].entry.because is Because.UNKNOWN


def test_what_an_interrupted_run_left_at_an_ungoverned_service_can_be_put_right_by_hand(noon: Stage) -> None:
    chat = noon.add("chat", requests=1.0, tags={"environment": "none"})
    states, an_hour_ago = noon.app.states, noon.clock.now() - timedelta(hours=1)
    states.mark_draining(states.lock(id_of(chat), "stop:dead", an_hour_ago, 60), an_hour_ago)
    made = plans(noon)
    assert [one.kind for one in made] == [PlanKind.MEND]

    report = noon.app.controller.apply(made, noon.clock.now(), who="ada")

    assert [one.status for one in report.outcomes] == [OutcomeStatus.DONE]
    assert states.get(id_of(chat)).memory.draining_since is None


def test_a_new_service_is_not_started_at_the_size_of_the_one_that_had_its_name(noon: Stage) -> None:
    chat = noon.add("chat", requests=until(noon, "12:10"), desired=3)
    noon.run_until("20:05")
    assert chat.desired == 0
    noon.aws.world.remove_service(chat.cluster, chat.name)
    noon.set(noon.at("21:00"))
    noon.sweep(full=True)
    new = noon.add("chat", desired=0)
    new.created_at = noon.clock.now()

    noon.run_until("21:30")
    noon.run_until("Thu 08:10")

    assert new.desired == 0


def test_a_mistake_of_ours_at_one_applied_plan_does_not_lose_the_others(noon: Stage) -> None:
    some = [noon.add(name, requests=until(noon, "12:10")) for name in ("chat", "vision")]
    noon.set(noon.at("13:00"))
    made = plans(noon)
    executor: Any = noon.app.controller._parts.executor
    run = executor.run

    def broken(plan: Plan, *args: Any, **options: Any) -> Any:
        if plan.service == id_of(some[0]):
            raise KeyError("a bug")
        return run(plan, *args, **options)

    executor.run = broken

    report = noon.app.controller.apply(made, noon.clock.now(), who="ben")

    assert [one.desired for one in some] == [1, 0]
    assert {one.service.name: one.status for one in report.outcomes} == {
        "chat": OutcomeStatus.FAILED,
        "vision": OutcomeStatus.DONE,
    }
    assert any("KeyError" in one.reason for one in report.outcomes)


def test_a_plan_made_with_files_that_were_never_taken_into_force_is_refused(noon: Stage) -> None:
    chat = noon.add("chat", requests=until(noon, "12:10"))
    noon.sweep()
    noon.write(POLICY.replace("30m", "20m"))
    noon.set(noon.at("12:35"))
    made = plans(noon)
    assert [one.kind for one in made] == [PlanKind.STOP]

    report = noon.app.controller.apply(made, noon.clock.now(), who="ben")

    assert chat.desired == 1
    assert ["in force is not the one" in one.reason for one in report.outcomes] == [True]
