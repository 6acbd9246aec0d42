"""Turns the traffic into metrics as time goes by, and counts who found a service closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from chalicelib.decide.facts import ServiceId
from chalicelib.local.fleet import SimulatedTasks
from chalicelib.local.metrics import MetricStore
from chalicelib.local.scenario import Blueprint, Scenario
from chalicelib.local.seed import Placed
from chalicelib.local.traffic import Measured, Timetable, draw, is_silent, measure
from chalicelib.observe.metrics import CPU, GPU, HEALTHY_HOSTS, REQUESTS

LEAD_IN = timedelta(hours=3)
"""The fleet has been used and measured for so long when the week begins."""


class Meter:
    """Whole minutes only: what happened in the present minute is measured when it is over."""

    def __init__(
        self, scenario: Scenario, store: MetricStore, tasks: SimulatedTasks, placed: Mapping[ServiceId, Placed]
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._placed = placed
        self._fleet = scenario.fleet
        self.traffic = _draw_all(scenario)
        self._measured_until = _begin(scenario)
        self.answered: Counter[ServiceId] = Counter()
        self.refused: Counter[ServiceId] = Counter()
        """Requests that found no task to answer them."""
        self.refused_at: dict[ServiceId, list[datetime]] = {}

    def measure_until(self, now: datetime) -> None:
        """Measures every minute that is over, with the tasks as they are: call it before a task changes."""
        until = now.replace(second=0, microsecond=0)
        if until <= self._measured_until:
            return
        for blueprint in self._fleet:
            ready = self._tasks.ready_tasks(blueprint.id)
            for use in self.traffic[blueprint.id].minutes(self._measured_until, until):
                if ready:
                    self.answered[blueprint.id] += use.arrived
                    silent = is_silent(blueprint.silences, use.at)
                    self._put(blueprint, measure(use, ready, alb_silent=silent))
                elif use.arrived:
                    self.refused[blueprint.id] += use.arrived
                    self.refused_at.setdefault(blueprint.id, []).append(use.at)
        self._measured_until = until

    def _put(self, blueprint: Blueprint, minute: Measured) -> None:
        service = blueprint.id
        at, placed = minute.at, self._placed[service]
        alb = {"LoadBalancer": placed.load_balancer, "TargetGroup": placed.target_group}
        ecs = {"ClusterName": service.cluster, "ServiceName": service.name}
        if minute.requests is not None:
            self._store.add(REQUESTS.namespace, REQUESTS.name, alb, at, minute.requests)
        if minute.healthy_hosts is not None:
            self._store.add(HEALTHY_HOSTS.namespace, HEALTHY_HOSTS.name, alb, at, minute.healthy_hosts)
        if blueprint.gpu_agent:
            self._store.add(GPU.namespace, GPU.name, ecs, at, minute.gpu_percent)
        self._store.add(CPU.namespace, CPU.name, ecs, at, minute.cpu_percent)


def _begin(scenario: Scenario) -> datetime:
    return scenario.start - LEAD_IN


def _draw_all(scenario: Scenario) -> Mapping[ServiceId, Timetable]:
    """Each service draws from a seed of its own, so that adding one changes no other."""
    return {
        blueprint.id: Timetable(
            draw(blueprint.traffic, _begin(scenario), scenario.end, scenario.zone, _random(scenario, blueprint.id))
        )
        for blueprint in scenario.fleet
    }


def _random(scenario: Scenario, service: ServiceId) -> Random:
    return Random(f"{scenario.seed}/{service}")  # noqa: S311  # not for secrets: the same week each time
