"""Runs in Cloud Custodian's own environment: when would its filters act? Cases on stdin, a bit for each half hour out.

Each case is ``{kind, config, tag, start, halves}``; the filter is asked at the middle of each of so many half hours.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import c7n.filters.offhours as offhours


def acts(case: dict[str, Any]) -> str:
    kinds = {"off": offhours.OffHour, "on": offhours.OnHour}
    one = kinds[case["kind"]](dict(case["config"]))
    tags = [] if case["tag"] is None else [{"Key": "maid_offhours", "Value": case["tag"]}]
    at = datetime.fromisoformat(case["start"]) + timedelta(minutes=15)
    said = []
    for _ in range(case["halves"]):
        offhours.datetime = SimpleNamespace(datetime=SimpleNamespace(now=at.astimezone))
        said.append("1" if one({"InstanceId": "one", "Tags": tags}) else "0")
        at += timedelta(minutes=30)
    return "".join(said)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps([acts(case) for case in json.load(sys.stdin)]))
