"""What `lifecycle doctor` finds in an account, and what it says to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from chalicelib.decide.capacity import CapacityProviderUse
from chalicelib.decide.facts import ServiceFacts, ServiceId, ServiceMemory
from chalicelib.doctor import (
    concurrency,
    cost_tags,
    drift,
    figures,
    hosts,
    logs,
    marked,
    matching,
    policies,
    quotas,
    rights,
    schedules,
    secrets,
    slack,
)
from chalicelib.doctor.deployment import FUNCTION, GROUP, ROLE, Deployment, Resource, deployment_of
from chalicelib.doctor.examination import CHECKS, Check, examine
from chalicelib.doctor.finding import Finding, Level
from chalicelib.doctor.patient import Patient
from chalicelib.errors import NotDelivered
from chalicelib.notify.slack.client import SlackBot, SlackClient
from chalicelib.policy.model import PolicySet
from chalicelib.record.policies import InForce
from chalicelib.record.states import States
from support.observations import service
from support.policies import policy_set

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STACK = "models-App-1A2B"
DEV = """
policies:
  dev:
    match: {tags: {environment: dev}}
    idle: {stop-after: 30m}
    mode: enforce
"""


class Pages:
    """A client whose paginated calls answer one page."""

    def __init__(self, **pages: Mapping[str, Any]) -> None:
        self._pages = pages

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [self._pages[operation]])


class Nobody:
    """AWS, refusing everything."""

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def refuse(**_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, operation)

        return refuse


def answers(**calls: Any) -> Any:
    """A client by what its calls answer."""

    def always(answer: Any) -> Callable[..., Any]:
        return lambda **_: answer

    return SimpleNamespace(**{name: always(answer) for name, answer in calls.items()})


def deployment(*resources: Resource, **told: str) -> Deployment:
    return Deployment(STACK, resources, told)


def patient(
    *services: ServiceFacts,
    rules: PolicySet | None = None,
    in_force: InForce | None = None,
    stack: Deployment | None = None,
    **clients: Any,
) -> Patient:
    made = Patient(
        clients=cast(Any, SimpleNamespace(**clients)),
        table=cast(Any, SimpleNamespace(name="lifecycle", query=lambda *_, **__: iter(()))),
        region="eu-central-1",
        now=NOW,
        read_services=lambda: {one.id: one for one in services},
        pause=lambda seconds: None,
    )
    made.__dict__ |= {"deployment": stack, "policies": rules or policy_set(DEV)}
    if in_force is not None:
        made.__dict__["in_force"] = in_force
    return made


def found(check: Check, looked_at: Patient) -> list[Finding]:
    return list(check(looked_at))


def only(check: Check, looked_at: Patient) -> Finding:
    (finding,) = check(looked_at)
    return finding


def named(name: str, **tags: str) -> ServiceFacts:
    return service(id=ServiceId("gpu", name), tags=tags)


# --- policies and services


def test_a_service_that_no_policy_matches_is_named() -> None:
    one = only(matching.unmatched, patient(named("chat", environment="dev"), named("lost")))

    assert one.level is Level.WARNING
    assert "no policy matches gpu/lost" in one.says
    assert "lifecycle why gpu/lost" in one.fix


def test_a_service_that_two_policies_of_one_priority_claim_is_named_with_both() -> None:
    rules = policy_set(DEV + "  also:\n    match: {names: [ch*]}\n    idle: {stop-after: 1h}\n    mode: enforce\n")

    one = only(matching.claimed_twice, patient(named("chat", environment="dev"), rules=rules))

    assert one.level is Level.WRONG
    assert "also" in one.says
    assert "dev (" in one.says
    assert "priority" in one.fix


@pytest.mark.parametrize("tags", [{"Environment": "dev"}, {"environment": "Dev"}, {"environment": " dev"}])
def test_a_tag_in_another_case_or_with_a_blank_is_a_near_miss(tags: dict[str, str]) -> None:
    one = only(matching.near_misses, patient(named("chat", **tags)))

    assert one.level is Level.WARNING
    assert "gpu/chat misses policy dev by its spelling" in one.says


def test_a_tag_with_another_value_is_no_near_miss() -> None:
    assert only(matching.near_misses, patient(named("chat", environment="prod"))).level is Level.WELL


def _made_with(only_tagged: str) -> Callable[[str], Any]:
    stack = {"Parameters": [{"ParameterKey": "OnlyTagged", "ParameterValue": only_tagged}]}
    return lambda region: answers(describe_stacks={"Stacks": [stack]})


def test_a_ruled_service_without_the_tag_that_aws_asks_for_is_named_with_the_command_that_tags_it() -> None:
    services = (
        named("chat", environment="dev"),
        named("vision", environment="dev", **{"lifecycle:managed": "True"}),
        named("docs", environment="dev", **{"lifecycle:managed": "true"}),
        named("ollama-inst-1", environment="dev"),
        named("of-nobodys"),
    )

    one = only(marked.as_managed, patient(*services, stack=deployment(), formation=_made_with("true")))

    assert one.level is Level.WRONG
    assert one.says.endswith("to stop, start or move gpu/chat and gpu/vision (it has lifecycle:managed=True)")
    assert one.fix.endswith(f"--resource-arn {services[0].arn} --tags key=lifecycle:managed,value=true")


def test_where_no_tag_is_asked_for_or_every_ruled_service_has_it_nothing_is_wrong() -> None:
    bare, tagged = named("chat", environment="dev"), named("docs", environment="dev", **{"lifecycle:managed": "true"})

    assert only(marked.as_managed, patient(bare, stack=deployment(), formation=_made_with("false"))).level is (
        Level.SKIPPED
    )
    assert only(marked.as_managed, patient(tagged, stack=deployment(), formation=_made_with("true"))).level is (
        Level.WELL
    )


def test_a_policy_that_is_ruled_by_its_last_good_version_is_named() -> None:
    one = only(policies.held, patient(in_force=InForce({}, "1", held=frozenset({"dev"}))))

    assert one.level is Level.WRONG
    assert one.says == "the policy dev has errors, and its last good version rules"


# --- figures


def test_no_sweep_in_twenty_minutes_is_wrong_and_names_its_page() -> None:
    silent = answers(get_metric_statistics={"Datapoints": []})
    busy = answers(get_metric_statistics={"Datapoints": [{"Sum": 2.0}, {"Sum": 1.0}]})

    assert only(figures.of_ours, patient(stack=deployment(), cloudwatch=silent)).level is Level.WRONG
    assert only(figures.of_ours, patient(stack=deployment(), cloudwatch=busy)).says == "3 sweeps in the last 20 minutes"


# --- hosts and quotas


def test_a_provider_whose_hosts_stay_is_said_with_what_keeps_them() -> None:
    provider = {
        "name": "gpu", "status": "ACTIVE", "tags": [],
        "autoScalingGroupProvider": {
            "autoScalingGroupArn": "arn:aws:autoscaling:::autoScalingGroup:x:autoScalingGroupName/gpus",
            "managedScaling": {"status": "DISABLED"}, "managedTerminationProtection": "DISABLED",
        },
    }  # fmt: skip
    group = {"AutoScalingGroupName": "gpus", "MinSize": 1}
    on_it = replace(service(id=ServiceId("gpu", "chat")), capacity_providers=(CapacityProviderUse("gpu"),))

    seen = found(
        hosts.hosts_go,
        patient(
            on_it,
            ecs=answers(describe_capacity_providers={"capacityProviders": [provider]}),
            autoscaling=answers(describe_auto_scaling_groups={"AutoScalingGroups": [group]}),
        ),
    )

    assert all(one.level is Level.WRONG for one in seen)
    assert any("managed scaling is off" in one.says for one in seen)
    assert any("never has fewer than 1 host" in one.says for one in seen)


def test_a_quota_of_zero_is_wrong_only_for_hosts_that_are_used() -> None:
    nothing = patient(named("chat", **{"instance-type": "g5.xlarge"}), quotas=_quota(0))

    levels = {one.says.split(":")[0]: one.level for one in quotas.of_gpus(nothing)}

    assert levels["on-demand G and VT hosts"] is Level.WRONG
    assert levels["Spot G and VT hosts"] is Level.WARNING
    assert levels["on-demand P hosts"] is Level.WARNING
    assert all(one.level is Level.WELL for one in quotas.of_gpus(patient(quotas=_quota(64))))


def test_quotas_that_nobody_may_read_are_one_line() -> None:
    one = only(quotas.of_gpus, patient(quotas=Nobody()))

    assert one.level is Level.UNKNOWN
    assert "on-demand G and VT hosts" in one.says and "Spot P hosts" in one.says


def test_a_new_accounts_ten_functions_at_once_are_too_few() -> None:
    small = {"AccountLimit": {"UnreservedConcurrentExecutions": 7, "ConcurrentExecutions": 10}}

    one = only(concurrency.of_lambda, patient(functions=answers(get_account_settings=small)))

    assert one.level is Level.WARNING
    assert "request-service-quota-increase" in one.fix


# --- the stack


class Simulator:
    """IAM's: allows everything but ``refused``, and remembers what it was asked."""

    def __init__(self, refused: str = "") -> None:
        self._refused = refused
        self.asked: list[Mapping[str, Any]] = []

    def simulate_principal_policy(self, **asked: Any) -> Any:
        self.asked.append(asked)
        verdicts = {name: "implicitDeny" if name == self._refused else "allowed" for name in asked["ActionNames"]}
        return {"EvaluationResults": [{"EvalActionName": key, "EvalDecision": one} for key, one in verdicts.items()]}


