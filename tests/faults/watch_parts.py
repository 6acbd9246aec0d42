"""Launched instances: one for each start that was asked for, and no part at AWS that no row knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.fleet.model import INSTANCE_TAG
from faults.front import CLUSTER
from faults.invariants import Invariant

if TYPE_CHECKING:
    from faults.front import Front
    from faults.watch import Watch

PREFIX = "ollama-"


@dataclass
class PartsWatch:
    watch: Watch
    front: Front

    def compare(self) -> None:
        """When nothing is under way."""
        rows = dict(self._rows())
        for part, instance in parts(self.front):
            row = rows.get(instance)
            stands = row is not None and part in str(row.get("resources", ""))
            self.watch.verdicts.hold(Invariant.NO_ORPHAN, stands, f"{part} was made for {instance}: {row}")
        keys = [(row["owner_sub"], row["idempotency_key"]) for row in rows.values()]
        twice = {key for key in keys if keys.count(key) > 1}
        self.watch.verdicts.hold(Invariant.ONE_INSTANCE, not twice, f"more than one instance for {sorted(twice)}")

    def unhealed(self) -> dict[str, str]:
        """Rows that are not what AWS shows, though nobody works on them."""
        found = {}
        for id, row in self._rows():
            fake = self.front.world.clusters[CLUSTER].get(f"{PREFIX}{id}")
            down = fake is None or not (fake.desired or fake.tasks)
            state, work = row["state"], row.get("work_until")
            wrong = {
                "running": down, "stopped": not down, "stopping": down, "removing": down,
                "starting": fake is not None and fake.running >= fake.desired > 0,
            }.get(state, False)  # fmt: skip
            if work is not None or wrong:
                found[id] = f"{id} is {state}, held until {work}; at AWS {fake}"
        return found

    def state_of(self, instance: str) -> str:
        return str(dict(self._rows())[instance]["state"])

    def _rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for item in self.watch.rows.partition("INSTANCE"):
            row = self.watch.plain(item)
            if row["state"] != "removed":
                yield str(row["sk"]), row


def parts(front: Front) -> Iterator[tuple[str, str]]:
    """Each part of a launched instance as a row calls it, and the instance it bears the name of; users of others
    before those."""
    for arn, rule in front.rules.items():
        host = rule["Conditions"][0]["HostHeaderConfig"]["Values"][0]
        yield arn, host.partition(".")[0].removeprefix(PREFIX)
    for name, service in front.world.clusters[CLUSTER].items():
        yield service.arn, name.removeprefix(PREFIX)
    for name, arn in front.arns.items():
        if name.startswith(f"{PREFIX}inst-"):
            yield arn, name.removeprefix(PREFIX)
    for arn, tags in front.definitions.items():
        yield arn, tags[INSTANCE_TAG]


def delete_by_hand(front: Front, arn: str) -> None:
    """As a person does who was told of an orphan."""
    match arn.split(":")[2], arn.split(":")[5].partition("/")[0]:
        case "ecs", "service":
            front.operations["ecs.DeleteService"]({"service": arn.rpartition("/")[2]})
        case "ecs", _:
            front.operations["ecs.DeregisterTaskDefinition"]({"taskDefinition": arn})
        case _, "targetgroup":
            front.operations["elbv2.DeleteTargetGroup"]({"TargetGroupArn": arn})
        case _:
            front.operations["elbv2.DeleteRule"]({"RuleArn": arn})
