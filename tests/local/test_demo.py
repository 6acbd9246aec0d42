"""Two days of the demo, Wednesday and Thursday, through the same code as the whole week."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chalicelib.local import demo
from chalicelib.local.scenario import PROD_CHAT, PROD_OCR, PROD_STREAM, Scenario, week
from chalicelib.local.screen import PlainScreen

NEVER = {str(service) for service in (PROD_CHAT, PROD_OCR, PROD_STREAM)}


@dataclass(frozen=True)
class Run:
    code: int
    printed: str
    folder: Path

    @property
    def lines(self) -> list[str]:
        return self.printed.splitlines()

    @property
    def report(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "week.json").read_text(encoding="utf-8"))
        return loaded

    def service(self, name: str) -> dict[str, Any]:
        return next(row for row in self.report["services"] if row["service"].endswith(f"/{name}"))

    def told(self, word: str, service: str) -> list[str]:
        return [line for line in self.lines if line[11:18].strip() == word and service in line]


def run(scenario: Scenario, folder: Path, *, sweep_every: timedelta) -> Run:
    stream = io.StringIO()
    code = demo.run_demo(out=folder, scenario=scenario, sweep_every=sweep_every, on=PlainScreen(stream))
    return Run(code, stream.getvalue(), folder)


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(week(first_day=2, days=2), tmp_path_factory.mktemp("demo"), sweep_every=timedelta(minutes=30))


def test_it_says_at_once_that_nothing_is_real(two_days: Run) -> None:
    assert "Simulated AWS on 127.0.0.1:" in two_days.lines[1]
    assert "no account, no credentials used (AWS_* ignored)" in two_days.lines[1]
    assert two_days.lines[-1].startswith("MODE simulated: nothing outside this process was changed")


def test_what_is_in_use_is_never_stopped(two_days: Run) -> None:
    assert two_days.code == 0
    for row in two_days.report["services"]:
        if row["service"] in NEVER:
            assert row["stops"] == 0
            assert row["saved"]["host_hours"] == "0.00"
    assert "Never stopped, as promised: prod-chat, prod-stream, prod-ocr." in two_days.printed


def test_refusals_are_as_loud_as_actions(two_days: Run) -> None:
    kept = two_days.told("KEEP", "prod-stream")
    assert any(re.search(r"request in flight since \d\d:\d\d \(.*\); none new", line) for line in kept)
    assert "cannot tell: requests missing" in two_days.told("LEAVE", "prod-ocr")[0]
    assert "excluded" in two_days.told("LEAVE", "dev-demo")[0]


def test_no_reason_is_cut_off(two_days: Run) -> None:
    assert "…" not in two_days.printed


def test_a_wish_is_not_told_beside_the_act_itself(two_days: Run) -> None:
    acts = {(line[:9], line[18:39].strip()) for line in two_days.lines if line[11:18].strip() == "STOP"}
    wishes = {(line[:9], line[18:39].strip()) for line in two_days.lines if line[11:18].strip() == "WOULD"}

    assert not acts & wishes


def test_the_page_counts_the_refused_requests_as_the_screen_does(two_days: Run) -> None:
    head = next(line.split("  ") for line in two_days.lines if line.startswith("SERVICE"))
    assert "REFUSED" in [cell.strip() for cell in head]
    page = (two_days.folder / "index.html").read_text(encoding="utf-8")
    assert '<th class="n">Refused</th>' in page
    assert two_days.service("dev-chat")["refused"] >= 1


def test_the_forgotten_service_is_stopped_for_good(two_days: Run) -> None:
    row = two_days.service("dev-poc-mistral")

    assert (row["stops"], row["starts"]) == (1, 0)


def test_a_start_without_capacity_fails_aloud_and_is_tried_again(two_days: Run) -> None:
    assert "no GPU capacity" in two_days.told("FAIL", "dev-chat")[0]
    assert two_days.told("READY", "dev-chat")
    assert two_days.service("dev-chat")["failed_starts"] >= 1


def test_a_service_of_two_tasks_comes_back_with_two(two_days: Run) -> None:
    spans = two_days.service("staging-api")["ran_in"]

    assert len(spans) >= 2
    assert {span["tasks"] for span in spans} == {2}


def test_the_timeline_fits_on_a_screen(two_days: Run) -> None:
    timeline = [line for line in two_days.lines if line[:3] in ("Wed", "Thu") and line[3:4] == " "]

    assert 10 <= len(timeline) <= 25
    assert max(len(line) for line in timeline) <= 100


def test_the_money_adds_up(two_days: Run) -> None:
    total, rows = two_days.report["total"], two_days.report["services"]

    assert float(total["saved"]["usd"]) > 0
    for part in ("ran", "baseline", "saved"):
        assert sum(float(row[part]["usd"]) for row in rows) == pytest.approx(float(total[part]["usd"]), abs=0.1)


def test_the_record_agrees_with_what_the_simulated_ecs_held(two_days: Run) -> None:
    """A stop is counted when it is seen to be done, and a host outlives its last task by a quarter of an hour."""
    held = float(two_days.report["run"]["Task hours that the simulated ECS held"].replace(",", ""))
    stops = sum(row["stops"] * row["tasks"] for row in two_days.report["services"])

    assert held <= float(two_days.report["total"]["ran"]["host_hours"]) <= held + stops * 0.5


def test_the_page_needs_nothing_from_anywhere_else(two_days: Run) -> None:
    page = (two_days.folder / "index.html").read_text(encoding="utf-8")

    assert page.count("<svg") == 1
    assert "<script" not in page
    assert "src=" not in page
    assert "https://" not in page
    assert "prod-stream" in page


def test_the_handlers_log_goes_to_its_file_and_not_to_the_screen(two_days: Run) -> None:
    assert '"function_name"' not in two_days.printed
    assert "looked at the fleet" in (two_days.folder / "handlers.log").read_text(encoding="utf-8")


def test_a_broken_promise_ends_with_an_error(tmp_path: Path) -> None:
    whole = week(days=1)
    fleet = tuple(
        dataclasses.replace(one, never_stopped="it is the test's favourite")
        if one.id.name == "dev-poc-mistral"
        else one
        for one in whole.fleet
    )
    short = dataclasses.replace(whole, fleet=fleet)

    broken = run(short, tmp_path, sweep_every=timedelta(hours=6))

    assert broken.code == 1
    assert "WRONG  gpu-dev/dev-poc-mistral was stopped, although it is the test's favourite" in broken.printed
