from __future__ import annotations

from datetime import timedelta

from chalicelib.decide.decision import Wanted
from chalicelib.decide.facts import ActionKind, Pending, ServiceId, ServiceMemory
from chalicelib.execute.outcome import OutcomeStatus
from chalicelib.record.history import EntryKind
from chalicelib.record.table import Table
from support.acting import DEV, PEOPLES, START, Stage
from support.toy_cloud import ToyService


def starting(table: Table) -> Stage:
    stage = Stage(table)
    stage.stop_completely()
    stage.later(60)
    assert stage.act(Wanted.RUNNING)
    return stage


def test_a_stop_is_done_only_when_the_last_task_ended(table: Table) -> None:
    stage = Stage(table)
    stage.act(Wanted.STOPPED)
    stage.later(3)
    stage.service.running = 1
    assert stage.verify() is None

    stage.service.running = 0
    outcome = stage.verify()

    assert outcome is not None
    assert (outcome.status, outcome.verified) == (OutcomeStatus.DONE, True)
    assert outcome.reason == "gpu-dev/ollama-vision stopped: its last task ended within 3 min."
    assert outcome.entry is not None
    assert (outcome.entry.outcome, outcome.entry.desired_count) == ("done", 3)


def test_facts_from_before_the_action_verify_nothing(table: Table) -> None:
    stage = Stage(table)
    before = stage.facts()
    stage.act(Wanted.STOPPED)
    stage.later(3)
    stage.service.running = 0

    assert stage.executor.verify(DEV, before, stage.memory, stage.now) is None


def test_a_stop_that_is_late_is_told_once_and_its_end_still_recorded(table: Table) -> None:
    stage = Stage(table)
    stage.act(Wanted.STOPPED)
    stage.service.running = 2
    stage.later(15)

    late = stage.verify()
    stage.later(5)
    quiet = stage.verify()
    stage.tasks_follow()
    done = stage.verify()

    assert late is not None
    assert (late.status, late.verified) == (OutcomeStatus.FAILED, False)
    assert "2 tasks still there 15 min after its desired count became 0" in late.reason
    assert quiet is None
    assert done is not None
    assert done.status is OutcomeStatus.DONE


def test_a_person_who_starts_it_while_it_stops_is_respected(table: Table) -> None:
    stage = Stage(table)
    stage.act(Wanted.STOPPED)
    stage.later(2)
    stage.service.desired = 1

    outcome = stage.verify()

    assert outcome is not None
    assert outcome.entry is not None
    assert outcome.entry.kind is EntryKind.HAND
    assert stage.memory.hand_started_at == stage.now
    assert (stage.memory.pending, stage.memory.draining_since, stage.memory.stopped_at) == (None, None, None)
    assert stage.memory.saved_size is not None, "until it is seen ready"
    stage.tasks_follow()
    stage.act(Wanted.LEAVE)
    assert stage.service.scaling == PEOPLES


def test_a_person_who_stops_it_while_it_starts_is_respected_and_the_size_stays(table: Table) -> None:
    stage = starting(table)
    stage.later(2)
    stage.service.desired = 0

    outcome = stage.verify()

    assert outcome is not None
    assert "set its desired count to 0 while it was starting" in outcome.reason
    assert stage.memory.hand_stopped_at == stage.now
    assert stage.memory.saved_size is not None
    assert stage.memory.pending is None


def test_a_start_is_done_only_when_all_its_tasks_run(table: Table) -> None:
    stage = starting(table)
    stage.later(5)
    stage.service.running, stage.service.ready_since = 2, stage.now
    assert stage.verify() is None

    stage.tasks_follow(1)
    outcome = stage.verify()

    assert outcome is not None
    assert outcome.reason == "gpu-dev/ollama-vision is ready: 3 tasks run after 6 min."


def test_a_start_that_ecs_cannot_place_fails_with_ecs_own_words(table: Table) -> None:
    stage = starting(table)
    stage.cloud.say(DEV, stage.now - timedelta(hours=30), "was unable to place a task: yesterday's reason")
    stage.later(2)
    assert stage.verify() is None, "yesterday's words say nothing about today"
    stage.cloud.say(DEV, stage.now, "was unable to place a task because no container instance met its requirements.")

    outcome = stage.verify()

    assert outcome is not None
    assert outcome.status is OutcomeStatus.FAILED
    assert "no container instance met its requirements" in outcome.reason
    assert stage.memory.start_failure is not None
    assert (stage.memory.start_failure.count, stage.memory.pending) == (1, None)
    assert stage.memory.saved_size is not None
    assert stage.entries()[-1].kind is EntryKind.FAILED


