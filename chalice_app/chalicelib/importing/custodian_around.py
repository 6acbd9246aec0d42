"""What a Cloud Custodian policy says around its filters and actions that bounds when, where or on how much it acts.

None of it is an hour, so nothing of it is translated; each is told with what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_LIMITS = ("max-resources", "max-resources-percent")


def wider(policy: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each key by which the original governs less, or at fewer times, than ours."""
    span = [f"{key} {policy[key]}" for key in ("start", "end") if policy.get(key)]
    if span:
        yield (
            f"It only acts within {' and '.join(span)}, which is not carried over: these hours hold all year, so "
            "enforce them when they are wanted (`mode:`), or write dates as windows."
        )
    if policy.get("conditions"):
        yield "Its conditions are not translated: these hours hold whatever they say, so check when they are wanted."
    if policy.get("query"):
        yield "Its query is not translated: check `match`, it may take more services than Custodian did."


def around(policy: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each other key that says where and on how much it acts."""
    if policy.get("region"):
        yield f"It only acts in {policy['region']}: policies here govern the region that they are deployed to."
    for key in _LIMITS:
        if policy.get(key):
            yield f"{key}: {policy[key]} is not carried over: limits.stops-per-hour bounds what one hour may stop."
