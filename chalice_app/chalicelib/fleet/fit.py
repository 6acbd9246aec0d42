"""Whether a model fits where somebody wants it, and where it runs. Pure; refuses with what would fit instead.

A model without GPU needs runs on Fargate, one with them on a GPU host, alone: its task holds all GPUs of the host, so
that the host's price is the instance's price. Only hosts that the deployment has a capacity provider for are offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from chalicelib.errors import Unfit
from chalicelib.fleet.hosts import FARGATE, HOSTS, FargateSize, Host
from chalicelib.fleet.model import Capacity, Model, Placement
from chalicelib.fleet.settings import FleetSettings
from chalicelib.prices import fargate_price, instance_price

CPU_SIZES: Mapping[str, FargateSize] = MappingProxyType(
    {
        "cpu-small": FargateSize(1024, 8192),
        "cpu-medium": FargateSize(2048, 16_384),
        "cpu-large": FargateSize(4096, 30_720),
        "cpu-xlarge": FargateSize(8192, 61_440),
    }
)
GPU_SIZES: Mapping[str, int] = MappingProxyType(
    {"gpu-small": 15_000, "gpu-medium": 22_000, "gpu-large": 45_000, "gpu-xlarge": 90_000, "gpu-2xlarge": 180_000}
)
"""The least GPU memory (MiB) of the host: of those offered that have it and fit, the cheapest is taken."""

_SAGEMAKER = "ml."
_DEAREST = Decimal("Infinity")


def place(model: Model, *, instance_type: str, size: str, settings: FleetSettings, region: str) -> Placement:
    """Where the model runs. Both texts may be empty: the cheapest that fits. Raises Unfit naming the field."""
    if instance_type and size:
        raise Unfit("Name an instance_type or a size, not both.", field="size")
    if instance_type:
        return _on_type(model, instance_type, settings, region)
    if size in CPU_SIZES:
        return _on_cpu_size(model, size, settings, region)
    if size in GPU_SIZES:
        return _on_gpu_size(model, size, settings, region)
    if size:
        raise Unfit(f'There is no size "{size}"; there are {", ".join((*CPU_SIZES, *GPU_SIZES))}.', field="size")
    if (cheapest := _cheapest(model, settings, region)) is None:
        raise Unfit(f"{_needs(model)}; nothing here offers that: {_offer(settings)}.", field="model_id")
    return cheapest


def shortcoming(model: Model, host: Host) -> str:
    """What the host lacks for the model; empty when it fits."""
    if model.gpus > host.gpus:
        return f"it has {_count(host.gpus)}"
    if model.gpu_memory_mib > host.all_gpu_memory_mib:
        return f"its {_count(host.gpus)} ({host.gpu}) have {_gib(host.all_gpu_memory_mib)} GiB of GPU memory together"
    if model.memory_mib > host.usable_memory_mib:
        return f"it leaves {_gib(host.usable_memory_mib)} GiB of memory to the model"
    if model.cpu_units > host.cpu_units:
        return f"it has {host.vcpus} vCPUs"
    return ""


def _on_type(model: Model, instance_type: str, settings: FleetSettings, region: str) -> Placement:
    asked = instance_type.strip().lower()
    if asked.startswith(_SAGEMAKER):
        ec2 = asked.removeprefix(_SAGEMAKER)
        raise Unfit(
            f'"{instance_type}" is a SageMaker name; EC2 calls it {ec2}. {_advice(model, settings, region)}',
            field="instance_type",
        )
    host = HOSTS.get(asked)
    if host is None:
        raise Unfit(
            f'"{instance_type}" is no GPU host that we know. {_advice(model, settings, region)}', field="instance_type"
        )
    if asked not in settings.gpu_providers:
        raise Unfit(
            f"This deployment has no capacity provider for {asked}; {_offer(settings)}. "
            f"{_advice(model, settings, region)}",
            field="instance_type",
        )
    if lack := shortcoming(model, host):
        raise Unfit(
            f"{asked} is too small: {_needs(model)}, and {lack}. {_advice(model, settings, region)}",
            field="instance_type",
        )
    return _on_host(asked, asked, settings, region)


def _on_cpu_size(model: Model, size: str, settings: FleetSettings, region: str) -> Placement:
    has = CPU_SIZES[size]
    if model.gpus or model.cpu_units > has.cpu_units or model.memory_mib > has.memory_mib:
        lack = "Fargate has no GPU" if model.gpus else f"{_of_fargate(has)} is less than that"
        raise Unfit(
            f"{size} is too small: {_needs(model)}, and {lack}. {_advice(model, settings, region)}", field="size"
        )
    return _on_fargate(has, size, region)


def _on_gpu_size(model: Model, size: str, settings: FleetSettings, region: str) -> Placement:
    large = [name for name in _fitting(model, settings) if HOSTS[name].all_gpu_memory_mib >= GPU_SIZES[size]]
    if not large:
        raise Unfit(
            f"No host here is both {size} ({_gib(GPU_SIZES[size])} GiB of GPU memory or more) and large enough: "
            f"{_needs(model)}. {_advice(model, settings, region)}",
            field="size",
        )
    return _on_host(_cheapest_type(large, region), size, settings, region)


def _cheapest(model: Model, settings: FleetSettings, region: str) -> Placement | None:
    if not model.gpus:
        enough = (one for one in FARGATE if one.cpu_units >= model.cpu_units and one.memory_mib >= model.memory_mib)
        smallest = min(enough, key=lambda one: (one.cpu_units, one.memory_mib), default=None)
        return _on_fargate(smallest, "", region) if smallest else None
    fitting = _fitting(model, settings)
    if not fitting:
        return None
    cheapest = _cheapest_type(fitting, region)
    return _on_host(cheapest, cheapest, settings, region)


def _fitting(model: Model, settings: FleetSettings) -> list[str]:
    return [name for name in settings.gpu_providers if name in HOSTS and not shortcoming(model, HOSTS[name])]


def _cheapest_type(names: Iterable[str], region: str) -> str:
    """Without prices (a region that the table does not know) the smallest by GPU memory, CPUs and name."""

    def dearness(name: str) -> tuple[Decimal, int, int, str]:
        price, host = instance_price(name, region), HOSTS[name]
        return (price.usd_per_hour if price else _DEAREST, host.all_gpu_memory_mib, host.vcpus, name)

    return min(names, key=dearness)


def _on_fargate(has: FargateSize, size: str, region: str) -> Placement:
    price = fargate_price(str(Decimal(has.cpu_units) / 1024), str(Decimal(has.memory_mib) / 1024), region)
    return Placement(
        capacity=Capacity.FARGATE,
        size=size or _of_fargate(has),
        instance_type="",
        capacity_provider="FARGATE",
        cpu_units=has.cpu_units,
        memory_mib=has.memory_mib,
        gpus=0,
        usd_per_hour=price.usd_per_hour if price else None,
        price_source=f"{price.source}, {price.as_of.isoformat()}" if price else "",
    )


def _on_host(instance_type: str, size: str, settings: FleetSettings, region: str) -> Placement:
    host, price = HOSTS[instance_type], instance_price(instance_type, region)
    return Placement(
        capacity=Capacity.GPU_HOST,
        size=size,
        instance_type=instance_type,
        capacity_provider=settings.gpu_providers[instance_type],
        cpu_units=host.cpu_units,
        memory_mib=host.usable_memory_mib,
        gpus=host.gpus,
        usd_per_hour=price.usd_per_hour if price else None,
        price_source=f"{price.source}, {price.as_of.isoformat()}" if price else "",
    )


def _advice(model: Model, settings: FleetSettings, region: str) -> str:
    """What to ask for instead, the cheapest first."""
    hosts = _fitting(model, settings)
    typed = f"instance_type {_priced(_cheapest_type(hosts, region), region)}" if hosts else ""
    if model.gpus:
        return f"{model.name} fits on {typed}." if typed else f"{_needs(model)}; {_offer(settings)}."
    sizes = [
        name for name, has in CPU_SIZES.items()
        if has.cpu_units >= model.cpu_units and has.memory_mib >= model.memory_mib
    ]  # fmt: skip
    sized = f"size {sizes[0]}" if sizes else ""
    fits = " or ".join(part for part in (sized, typed) if part)
    if not fits:
        return f"{_needs(model)}; {_offer(settings)}."
    return f"{model.name} needs no GPU and fits in {fits}; say neither for the smallest that does."


def _priced(instance_type: str, region: str) -> str:
    price = instance_price(instance_type, region)
    return f"{instance_type} ({price.usd_per_hour} USD an hour)" if price else instance_type


def _offer(settings: FleetSettings) -> str:
    known = sorted(name for name in settings.gpu_providers if name in HOSTS)
    return f"the GPU hosts are {', '.join(known)}" if known else "there are no GPU hosts"


def _needs(model: Model) -> str:
    text = f"{model.name} needs {Decimal(model.cpu_units) / 1024:f} vCPUs and {_gib(model.memory_mib)} GiB of memory"
    if model.gpus:
        text += f", {_count(model.gpus)} and {_gib(model.gpu_memory_mib)} GiB of GPU memory"
    return text


def _of_fargate(has: FargateSize) -> str:
    return f"{Decimal(has.cpu_units) / 1024:f} vCPU, {_gib(has.memory_mib)} GiB"


def _count(gpus: int) -> str:
    return {0: "no GPU", 1: "1 GPU"}.get(gpus, f"{gpus} GPUs")


def _gib(mib: int) -> str:
    return f"{Decimal(mib) / 1024:.1f}".removesuffix(".0")
