"""What a call to AWS asks IAM for: which actions, on which resources, under which conditions.

One entry for each operation that our handlers call and that AWS gives a resource; the service authorization reference
says which (https://docs.aws.amazon.com/service-authorization/latest/reference/). An operation without an entry is asked
for on ``*``, but only where AWS's own list, as cfn-lint carries it, knows no resource for it. Nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from support.iam_verdict import Ask

Params = Mapping[str, Any]
Tags = Mapping[str, str]

PREFIXES = {
    "elbv2": "elasticloadbalancing",
    "sesv2": "ses",
}
"""IAM's names of services that botocore calls otherwise."""
FREE = frozenset({"sts:GetCallerIdentity"})
"""Answered whatever the policies say."""
ON_NONE_IN_PARTICULAR = frozenset({
    "ce:GetAnomalies", "ce:GetCostAndUsage", "ce:GetCostForecast",  # monitors and billing views, none of which we name
    "cloudwatch:GetMetricData",  # data sets, which our queries do not name
    "ecs:ListTasks",  # container instances, and we ask by service
})  # fmt: skip
"""Actions that have a resource which our calls do not name; AWS then asks for ``*``."""


@dataclass(frozen=True, slots=True)
class World:
    """What has to be known of the account to name what a call is made on.

    ``tags_of``: ARN of a service or a rule -> its tags.
    """

    account: str
    region: str
    tags_of: Callable[[str], Tags]

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def cluster(self, params: Params) -> str:
        return str(params.get("cluster", "default")).rpartition("/")[2]

    def ecs(self, kind: str, cluster: str, name: str) -> str:
        return name if name.startswith("arn:") else self.arn("ecs", f"{kind}/{cluster}/{name}")

    def role(self, arn: str, to: str) -> Ask:
        return Ask("iam:PassRole", arn, {"iam:PassedToService": (to,)})

    def tagged(self, action: str, arn: str) -> Ask:
        tags = self.tags_of(arn)
        return Ask(action, arn, {f"aws:ResourceTag/{key}": (value,) for key, value in tags.items()})


def asks(world: World, service: str, operation: str, params: Params) -> Sequence[Ask]:
    """Raises AssertionError for an operation of which AWS's list knows a resource and this file none."""
    action = f"{PREFIXES.get(service, service)}:{operation}"
    if action in FREE:
        return ()
    if found := _BY_ACTION.get(action):
        return tuple(found(world, params))
    if action not in ON_NONE_IN_PARTICULAR:
        known = resources_of(action)
        assert known == (), f"{action} is made on {known or 'something'}: say on what in tests/support/iam_asks.py"
    return (Ask(action, "*"),)


def resources_of(action: str) -> tuple[str, ...] | None:
    """The kinds of resources that AWS names for an action; None for an action that AWS does not know."""
    prefix, _, name = action.partition(":")
    known = _aws_list().get(prefix, {}).get("Actions", {}).get(name.lower())
    return None if known is None else tuple(known.get("Resources", ()))


def condition_keys_of(action: str) -> frozenset[str]:
    """The condition keys that AWS has for an action or for what it is made on."""
    prefix, _, name = action.partition(":")
    service = _aws_list().get(prefix, {})
    own = service.get("Actions", {}).get(name.lower(), {})
    found = set(own.get("ConditionKeys", ()))
    for kind in own.get("Resources", ()):
        found |= set(service.get("Resources", {}).get(kind.lower(), {}).get("ConditionKeys", ()))
    return frozenset(found)


@cache
def _aws_list() -> Mapping[str, Any]:
    path = files("cfnlint.data.AdditionalSpecs") / "Policies.json"
    loaded: Mapping[str, Any] = json.loads(path.read_text())
    return loaded


Asks = Callable[[World, Params], Iterator[Ask]]
_BY_ACTION: dict[str, Asks] = {}


def _on(*actions: str) -> Callable[[Callable[[World, str, Params], Iterator[Ask]]], None]:
    def put(asked: Callable[[World, str, Params], Iterator[Ask]]) -> None:
        for action in actions:
            _BY_ACTION[action] = lambda world, params, action=action: asked(world, action, params)  # type: ignore[misc]

    return put


# --- ECS


