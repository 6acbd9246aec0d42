"""What is known of hosts after their tasks: gone is only what ECS does not list any more."""

from __future__ import annotations

from typing import Any

from chalicelib.observe.hosts import Hosts, HostState


class FakeEcs:
    def describe_container_instances(self, **_: Any) -> dict[str, Any]:
        return {
            "containerInstances": [
                {"containerInstanceArn": "used", "status": "ACTIVE", "runningTasksCount": 1},
                {"containerInstanceArn": "idle", "status": "DRAINING", "agentConnected": True},
                {"containerInstanceArn": "silent", "status": "ACTIVE", "agentConnected": False},
                {"containerInstanceArn": "deregistered", "status": "INACTIVE", "agentConnected": False},
            ]
        }


def test_a_host_whose_agent_is_silent_is_not_taken_for_gone() -> None:
    client: Any = FakeEcs()

    states = Hosts(client).states("gpu-dev", ["used", "idle", "silent", "deregistered", "unknown"])

    assert states == {"used": HostState.USED, "idle": HostState.IDLE, "silent": HostState.SILENT}
