"""What a run tells: once, whatever fails beside it, and what it was not able to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from chalicelib.controller.book import PolicyBook
from chalicelib.errors import ObservationError, RecordUnavailable
from chalicelib.notify.notice import Notice
from chalicelib.observe.policy_source import FolderSource, PolicyFiles
from chalicelib.runtime.compose import build
from support.stage import Stage, id_of, staged

NIGHTS = """
lifecycle: v1
policies:
  nights:
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    mode: enforce
"""


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, NIGHTS, at="2026-11-18T19:00+09:00") as stage:
        yield stage


def words(stage: Stage, kind: str) -> list[str]:
    return [notice.text for notice in stage.notices if notice.kind == kind]


def test_policies_that_take_force_change_or_vanish_are_told_once_each(evening: Stage) -> None:
    evening.add("chat")
    evening.sweep()
    evening.sweep()
    evening.write(NIGHTS.replace("20:00", "21:00"))
    evening.sweep()
    (evening.folder / "policy.yaml").unlink()
    evening.sweep()
    evening.sweep()

    first, second, third = words(evening, "policy-changed")
    assert first.startswith("nights: in force from now on")
    assert "is in force from now on, it was" in second
    assert third == "nights: not in force any more; the services it ruled are left as they are"


def test_a_service_that_cannot_be_read_is_told_once_and_the_others_go_on(evening: Stage) -> None:
    bad, good = evening.add("bad"), evening.add("good")
    evening.sweep()
    evening.aws.fail("ecs.DescribeServices", "AccessDeniedException", when=lambda params: True)
    evening.aws.fail("ecs.ListTasks", "AccessDeniedException")
    evening.set(evening.at("19:20"))
    evening.sweep(full=True)
    evening.set(evening.at("19:25"))
    evening.sweep(full=True)
    assert len(words(evening, "unreadable")) == len(set(words(evening, "unreadable"))) > 0

    evening.aws.heal()
    evening.run_until("20:10")
    assert (bad.desired, good.desired) == (0, 0)


def test_a_service_asleep_that_no_policy_rules_any_more_is_told_with_the_size_it_had(evening: Stage) -> None:
    chat = evening.add("chat", desired=2)
    evening.run_until("20:10")
    chat.tags["environment"] = "gone"

    evening.run_until("23:00")

    (text,) = [text for kind, text in evening.told(chat) if kind == "refused"]
    assert "Set its desired count to 2" in text


def test_people_are_told_of_a_stop_even_when_the_picture_cannot_be_kept(evening: Stage) -> None:
    heard: list[Notice] = []

    class Listening:
        def tell(self, notices: Sequence[Notice]) -> None:
            heard.extend(notices)

    chat = evening.add("chat")
    app = build(evening.app.settings, evening.app.clients, evening.clock, notifier=Listening(), workers=2)
    app.controller.sweep(evening.clock.now())
    evening.set(evening.at("20:01"))
    evening.aws.fail(
        "dynamodb.PutItem", "InternalServerError", when=lambda params: params["Item"]["pk"]["S"] == "SNAPSHOT"
    )

    with pytest.raises(RecordUnavailable):
        app.controller.sweep(evening.clock.now())

    assert chat.desired == 0
    assert [notice.kind.value for notice in heard if notice.service == id_of(chat)] == ["stopped"]


def test_a_look_that_is_not_forced_asks_no_metrics_of_a_service_whose_time_has_not_come(tmp_path: Path) -> None:
    idle = NIGHTS.replace("    mode", "    idle: {stop-after: 30m}\n    mode")
    with staged(tmp_path, idle, at="2026-11-18T17:00+09:00") as stage:
        chat = stage.add("chat", requests=3.0)
        stage.sweep()
        now = stage.clock.now()

        calm = stage.app.controller.look_at([id_of(chat)], now, why="a task event", force=False)
        forced = stage.app.controller.look_at([id_of(chat)], now, why="an alarm")

    assert (calm.due, calm.metrics_asked) == (0, 0)
    assert forced.due == 1
    assert forced.metrics_asked > 0


def test_a_run_without_time_begins_nothing_says_so_and_leaves_it_to_the_next(evening: Stage) -> None:
    chat = evening.add("chat")
    evening.sweep()
    evening.set(evening.at("20:01"))

    report = evening.app.controller.sweep(evening.clock.now(), seconds=0)
    assert chat.desired == 1
    assert report.left == 1
    assert [notice.kind.value for notice in report.notices] == ["limit"]

    evening.sweep()
    assert chat.desired == 0


def test_a_survey_with_a_broken_policy_decides_by_its_last_good_version_and_says_what_is_wrong(evening: Stage) -> None:
    evening.add("chat")
    evening.sweep()
    evening.write(NIGHTS.replace("20:00", "8pm"))
    evening.set(evening.at("20:05"))

    survey = evening.app.controller.survey(evening.clock.now())

    (decided,) = survey.decided
    assert decided.policy is not None
    assert decided.plan is not None
    assert [problem.path for problem in survey.problems if problem.is_error] == ["policies.nights.hours.open[0]"]


SHADOW = NIGHTS.replace("mode: enforce", "idle: {stop-after: 30m}")


@pytest.mark.parametrize(
    ("used", "because"),
    [("11:20", "in-use"), (None, None)],
)
def test_the_end_of_a_dry_run_wish_is_recorded_with_its_reason_and_nobody_is_told(
    tmp_path: Path, used: str | None, because: str | None
) -> None:
    with staged(tmp_path, SHADOW, at="2026-11-18T10:00+09:00") as stage:
        busy_from = stage.at(used) if used else None
        chat = stage.add("chat", requests=lambda at: 3.0 if busy_from and at >= busy_from else 0.0)
        stage.run_until("11:15")
        if used is None:
            chat.set_desired(0)
        stage.run_until("12:00")

        begun, ended = [entry for entry in stage.history(chat) if entry.kind == "would"][:2]
        assert (begun.wanted, begun.because) == ("stopped", "idle")
        assert (ended.outcome, ended.wanted, ended.because) == ("ended", "unchanged", because)
        assert len([text for text in words(stage, "would") if "any more" in text]) == 0


class Unanswered:
    """A source that does not answer."""

    def read(self, known: Mapping[str, str]) -> PolicyFiles:
        raise ObservationError("The bucket cannot be read.")


def test_a_source_that_is_silent_is_told_once_by_however_many_containers_and_again_when_it_lasts(
    evening: Stage,
) -> None:
    evening.sweep()

    def new_container() -> tuple[str, ...]:
        return PolicyBook(Unanswered(), evening.app.policies_in_force).open(evening.clock.now()).news

    said = [new_container() for _ in range(3)]
    assert [bool(news) for news in said] == [True, False, False]
    assert "The last good policies stay in force." in said[0][0]

    evening.set(evening.clock.now() + timedelta(hours=7))
    assert [bool(new_container()) for _ in range(2)] == [True, False]


def test_a_source_that_answered_in_between_is_told_again_when_it_falls_silent(evening: Stage) -> None:
    evening.sweep()
    silent = PolicyBook(Unanswered(), evening.app.policies_in_force)
    assert silent.open(evening.clock.now()).news

    answering = PolicyBook(FolderSource(evening.folder), evening.app.policies_in_force)
    assert not answering.open(evening.clock.now()).news

    assert PolicyBook(Unanswered(), evening.app.policies_in_force).open(evening.clock.now()).news


def test_what_somebody_did_by_hand_is_told_where_the_services_policy_tells(evening: Stage) -> None:
    class Heard:
        def __init__(self) -> None:
            self.notices: list[Notice] = []

        def tell(self, notices: Sequence[Notice]) -> None:
            self.notices += notices

    controller, heard = evening.app.controller, Heard()
    controller._parts = replace(controller._parts, notifier=heard)
    chat = evening.add("chat", requests=3.0)
    evening.sweep()
    chat.set_desired(0)
    evening.set(evening.at("19:05"))
    evening.look_at(chat)

    assert [one.policy for one in heard.notices if one.kind == "hand-stop"] == ["nights"]