@_on("ecs:DescribeClusters")
def _clusters(world: World, action: str, params: Params) -> Iterator[Ask]:
    for name in params["clusters"]:
        yield Ask(action, world.arn("ecs", f"cluster/{name.rpartition('/')[2]}"))


@_on("ecs:ListContainerInstances")
def _cluster(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, world.arn("ecs", f"cluster/{world.cluster(params)}"))


@_on("ecs:UpdateContainerInstancesState")
def _hosts(world: World, action: str, params: Params) -> Iterator[Ask]:
    for one in params["containerInstances"]:
        yield Ask(action, world.ecs("container-instance", world.cluster(params), one))


@_on("ecs:DescribeServices")
def _services(world: World, action: str, params: Params) -> Iterator[Ask]:
    for name in params["services"]:
        yield Ask(action, world.ecs("service", world.cluster(params), name))


@_on("ecs:DescribeTasks", "ecs:GetTaskProtection")
def _tasks(world: World, action: str, params: Params) -> Iterator[Ask]:
    for one in params["tasks"]:
        yield Ask(action, world.ecs("task", world.cluster(params), one))


@_on("ecs:UpdateService", "ecs:DeleteService")
def _service(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield world.tagged(action, world.ecs("service", world.cluster(params), params["service"]))


@_on("ecs:CreateService")
def _new_service(world: World, action: str, params: Params) -> Iterator[Ask]:
    arn = world.ecs("service", world.cluster(params), params["serviceName"])
    tags = {f"aws:RequestTag/{one['key']}": (one["value"],) for one in params.get("tags", ())}
    yield Ask(action, arn, tags)
    if tags:
        yield Ask("ecs:TagResource", arn, {**tags, "ecs:CreateAction": ("CreateService",)})
    for volume in params.get("volumeConfigurations", ()):
        yield world.role(volume["managedEBSVolume"]["roleArn"], "ecs.amazonaws.com")


@_on("ecs:RegisterTaskDefinition")
def _task_definition(world: World, action: str, params: Params) -> Iterator[Ask]:
    arn = world.arn("ecs", f"task-definition/{params['family']}:1")
    tags = {f"aws:RequestTag/{one['key']}": (one["value"],) for one in params.get("tags", ())}
    yield Ask(action, arn, tags)
    if tags:
        yield Ask("ecs:TagResource", arn, {**tags, "ecs:CreateAction": ("RegisterTaskDefinition",)})
    for key in ("executionRoleArn", "taskRoleArn"):
        if key in params:
            yield world.role(params[key], "ecs-tasks.amazonaws.com")


@_on("ecs:DescribeCapacityProviders")
def _providers(world: World, action: str, params: Params) -> Iterator[Ask]:
    names = params.get("capacityProviders")
    if not names:
        yield Ask(action, "*")
    for name in names or ():
        yield Ask(action, world.arn("ecs", f"capacity-provider/{name}"))


@_on("application-autoscaling:RegisterScalableTarget")
def _scaling(world: World, action: str, params: Params) -> Iterator[Ask]:
    said = {
        "application-autoscaling:service-namespace": (params["ServiceNamespace"],),
        "application-autoscaling:scalable-dimension": (params["ScalableDimension"],),
    }
    yield Ask(action, world.arn("application-autoscaling", "scalable-target/0ec5b5b5"), said)


# --- load balancing


@_on("elasticloadbalancing:CreateTargetGroup")
def _new_group(world: World, action: str, params: Params) -> Iterator[Ask]:
    arn = world.arn("elasticloadbalancing", f"targetgroup/{params['Name']}/73e2d6bc24d8a067")
    yield Ask(action, arn)
    if params.get("Tags"):
        yield Ask("elasticloadbalancing:AddTags", arn, {"elasticloadbalancing:CreateAction": ("CreateTargetGroup",)})


@_on(
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:RegisterTargets",
)
def _group(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, params["TargetGroupArn"])


@_on("elasticloadbalancing:CreateRule")
def _new_rule(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, params["ListenerArn"])
    if params.get("Tags"):
        rule = params["ListenerArn"].replace(":listener/", ":listener-rule/") + "/9683b2d02a6cabee"
        yield Ask("elasticloadbalancing:AddTags", rule, {"elasticloadbalancing:CreateAction": ("CreateRule",)})


@_on("elasticloadbalancing:ModifyRule", "elasticloadbalancing:DeleteRule")
def _rule(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield world.tagged(action, params["RuleArn"])


@_on("elasticloadbalancing:ModifyLoadBalancerAttributes")
def _balancer(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, params["LoadBalancerArn"])


# --- what is kept


@_on("dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
def _by_key(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield _row(world, action, params, [params["Key"]])


@_on("dynamodb:PutItem")
def _put(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield _row(world, action, params, [params["Item"]])


@_on("dynamodb:Query")
def _query(world: World, action: str, params: Params) -> Iterator[Ask]:
    """The partition's name is the first value that the key condition compares with."""
    values = [value["S"] for name, value in params["ExpressionAttributeValues"].items() if name == ":pk"]
    assert values or params.get("IndexName"), f"a query whose partition has another name than :pk: {params}"
    yield _row(world, action, params, [{"pk": {"S": value}} for value in values])


@_on("dynamodb:BatchGetItem")
def _batch(world: World, action: str, params: Params) -> Iterator[Ask]:
    for table, wanted in params["RequestItems"].items():
        yield _row(world, action, {"TableName": table}, wanted["Keys"])


@_on("dynamodb:TransactWriteItems")
def _transaction(world: World, action: str, params: Params) -> Iterator[Ask]:
    names = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
    for one in params["TransactItems"]:
        for kind, item in one.items():
            yield _row(world, f"dynamodb:{names[kind]}", item, [item.get("Item") or item["Key"]])


def _row(world: World, action: str, params: Params, keys: Sequence[Mapping[str, Any]]) -> Ask:
    table, index = params["TableName"], params.get("IndexName")
    arn = world.arn("dynamodb", f"table/{table}" + (f"/index/{index}" if index else ""))
    leading = tuple(dict.fromkeys(key["pk"]["S"] for key in keys))
    return Ask(action, arn, {"dynamodb:LeadingKeys": leading} if leading else {})


@_on("s3:ListObjectsV2")
def _objects(world: World, action: str, params: Params) -> Iterator[Ask]:
    context = {"s3:prefix": (params["Prefix"],)} if "Prefix" in params else {}
    yield Ask("s3:ListBucket", f"arn:aws:s3:::{params['Bucket']}", context)


@_on("s3:GetObject", "s3:PutObject")
def _object(world: World, action: str, params: Params) -> Iterator[Ask]:
    version = "Version" if "VersionId" in params else ""
    yield Ask(f"{action}{version}", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}")


# --- people, messages, time


@_on(
    *(
        f"cognito-idp:{one}"
        for one in (
            "AdminAddUserToGroup",
            "AdminCreateUser",
            "AdminDisableUser",
            "AdminEnableUser",
            "AdminGetUser",
            "AdminListGroupsForUser",
            "AdminRemoveUserFromGroup",
            "AdminUserGlobalSignOut",
            "ListUsersInGroup",
        )
    )
)
def _pool(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, world.arn("cognito-idp", f"userpool/{params['UserPoolId']}"))


@_on("logs:FilterLogEvents")
def _log_group(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, world.arn("logs", f"log-group:{params['logGroupName']}"))


@_on("scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:GetSchedule")
def _schedule(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, world.arn("scheduler", f"schedule/{params.get('GroupName', 'default')}/{params['Name']}"))
    if "Target" in params:
        yield world.role(params["Target"]["RoleArn"], "scheduler.amazonaws.com")


@_on("secretsmanager:GetSecretValue")
def _secret(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, params["SecretId"])


@_on("sqs:SendMessage")
def _queue(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, world.arn("sqs", params["QueueUrl"].rpartition("/")[2]))


@_on("ses:SendEmail")
def _letter(world: World, action: str, params: Params) -> Iterator[Ask]:
    """A letter that we write ourselves is raw, and asks for both."""
    sender = params["FromEmailAddress"]
    raw = ("ses:SendRawEmail",) if "Raw" in params["Content"] else ()
    for one in (action, *raw):
        yield Ask(one, world.arn("ses", f"identity/{sender}"), {"ses:FromAddress": (sender,)})


@_on("budgets:DescribeBudgets")
def _budgets(world: World, action: str, params: Params) -> Iterator[Ask]:
    yield Ask("budgets:ViewBudget", f"arn:aws:budgets::{params['AccountId']}:budget/*")
