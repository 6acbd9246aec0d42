"""What the suite itself costs: AWS's list prices of what it uses, in US dollars, region us-east-1, without free tiers.

For the alarm on its own cost, and for `tests/bench/own_bill_bench.py`, which says what a month costs. Other regions
differ by some percent. Prices as AWS published them in 2026:
https://aws.amazon.com/lambda/pricing/, /cloudwatch/pricing/, /dynamodb/pricing/on-demand/, /sqs/pricing/,
/eventbridge/pricing/, /s3/pricing/, /secrets-manager/pricing/, /aws-cost-management/aws-cost-explorer/pricing/.
"""

from __future__ import annotations

from decimal import Decimal

LAMBDA_GB_SECOND = Decimal("0.0000166667")
"""x86, the first tier."""
LAMBDA_REQUEST = Decimal("0.20") / 1_000_000
METRIC_ASKED = Decimal("0.01") / 1_000
"""One metric of one GetMetricData call; it is never in the free tier."""
METRIC_KEPT = Decimal("0.30")
"""A month, for each name of a metric of our own."""
ALARMED_METRIC = Decimal("0.10")
"""A month, for each metric that an alarm looks at."""
DASHBOARD = Decimal(3)
"""A month."""
LOG_GB_TAKEN = Decimal("0.50")
LOG_GB_KEPT = Decimal("0.03")
"""A month."""
READ_UNIT = Decimal("0.125") / 1_000_000
"""DynamoDB on demand; an eventually consistent read of 4 kB is half of one."""
WRITE_UNIT = Decimal("0.625") / 1_000_000
TABLE_GB = Decimal("0.25")
"""A month; point-in-time recovery is `TABLE_GB_RECOVERY` on top."""
TABLE_GB_RECOVERY = Decimal("0.20")
QUEUE_REQUEST = Decimal("0.40") / 1_000_000
SCHEDULE_CALL = Decimal("1.00") / 1_000_000
"""One invocation by EventBridge Scheduler. Rules, and events of AWS itself, cost nothing."""
BUCKET_READ = Decimal("0.0004") / 1_000
BUCKET_WRITE = Decimal("0.005") / 1_000
"""PUT and LIST."""
SECRET_KEPT = Decimal("0.40")
"""A month."""
COST_EXPLORER_REQUEST = Decimal("0.01")


def lambda_usd(seconds: float, memory_mb: int) -> float:
    """One run: Lambda bills milliseconds of its memory, and the request."""
    return float(LAMBDA_GB_SECOND) * seconds * memory_mb / 1024 + float(LAMBDA_REQUEST)


def metrics_usd(asked: int) -> float:
    """So many metrics of GetMetricData."""
    return float(METRIC_ASKED) * asked
