"""The CloudWatch metrics that signals are read from: one table, the only place where their names stand.

Names, dimensions and statistics are AWS's (ELB, ECS and Container Insights documentation). Maximum is read for
every veto: an average hides a GPU that works in bursts, and over several tasks it hides the one that works.

GPU is the exception to "AWS's own names". ECS publishes no GPU use, and the CloudWatch agent names a GPU by its
index and host, which cannot be joined to a service. So we read what the agent publishes when it runs beside the
model (as a sidecar, or on a host that serves one service) and is told to aggregate by service:

    {"metrics": {"namespace": "CWAgent",
                 "aggregation_dimensions": [["ClusterName", "ServiceName"]],
                 "metrics_collected": {"nvidia_gpu": {
                     "measurement": ["utilization_gpu"],
                     "append_dimensions": {"ClusterName": "gpu-dev", "ServiceName": "ollama-vision"}}}}}

Another convention is another row: pass your own table to `CloudWatchSignals`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.decide.facts import SignalName


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``per`` says which dimensions it is read with: the target group's or the service's."""

    signal: SignalName
    namespace: str
    name: str
    statistic: Literal["Sum", "Maximum"]
    unit: str
    per: Literal["target-group", "service"]


REQUESTS = Metric(SignalName.REQUESTS, "AWS/ApplicationELB", "RequestCount", "Sum", "requests", "target-group")
"""Sum, not RequestCountPerTarget: that one is an average over tasks. ELB reports it only when requests flow."""

HEALTHY_HOSTS = Metric(
    SignalName.REQUESTS, "AWS/ApplicationELB", "HealthyHostCount", "Maximum", "hosts", "target-group"
)
"""Tells "no request" from "no load balancer": asked for only where RequestCount said nothing."""

GPU = Metric(SignalName.GPU, "CWAgent", "nvidia_smi_utilization_gpu", "Maximum", "%", "service")
CPU = Metric(SignalName.CPU, "AWS/ECS", "CPUUtilization", "Maximum", "%", "service")
NETWORK_OUT = Metric(SignalName.NETWORK_OUT, "ECS/ContainerInsights", "NetworkTxBytes", "Maximum", "B/s", "service")
"""Container Insights gives bytes per second, of the busiest task."""

METRICS = (REQUESTS, GPU, CPU, NETWORK_OUT)
