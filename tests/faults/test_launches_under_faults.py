"""Instances that people launch, while AWS answers badly or not at all: nothing is guessed, nothing leaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from faults.injection import Fault
from faults.invariants import Invariant
from faults.people import ADA, BEN
from faults.town import Town, town
from faults.truth import Truth
from faults.visits import Visits


@pytest.fixture
def here() -> Iterator[Town]:
    with town(0, short=True) as made:
        made.sweep()
        yield made


def launch(here: Town) -> Truth:
    Visits(here, 0).start(ADA)
    (launched,) = [truth for truth in here.truths.values() if truth.owner is ADA]
    return launched


def later(here: Town, minutes: int) -> None:
    here.go_to(here.clock.true + timedelta(minutes=minutes))
    here.sweep(full=True)


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("elbv2.DescribeTargetHealth", Fault.TIMEOUT_BEFORE),
        ("ecs.ListTasks", Fault.EMPTY),
        ("ecs.DescribeTasks", Fault.PARTIAL),
        ("ecs.DescribeTasks", Fault.MALFORMED),
    ],
)
def test_a_start_is_not_given_up_because_nobody_could_read_whether_it_was_ready(
    here: Town, operation: str, fault: Fault
) -> None:
    launched = launch(here)
    here.aws.trouble.always(fault, operation)

    for _ in range(5):
        later(here, 10)

    assert launched.fake.running == 1
    here.aws.trouble.heal()
    later(here, 5)
    assert here.parts.state_of(launched.blueprint.name.removeprefix("ollama-")) == "running"


@pytest.mark.parametrize("fault", [Fault.MALFORMED, Fault.EMPTY])
@pytest.mark.parametrize("service", ["ecs", "elbv2", "logs", "sqs", "cognito-idp"])
def test_an_answer_that_cannot_be_read_is_said_in_our_own_words(here: Town, service: str, fault: Fault) -> None:
    visits = Visits(here, 0)
    launched = launch(here)
    here.aws.trouble.decide = lambda operation: fault if operation.startswith(f"{service}.") else None

    for verb in ("get", "logs", "stop", "remove"):
        visits.ask(ADA, verb, launched)
    visits.slack.command(ADA, f"why {launched.blueprint.id}", lambda text: None)
    visits.slack.work()
    visits.start(BEN)
    later(here, 5)

    assert [one for one in here.verdicts.violations if one.invariant is Invariant.IN_WORDS] == []
