"""The part of `lifecycle doctor` that is about Spot: can tasks end in time?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.cli.exits import Stop
from chalicelib.decide import words
from chalicelib.decide.facts import ServiceFacts
from chalicelib.decide.govern import govern
from chalicelib.observe.calls import one_sentence

if TYPE_CHECKING:
    from chalicelib.cli.desk import Desk
    from chalicelib.policy.model import PolicySet


def spot_check(desk: Desk) -> str:
    """Raises Stop with every doubt, a line each."""
    from chalicelib.cli.book import read_book

    policies = read_book(desk).loaded.policies
    if all(policy.spot is None for policy in policies.policies):
        return "no policy speaks of Spot"
    services = [facts for facts in _described(desk) if _is_placed(facts, policies)]
    doubts = list(_of_draining(desk, services))
    if doubts:
        raise Stop("\n".join(doubts))
    return f"{words.counted(len(services), 'service')} placed by policies, and Spot tasks end in time"


def _described(desk: Desk) -> Sequence[ServiceFacts]:
    from chalicelib.cli.surveying import look

    return [one.facts for one in look(desk, ids=None, in_force=False).survey.decided]


def _is_placed(facts: ServiceFacts, policies: PolicySet) -> bool:
    found = govern(policies, facts)
    ruling = (found.ruling,) if found.ruling else ()
    return any(policy.spot is not None for policy in (*ruling, *found.shadows))


def _of_draining(desk: Desk, services: Sequence[ServiceFacts]) -> Iterator[str]:
    from chalicelib.observe.host_lint import drain_doubt, stop_seconds

    aws = desk.aws()
    ecs: Any = aws.ecs
    for facts in services:
        with one_sentence(f"read how {facts.id} drains"):
            definition = ecs.describe_task_definition(taskDefinition=facts.task_definition)["taskDefinition"]
            delay = max((_delay(desk, facts, group.target_group) for group in facts.target_groups), default=0)
        if doubt := drain_doubt(str(facts.id), delay, stop_seconds(definition)):
            yield doubt


def _delay(desk: Desk, facts: ServiceFacts, name: str) -> int:
    """``name`` is CloudWatch's (``targetgroup/…``); the rest of the ARN is that of the service itself."""
    elb: Any = desk.aws().elb
    head, _, _ = facts.arn.partition(":service/")
    arn = f"{head.replace(':ecs:', ':elasticloadbalancing:')}:{name}"
    attributes = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    found = {one["Key"]: one["Value"] for one in attributes}
    return int(found.get("deregistration_delay.timeout_seconds", 300))
