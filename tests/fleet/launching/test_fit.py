"""Whether a model fits, where it runs, and what a refusal says. No AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from chalicelib.errors import Unfit
from chalicelib.fleet.fit import CPU_SIZES, GPU_SIZES, place
from chalicelib.fleet.hosts import FARGATE, HOSTS, FargateSize
from chalicelib.fleet.model import Capacity, Model, Placement
from chalicelib.fleet.seed_models import seed_models
from chalicelib.fleet.settings import FleetSettings
from chalicelib.prices import GPUS_PER_INSTANCE
from hypothesis import given
from hypothesis import strategies as st

MODELS: Mapping[str, Model] = {model.id: model for model in seed_models(datetime(2026, 11, 20, tzinfo=UTC))}
EVERY_HOST = {name: f"gpu-{name.replace('.', '-')}" for name in HOSTS}


def settings(providers: Mapping[str, str]) -> FleetSettings:
    return FleetSettings(
        cluster="models",
        vpc_id="vpc-1",
        subnet_ids=("subnet-1",),
        security_group_ids=("sg-1",),
        execution_role_arn="arn:execution",
        task_role_arn="arn:task",
        log_group="/models",
        listener_arns=("arn:listener",),
        domain="models.example.com",
        wake_function_arn="arn:wake",
        gpu_providers=providers,
    )


TWO_HOSTS = {"g5.xlarge": "gpu-a10g", "g4dn.xlarge": "gpu-t4"}


def placed(
    model: str | Model,
    *,
    instance_type: str = "",
    size: str = "",
    providers: Mapping[str, str] = TWO_HOSTS,
    region: str = "us-east-1",
) -> Placement:
    asked = MODELS[model] if isinstance(model, str) else model
    return place(asked, instance_type=instance_type, size=size, settings=settings(providers), region=region)


def refusal(
    model: str | Model, *, instance_type: str = "", size: str = "", providers: Mapping[str, str] = TWO_HOSTS
) -> Unfit:
    with pytest.raises(Unfit) as refused:
        placed(model, instance_type=instance_type, size=size, providers=providers)
    return refused.value


def test_a_cpu_model_takes_the_smallest_fargate_task_that_holds_it() -> None:
    placement = placed("llama2-7b")

    assert placement.capacity is Capacity.FARGATE
    assert (placement.cpu_units, placement.memory_mib, placement.gpus) == (2048, 8192, 0)
    assert placement.usd_per_hour == 2 * Decimal("0.04048") + 8 * Decimal("0.004445")
    assert "Fargate" in placement.price_source


def test_a_gpu_model_takes_the_cheapest_host_that_holds_it() -> None:
    placement = placed("codellama-13b")

    assert placement.instance_type == "g4dn.xlarge"
    assert placement.capacity_provider == "gpu-t4"
    assert placement.gpus == 1
    assert placement.usd_per_hour == Decimal("0.526")


def test_a_model_too_large_for_the_cheapest_host_takes_the_next() -> None:
    assert placed("qwen2-5-32b", providers=EVERY_HOST).instance_type == "g6e.xlarge"


def test_an_instance_holds_all_gpus_of_its_host_because_it_pays_for_them() -> None:
    assert placed("codellama-13b", instance_type="g5.12xlarge", providers=EVERY_HOST).gpus == 4


@pytest.mark.parametrize("size", CPU_SIZES)
def test_every_cpu_size_is_a_combination_that_fargate_accepts(size: str) -> None:
    assert CPU_SIZES[size] in FARGATE
    assert placed("tinyllama", size=size).size == size


@pytest.mark.parametrize("size", GPU_SIZES)
def test_every_gpu_size_names_some_host(size: str) -> None:
    placement = placed("llama3-1-8b", size=size, providers=EVERY_HOST)

    assert HOSTS[placement.instance_type].all_gpu_memory_mib >= GPU_SIZES[size]
    assert placement.size == size


def test_a_sagemaker_name_is_called_one_and_what_fits_is_named() -> None:
    refused = refusal("codellama-13b", instance_type="ml.m5.large")

    assert refused.field == "instance_type"
    assert str(refused) == (
        '"ml.m5.large" is a SageMaker name; EC2 calls it m5.large. '
        "CodeLlama 13B fits on instance_type g4dn.xlarge (0.526 USD an hour)."
    )


def test_a_sagemaker_name_for_a_cpu_model_names_the_size_as_well() -> None:
    assert str(refusal("llama2-7b", instance_type="ml.m5.large")).endswith(
        "Llama2 7B needs no GPU and fits in size cpu-medium or instance_type g4dn.xlarge (0.526 USD an hour); "
        "say neither for the smallest that does."
    )


@pytest.mark.parametrize(
    ("model", "asked", "field", "says"),
    [
        ("codellama-13b", {"instance_type": "m5.large"}, "instance_type", "no GPU host that we know"),
        ("codellama-13b", {"instance_type": "g6.xlarge"}, "instance_type", "no capacity provider for g6.xlarge"),
        ("qwen2-5-32b", {"instance_type": "g4dn.xlarge"}, "instance_type", "15 GiB of GPU memory together"),
        ("codellama-13b", {"size": "cpu-large"}, "size", "Fargate has no GPU"),
        ("llama2-7b", {"size": "cpu-small"}, "size", "1 vCPU, 8 GiB is less than that"),
        ("codellama-13b", {"size": "gpu-large"}, "size", "No host here is both gpu-large"),
        ("codellama-13b", {"size": "huge"}, "size", 'There is no size "huge"; there are cpu-small'),
        ("codellama-13b", {"size": "gpu-small", "instance_type": "g4dn.xlarge"}, "size", "not both"),
        ("qwen2-5-32b", {}, "model_id", "the GPU hosts are g4dn.xlarge, g5.xlarge"),
    ],
)
def test_a_refusal_says_what_lacks_and_which_field(model: str, asked: dict[str, str], field: str, says: str) -> None:
    refused = refusal(model, **asked)

    assert refused.field == field
    assert says in str(refused)


def test_without_gpu_hosts_a_gpu_model_is_refused_with_its_needs() -> None:
    assert str(refusal("codellama-13b", providers={})) == (
        "CodeLlama 13B needs 4 vCPUs and 8 GiB of memory, 1 GPU and 12 GiB of GPU memory; "
        "nothing here offers that: there are no GPU hosts."
    )


def test_more_memory_than_fargate_has_is_refused() -> None:
    giant = replace(MODELS["llama2-7b"], memory_mib=500_000)

    assert refusal(giant).field == "model_id"


def test_a_region_without_prices_has_placements_without_a_price() -> None:
    placement = placed("codellama-13b", region="mars-north-1")

    assert placement.usd_per_hour is None
    assert placement.instance_type == "g4dn.xlarge", "the smallest, where nobody knows the cheapest"


def test_every_host_has_a_price_somewhere_and_the_gpus_that_prices_knows() -> None:
    assert {name: host.gpus for name, host in HOSTS.items()} == dict(GPUS_PER_INSTANCE)


needs = st.builds(
    lambda cpu, memory, gpus, gpu_memory: replace(
        MODELS["tinyllama"], cpu_units=cpu, memory_mib=memory, gpus=gpus, gpu_memory_mib=gpu_memory if gpus else 0
    ),
    st.integers(1, 200_000),
    st.integers(1, 2_000_000),
    st.integers(0, 9),
    st.integers(0, 700_000),
)


@given(
    model=needs,
    instance_type=st.sampled_from(["", *HOSTS, "ml.g5.xlarge", "m5.large", "ml.", " ", "G5.XLARGE"]),
    size=st.sampled_from(["", *CPU_SIZES, *GPU_SIZES, "x"]),
)
def test_whatever_is_asked_it_fits_or_is_refused_with_a_field(model: Model, instance_type: str, size: str) -> None:
    try:
        placement = placed(model, instance_type=instance_type, size=size, providers=EVERY_HOST)
    except Unfit as refused:
        assert refused.field in ("instance_type", "size", "model_id")
        return
    assert placement.gpus >= model.gpus
    assert placement.memory_mib >= model.memory_mib
    assert placement.cpu_units >= model.cpu_units
    if placement.capacity is Capacity.FARGATE:
        assert FargateSize(placement.cpu_units, placement.memory_mib) in FARGATE
    else:
        assert HOSTS[placement.instance_type].all_gpu_memory_mib >= model.gpu_memory_mib