def _with_a_sweep(iam: Simulator, *services: ServiceFacts) -> Patient:
    who = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/a"}
    stack = deployment(Resource("SweepRole", "models-SweepRole-1", ROLE))
    return patient(*services, stack=stack, sts=answers(get_caller_identity=who), iam=iam)


@pytest.mark.parametrize(
    ("action", "where"),
    [
        ("cloudwatch:GetMetricData", ""),
        ("dynamodb:UpdateItem", " on table/lifecycle"),
        ("ecs:UpdateService", " on service/gpu/chat"),
    ],
)
def test_a_right_that_an_organisation_takes_away_is_named_with_its_role(action: str, where: str) -> None:
    chat = replace(named("chat", **{"lifecycle:managed": "true"}), arn="arn:aws:ecs:eu:1:service/gpu/chat")

    one = only(rights.of_functions, _with_a_sweep(Simulator(refused=action), named("bare"), chat))

    assert one.level is Level.WRONG
    assert one.says == f"models-SweepRole-1 may not {action}{where} (implicitDeny)"


def test_a_stop_is_asked_about_as_of_a_tagged_service_and_not_at_all_where_there_is_none() -> None:
    iam, bare = Simulator(), Simulator()
    assert only(rights.of_functions, _with_a_sweep(iam, named("chat", **{"lifecycle:managed": "true"}))).level is (
        Level.WELL
    )
    assert only(rights.of_functions, _with_a_sweep(bare, named("chat"))).level is Level.WELL

    (stop,) = [one for one in iam.asked if one["ActionNames"] == ["ecs:UpdateService"]]
    assert stop["ContextEntries"][0]["ContextKeyName"] == "aws:ResourceTag/lifecycle:managed"
    assert stop["ContextEntries"][0]["ContextKeyValues"] == ["true"]
    assert "ecs:UpdateService" not in str(bare.asked)


