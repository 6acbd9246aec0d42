"""The functions' policy files by themselves: what they may never say, and what is written down where they say it.

Reasons stand in runbooks/what-each-role-can-do.md, in the table of rights that no name bounds; what AWS could have
bounded is taken from AWS's own list of actions, as cfn-lint carries it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import pytest
from support.chalice_package import ROOT
from support.iam_asks import resources_of
from support.iam_documents import CHALICE, Made, Stack, load_template, policy_files
from support.iam_verdict import Ask, Statement, each, is_allowed, matches

PAGE = ROOT / "runbooks" / "what-each-role-can-do.md"
ARN = "arn:aws:{}:eu-west-1:111122223333:{}"
SERVICE = ARN.format("ecs", "service/gpu-dev/{}")
READING = ("Describe", "Get", "List", "Filter", "View")
ONE_FILE_FOR_TWO = {"cost_anomaly": "budget_notice"}
"""These two do the same with what they are told: they write it down and put a sentence into the outbox."""


def stack(**parameters: str) -> Stack:
    """Everything switched on, with names of nobody's."""
    made = {
        "LifecycleTable": Made("rows", ARN.format("dynamodb", "table/rows")),
        "PolicyBucket": Made("policies", "arn:aws:s3:::policies"),
        "ReportBucket": Made("reports", "arn:aws:s3:::reports"),
        "UserPool": Made("pool", ARN.format("cognito-idp", "userpool/pool")),
        "WakeUps": Made("wake-ups"),
        "WakeUpRole": Made("wake-up", "arn:aws:iam::111122223333:role/wake-up"),
        **{name: Made(name, ARN.format("sqs", name)) for name in ("EventQueue", "SlackQueue", "DeadLetters")},
    }
    given = {
        "FleetCluster": "models",
        "FleetListeners": ARN.format("elasticloadbalancing", "listener/app/models/1/2"),
        "FleetExecutionRole": "arn:aws:iam::111122223333:role/execution",
        "FleetTaskRole": "arn:aws:iam::111122223333:role/task",
        "FleetInfrastructureRole": "arn:aws:iam::111122223333:role/infrastructure",
        "SlackSecret": ARN.format("secretsmanager", "secret:slack"),
        "WebhookSecret": ARN.format("secretsmanager", "secret:webhook"),
        "WebhookUrl": "https://hooks.example.com",
        "MailFrom": "lifecycle@example.com",
        "NoticeMailTo": "team@example.com",
        "ReportTo": "team@example.com",
        "ReportSmtpSecret": ARN.format("secretsmanager", "secret:smtp"),
        **parameters,
    }
    pseudo = {
        "AWS::Partition": "aws",
        "AWS::Region": "eu-west-1",
        "AWS::AccountId": "111122223333",
        "AWS::StackName": "lifecycle",
    }
    return Stack(load_template(), given, made, pseudo)


def every_statement() -> Iterator[tuple[str, Statement]]:
    whole = stack()
    for function in policy_files():
        for statement in whole.role(function):
            yield function, statement


def reasons() -> Mapping[tuple[str, str], str]:
    """(action, resource) -> why, from the page."""
    table = PAGE.read_text().partition("## Rights that no name bounds")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:3] == "| `"]
    return {(action, row[1].strip("`")): row[2] for row in rows for action in re.findall(r"`(.+?)`", row[0])}


def unbounded(resource: str) -> str:
    """What stands after the account in an ARN when its name is nothing but wildcards; empty for a name."""
    if resource == "*":
        return "*"
    name = resource.split(":", 5)[-1]
    return name if not re.sub(r"^(app/|net/)|[*/]", "", name.partition("/")[2] or name) else ""


def test_every_function_has_a_file_of_its_own_and_every_file_a_function() -> None:
    config = json.loads((CHALICE / "config.json").read_text())["stages"]
    for stage in config.values():
        files: dict[str, list[str]] = {}
        for name, function in stage["lambda_functions"].items():
            files.setdefault(function["iam_policy_file"], []).append(name)
        shared = [names for names in files.values() if len(names) > 1]
        assert shared == [[one, other] for one, other in ONE_FILE_FOR_TWO.items()]
        assert set(files) == {path.name for path in CHALICE.glob("policy-*.json")}


def test_a_file_says_only_what_can_be_read_at_a_glance() -> None:
    for path in CHALICE.glob("policy-*.json"):
        statements = json.loads(path.read_text())["Statement"]
        assert len({one["Sid"] for one in statements}) == len(statements), path.name
        for one in statements:
            assert one.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}, f"{path.name}: {one['Sid']}"


def test_every_action_is_one_of_awss_and_none_is_a_pattern() -> None:
    for function, statement in every_statement():
        for action in each(statement["Action"]):
            assert "*" not in action and "?" not in action, f"{function}: {action}"
            assert resources_of(action) is not None, f"{function}: AWS knows no {action}"


def test_a_right_that_no_name_bounds_has_a_written_reason() -> None:
    """On ``*`` where AWS gives the action a resource, or on every resource of a kind."""
    written, needed = reasons(), set()
    for function, statement in every_statement():
        for resource in each(statement["Resource"]):
            kind = unbounded(resource)
            for action in each(statement["Action"]) if kind else ():
                if kind == "*" and resources_of(action) == ():
                    continue
                assert written.get((action, kind)), f"{function} may {action} on {kind}: say why in {PAGE.name}"
                needed.add((action, kind))
    assert set(written) == needed, "reasons for rights that nobody has"


