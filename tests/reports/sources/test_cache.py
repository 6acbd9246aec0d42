"""Answers kept in a bucket: found again within the day, never a reason to fail."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.cost_explorer import refusal

from reports.sources.cache import InBucket

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)


@dataclass
class Bucket:
    """``now`` is when what is put is put; ``closed`` refuses everything."""

    now: datetime = NOW
    closed: bool = False
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)

    def put_object(self, **request: Any) -> Mapping[str, Any]:
        if self.closed:
            raise refusal("AccessDenied", "PutObject")
        self.objects[request["Key"]] = (request["Body"], self.now)
        return {}

    def get_object(self, **request: Any) -> Mapping[str, Any]:
        if self.closed or request["Key"] not in self.objects:
            raise refusal("NoSuchKey", "GetObject")
        body, at = self.objects[request["Key"]]
        return {"Body": io.BytesIO(body), "LastModified": at}


def kept(bucket: Bucket, at: datetime) -> InBucket:
    return InBucket(bucket, "reports", "cost-explorer", lambda: at)


def test_an_answer_is_found_again_for_twenty_hours() -> None:
    bucket = Bucket()
    kept(bucket, NOW).write("GetAnomalies-1", '{"Anomalies": []}')

    assert kept(bucket, NOW + timedelta(hours=19)).read("GetAnomalies-1") == '{"Anomalies": []}'
    assert kept(bucket, NOW + timedelta(hours=21)).read("GetAnomalies-1") is None
    assert list(bucket.objects) == ["cost-explorer/GetAnomalies-1.json"]


def test_a_bucket_that_refuses_costs_a_call_and_no_report() -> None:
    bucket = Bucket(closed=True)

    kept(bucket, NOW).write("GetAnomalies-1", "{}")

    assert kept(bucket, NOW).read("GetAnomalies-1") is None
