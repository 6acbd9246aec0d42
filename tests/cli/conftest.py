"""The account that most commands are tried on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli_account import Account, account
from support.cli_evening import ENFORCED, EVENING


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Account]:
    with account(tmp_path, {"dev.yaml": ENFORCED}, at=EVENING) as made:
        made.service("gpu-dev/chat", desired=2, scaling=(1, 4))
        made.service("gpu-dev/stream", used=3.0)
        made.service("gpu-prod/chat", tags={"environment": "production"})
        yield made
