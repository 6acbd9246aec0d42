"""What launching needs of AWS besides services that are there: rules, target groups, task definitions, new services.

Strict where it matters for what may be lost: names and priorities are taken once, what is in use cannot be deleted, a
service is only made for a target group that a rule names. ``made`` and ``gone`` are told of each service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from support import strict_scaling
from support.strict_ecs import AwsError, describe_service
from support.strict_world import ACCOUNT, ARN, REGION, FakeService, World

Params = Mapping[str, Any]
CLUSTER = "launched"
LISTENER = ARN.format(
    service="elasticloadbalancing", resource="listener/app/launched/50dc6c495c0c9188/f2f7dc8efc522ab2"
)
BALANCER = ARN.format(service="elasticloadbalancing", resource="loadbalancer/app/launched/50dc6c495c0c9188")
WAKE = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:wake"


class Front:
    def __init__(self, world: World) -> None:
        self.world = world
        world.add_cluster(CLUSTER)
        self.groups: dict[str, dict[str, str]] = {}
        """Target groups by name, with their tags; their ARNs lie in `World.attached`."""
        self.rules: dict[str, dict[str, Any]] = {}
        """By ARN."""
        self.definitions: dict[str, dict[str, str]] = {}
        """Active revisions by ARN, with their tags."""
        self.made: Callable[[FakeService], None] = lambda service: None
        self.gone: Callable[[FakeService], None] = lambda service: None
        self.arns: dict[str, str] = {}
        self._waits = "60"
        self._numbers = count(1)
        self.operations: Mapping[str, Callable[[Params], dict[str, Any]]] = {
            "elbv2.CreateTargetGroup": self._create_group,
            "elbv2.ModifyTargetGroupAttributes": self._nothing,
            "elbv2.DeleteTargetGroup": self._delete_group,
            "elbv2.DescribeTargetGroups": self._describe_groups,
            "elbv2.DescribeTags": self._describe_tags,
            "elbv2.RegisterTargets": self._nothing,
            "elbv2.DescribeTargetHealth": self._health,
            "elbv2.DescribeLoadBalancerAttributes": self._attributes,
            "elbv2.ModifyLoadBalancerAttributes": self._modify_attributes,
            "elbv2.CreateRule": self._create_rule,
            "elbv2.DescribeRules": self._describe_rules,
            "elbv2.ModifyRule": self._modify_rule,
            "elbv2.DeleteRule": self._delete_rule,
            "ecs.RegisterTaskDefinition": self._register,
            "ecs.DeregisterTaskDefinition": self._deregister,
            "ecs.ListTaskDefinitions": self._list_definitions,
            "ecs.ListTaskDefinitionFamilies": self._list_families,
            "ecs.DescribeTaskDefinition": self._describe_definition,
            "ecs.CreateService": self._create_service,
            "ecs.DeleteService": self._delete_service,
        }

    def _nothing(self, params: Params) -> dict[str, Any]:
        return {}

    # --- target groups

    def _create_group(self, params: Params) -> dict[str, Any]:
        name = params["Name"]
        if name in self.groups:
            raise AwsError("DuplicateTargetGroupName", f"A target group with the name {name} exists")
        self.groups[name] = {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())}
        self.arns[name] = self.world.add_target_group(name, None)
        return {"TargetGroups": [self._group(name)]}

    def _delete_group(self, params: Params) -> dict[str, Any]:
        arn = params["TargetGroupArn"]
        if arn not in self.world.attached:
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        if any(arn in _named(rule) for rule in self.rules.values()):
            raise AwsError("ResourceInUse", f"Target group {arn} is currently in use by a listener or a rule")
        del self.world.attached[arn]
        name = arn.split("/")[1]
        del self.groups[name], self.arns[name]
        return {}

    def _describe_groups(self, params: Params) -> dict[str, Any]:
        if "Names" not in params:
            return strict_scaling.describe_target_groups(self.world, params)
        if missing := [name for name in params["Names"] if name not in self.groups]:
            raise AwsError("TargetGroupNotFound", f"{missing} not found")
        return {"TargetGroups": [self._group(name) for name in params["Names"]]}

    def _group(self, name: str) -> dict[str, Any]:
        return {"TargetGroupArn": self.arns[name], "TargetGroupName": name}

    def _describe_tags(self, params: Params) -> dict[str, Any]:
        (arn,) = params["ResourceArns"]
        tags = self.groups[arn.split("/")[1]]
        return {"TagDescriptions": [{"ResourceArn": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]}

    def _health(self, params: Params) -> dict[str, Any]:
        arn = params["TargetGroupArn"]
        if arn not in self.world.attached:
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        running = sum(one.running for one in self.world.clusters[CLUSTER].values() if arn in one.target_groups)
        return {"TargetHealthDescriptions": [{"TargetHealth": {"State": "healthy"}}] * running}

    # --- the load balancer

    def _attributes(self, params: Params) -> dict[str, Any]:
        return {"Attributes": [{"Key": "idle_timeout.timeout_seconds", "Value": self._waits}]}

    def _modify_attributes(self, params: Params) -> dict[str, Any]:
        (one,) = params["Attributes"]
        self._waits = one["Value"]
        return {"Attributes": [dict(one)]}

    def _create_rule(self, params: Params) -> dict[str, Any]:
        priority = str(params["Priority"])
        if any(rule["Priority"] == priority for rule in self.rules.values()):
            raise AwsError("PriorityInUse", f"Priority {priority} is currently in use")
        arn = f"{LISTENER.replace(':listener/', ':listener-rule/')}/{next(self._numbers):016x}"
        rule = {"RuleArn": arn, "Priority": priority, **{name: params[name] for name in ("Conditions", "Actions")}}
        self._check_groups(rule)
        self.rules[arn] = rule
        self._attach()
        return {"Rules": [dict(rule)]}

    def _describe_rules(self, params: Params) -> dict[str, Any]:
        if "RuleArns" in params:
            return {"Rules": [dict(self._rule(arn)) for arn in params["RuleArns"]]}
        return {"Rules": [dict(rule) for rule in self.rules.values()]}

    def _modify_rule(self, params: Params) -> dict[str, Any]:
        rule = {**self._rule(params["RuleArn"]), "Actions": params["Actions"]}
        self._check_groups(rule)
        self.rules[params["RuleArn"]] = rule
        self._attach()
        return {"Rules": [dict(rule)]}

    def _delete_rule(self, params: Params) -> dict[str, Any]:
        self._rule(params["RuleArn"])
        del self.rules[params["RuleArn"]]
        self._attach()
        return {}

    def _rule(self, arn: str) -> dict[str, Any]:
        if arn not in self.rules:
            raise AwsError("RuleNotFound", "One or more rules not found")
        return self.rules[arn]

    def _check_groups(self, rule: Mapping[str, Any]) -> None:
        if any(arn not in self.world.attached for arn in _named(rule)):
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")

    def _attach(self) -> None:
        named = {arn for rule in self.rules.values() for arn in _named(rule)}
        for arn in self.arns.values():
            self.world.attached[arn] = BALANCER if arn in named else None

    # --- task definitions

    def _register(self, params: Params) -> dict[str, Any]:
        resource = f"task-definition/{params['family']}:{next(self._numbers)}"
        arn = ARN.format(service="ecs", resource=resource)
        self.definitions[arn] = {tag["key"]: tag["value"] for tag in params.get("tags", ())}
        return {"taskDefinition": {"taskDefinitionArn": arn}}

    def _deregister(self, params: Params) -> dict[str, Any]:
        if self.definitions.pop(params["taskDefinition"], None) is None:
            raise AwsError("ClientException", "The specified task definition is inactive.")
        return {}

    def _list_definitions(self, params: Params) -> dict[str, Any]:
        of = [arn for arn in self.definitions if _family(arn) == params["familyPrefix"]]
        return {"taskDefinitionArns": of[::-1]}

    def _list_families(self, params: Params) -> dict[str, Any]:
        families = {_family(arn) for arn in self.definitions}
        return {"families": sorted(one for one in families if one.startswith(params["familyPrefix"]))}

    def _describe_definition(self, params: Params) -> dict[str, Any]:
        tags = self.definitions.get(params["taskDefinition"])
        if tags is None:
            raise AwsError("ClientException", "Unable to describe task definition.")
        arn = params["taskDefinition"]
        return {"taskDefinition": {"taskDefinitionArn": arn}, "tags": [{"key": k, "value": v} for k, v in tags.items()]}

    # --- services

    def _create_service(self, params: Params) -> dict[str, Any]:
        name, (target,) = params["serviceName"], params["loadBalancers"]
        if name in self.world.clusters[CLUSTER]:
            raise AwsError("InvalidParameterException", "Creation of service was not idempotent.")
        if self.world.attached.get(target["targetGroupArn"]) is None:
            raise AwsError("InvalidParameterException", "The target group does not have an associated load balancer.")
        if params["taskDefinition"] not in self.definitions:
            raise AwsError("ClientException", "TaskDefinition is inactive")
        service = self.world.add_service(
            CLUSTER, name, desired=0, behind=None, tags={tag["key"]: tag["value"] for tag in params["tags"]},
            task_definition=params["taskDefinition"], target_groups=[target["targetGroupArn"]],
            load_balancers=list(params["loadBalancers"]), created_at=self.world.now, healthy_percent=(0, 100),
        )  # fmt: skip
        self.made(service)
        service.set_desired(params["desiredCount"])
        return {"service": describe_service(service, with_tags=True)}

    def _delete_service(self, params: Params) -> dict[str, Any]:
        name = params["service"]
        service = self.world.clusters[CLUSTER].get(name)
        if service is None:
            raise AwsError("ServiceNotFoundException", "Service not found.")
        self.world.remove_service(CLUSTER, name)
        self.gone(service)
        return {"service": describe_service(service, with_tags=False)}


def _named(rule: Mapping[str, Any]) -> list[str]:
    """The target groups that a rule names."""
    return [
        group["TargetGroupArn"]
        for action in rule["Actions"]
        if action["Type"] == "forward"
        for group in action["ForwardConfig"]["TargetGroups"]
    ]


def _family(arn: str) -> str:
    return arn.rpartition("/")[2].rpartition(":")[0]