class Formation:
    """The stack with the functions, nested in another beside a third; ``state`` is what each comparison says."""

    def __init__(self, state: str, *changed: Mapping[str, Any]) -> None:
        self._state = state
        self._changed = changed
        self.compared: list[str] = []

    def describe_stacks(self, StackName: str) -> Any:
        return {"Stacks": [{"RootId": "arn:aws:cloudformation:eu:1:stack/models/1"}]}

    def get_paginator(self, _: str) -> Any:
        nested = [("App", f"arn:aws:cloudformation:eu:1:stack/{STACK}/2"), ("Alarms", "arn:x:stack/models-Alarms/3")]
        found = [{"PhysicalResourceId": arn, "ResourceType": drift.NESTED} for _, arn in nested]
        return SimpleNamespace(paginate=lambda **_: [{"StackResourceSummaries": found}])

    def detect_stack_drift(self, StackName: str) -> Any:
        self.compared.append(StackName)
        return {"StackDriftDetectionId": StackName}

    def describe_stack_drift_detection_status(self, StackDriftDetectionId: str) -> Any:
        drifted = "DRIFTED" if STACK in StackDriftDetectionId and self._changed else "IN_SYNC"
        return {"DetectionStatus": self._state, "StackDriftStatus": drifted}

    def describe_stack_resource_drifts(self, NextToken: str = "0", **_: Any) -> Any:
        """One a page."""
        at = int(NextToken)
        more = {"NextToken": str(at + 1)} if at + 1 < len(self._changed) else {}
        return {"StackResourceDrifts": list(self._changed[at : at + 1]), **more}


