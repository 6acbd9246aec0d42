"""ECS task protection, which moto does not know: no task of the simulated fleet protects itself, unless a test says so
(``protects_tasks`` of moto's own ECS).

Without an answer the probe would have to say "cannot tell", and nothing would ever be stopped.
"""

from __future__ import annotations

from typing import Any


def answer_task_protection() -> None:
    """Teaches moto's ECS the call GetTaskProtection, once per process."""
    from moto.core.responses import ActionResult
    from moto.ecs.responses import EC2ContainerServiceResponse

    def get_task_protection(self: Any) -> Any:
        cluster = self._get_param("cluster", "default").rpartition("/")[2]
        known = self.ecs_backend.tasks.get(cluster, {})
        asked = self._get_param("tasks") or list(known)
        protected = getattr(self.ecs_backend, "protects_tasks", lambda: False)()
        tasks = [{"taskArn": arn, "protectionEnabled": protected} for arn in asked if arn in known]
        failures = [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known]
        return ActionResult({"protectedTasks": tasks, "failures": failures})

    EC2ContainerServiceResponse.get_task_protection = get_task_protection  # type: ignore[attr-defined]
