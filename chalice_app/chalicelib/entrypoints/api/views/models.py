"""The catalog: read by everybody, edited by administrators."""

from __future__ import annotations

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.paging import Place, page
from chalicelib.entrypoints.api.shapes.common import Id
from chalicelib.entrypoints.api.shapes.models import (
    ChangedModel,
    ModelPage,
    ModelQuery,
    ModelShape,
    ModelSort,
    NewModel,
)
from chalicelib.errors import Unfit
from chalicelib.fleet.model import Model

RESERVED = "start"
"""`/api/models/start` launches."""


def list_models(call: Call, query: ModelQuery) -> ModelPage:
    models = [one for one in call.fleet.catalog.all() if query.gpu is None or (one.gpus > 0) is query.gpu]
    by_memory = query.sort in (ModelSort.MEMORY, ModelSort.MEMORY_DOWN)

    def key(model: Model) -> Place:
        return (f"{model.memory_mib:012d}" if by_memory else "", model.id)

    shown, following = page(models, key, order=query.sort.value, cursor=query.cursor, limit=query.limit)
    return ModelPage(items=[ModelShape.of(one) for one in shown], next_cursor=following)


def get_model(call: Call, id: Id) -> ModelShape:
    return ModelShape.of(call.fleet.catalog.get(id))


def add_model(call: Call, body: NewModel) -> ModelShape:
    if body.model_id == RESERVED:
        raise Unfit(f'"{RESERVED}" is a path of its own: choose another id.', field="model_id")
    now = call.now
    return ModelShape.of(call.fleet.catalog.add(body.as_model(body.model_id, created_at=now, now=now)))


def change_model(call: Call, id: Id, body: ChangedModel) -> ModelShape:
    now = call.now
    return ModelShape.of(call.fleet.catalog.change(body.as_model(id, created_at=now, now=now, revision=body.revision)))


def remove_model(call: Call, id: Id) -> None:
    call.fleet.catalog.remove(id)
