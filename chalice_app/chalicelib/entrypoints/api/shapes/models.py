"""Models of the catalog, as the API shows and takes them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from chalicelib.entrypoints.api.shapes.common import Id, Line, Listing, MaybeLine, Moment, Shape, example
from chalicelib.fleet.model import Model, Weights, WeightsFrom


class WeightsShape(Shape):
    """Where the weights come from. ``source``: the EFS file system, the S3 address or the snapshot; else empty."""

    come_from: WeightsFrom
    source: MaybeLine = ""


class ModelShape(Shape):
    """A model that can be launched, with what one running copy needs: CPU in ECS units (1024 are one vCPU), memory and
    GPU memory in MiB."""

    model_id: str
    model_name: str
    ollama_name: str
    image_uri: str
    cpu_req: int
    memory_req: int
    gpu_req: bool
    gpus: int
    gpu_memory_mib: int
    weights: WeightsShape
    created_at: Moment
    updated_at: Moment
    revision: int

    @classmethod
    def of(cls, model: Model) -> ModelShape:
        return cls(
            model_id=model.id,
            model_name=model.name,
            ollama_name=model.ollama_name,
            image_uri=model.image,
            cpu_req=model.cpu_units,
            memory_req=model.memory_mib,
            gpu_req=model.gpus > 0,
            gpus=model.gpus,
            gpu_memory_mib=model.gpu_memory_mib,
            weights=WeightsShape(come_from=model.weights.come_from, source=model.weights.source),
            created_at=model.created_at,
            updated_at=model.updated_at,
            revision=model.revision,
        )


class ModelNeeds(Shape):
    """What a model is and needs, as an administrator writes it."""

    model_name: Line
    ollama_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$")]
    image_uri: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}$")]
    cpu_req: Annotated[int, Field(ge=128, le=196_608)]
    memory_req: Annotated[int, Field(ge=256, le=4_194_304)]
    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    gpu_memory_mib: Annotated[int, Field(ge=0, le=4_194_304)] = 0
    weights: WeightsShape = WeightsShape(come_from=WeightsFrom.PULL)

    def as_model(self, id: str, *, created_at: datetime, now: datetime, revision: int = 1) -> Model:
        return Model(
            id=id,
            name=self.model_name,
            ollama_name=self.ollama_name,
            image=self.image_uri,
            cpu_units=self.cpu_req,
            memory_mib=self.memory_req,
            gpus=self.gpus,
            gpu_memory_mib=self.gpu_memory_mib,
            weights=Weights(self.weights.come_from, self.weights.source),
            created_at=created_at,
            updated_at=now,
            revision=revision,
        )


class NewModel(ModelNeeds):
    """``model_id`` may not be ``start``, which is a path of its own."""

    model_config = example(
        {
            "model_id": "phi3-mini",
            "model_name": "Phi-3 Mini",
            "ollama_name": "phi3:mini",
            "image_uri": "ollama/ollama:0.12.6",
            "cpu_req": 2048,
            "memory_req": 6144,
        }
    )

    model_id: Id


class ChangedModel(ModelNeeds):
    """``revision`` is the one that was read: a change that came between is not overwritten."""

    model_config = example(
        {
            "model_name": "Phi-3 Mini",
            "ollama_name": "phi3:mini",
            "image_uri": "ollama/ollama:0.12.6",
            "cpu_req": 2048,
            "memory_req": 8192,
            "revision": 1,
        }
    )

    revision: Annotated[int, Field(ge=1, le=2**53)]


class ModelSort(StrEnum):
    ID = "model_id"
    ID_DOWN = "-model_id"
    MEMORY = "memory_req"
    MEMORY_DOWN = "-memory_req"


class ModelQuery(Listing):
    gpu: Annotated[bool | None, Field(description="Only those that need a GPU, or only those that need none.")] = None
    sort: ModelSort = ModelSort.ID


class ModelPage(Shape):
    """``next_cursor`` is null on the last page."""

    items: list[ModelShape]
    next_cursor: str | None
