"""start, stop, keep, resume, exclude, freeze: a word is written down with its end, and the controller looks at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.decide.facts import OverrideKind, ServiceId
from chalicelib.record.states import Lease, States
from support.cli import SIMPLE
from support.cli_account import Account, account

ENFORCED = SIMPLE.replace("mode: dry-run", "mode: enforce")
AFTERNOON = "2026-11-20T17:00+09:00"
EVENING = "2026-11-20T21:00+09:00"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Account]:
    """Friday afternoon, hours open."""
    with account(tmp_path, {"dev.yaml": ENFORCED}, at=AFTERNOON) as made:
        yield made


def words_of(made: Account) -> list[tuple[OverrideKind, str | None, str]]:
    controls = made.controls.read(made.line.clock.now())
    return [(one.kind, one.until.isoformat() if one.until else None, one.reason) for one in controls.overrides]


def stopped_by_us(made: Account) -> None:
    """chat, size 2, stopped through our own executor."""
    made.service("gpu-dev/chat", desired=2)
    made.go_to(EVENING)
    made.app().controller.sweep(made.line.clock.now())
    assert made.aws.world.service("gpu-dev", "chat").desired == 0


def test_stop_waits_while_the_service_is_in_use(office: Account) -> None:
    office.service("gpu-dev/stream", used=4.0)
    result = office.line.run("stop", "stream", "--for", "3h", "--reason", "quota", "--yes")
    assert result.exit_code == Exit.DONE, result.stderr
    assert "LEAVE  gpu-dev/stream  in use" in result.stdout
    assert office.aws.world.service("gpu-dev", "stream").desired == 1
    assert words_of(office) == [(OverrideKind.STOP, "2026-11-20T11:00:00+00:00", "quota")]


def test_stop_now_does_not_wait_and_says_what_it_may_cut(office: Account) -> None:
    office.service("gpu-dev/stream", used=4.0)
    result = office.line.run("stop", "stream", "--now", "--yes")
    assert "Requests in flight may be cut off." in result.stderr
    assert "STOP  gpu-dev/stream" in result.stdout
    assert office.aws.world.service("gpu-dev", "stream").desired == 0


def test_stop_of_an_unused_service_acts_at_once(office: Account) -> None:
    office.service("gpu-dev/chat", desired=2)
    result = office.line.run("stop", "gpu-dev/chat", "--until", "18:30", "--yes")
    assert result.exit_code == Exit.DONE, result.stderr
    assert office.aws.world.service("gpu-dev", "chat").desired == 0
    assert words_of(office) == [(OverrideKind.STOP, "2026-11-20T09:30:00+00:00", "")]


def test_start_gives_back_the_saved_size_though_hours_are_closed(office: Account) -> None:
    stopped_by_us(office)
    office.go_to("2026-11-20T21:30+09:00")
    result = office.line.run("start", "chat", "--for", "3h", "--reason", "load test", "--yes")
    assert result.exit_code == Exit.DONE, result.stderr
    assert "START  gpu-dev/chat" in result.stdout
    assert office.aws.world.service("gpu-dev", "chat").desired == 2
    said = [entry.reason for entry in office.history("gpu-dev/chat") if entry.kind.value == "override"]
    assert said == ["keep running until Sat 21 Nov 2026 00:30 JST: load test"]


def test_a_start_that_meets_another_run_starting_the_service_is_noted_and_no_failure(office: Account) -> None:
    stopped_by_us(office)
    chat = ServiceId("gpu-dev", "chat")
    office.states.lock(chat, "start:e67ae0657956", office.line.clock.now(), 600)
    result = office.line.run("start", "chat", "--for", "3h", "--yes")
    assert result.exit_code == Exit.DONE, result.stderr
    waits = (
        "WAITS  gpu-dev/chat  another run is starting it right now, for 10 min at the longest; what you said is noted"
    )
    assert waits in result.stdout
    assert "REFUSED" not in result.stdout
    assert "e67ae" not in result.stdout
    assert words_of(office) == [(OverrideKind.KEEP, "2026-11-20T15:00:00+00:00", "")]


def test_a_start_whose_service_another_run_started_meanwhile_looks_once_more(
    office: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_by_us(office)
    taken, lock = [], States.lock

    def first_the_other(states: States, service: ServiceId, owner: str, now: datetime, for_seconds: int) -> Lease:
        if not taken:
            taken.append(owner)
            office.app().controller.look_at([service], now, why="the other run")
        return lock(states, service, owner, now, for_seconds)

    monkeypatch.setattr(States, "lock", first_the_other)
    result = office.line.run("start", "chat", "--for", "3h", "--yes")
    assert result.exit_code == Exit.DONE, result.output
    assert "LEAVE  gpu-dev/chat" in result.stdout
    assert "REFUSED" not in result.stdout
    assert office.aws.world.service("gpu-dev", "chat").desired == 2


def test_keep_holds_a_service_over_closing_time_and_resume_lets_it_go(office: Account) -> None:
    office.service("gpu-dev/chat")
    office.go_to("2026-11-20T19:50+09:00")
    assert office.line.run("keep", "chat", "--until", "23:00", "--yes").exit_code == Exit.DONE
    office.go_to(EVENING)
    office.app().controller.sweep(office.line.clock.now())
    assert office.aws.world.service("gpu-dev", "chat").desired == 1
    result = office.line.run("resume", "chat", "--yes")
    assert result.exit_code == Exit.DONE, result.stderr
    assert "RESUMED  gpu-dev/chat" in result.stdout
    assert office.aws.world.service("gpu-dev", "chat").desired == 0
    assert words_of(office) == []


def test_resume_where_nobody_said_anything_changes_nothing(office: Account) -> None:
    office.service("gpu-dev/chat")
    result = office.line.run("resume", "chat", "--yes")
    assert result.exit_code == Exit.DONE
    assert result.stdout.splitlines()[-1] == "Nothing was changed."


def test_exclude_leaves_a_service_alone_through_its_last_day(office: Account) -> None:
    office.service("gpu-dev/chat")
    result = office.line.run("exclude", "chat", "--until", "2026-12-18", "--reason", "demo", "--yes")
    assert result.exit_code == Exit.DONE, result.stderr
    assert words_of(office) == [(OverrideKind.EXCLUDE, "2026-12-18T15:00:00+00:00", "demo")]
    office.go_to(EVENING)
    office.app().controller.sweep(office.line.clock.now())
    assert office.aws.world.service("gpu-dev", "chat").desired == 1
    office.line.run("exclude", "chat", "--until", "never", "--reason", "paid", "--yes")
    assert words_of(office) == [(OverrideKind.EXCLUDE, None, "paid")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["keep", "chat", "--for", "2h", "--until", "18:00"], "either --for or --until"),
        (["keep", "chat", "--for", "2"], "2 what? write 2h or 2m"),
        (["keep", "chat", "--until", "6pm"], "write 18:00"),
        (["keep", "chat", "--until", "2020-01-01"], "is over"),
        (["exclude", "chat", "--reason", "x"], "`lifecycle exclude` needs --until DATE."),
        (["exclude", "chat", "--until", "2026-12-18"], "`lifecycle exclude` needs --reason TEXT."),
    ],
)
def test_times_and_reasons_that_are_missing_or_wrong_are_wrong_usage(
    office: Account, arguments: list[str], says: str
) -> None:
    office.service("gpu-dev/chat")
    result = office.line.run(*arguments, "--yes")
    assert result.exit_code == Exit.USAGE
    assert says in result.stderr
    assert words_of(office) == []


KEEP_ONLY = "    overrides: {allow: [keep]}\n"
FOUR_HOURS = "    overrides: {longest: 4h}\n"
RULES = "    overrides: {allow: [keep], longest: 4h, by: [owner]}\n    owner: vision@example.com\n"


@pytest.mark.parametrize(
    ("policy", "arguments", "says"),
    [
        (
            ENFORCED + "    overrides: {allow: [keep]}\n",
            ["stop", "chat"],
            "overrides.allow has keep, `stop` needs stop",
        ),
        (
            ENFORCED + "    overrides: {longest: 4h}\n",
            ["keep", "chat", "--for", "5h"],
            "at most 4 h (overrides.longest)",
        ),
        (ENFORCED + RULES, ["keep", "chat", "--for", "3h"], "leaves this to its owner, vision@example.com"),
        (SIMPLE, ["start", "chat"], "it is in dry-run: nothing is started or stopped"),
        (ENFORCED.replace("dev}", "qa}"), ["start", "chat"], "No policy in force matches gpu-dev/chat"),
    ],
)
def test_what_the_policy_does_not_allow_is_refused_with_the_key_that_forbids_it(
    tmp_path: Path, policy: str, arguments: list[str], says: str
) -> None:
    with account(tmp_path, {"dev.yaml": policy}) as made:
        made.service("gpu-dev/chat")
        result = made.line.run(*arguments, "--yes")
        assert result.exit_code == Exit.ERROR
        assert says in result.stderr
        assert result.stderr.rstrip().endswith("Nothing was changed.")
        assert words_of(made) == []


def test_the_policy_in_force_counts_not_the_local_file(office: Account) -> None:
    office.service("gpu-dev/chat")
    office.line.write("dev.yaml", ENFORCED + "    overrides: {allow: [keep]}\n")
    assert office.line.run("stop", "chat", "--yes").exit_code == Exit.DONE
    kept = office.app().policies_in_force.load()
    assert kept is not None
    assert list(kept.files.values()) == [ENFORCED]


def test_a_service_that_cannot_be_stopped_by_count_is_refused(office: Account) -> None:
    office.service("gpu-dev/daemon", scheduling="DAEMON")
    result = office.line.run("stop", "daemon", "--yes")
    assert result.exit_code == Exit.ERROR
    assert "cannot be started or stopped by us" in result.stderr


@pytest.mark.parametrize("answer", [None, "n\n"])
def test_every_write_names_the_account_and_does_nothing_without_a_yes(office: Account, answer: str | None) -> None:
    office.service("gpu-dev/chat")
    for words in (
        ["stop", "chat", "--now"],
        ["keep", "chat"],
        ["exclude", "chat", "--until", "never", "--reason", "x"],
        ["freeze", "--all", "--reason", "x"],
    ):
        result = office.line.run(*words, answer=answer)
        assert result.exit_code == (Exit.USAGE if answer is None else Exit.ERROR)
        assert "account 123456789012, region eu-central-1, profile default" in result.stderr
        assert result.stderr.rstrip().endswith("Nothing was changed.")
    assert words_of(office) == []
    assert office.controls.read(office.line.clock.now()).switches.frozen_by is None
    assert office.history() == []


def test_a_freeze_holds_everything_until_it_is_lifted(office: Account) -> None:
    office.service("gpu-dev/chat")
    assert office.line.run("freeze", "--all", "--reason", "incident 4711", "--yes").exit_code == Exit.DONE
    office.go_to(EVENING)
    office.app().controller.sweep(office.line.clock.now())
    assert office.aws.world.service("gpu-dev", "chat").desired == 1
    assert "FROZEN by" in office.line.run("status").stdout
    again = office.line.run("freeze", "--all", "--reason", "mine too", "--yes")
    assert "It is frozen already" in again.stdout
    assert again.stdout.splitlines()[-1] == "Nothing was changed."
    assert office.line.run("unfreeze", "--yes").exit_code == Exit.DONE
    office.app().controller.sweep(office.line.clock.now())
    assert office.aws.world.service("gpu-dev", "chat").desired == 0
    assert [entry.reason for entry in office.history() if entry.kind.value == "freeze"] == [
        "froze everything: incident 4711",
        "ended the freeze",
    ]


def test_unfreeze_where_nothing_is_frozen_changes_nothing(office: Account) -> None:
    result = office.line.run("unfreeze", "--yes")
    assert result.exit_code == Exit.DONE
    assert result.stdout.splitlines() == ["Nothing is frozen.", "Nothing was changed."]


def test_freeze_without_all_is_wrong_usage(office: Account) -> None:
    result = office.line.run("freeze", "--reason", "x", "--yes")
    assert result.exit_code == Exit.USAGE
    assert "lifecycle freeze --all" in result.stderr


def test_a_missing_table_is_one_sentence(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": ENFORCED}, deployed=False) as made:
        made.service("gpu-dev/chat")
        for words in (["freeze", "--all", "--reason", "x", "--yes"], ["keep", "chat", "--yes"], ["history"]):
            result = made.line.run(*words)
            assert result.exit_code == Exit.ERROR
            assert "There is no table lifecycle" in result.stderr
            assert "Traceback" not in result.stderr


def test_two_deployments_in_one_region_must_be_told_apart(office: Account) -> None:
    from chalicelib.record.table import create_table

    clients = office.line.clients
    assert clients is not None
    create_table(clients.dynamodb, "test-LifecycleTable-2DEF")
    result = office.line.run("history")
    assert result.exit_code == Exit.ERROR
    assert "--table prod-LifecycleTable-1ABC or --table test-LifecycleTable-2DEF" in result.stderr
    assert office.line.run("history", "--table", "prod-LifecycleTable-1ABC").exit_code == Exit.DONE


def test_an_override_ends_by_itself(office: Account) -> None:
    office.service("gpu-dev/chat")
    office.line.run("keep", "chat", "--for", "45m", "--yes")
    until = datetime.fromisoformat("2026-11-20T17:45+09:00")
    assert len(office.controls.read(until.replace(minute=44)).overrides) == 1
    assert office.controls.read(until).overrides == ()
