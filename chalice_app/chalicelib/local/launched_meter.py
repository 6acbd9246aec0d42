"""What CloudWatch would measure of services that were launched while the fleet runs: requests and healthy targets.

Their requests come over HTTP, from whoever is trying things out, so nothing is drawn beforehand: the balancer counts
each as it arrives, and each whole minute that is over is put where CloudWatch answers from.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime

from chalicelib.local.fleet import SimulatedTasks
from chalicelib.local.metrics import MetricStore
from chalicelib.local.traffic import MINUTE
from chalicelib.observe.metrics import HEALTHY_HOSTS, REQUESTS


class LaunchedMeter:
    """Safe against the balancer's threads."""

    def __init__(self, store: MetricStore, tasks: SimulatedTasks, start: datetime) -> None:
        self._store = store
        self._tasks = tasks
        self._measured_until = _minute(start)
        self._arrived: Counter[tuple[str, datetime]] = Counter()
        self._lock = threading.Lock()

    def count(self, target_group_arn: str, at: datetime) -> None:
        """One request that reached a task at ``at``; one that comes late counts in the present minute."""
        with self._lock:
            self._arrived[target_group_arn, max(_minute(at), self._measured_until)] += 1

    def measure_until(self, now: datetime) -> None:
        """Measures every minute that is over, with the tasks as they are: call it before a task changes."""
        until = _minute(now)
        while self._measured_until < until:
            for front in self._tasks.fronts():
                self._measure(front.target_group_arn, front.load_balancer_arn, front.ready_tasks, self._measured_until)
            self._measured_until += MINUTE

    def _measure(self, target_group_arn: str, load_balancer_arn: str, ready: int, at: datetime) -> None:
        dimensions = {
            "LoadBalancer": load_balancer_arn.partition(":loadbalancer/")[2],
            "TargetGroup": target_group_arn.rpartition(":")[2],
        }
        with self._lock:
            arrived = self._arrived.pop((target_group_arn, at), 0)
        if arrived:
            self._store.add(REQUESTS.namespace, REQUESTS.name, dimensions, at, float(arrived))
        if ready:
            self._store.add(HEALTHY_HOSTS.namespace, HEALTHY_HOSTS.name, dimensions, at, float(ready))


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