def test_what_somebody_changed_by_hand_is_named_with_its_stack_and_the_property() -> None:
    changed = {
        "LogicalResourceId": "EventQueue", "StackResourceDriftStatus": "MODIFIED",
        "PropertyDifferences": [{"PropertyPath": "/VisibilityTimeout"}],
    }  # fmt: skip
    formation = Formation("DETECTION_COMPLETE", changed)

    one = only(drift.of_templates, patient(stack=deployment(), formation=lambda region: formation))

    assert one.level is Level.WRONG
    assert one.says == f"EventQueue of {STACK} was modified by hand (/VisibilityTimeout)"
    assert len(formation.compared) == 3, "the outer stack and all that are nested in it"


def test_what_was_changed_by_hand_is_named_to_the_last_page() -> None:
    changed = [{"LogicalResourceId": name, "StackResourceDriftStatus": "DELETED"} for name in ("One", "Two", "Three")]

    seen = found(
        drift.of_templates,
        patient(stack=deployment(), formation=lambda region: Formation("DETECTION_COMPLETE", *changed)),
    )

    assert [one.says.split(" ")[0] for one in seen] == ["One", "Two", "Three"]


def test_stacks_that_are_as_their_templates_say_are_well() -> None:
    one = only(drift.of_templates, patient(stack=deployment(), formation=lambda _: Formation("DETECTION_COMPLETE")))

    assert one.level is Level.WELL


def test_drift_that_takes_too_long_is_unknown_and_no_fault() -> None:
    slow = Formation("DETECTION_IN_PROGRESS")

    seen = found(drift.of_templates, patient(stack=deployment(), formation=lambda region: slow))

    assert {one.level for one in seen} == {Level.UNKNOWN}


def test_a_wake_up_that_did_not_come_is_told() -> None:
    stack = deployment(Resource("WakeUps", "group", GROUP))
    schedules_of = {"Schedules": [{"Name": "edge-20261120T1100Z"}, {"Name": "edge-20261120T1800Z"}]}

    late = only(schedules.pending, patient(stack=stack, scheduler=answers(list_schedules=schedules_of)))
    ahead = {"Schedules": schedules_of["Schedules"][1:]}
    well = only(schedules.pending, patient(stack=stack, scheduler=answers(list_schedules=ahead)))

    assert late.level is Level.WARNING
    assert "1 wake-up did not come, the first was due at Fri 20 Nov 11:00" in late.says
    assert well.says.startswith("1 wake-up booked, the next at Fri 20 Nov 18:00")


def test_a_log_group_without_an_end_is_named_with_the_command_that_gives_it_one() -> None:
    groups = [{"logGroupName": f"/aws/lambda/{STACK}-Sweep", "retentionInDays": 14}, {"logGroupName": "/ollama/x"}]
    pages = Pages(describe_log_groups={"logGroups": groups})

    seen = found(logs.retention, patient(stack=deployment(), logs=pages))

    assert {one.says for one in seen} == {"/ollama/x is kept for ever"}
    assert "put-retention-policy --log-group-name /ollama/x" in seen[0].fix


def test_a_tag_that_the_bill_does_not_know_is_named_with_the_command_that_activates_it() -> None:
    tags = [{"TagKey": "aws:ecs:serviceName", "Status": "Active"}, {"TagKey": "team", "Status": "Inactive"}]
    stack = deployment(LIFECYCLE_REPORT_TAGS="owner=team")

    seen = found(
        cost_tags.activated,
        patient(stack=stack, cost_explorer=answers(list_cost_allocation_tags={"CostAllocationTags": tags})),
    )

    (inactive,) = [one for one in seen if "not activated" in one.says]
    assert "TagKey=team,Status=Active" in inactive.fix
    (unborne,) = [one for one in seen if "billed yet bears the tag environment" in one.says]
    assert (inactive.level, unborne.level) == (Level.WRONG, Level.WARNING)


# --- secrets and Slack


