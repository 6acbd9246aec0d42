"""Where traces come from besides CSV: access logs of load balancers, and CloudWatch's own past."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chalicelib.decide.facts import TargetGroup
from chalicelib.errors import TraceError
from chalicelib.simulate.alb import alb_trace, looks_like_a_log
from chalicelib.simulate.cloudwatch import parts, read_past
from chalicelib.simulate.replay import facts_for

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def log_line(created: str, ended: str, group: str = "chat") -> str:
    arn = f"arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/{group}/6d0e" if group != "-" else "-"
    return (
        f"https {ended} app/lb/50dc 10.0.0.1:2817 10.0.0.2:80 0.0 1.5 0.0 200 200 34 366 "
        f'"POST https://x:443/api/chat HTTP/2.0" "curl/7" ECDHE TLSv1.2 {arn} "Root=1" "x" "arn:cert" 0 '
        f'{created} "forward" "-" "-" "10.0.0.2:80" "200" "-" "-"\n'
    )


def test_access_logs_of_several_nodes_are_put_in_order_and_split_by_target_group(tmp_path: Path) -> None:
    late = log_line("2026-11-20T00:00:10.000000Z", "2026-11-20T00:00:12.500000Z")
    early = log_line("2026-11-20T00:00:01.000000Z", "2026-11-20T00:00:02.000000Z")
    none = log_line("2026-11-20T00:00:05.000000Z", "2026-11-20T00:00:05.000000Z", "-")
    (tmp_path / "a.log").write_text(late + none)
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(early.encode()))
    assert looks_like_a_log(tmp_path / "a.log")
    trace = alb_trace(tmp_path)
    begin = NOW.timestamp()
    assert list(trace.open()) == [(begin + 1, 1.0), (begin + 10, 2.5)]
    assert trace.service == "chat"
    with pytest.raises(TraceError, match='no request of the target group "other"'):
        alb_trace(tmp_path, "other")


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(log_line("2026-11-20T00:00:10Z", "2026-11-20T00:00:12Z") + "https only this\n")
    with pytest.raises(TraceError, match=r"a\.log:2: no line of an ALB access log: it has 3 fields"):
        alb_trace(path)


def test_the_past_is_cut_where_cloudwatch_keeps_coarser_points() -> None:
    cut = parts(NOW - timedelta(days=90), NOW, NOW)
    assert [grain for _, _, grain in cut] == [timedelta(hours=1), timedelta(minutes=5), timedelta(minutes=1)]
    assert all(one[1] == other[0] for one, other in pairwise(cut))
    assert (cut[0][0], cut[-1][1]) == (NOW - timedelta(days=90), NOW)
    assert [grain for _, _, grain in parts(NOW - timedelta(days=3), NOW, NOW)] == [timedelta(minutes=1)]
    with pytest.raises(TraceError, match="keeps nothing for longer than 455 days"):
        parts(NOW - timedelta(days=900), NOW - timedelta(days=800), NOW)


class Stub:
    """A CloudWatch with three requests in one minute and ten healthy minutes."""

    def get_paginator(self, _: str) -> Stub:
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        yield self.get_metric_data(**asked)

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        results = []
        for query in asked["MetricDataQueries"]:
            requests = query["MetricStat"]["Metric"]["MetricName"] == "RequestCount"
            at = NOW - timedelta(hours=1)
            times = [at] if requests else [at + timedelta(minutes=n) for n in range(10)]
            values = [3.0] if requests else [1.0] * 10
            results.append({"Id": query["Id"], "Timestamps": times, "Values": values, "StatusCode": "Complete"})
        return {"MetricDataResults": results, "Messages": []}


def test_cloudwatchs_minutes_become_requests_and_its_healthy_hosts_what_really_happened() -> None:
    facts = replace(facts_for("gpu/chat", NOW), target_groups=(TargetGroup("targetgroup/chat/1", "app/lb/1"),))
    past = read_past(Stub(), facts, NOW - timedelta(hours=2), NOW, NOW)  # type: ignore[arg-type]
    begin = (NOW - timedelta(hours=1)).timestamp()
    assert list(past.trace.open()) == [(begin + 10, 10.0), (begin + 30, 10.0), (begin + 50, 10.0)]
    assert past.up_seconds == 600
    assert (
        "the 110 minutes of which its load balancer reported nothing are taken as without requests" in past.trace.notes
    )
    with pytest.raises(TraceError, match="no application load balancer"):
        read_past(SimpleNamespace(), facts_for("gpu/chat", NOW), NOW - timedelta(hours=2), NOW, NOW)  # type: ignore[arg-type]
