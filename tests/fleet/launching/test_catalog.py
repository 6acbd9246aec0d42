"""The catalog's rows, and the rows of instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from chalicelib.decide.facts import ServiceId
from chalicelib.errors import ConditionFailed, Conflict, NotFound, Unfit
from chalicelib.fleet.catalog import Catalog
from chalicelib.fleet.instances import Instances
from chalicelib.fleet.model import (
    Capacity,
    ColdStarts,
    Instance,
    InstanceState,
    Model,
    Placement,
    Resources,
    RoutedTo,
    Slot,
    Weights,
    WeightsFrom,
)
from chalicelib.fleet.seed_models import seed_models
from chalicelib.record.table import BY_SERVICE, TTL_ATTRIBUTE, Table
from support.moto_record import moto_table, race

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
PLACEMENT = Placement(Capacity.GPU_HOST, "gpu-small", "g4dn.xlarge", "t4", 4096, 8192, 1, Decimal("0.526"), "a list")
FULL = Instance(
    id="inst-a",
    model_id="tinyllama",
    model_name="TinyLlama 1.1B",
    ollama_name="tinyllama:1.1b",
    owner_sub="sub-ada",
    owner_email="ada@example.com",
    service=ServiceId("models", "ollama-inst-a"),
    environment="dev",
    placement=PLACEMENT,
    host_name="ollama-inst-a.models.example.com",
    endpoint_url="https://ollama-inst-a.models.example.com",
    state=InstanceState.RUNNING,
    created_at=NOW,
    changed_at=NOW,
    state_reason="said so",
    resources=Resources(Slot("arn:listener", 1004), "arn:td", "arn:tg", "arn:wake", "arn:admin", "arn:rule", "arn:svc"),
    routed_to=RoutedTo.MODEL,
    schedule_policy="office",
    expires_at=NOW + timedelta(days=1),
    ready_by=NOW + timedelta(minutes=15),
    ready_at=NOW + timedelta(minutes=4),
    weights_seconds=12.25,
    cold_starts=ColdStarts(2, 5, NOW, 93.5),
    work_until=NOW + timedelta(minutes=3),
    idempotency_key="k",
    request_digest="abc",
    paid_by="vision team",
)
BARE = Instance(
    **{name: getattr(FULL, name) for name in (
        "model_id", "model_name", "ollama_name", "owner_sub", "owner_email", "service", "environment", "host_name",
        "endpoint_url", "created_at", "changed_at",
    )},
    id="inst-b",
    placement=replace(PLACEMENT, usd_per_hour=None),
    state=InstanceState.STARTING,
)  # fmt: skip


@pytest.fixture
def table() -> Iterator[Table]:
    with moto_table() as made:
        yield made


@pytest.fixture
def catalog(table: Table) -> Catalog:
    made = Catalog(table)
    for model in seed_models(NOW):
        made.add(model)
    return made


@pytest.fixture
def instances(table: Table) -> Instances:
    return Instances(table)


def test_what_was_added_is_listed_by_id(catalog: Catalog) -> None:
    assert catalog.all() == tuple(sorted(seed_models(NOW), key=lambda model: model.id))
    assert catalog.get("llama2-7b").image == "custom/ollama:llama2"


def test_a_new_catalog_is_filled_once_and_what_an_admin_took_out_or_changed_stays_so(table: Table) -> None:
    empty = Catalog(table)
    own = replace(seed_models(NOW)[0], name="ours")
    empty.add(own)

    planted = empty.plant(seed_models, NOW)
    assert {model.id for model in planted} == {model.id for model in seed_models(NOW)} - {own.id}
    assert empty.get(own.id).name == "ours"

    empty.remove("tinyllama")
    assert empty.plant(seed_models, NOW + timedelta(days=1)) == ()
    assert "tinyllama" not in {model.id for model in empty.all()}


def test_a_filling_that_died_is_finished_by_the_next(table: Table) -> None:
    def dies(at: datetime) -> Iterator[Model]:
        yield from seed_models(at)[:2]
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        Catalog(table).plant(dies, NOW)

    Catalog(table).plant(seed_models, NOW)
    assert len(Catalog(table).all()) == len(seed_models(NOW))


def test_an_id_is_added_once(catalog: Catalog) -> None:
    with pytest.raises(Conflict, match="tinyllama"):
        catalog.add(catalog.get("tinyllama"))


@pytest.mark.parametrize("id", ["", "gpt-9", "Tiny Llama"])
def test_what_is_not_there_is_not_found(catalog: Catalog, id: str) -> None:
    with pytest.raises(NotFound):
        catalog.get(id)


def test_of_two_changes_to_one_revision_the_second_is_told_of_the_first(catalog: Catalog) -> None:
    seen = catalog.get("tinyllama")

    changed = catalog.change(replace(seen, memory_mib=4096, created_at=NOW + timedelta(days=9)))

    assert changed.revision == 2
    assert catalog.get("tinyllama") == changed
    assert changed.created_at == NOW
    with pytest.raises(Conflict, match="is at revision 2, and you changed revision 1"):
        catalog.change(replace(seen, memory_mib=1024))


def test_a_model_with_instances_is_not_removed(catalog: Catalog, instances: Instances) -> None:
    instance = instances.create(FULL)

    with pytest.raises(Conflict, match="inst-a"):
        catalog.remove("tinyllama")

    instances.bury(instance, NOW)
    catalog.remove("tinyllama")
    with pytest.raises(NotFound):
        catalog.get("tinyllama")
    with pytest.raises(NotFound):
        catalog.remove("tinyllama")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "Llama"}, "model_id"),
        ({"id": "a" * 64}, "model_id"),
        ({"id": "-a"}, "model_id"),
        ({"ollama_name": "x; rm -rf /"}, "ollama_name"),
        ({"ollama_name": "$(id)"}, "ollama_name"),
        ({"ollama_name": ""}, "ollama_name"),
        ({"gpus": 0, "gpu_memory_mib": 8192}, "gpu_req"),
        ({"weights": Weights(WeightsFrom.S3, "bucket/prefix")}, "weights.source"),
        ({"weights": Weights(WeightsFrom.EFS)}, "weights.source"),
        ({"weights": Weights(WeightsFrom.SNAPSHOT, "vol-1")}, "weights.source"),
    ],
)
def test_what_aws_or_a_shell_could_stumble_over_is_refused(
    catalog: Catalog, change: dict[str, object], field: str
) -> None:
    model: Model = replace(catalog.get("codellama-13b"), **{"id": "new", **change})  # type: ignore[arg-type]

    with pytest.raises(Unfit) as refused:
        catalog.add(model)

    assert refused.value.field == field


@pytest.mark.parametrize("source", ["s3://models-bucket", "s3://models-bucket/llama/7b"])
def test_weights_may_come_from_s3(catalog: Catalog, source: str) -> None:
    weights = Weights(WeightsFrom.S3, source)

    added = catalog.add(replace(catalog.get("tinyllama"), id="from-s3", weights=weights))

    assert catalog.get("from-s3") == added


@pytest.mark.parametrize("instance", [FULL, BARE], ids=["everything", "nothing"])
def test_an_instance_comes_back_as_it_was(instances: Instances, instance: Instance) -> None:
    instances.create(instance)

    assert instances.get(instance.id) == instance
    assert instances.all() == (instance,)


def test_no_row_of_an_instance_gets_into_the_index_of_the_history(instances: Instances, table: Table) -> None:
    instances.create(FULL)

    assert list(table.query(str(FULL.service), index=BY_SERVICE)) == []


def test_of_two_that_read_the_same_row_one_writes(instances: Instances) -> None:
    instances.create(FULL)
    seen = instances.get("inst-a")

    saved = instances.save(replace(seen, state=InstanceState.STOPPED))

    assert saved.revision == seen.revision + 1
    with pytest.raises(ConditionFailed) as lost:
        instances.save(replace(seen, state=InstanceState.FAILED))
    assert lost.value.condition == "same-revision"


def test_edits_of_many_at_once_are_all_kept(instances: Instances) -> None:
    instances.create(BARE)

    def count(_: int) -> Instance:
        return instances.change(
            "inst-b", lambda row: replace(row, cold_starts=replace(row.cold_starts, count=row.cold_starts.count + 1))
        )

    results = race(12, count)

    assert all(isinstance(one, Instance) for one in results), results
    assert instances.get("inst-b").cold_starts.count == 12


def test_an_edit_that_changes_nothing_writes_nothing(instances: Instances) -> None:
    instances.create(BARE)

    assert instances.change("inst-b", lambda row: row).revision == 1


def test_the_name_of_a_removed_instance_stays_taken_and_is_found_by_nobody(instances: Instances, table: Table) -> None:
    instances.bury(instances.create(FULL), NOW)

    with pytest.raises(NotFound):
        instances.get("inst-a")
    assert instances.all() == ()
    with pytest.raises(Conflict, match="not used again"):
        instances.create(FULL)
    (row,) = table.query("INSTANCE")
    assert row["owner_sub"] == "sub-ada"
    assert row[TTL_ATTRIBUTE] > (NOW + timedelta(days=365)).timestamp()


def test_an_instance_of_which_nothing_was_made_can_be_dropped(instances: Instances) -> None:
    created = instances.create(BARE)

    instances.drop(created)

    assert instances.create(BARE) == created
