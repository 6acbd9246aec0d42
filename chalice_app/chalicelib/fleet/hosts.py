"""The GPU hosts we know: what one EC2 instance of each type offers a model. A dated table; decides nothing.

Only types that `prices` knows too, so that nothing is launched whose price cannot be told.
Source: Amazon EC2 instance types, accelerated computing (docs.aws.amazon.com/ec2/latest/instancetypes/ac.html) and
DescribeInstanceTypes, as of 2026-11-21. GPU memory is what the driver reports, which is less than the name promises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

AS_OF = date(2026, 11, 21)

SYSTEM_MIB = 1024
"""Of every host's memory kept for its operating system, the ECS agent and the GPU driver."""


@dataclass(frozen=True, slots=True)
class Host:
    """``memory_mib`` of the whole host; ``gpu_memory_mib`` of one GPU."""

    vcpus: int
    memory_mib: int
    gpus: int
    gpu: str
    gpu_memory_mib: int

    @property
    def cpu_units(self) -> int:
        return self.vcpus * 1024

    @property
    def usable_memory_mib(self) -> int:
        """What ECS can give to tasks: the host's, less three percent that the hypervisor keeps, less the system's."""
        return self.memory_mib * 97 // 100 - SYSTEM_MIB

    @property
    def all_gpu_memory_mib(self) -> int:
        return self.gpus * self.gpu_memory_mib


_T4, _A10G, _L4, _L40S = 15_360, 22_888, 22_888, 45_776
_A100, _H100 = 40_960, 81_559


def _gib(gib: int) -> int:
    return gib * 1024


HOSTS: Mapping[str, Host] = MappingProxyType(
    {
        "g4dn.xlarge": Host(4, _gib(16), 1, "T4", _T4),
        "g4dn.2xlarge": Host(8, _gib(32), 1, "T4", _T4),
        "g4dn.12xlarge": Host(48, _gib(192), 4, "T4", _T4),
        "g5.xlarge": Host(4, _gib(16), 1, "A10G", _A10G),
        "g5.2xlarge": Host(8, _gib(32), 1, "A10G", _A10G),
        "g5.4xlarge": Host(16, _gib(64), 1, "A10G", _A10G),
        "g5.12xlarge": Host(48, _gib(192), 4, "A10G", _A10G),
        "g5.48xlarge": Host(192, _gib(768), 8, "A10G", _A10G),
        "g6.xlarge": Host(4, _gib(16), 1, "L4", _L4),
        "g6.2xlarge": Host(8, _gib(32), 1, "L4", _L4),
        "g6.4xlarge": Host(16, _gib(64), 1, "L4", _L4),
        "g6.12xlarge": Host(48, _gib(192), 4, "L4", _L4),
        "g6e.xlarge": Host(4, _gib(32), 1, "L40S", _L40S),
        "g6e.2xlarge": Host(8, _gib(64), 1, "L40S", _L40S),
        "g6e.12xlarge": Host(48, _gib(384), 4, "L40S", _L40S),
        "p4d.24xlarge": Host(96, _gib(1152), 8, "A100", _A100),
        "p5.48xlarge": Host(192, _gib(2048), 8, "H100", _H100),
    }
)


@dataclass(frozen=True, slots=True)
class FargateSize:
    """One combination that Fargate accepts."""

    cpu_units: int
    memory_mib: int


def _steps(cpu_units: int, first_gib: int, last_gib: int, step_gib: int = 1) -> tuple[FargateSize, ...]:
    return tuple(FargateSize(cpu_units, _gib(gib)) for gib in range(first_gib, last_gib + 1, step_gib))


FARGATE: tuple[FargateSize, ...] = (
    *_steps(1024, 2, 8),
    *_steps(2048, 4, 16),
    *_steps(4096, 8, 30),
    *_steps(8192, 16, 60, 4),
    *_steps(16384, 32, 120, 8),
)
"""Task CPU and memory that Fargate accepts, from one vCPU upwards (Amazon ECS developer guide, "Task CPU and memory",
as of 2026-11-21). Less than one vCPU answers no model in useful time."""
