"""Where the load balancer sends an instance's requests: to the model, or to the function that wakes it.

Both target groups stand in the instance's rule all the time, and only their weights change: the load balancer checks
the health of a target group only while some rule names it, and a model that nobody routes to yet must be checked
before it is routed to. What else the rule does (tokens) is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.errors import ActionFailed
from chalicelib.fleet.model import RoutedTo

if TYPE_CHECKING:
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client

    from chalicelib.fleet.model import Instance, Resources

Action = Mapping[str, Any]


def forward(resources: Resources, to: RoutedTo, order: int) -> dict[str, Any]:
    """The forward action of an instance's rule. NOWHERE counts as WAKE: somebody has to answer."""
    to_model = to is RoutedTo.MODEL
    groups = [
        {"TargetGroupArn": resources.target_group_arn, "Weight": int(to_model)},
        {"TargetGroupArn": resources.wake_target_group_arn, "Weight": int(not to_model)},
    ]
    return {"Type": "forward", "Order": order, "ForwardConfig": {"TargetGroups": groups}}


def rerouted(actions: Sequence[Action], resources: Resources, to: RoutedTo) -> list[dict[str, Any]]:
    """The rule's actions with only the last one, the forward, changed."""
    kept = [dict(action) for action in actions if action["Type"] != "forward"]
    return [*kept, forward(resources, to, order=len(kept) + 1)]


class Routes:
    def __init__(self, elb: ElasticLoadBalancingv2Client) -> None:
        self._elb = elb

    def point(self, instance: Instance, to: RoutedTo) -> None:
        """Two calls. Raises ActionFailed when the rule is gone or AWS refuses."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        arn = instance.resources.rule_arn
        try:
            (rule,) = self._elb.describe_rules(RuleArns=[arn])["Rules"]
            actions: Any = rerouted(rule.get("Actions", []), instance.resources, to)
            self._elb.modify_rule(RuleArn=arn, Actions=actions)
        except (BotoCoreError, ClientError, ResponseParserError, LookupError, ValueError) as error:
            raise ActionFailed(f"{instance.id}: its rule could not be pointed at the {to.value}: {error}") from error