def test_whatever_changes_something_on_every_resource_of_a_kind_has_a_condition() -> None:
    without = {
        action
        for _, statement in every_statement()
        if statement["Effect"] == "Allow" and "Condition" not in statement
        for resource in each(statement["Resource"])
        if unbounded(resource)
        for action in each(statement["Action"])
        if not action.partition(":")[2].startswith(READING)
    }
    assert without == {
        "ecs:DeregisterTaskDefinition",
        "ecs:RegisterTaskDefinition",
        "ecs:UpdateContainerInstancesState",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
    }


def test_roles_are_handed_only_to_the_service_that_is_to_have_them() -> None:
    for function, statement in every_statement():
        if "iam:PassRole" in each(statement["Action"]):
            assert statement["Condition"].keys() == {"StringEquals"}, function
            assert statement["Condition"]["StringEquals"].keys() == {"iam:PassedToService"}, function
            assert not [one for one in each(statement["Resource"]) if "*" in one], function


@pytest.mark.parametrize("function", ["sweep", "aws_events", "transition", "slack_actions"])
def test_who_acts_by_policies_can_stop_only_what_is_tagged_as_managed(function: str) -> None:
    def may(name: str, tags: Mapping[str, str], **parameters: str) -> bool:
        context = {f"aws:ResourceTag/{key}": (value,) for key, value in tags.items()}
        return is_allowed(stack(**parameters).role(function), Ask("ecs:UpdateService", SERVICE.format(name), context))

    assert may("chat", {"lifecycle:managed": "true"})
    assert not may("chat", {"environment": "dev"})
    assert not may("chat", {"lifecycle:managed": "false"})
    assert may("chat", {}, OnlyTagged="false")
    assert not may("chat", {"lifecycle:managed": "true"}, ClusterPattern="prod-*")
    assert may("ollama-inst-1", {}), "launched by this suite, by its name"


@pytest.mark.parametrize("function", ["api_handler", "wake"])
def test_what_people_reach_over_the_network_can_stop_only_what_they_launched(function: str) -> None:
    role, tags = stack().role(function), {"aws:ResourceTag/lifecycle:managed": ("true",)}

    assert is_allowed(role, Ask("ecs:UpdateService", SERVICE.format("ollama-inst-1")))
    assert not is_allowed(role, Ask("ecs:UpdateService", SERVICE.format("chat"), tags))


def test_nobody_can_touch_anything_that_is_not_this_suites() -> None:
    """A sample of what an intruder would try first, with every role in turn."""
    forbidden = (
        Ask("iam:CreateUser", "*"),
        Ask(
            "iam:PassRole",
            "arn:aws:iam::111122223333:role/admin",
            {"iam:PassedToService": ("ecs-tasks.amazonaws.com",)},
        ),
        Ask("iam:PassRole", "arn:aws:iam::111122223333:role/task", {"iam:PassedToService": ("lambda.amazonaws.com",)}),
        Ask("ecs:RunTask", "*"),
        Ask("ecs:DeleteCluster", ARN.format("ecs", "cluster/gpu-dev")),
        Ask("ecs:DeleteService", SERVICE.format("chat"), {"aws:ResourceTag/lifecycle:managed": ("true",)}),
        Ask("ecs:TagResource", SERVICE.format("chat"), {"ecs:CreateAction": ("CreateService",)}),
        Ask("ecs:TagResource", SERVICE.format("ollama-inst-1")),
        Ask("dynamodb:DeleteTable", ARN.format("dynamodb", "table/rows")),
        Ask("dynamodb:Scan", ARN.format("dynamodb", "table/rows")),
        Ask("dynamodb:GetItem", ARN.format("dynamodb", "table/others")),
        Ask("s3:PutObject", "arn:aws:s3:::policies/policies/office.yaml"),
        Ask("s3:GetObject", "arn:aws:s3:::others/secret"),
        Ask("secretsmanager:GetSecretValue", ARN.format("secretsmanager", "secret:others")),
        Ask("secretsmanager:PutSecretValue", ARN.format("secretsmanager", "secret:slack")),
        Ask("lambda:UpdateFunctionCode", "*"),
        Ask("lambda:InvokeFunction", "*"),
        Ask("logs:DeleteLogGroup", ARN.format("logs", "log-group:/aws/lambda/lifecycle-sweep")),
        Ask("ses:SendEmail", ARN.format("ses", "identity/example.com"), {"ses:FromAddress": ("ceo@example.com",)}),
        Ask("elasticloadbalancing:CreateRule", ARN.format("elasticloadbalancing", "listener/app/others/1/2")),
        Ask("elasticloadbalancing:DeleteRule", ARN.format("elasticloadbalancing", "listener-rule/app/models/1/2/3")),
        Ask("scheduler:CreateSchedule", ARN.format("scheduler", "schedule/default/mine")),
        Ask("cognito-idp:AdminSetUserPassword", ARN.format("cognito-idp", "userpool/pool")),
        Ask("cognito-idp:AdminDeleteUser", ARN.format("cognito-idp", "userpool/pool")),
    )
    whole = stack()
    allowed = [(name, str(ask)) for name in policy_files() for ask in forbidden if is_allowed(whole.role(name), ask)]
    assert allowed == []


def test_the_policies_are_read_by_all_that_decide_and_written_by_no_function() -> None:
    for function, statement in every_statement():
        writes = [one for one in each(statement["Action"]) if one.startswith(("s3:Put", "s3:Delete"))]
        for resource in each(statement["Resource"]) if writes else ():
            assert matches("arn:aws:s3:::reports/*", resource), function


def test_the_page_says_of_every_function_what_somebody_with_its_role_could_do() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE.read_text().partition("## Function by function")[2], re.MULTILINE)
    assert sorted(told) == sorted(policy_files())
