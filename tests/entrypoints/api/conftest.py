from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.api_stage import ApiStage, api_stage


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiStage]:
    """One running instance of ada's, and people of each role."""
    with api_stage(tmp_path_factory.mktemp("api"), at="2026-11-20T10:00+09:00") as stage:
        stage.fleet.run()
        yield stage
