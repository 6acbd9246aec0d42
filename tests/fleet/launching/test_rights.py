"""What the deployed roles may do, against what launching really calls."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from chalicelib.fleet import catalog
from chalicelib.fleet.identity import lockout, people_rows
from support.workbench import Workbench

ROOT = Path(__file__).parents[3]
IAM_NAMES = {"elastic-load-balancing-v2": "elasticloadbalancing"}


def statements(role: str) -> list[dict[str, Any]]:
    text = (ROOT / "chalice_app" / ".chalice" / f"policy-{role}.json").read_text()
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


def actions(role: str) -> set[str]:
    found: set[str] = set()
    for statement in statements(role):
        named = statement["Action"]
        found |= {named} if isinstance(named, str) else set(named)
    return found


@pytest.mark.parametrize("role", ["api", "sweep"])
def test_a_role_that_launches_and_removes_may_make_every_call_of_it(bench: Workbench, role: str) -> None:
    called: set[str] = set()

    def note(model: Any, **_: Any) -> None:
        service = str(model.service_model.service_id.hyphenize())
        called.add(f"{IAM_NAMES.get(service, service)}:{model.name}")

    events = bench.clients.ecs.meta.events, bench.clients.elb.meta.events, bench.clients.dynamodb.meta.events
    for one in events:
        one.register("before-call", note)
    try:
        launch_lose_and_remove(bench)
    finally:
        for one in events:
            one.unregister("before-call", note)

    assert called >= {"ecs:CreateService", "elasticloadbalancing:DeleteRule", "dynamodb:PutItem"}
    assert called - actions(role) == set()


def launch_lose_and_remove(bench: Workbench) -> None:
    """Everything that a start, a removal and a search for orphans may call."""
    instance, lost = bench.start("codellama-13b", key="a"), bench.start(key="b")
    bench.table.drop("INSTANCE", lost.id)
    bench.orphans.find(bench.clock.now())
    bench.clients.ecs.update_service(cluster="models", service=instance.service.name, desiredCount=0)
    bench.remover.go_on(bench.remover.remove(instance.id), bench.clock.now())


def test_what_launches_has_the_same_rights_everywhere() -> None:
    """A start is begun by the API and finished by whichever sweep comes first."""
    begins, ends = "SeeWhatInstancesAreMadeOf", "LetLoadBalancersWaitLonger"

    def launching(role: str) -> list[dict[str, Any]]:
        found = statements(role)
        sids = [one["Sid"] for one in found]
        return found[sids.index(begins) : sids.index(ends) + 1]

    assert launching("api") == launching("sweep")
    assert len(launching("api")) == 10


@pytest.mark.parametrize("role", ["events", "transition", "wake", "slack-actions"])
def test_a_role_that_only_watches_instances_makes_and_removes_nothing(role: str) -> None:
    """What is to be mended waits for the sweep (`entrypoints.tending`)."""
    making = ("Create", "Delete", "Register", "Deregister", "Tag", "AddTags", "ModifyTarget", "ModifyLoad")
    parts = [one for one in actions(role) if one.startswith(("ecs:", "elasticloadbalancing:"))]
    assert [one for one in parts if one.partition(":")[2].startswith(making)] == []


def test_rights_to_change_something_name_what_is_ours() -> None:
    reading = ("Describe", "List", "Get", "Filter")
    for role in ("api", "sweep", "events"):
        for statement in statements(role):
            named = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            if statement["Resource"] == "*":
                changing = [one for one in named if not one.partition(":")[2].startswith(reading)]
                assert set(changing) <= {"ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"}, statement


@pytest.mark.parametrize("role", ["api", "sweep", "events", "wake"])
def test_roles_and_listeners_are_those_of_the_parameters_and_no_pattern(role: str) -> None:
    """``*`` stands only for the rules of a listener that is named."""
    named = {
        "iam:PassRole": {"FleetExecutionRole", "FleetTaskRole", "FleetInfrastructureRole"},
        "elasticloadbalancing:CreateRule": {"FleetListeners"},
        "elasticloadbalancing:ModifyRule": {"FleetListeners"},
        "elasticloadbalancing:DeleteRule": {"FleetListeners"},
    }
    to_the_scheduler = {"iam:PassedToService": "scheduler.amazonaws.com"}
    for statement in statements(role):
        if statement.get("Condition") == {"StringEquals": to_the_scheduler}:
            assert statement["Resource"] == {"Fn::GetAtt": ["WakeUpRole", "Arn"]}
            continue
        made = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        for parameters in (named[one] for one in made if one in named):
            text = json.dumps(statement["Resource"])
            assert set(re.findall(r'"Ref": "(Fleet\w+)"', text)) == parameters, statement
            assert not re.search(r"(role|app)/[^\"]*\*", text), statement


def test_what_is_reachable_from_outside_changes_no_row_of_people_or_of_the_catalog() -> None:
    (denied,) = [one for one in statements("wake") if one["Effect"] == "Deny"]
    assert set(denied["Action"]) == {f"dynamodb:{verb}Item" for verb in ("Delete", "Put", "Update")}
    keys = denied["Condition"]["ForAnyValue:StringEquals"]["dynamodb:LeadingKeys"]
    assert set(keys) == {people_rows.PK, lockout.PK, catalog.PK}