def test_a_secret_that_lacks_a_key_is_named_and_its_value_is_never_shown() -> None:
    held = {"SecretString": json.dumps({"signing_secret": "hush-hush"})}
    stack = deployment(LIFECYCLE_SLACK_SECRET="arn:slack")

    one = only(secrets.present, patient(stack=stack, secrets=answers(get_secret_value=held)))

    assert one.level is Level.WRONG
    assert one.says == "the secret arn:slack does not hold bot_token"
    assert "hush" not in one.says + one.fix


def test_slack_of_another_workspace_is_wrong_and_one_that_answers_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SlackClient, "itself", lambda self: SlackBot("lifecycle", "T1"))
    there = deployment(LIFECYCLE_SLACK_SECRET="arn:slack", LIFECYCLE_SLACK_TEAMS="T1")
    elsewhere = deployment(LIFECYCLE_SLACK_SECRET="arn:slack", LIFECYCLE_SLACK_TEAMS="T2")

    assert only(slack.reachable, patient(stack=there, secrets=None)).says == "Slack answers, as lifecycle in T1"
    assert only(slack.reachable, patient(stack=elsewhere, secrets=None)).level is Level.WRONG


def test_slack_that_does_not_answer_is_wrong_with_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(self: SlackClient) -> SlackBot:
        raise NotDelivered("Slack did not answer")

    monkeypatch.setattr(SlackClient, "itself", silent)

    one = only(slack.reachable, patient(stack=deployment(LIFECYCLE_SLACK_SECRET="arn:slack"), secrets=None))

    assert one.level is Level.WRONG
    assert "did not answer" in one.says


# --- all of them


def test_what_cannot_be_read_is_unknown_in_awss_words_and_every_check_goes_on() -> None:
    refusing = {
        name: Nobody()
        for name in ("ecs", "autoscaling", "quotas", "functions", "cloudwatch", "cost_explorer", "logs", "scheduler")
    }

    seen = list(examine(patient(in_force=InForce({}, "1"), **refusing)))

    assert [title for title, _ in CHECKS] == list(dict.fromkeys(title for title, _ in seen))
    unknown = {title: one.says for title, one in seen if one.level is Level.UNKNOWN}
    assert {"gpus", "lambda", "cost tags"} <= unknown.keys()
    assert "AccessDenied: not you" in unknown["lambda"]


def test_every_finding_that_is_not_well_says_what_to_do() -> None:
    wrong = patient(named("lost"), in_force=InForce({}, "1", held=frozenset({"dev"})), functions=Nobody())

    assert all(one.fix for _, one in examine(wrong) if one.level in (Level.WRONG, Level.WARNING))


def test_the_stack_behind_a_table_is_found_by_its_name_with_what_its_functions_were_told() -> None:
    summaries = [
        {"LogicalResourceId": "Sweep", "PhysicalResourceId": "f-1", "ResourceType": FUNCTION},
        {"LogicalResourceId": "Deliver", "PhysicalResourceId": "f-2", "ResourceType": FUNCTION},
    ]
    variables = {
        "f-1": {"LIFECYCLE_SLACK_SECRET": "arn:slack"},
        "f-2": {"LIFECYCLE_SLACK_SECRET": "", "LIFECYCLE_MAIL_FROM": "a@example.com"},
    }
    clients: Any = SimpleNamespace(
        formation=lambda region: Pages(list_stack_resources={"StackResourceSummaries": summaries}),
        functions=SimpleNamespace(
            get_function_configuration=lambda FunctionName: {"Environment": {"Variables": variables[FunctionName]}}
        ),
    )

    seen = deployment_of("models-LifecycleTable-9Z", clients, "eu-central-1")

    assert seen is not None
    assert seen.stack == "models"
    assert seen.told == {"LIFECYCLE_SLACK_SECRET": "arn:slack", "LIFECYCLE_MAIL_FROM": "a@example.com"}
    assert deployment_of("lifecycle", clients, "eu-central-1") is None


def test_a_doubt_of_two_hours_is_told_with_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    memories = {
        ServiceId("gpu", "old"): ServiceMemory(unknown_since=NOW - timedelta(hours=3)),
        ServiceId("gpu", "new"): ServiceMemory(unknown_since=NOW - timedelta(minutes=9)),
    }
    monkeypatch.setattr(States, "all", lambda self: memories)

    one = only(figures.of_services, patient())

    assert "nobody can tell whether gpu/old is used" in one.says


def _quota(vcpus: int) -> Any:
    return answers(get_service_quota={"Quota": {"Value": float(vcpus)}})
