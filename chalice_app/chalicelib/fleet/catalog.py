"""The model catalog: which models can be launched, kept as rows that people with the Admin role edit.

It refuses to lose an edit (every change names the revision it was made on), an id that an AWS name cannot bear, and
to forget a model while instances of it are there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.errors import ConditionFailed, Conflict, NotFound, Unfit
from chalicelib.fleet.conditions import MODEL_ID_FREE, NEVER_PLANTED
from chalicelib.fleet.instances import Instances
from chalicelib.fleet.model import Model, Weights, WeightsFrom
from chalicelib.record.codec import Item, when, when_text
from chalicelib.record.conditions import SAME_REVISION
from chalicelib.record.table import Table

PK = "MODEL"
PLANTED = ("CATALOG", "planted")
"""The row that says that the catalog was filled once."""
ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""What the family of a task definition and a tag may bear: 255 and 256 characters would do, 63 are readable."""
_OLLAMA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*(?::[A-Za-z0-9._-]+)?")
"""Nothing that a shell could read as more than a name: it stands in health checks and start commands."""
_TEXTS = ("name", "ollama_name", "image")
_NUMBERS = ("cpu_units", "memory_mib", "gpus", "gpu_memory_mib", "revision")


class Catalog:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._instances = Instances(table)

    def all(self) -> tuple[Model, ...]:
        """Every model, by id."""
        return tuple(_model(item) for item in self._table.query(PK))

    def get(self, model_id: str) -> Model:
        """Raises NotFound."""
        item = self._table.get(PK, model_id) if model_id else None
        if item is None:
            raise NotFound(f'There is no model "{model_id}" in the catalog.')
        return _model(item)

    def add(self, model: Model) -> Model:
        """A new entry, as revision 1. Raises Conflict when the id is taken, Unfit for what AWS cannot bear."""
        check(model)
        added = replace(model, revision=1)
        try:
            self._table.put(_row(added), MODEL_ID_FREE)
        except ConditionFailed as lost:
            raise Conflict(f"There is a model {model.id} already.") from lost
        return added

    def change(self, model: Model) -> Model:
        """Replaces the entry whose revision ``model`` names; the answer bears the next one. ``created_at`` stays.

        Instances that run keep what they were launched with. Raises NotFound, Unfit, and Conflict when somebody
        changed it meanwhile.
        """
        check(model)
        standing = self.get(model.id)
        changed = replace(model, created_at=standing.created_at, revision=model.revision + 1)
        try:
            self._table.put(_row(changed), SAME_REVISION, {":seen": model.revision})
        except ConditionFailed as lost:
            now_at = lost.standing.get("revision")
            said = f"is at revision {now_at}" if now_at else "was removed"
            raise Conflict(f"{model.id} {said}, and you changed revision {model.revision}; read it again.") from lost
        return changed

    def plant(self, models: Callable[[datetime], Iterable[Model]], now: datetime) -> tuple[Model, ...]:
        """Fills a catalog that was never filled with ``models(now)``, and gives those it added. What is there under the
        same id stays as it is; later calls read one row and do nothing."""
        if self._table.get(*PLANTED) is not None:
            return ()
        added = []
        for model in models(now):
            try:
                added.append(self.add(model))
            except Conflict:
                continue
        pk, sk = PLANTED
        try:
            self._table.put({"pk": pk, "sk": sk, "at": when_text(now)}, NEVER_PLANTED)
        except ConditionFailed:
            return ()
        return tuple(added)

    def remove(self, model_id: str) -> None:
        """Raises NotFound, and Conflict while instances of it are there."""
        model = self.get(model_id)
        using = [instance.id for instance in self._instances.all() if instance.model_id == model_id]
        if using:
            raise Conflict(f"{model_id} has {len(using)} instances, {using[0]} for one; remove them first.")
        try:
            self._table.delete(PK, model_id, SAME_REVISION, {":seen": model.revision})
        except ConditionFailed as lost:
            raise Conflict(f"Somebody changed {model_id} meanwhile; read it again.") from lost


def check(model: Model) -> None:
    """Raises Unfit naming the field."""
    if not ID.fullmatch(model.id):
        raise Unfit(
            f'"{model.id}" is no id for a model: lower-case letters, digits and hyphens, 63 at the most.',
            field="model_id",
        )
    if not _OLLAMA_NAME.fullmatch(model.ollama_name) or len(model.ollama_name) > 200:
        raise Unfit(f'"{model.ollama_name}" is no name that Ollama knows, like llama2:7b.', field="ollama_name")
    if model.gpu_memory_mib and not model.gpus:
        raise Unfit("A model that needs GPU memory needs at least one GPU.", field="gpu_req")
    needs_source = model.weights.come_from in (WeightsFrom.EFS, WeightsFrom.S3, WeightsFrom.SNAPSHOT)
    if needs_source and not _SOURCES[model.weights.come_from].fullmatch(model.weights.source):
        raise Unfit(
            f'"{model.weights.source}" is no source of weights from {model.weights.come_from.value}: write '
            f"{_SOURCE_WORDS[model.weights.come_from]}.",
            field="weights.source",
        )


_SOURCES = {
    WeightsFrom.EFS: re.compile(r"fs-[0-9a-f]{8,40}"),
    WeightsFrom.S3: re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9._/-]*)?"),
    WeightsFrom.SNAPSHOT: re.compile(r"snap-[0-9a-f]{8,40}"),
}
_SOURCE_WORDS = {
    WeightsFrom.EFS: "a file system, fs-…",
    WeightsFrom.S3: "s3://BUCKET/PREFIX",
    WeightsFrom.SNAPSHOT: "a snapshot, snap-…",
}


def _row(model: Model) -> dict[str, Any]:
    return {
        "pk": PK,
        "sk": model.id,
        **{name: getattr(model, name) for name in (*_TEXTS, *_NUMBERS)},
        "weights_from": model.weights.come_from.value,
        "weights_source": model.weights.source or None,
        "created_at": when_text(model.created_at),
        "updated_at": when_text(model.updated_at),
    }


def _model(item: Item) -> Model:
    texts: dict[str, Any] = {name: str(item[name]) for name in _TEXTS}
    numbers: dict[str, Any] = {name: int(item[name]) for name in _NUMBERS}
    return Model(
        id=str(item["sk"]),
        weights=Weights(WeightsFrom(item["weights_from"]), str(item.get("weights_source", ""))),
        created_at=when(item["created_at"]),
        updated_at=when(item["updated_at"]),
        **texts,
        **numbers,
    )
