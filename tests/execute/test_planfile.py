from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import chalicelib
import pytest
from chalicelib.decide.capacity import CapacityProviderUse, Market, Setback, SetbackKind
from chalicelib.decide.decision import Placing, Wanted
from chalicelib.decide.facts import SavedSize, ServiceFacts, ServiceMemory
from chalicelib.errors import PlanFileError
from chalicelib.execute.plan import Plan, plan
from chalicelib.execute.planfile import PlanFile, from_json, to_json
from support.acting import ALL_OFF, DEV, PEOPLES, START, decision

RUNNING = ServiceFacts(DEV, "arn", 3, 3, 0, START, scaling=PEOPLES, ready_since=START, task_definition="ollama:1")

LOST = Setback(START, SetbackKind.LOST, "i-0123456789abcdef0")
ON_DEMAND = Placing(Market.ON_DEMAND, "Spot is gone", (CapacityProviderUse("gpu-od", 0, 1),), LOST, until=START)


def plans() -> tuple[Plan, ...]:
    asleep = replace(RUNNING, desired_count=0, running_count=0, scaling=ALL_OFF)
    half_done = ServiceMemory(draining_since=START, saved_size=SavedSize(3, PEOPLES, START))
    after = START + timedelta(hours=1)
    made = (
        plan(decision(Wanted.STOPPED), RUNNING, ServiceMemory(), after, policy_version="v1"),
        plan(decision(Wanted.RUNNING, handles_opening=START), asleep, half_done, after),
        plan(decision(Wanted.RUNNING), asleep, ServiceMemory(), after),
        plan(decision(Wanted.LEAVE), replace(RUNNING, scaling=ALL_OFF), half_done, after),
        plan(decision(Wanted.LEAVE), RUNNING, replace(half_done, draining_since=None), after),
        plan(decision(Wanted.LEAVE, placing=ON_DEMAND), RUNNING, ServiceMemory(), after),
    )
    return tuple(one for one in made if one)


FILE = PlanFile(START, "123456789012", "ap-northeast-1", plans(), policies_version="abc")


def changed(path: str, value: Any) -> str:
    document = json.loads(to_json(FILE))
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = document
    for part in way:
        place = place[part]
    place[last] = value
    return json.dumps(document)


def test_a_plan_file_comes_back_as_it_was_written() -> None:
    assert len(FILE.plans) == 6
    assert from_json(to_json(FILE)) == FILE
    assert to_json(from_json(to_json(FILE))) == to_json(FILE)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "p.json is not JSON (line 1, column 2)"),
        ("[]", "its schema is none"),
        (
            '{"schema": "ollama-lifecycle/plan/9"}',
            'its schema is "ollama-lifecycle/plan/9", not "ollama-lifecycle/plan/1"',
        ),
        (
            changed("plans.0.steps.4.count", "none"),
            "p.json: plan_file.plans.0.steps.4.count: input should be a valid int",
        ),
        (changed("plans.0.steps.4.step", "explode"), 'plan_file.plans.0.steps.4.step: there is no step "explode".'),
        (changed("plans.0.steps.4.extra", 1), "plan_file.plans.0.steps.4.extra: unexpected keyword argument."),
        (changed("plans.0.decision.wanted", "gone"), "plans.0.decision.wanted: input should be 'running'"),
        (changed("plans.0.who", "me"), "plans.0.who: unexpected keyword argument."),
        (changed("made_at", "2026-11-20T20:00:00"), "made_at: a time needs its zone"),
        (
            changed("plans.0.decision.evidence.0.since", "2026-11-20T20:00:00"),
            "plans.0.decision.evidence.0.since: a time",
        ),
        ('{"schema": "ollama-lifecycle/plan/1"}', "made_at: field required."),
        ("[" * 100_000, "is not JSON that can be read: maximum recursion depth"),
        ("9" * 5_000, "is not JSON that can be read: Exceeds the limit"),
    ],
)
def test_a_bad_plan_file_is_refused_in_one_sentence_that_names_the_place(text: str, sentence: str) -> None:
    with pytest.raises(PlanFileError) as refusal:
        from_json(text, "p.json")

    assert sentence.replace("plan_file.", "") in str(refusal.value).replace("plan_file.", "")
    assert "\n" not in str(refusal.value)


def test_reading_plans_needs_no_pydantic_until_a_file_is_read() -> None:
    code = "import sys, chalicelib.execute.executor, chalicelib.execute.planfile, chalicelib.record.states;" + (
        "print([name for name in ('pydantic', 'boto3', 'botocore') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(chalicelib.__file__).parents[1])},
    )

    assert found.stdout.strip() == "[]"
