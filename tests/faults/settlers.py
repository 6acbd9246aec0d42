"""The services of the town as they live without us: tasks boot, streams run, autoscaling acts, hosts are taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from chalicelib.decide.facts import ServiceId
from chalicelib.fleet.asking import instance_id
from faults.fleet import SPOT, Blueprint, Use, launched
from faults.front import CLUSTER
from faults.people import Person
from faults.truth import Truth
from faults.watch_parts import delete_by_hand, parts
from support.aws_events import interruption_event, task_event

if TYPE_CHECKING:
    from faults.cloud import WholeAws
    from support.strict_rows import Rows
    from support.strict_world import FakeService, FakeTask, Series

BOOT = timedelta(minutes=4)
STREAM = timedelta(hours=1)
LAUNCHED_USAGE = 0.3


class Settlers:
    """``truths`` grows with each instance that is launched and shrinks with each that is removed."""

    def __init__(self, aws: WholeAws, seed: int, fleet: Sequence[Blueprint]) -> None:
        self._aws = aws
        self._seed = seed
        self._hosts = count(1)
        self._taken: list[tuple[datetime, FakeService, FakeTask]] = []
        self.launched_usage = LAUNCHED_USAGE
        self.owners: dict[str, Person] = {}
        """Whose an instance is, by its service's name: known before anything of it is made."""
        self.truths: dict[ServiceId, Truth] = {one.id: self._settle_in(one) for one in fleet}
        aws.front.made = self._is_launched
        aws.front.gone = lambda fake: self.truths.pop(ServiceId(CLUSTER, fake.name), None)

    def expect(self, person: Person, key: str) -> str:
        """The instance that this key of theirs stands for."""
        made = instance_id(person.sub, key)
        self.owners[f"ollama-{made}"] = person
        return made

    def _settle_in(self, of: Blueprint) -> Truth:
        strategy = [{"capacityProvider": of.provider, "base": 0, "weight": 1}] if of.provider else None
        fake = self._aws.world.add_service(
            of.cluster, of.name, desired=of.size, tags={"environment": of.environment, **of.tags}, scaling=of.scaling,
            behind="app/shared/0123456789abcdef" if of.measured else None, boot=BOOT, strategy=strategy,
        )  # fmt: skip
        truth = Truth(of, fake, Use(self._seed, of), size=of.size)
        if of.measured:
            self._measure(truth)
        return truth

    def _is_launched(self, fake: FakeService) -> None:
        of = replace(launched(fake.name), usage=self.launched_usage)
        fake.boot = BOOT
        truth = Truth(of, fake, Use(self._seed, of), owner=self.owners[fake.name], size=of.size)
        self._measure(truth)
        self.truths[of.id] = truth

    def _measure(self, truth: Truth) -> None:
        healthy: dict[datetime, float | None] = {}

        def health(at: datetime) -> float | None:
            return None if _blind(truth, at) else healthy.setdefault(at, 1.0 if truth.fake.running else None)

        truth.fake.sends("healthy-hosts", health)
        truth.fake.sends("requests", _requests(truth))

    # --- time

    def live_until(self, moment: datetime) -> None:
        for at, fake, task in list(self._taken):
            if at <= moment:
                self._taken.remove((at, fake, task))
                if task in fake.tasks:
                    fake.lose(task)
        for truth in self.truths.values():
            truth.fake.settle()
            for task in truth.fake.tasks:
                self._is_there(truth, task, moment)
        off = [truth for truth in self.truths.values() if not truth.fake.desired]
        self._aws.world.let_autoscaling_act()
        for truth in off:
            if truth.fake.desired:
                truth.hands += 1
                truth.touched_at = moment
                truth.size = truth.size if truth.taken else truth.fake.desired

    def _is_there(self, truth: Truth, task: FakeTask, moment: datetime) -> None:
        if truth.blueprint.streams:
            task.protected_until = moment + STREAM if truth.use.at(moment) else None
        if truth.owner is not None and task.runs(moment):
            task.health = "HEALTHY"
        if task.provider == SPOT and task.runs(moment) and task.host is None:
            task.host = f"i-{next(self._hosts):017x}"

    # --- what AWS says

    def event(self, id: ServiceId) -> str:
        return json.dumps(task_event(id.cluster, f"service:{id.name}"))

    def take_a_host(self, choose: Callable[[list[FakeTask]], FakeTask], taken: set[str]) -> list[str]:
        """AWS takes a Spot host two minutes after it says so; nothing happens where nobody runs on Spot."""
        on_spot = [(truth.fake, task) for truth in self.truths.values() for task in truth.fake.tasks if task.host]
        if not on_spot:
            return []
        chosen = choose([task for _, task in on_spot])
        fake = next(fake for fake, task in on_spot if task is chosen)
        now = self._aws.world.now
        taken.add(chosen.arn)
        self._taken.append((now + timedelta(minutes=2), fake, chosen))
        return [json.dumps(interruption_event(str(chosen.host), f"{now:%Y-%m-%dT%H:%M:%SZ}"))]

    # --- after the table was restored

    def after_a_restore(self, rows: Rows) -> None:
        """What is at AWS and unknown to the table is deleted by hand, as the house asks for; a row whose service is
        gone is taken out."""
        known = {item["sk"]["S"]: item["resources"]["M"] for item in rows.partition("INSTANCE") if "resources" in item}
        for part, _ in list(parts(self._aws.front)):
            if not any(part in str(resources) for resources in known.values()):
                delete_by_hand(self._aws.front, part)
        for instance in known:
            if f"ollama-{instance}" not in self._aws.world.clusters[CLUSTER]:
                rows.rows["INSTANCE"].pop(instance)


def _requests(truth: Truth) -> Series:
    return lambda at: 2.0 if not truth.blueprint.streams and truth.use.at(at) and not _blind(truth, at) else None


def _blind(truth: Truth, at: datetime) -> bool:
    return truth.blind_since is not None and at >= truth.blind_since
