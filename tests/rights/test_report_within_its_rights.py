"""The weekly report, from the bill to the mail, with exactly the rights of its function's role.

The embedded AWS has no bill: Cost Explorer, Budgets and the Price List answer that they have none, after IAM was asked.
"""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from support.aws_events import envelope
from support.iam_stage import CHAT, rights_stage
from support.iam_verdict import each

pytestmark = pytest.mark.slow

BESIDE = {
    "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage",  # Lambda itself, with the function's role
    "ce:GetReservationPurchaseRecommendation",  # only where reservations are in the bill
    "dynamodb:GetItem", "dynamodb:PutItem", "ec2:DescribeSpotPriceHistory", "pricing:GetProducts",  # prices
    "elasticloadbalancing:DescribeTargetGroups",  # only services behind a load balancer
    "secretsmanager:GetSecretValue",  # only to tell Slack, or a mail server of one's own
}  # fmt: skip
"""Rights that this week's report did not need, with what needs them."""


def none_there(model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
    error = {"Code": "DataUnavailableException", "Message": f"no {model.name} here"}
    return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}


def test_the_report_is_made_kept_and_mailed_within_the_rights_of_its_function() -> None:
    with rights_stage(at="2026-11-20T10:00+09:00") as stage:
        stage.add(CHAT)
        stage.sweep()
        stage.clock.set(datetime.fromisoformat("2026-11-23T19:00+09:00"))
        clients = stage.app("weekly_report").clients
        for client in (clients.cost_explorer, clients.budgets, clients.price_list, clients.spot_prices):
            client.meta.events.register_last("before-call", none_there)

        answer = stage.invoke("weekly_report", envelope("aws.events", "Scheduled Event", {}))

        assert answer == {"due": 1, "sent": 1, "refused": 0}
        assert stage.denied() == {}
        used = stage.guards["weekly_report"].used
        assert used >= {"ce:GetCostAndUsage", "budgets:ViewBudget", "s3:PutObject", "ses:SendRawEmail"}
        granted = {one for statement in stage.stack.role("weekly_report") for one in each(statement["Action"])}
        assert granted - used - BESIDE == set()
