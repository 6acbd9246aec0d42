"""The models that a new catalog starts with.

The first two are the seed's own rows, with images that a team bakes itself (weights inside). Their needs are those of
the loaded model and not the seed's figures where these would fail: Llama 2 7B is 3.8 GB of weights (Q4_0), and 4,096
tokens of context take another 2 GiB (32 layers x 4,096 x 2 x 2 bytes a token); a task of 4,096 MiB would be killed
while it loads. Ollama's README asks for 8 GB of memory for 7B models and 16 GB for 13B models; Code Llama 13B (7.4 GB,
and 3.1 GiB of context) runs from GPU memory, and its host memory is only read through once.

The others come with Ollama's official image and pull their weights at start. Sizes are those of the default tag in
Ollama's library (ollama.com/library), as of 2026-11-21; needs add the context and one GiB for the server.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.fleet.model import Model, Weights, WeightsFrom

OFFICIAL_IMAGE = "ollama/ollama:0.12.6"
_BAKED, _PULLED = Weights(WeightsFrom.IMAGE), Weights(WeightsFrom.PULL)


def seed_models(at: datetime) -> tuple[Model, ...]:
    """Every seed model, made at ``at``."""
    return (
        Model("llama2-7b", "Llama2 7B", "llama2:7b", "custom/ollama:llama2", 2048, 8192, 0, 0, _BAKED, at, at),
        Model(
            "codellama-13b", "CodeLlama 13B", "codellama:13b", "custom/ollama:codellama", 4096, 8192, 1, 12_288, _BAKED,
            at, at,
        ),
        _official("tinyllama", "TinyLlama 1.1B", "tinyllama:1.1b", 1024, 2048, 0, at),  # 0.6 GB
        _official("qwen2-5-0-5b", "Qwen2.5 0.5B", "qwen2.5:0.5b", 1024, 2048, 0, at),  # 0.4 GB
        _official("qwen2-5-1-5b", "Qwen2.5 1.5B", "qwen2.5:1.5b", 2048, 4096, 0, at),  # 1.0 GB
        _official("llama3-2-3b", "Llama 3.2 3B", "llama3.2:3b", 2048, 6144, 0, at),  # 2.0 GB
        _official("llama3-1-8b", "Llama 3.1 8B", "llama3.1:8b", 4096, 8192, 8192, at),  # 4.9 GB
        _official("qwen2-5-14b", "Qwen2.5 14B", "qwen2.5:14b", 4096, 12_288, 14_336, at),  # 9.0 GB
        _official("qwen2-5-32b", "Qwen2.5 32B", "qwen2.5:32b", 4096, 12_288, 24_576, at),  # 20 GB
    )  # fmt: skip


def _official(
    id: str, name: str, ollama_name: str, cpu_units: int, memory_mib: int, gpu_memory_mib: int, at: datetime
) -> Model:
    gpus = 1 if gpu_memory_mib else 0
    return Model(
        id, name, ollama_name, OFFICIAL_IMAGE, cpu_units, memory_mib, gpus, gpu_memory_mib, _PULLED, at, at
    )  # fmt: skip
