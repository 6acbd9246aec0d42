"""Which mistakes only the loader can see: codes that no draft-07 schema can tell for certain, by the reason why.

Everything else the editors' schema refuses exactly where the loader does; a property test holds both to it. For some
of these codes the schema still refuses the plain cases (``1000000d``, ``2m``, a cron expression of four fields).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LOADER_ONLY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "how the file is written, before it is data": ("LC001", "LC002", "LC003", "LC004", "LC005"),
        "sums, order and repetition inside a text": ("LC012", "LC013", "LC029", "LC060", "LC071"),
        "the inside of cron, and days and times that calendars and clocks lack": ("LC017", "LC019", "LC023", "LC057"),
        "what another key or file says: defaults, locked paths, other policies": (
            "LC032",
            "LC054",
            "LC058",
            "LC059",
            "LC061",
            "LC062",
            "LC065",
            "LC066",
            "LC067",
            "LC068",
            "LC072",
            "LC081",
            "LC082",
            "LC083",
            "LC084",
        ),
        "what tests and doubts say": (
            "LC070",
            *(f"LC{number:03}" for number in range(90, 99)),
        ),
    }
)