def test_a_rollout_that_ecs_gave_up_is_a_failed_start_and_the_next_try_begins_a_new_deployment(table: Table) -> None:
    stage = starting(table)
    stage.later(3)
    stage.service.rollout, stage.service.rollout_reason = "FAILED", "tasks failed to start"
    outcome = stage.verify()
    assert outcome is not None
    assert outcome.reason == ("gpu-dev/ollama-vision does not start: ECS gave the deployment up: tasks failed to start")

    stage.later(5)
    stage.act(Wanted.RUNNING)

    assert stage.cloud.calls[-1][1]["forceNewDeployment"] is True
    assert stage.memory.pending is not None


def test_a_retry_of_a_start_that_ecs_still_works_on_disturbs_nothing(table: Table) -> None:
    stage = starting(table)
    stage.later(20)
    stage.verify()
    before = len(stage.cloud.writes())

    stage.later(5)
    stage.act(Wanted.RUNNING)

    assert len(stage.cloud.writes()) == before
    assert stage.memory.pending is not None


def test_a_start_not_ready_by_its_deadline_fails_with_the_last_words_of_ecs(table: Table) -> None:
    stage = starting(table)
    stage.cloud.say(DEV, stage.now + timedelta(minutes=1), "has started 3 tasks.")
    stage.later(19)
    assert stage.verify() is None
    stage.later(1)

    outcome = stage.verify()

    assert outcome is not None
    assert outcome.reason == (
        "gpu-dev/ollama-vision: 0 of 3 tasks run after 20 min. ECS said last: has started 3 tasks."
    )


def test_a_start_is_not_called_failed_by_facts_from_before_its_deadline(table: Table) -> None:
    stage = starting(table)
    stage.later(5)
    seen = stage.facts()
    stage.later(20)

    assert stage.executor.verify(DEV, seen, stage.memory, stage.now) is None
    assert stage.verify() is not None


def test_failures_are_counted_wait_longer_each_time_and_are_forgotten_when_it_is_ready(table: Table) -> None:
    stage = starting(table)
    tries: list[float] = []
    for _ in range(3):
        stage.later(20)
        assert stage.verify()
        failed_at = stage.now
        while stage.act(Wanted.RUNNING) is None:
            stage.later(1)
        tries.append((stage.now - failed_at).total_seconds() / 60)
    assert tries == [5, 10, 20]

    stage.tasks_follow(6)
    assert stage.verify()

    assert stage.memory == ServiceMemory()


def test_a_start_that_comes_up_after_it_was_given_up_is_recorded_as_running(table: Table) -> None:
    stage = starting(table)
    stage.later(20)
    stage.verify()
    stage.tasks_follow(2)

    stage.act(Wanted.LEAVE)

    assert stage.memory == ServiceMemory()
    assert stage.entries()[-1].outcome == "mended"


def test_only_starts_that_are_not_ready_are_asked_about_and_ten_at_a_time(table: Table) -> None:
    stage = Stage(table)
    seen = []
    for number in range(13):
        service = ServiceId("gpu-dev", f"model-{number:02d}")
        stage.cloud.services[service] = ToyService(1, 0 if number else 1, ready_since=START)
        lease = stage.states.lock(service, "x", START, 1)
        stage.states.mark_pending(lease, Pending(ActionKind.START, START, START + timedelta(minutes=20), f"a{number}"))
        stage.states.release(lease)
        seen.append(service)
    stage.later(3)
    pairs = [(stage.cloud.look(service, stage.now), stage.states.get(service).memory) for service in seen]

    outcomes = stage.executor.verify_all(pairs, stage.now)

    asked = [len(arguments["services"]) for name, arguments in stage.cloud.calls if name == "describe_services"]
    assert asked == [10, 2]
    assert [one.service.name for one in outcomes] == ["model-00"]


def test_a_verification_while_another_acts_says_nothing(table: Table) -> None:
    stage = Stage(table)
    stage.act(Wanted.STOPPED)
    stage.tasks_follow(3)
    stage.states.lock(DEV, "start:other", stage.now, 60)

    assert stage.verify() is None
    assert stage.memory.pending is not None
