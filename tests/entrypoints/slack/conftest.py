from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.slack_room import POLICY, Room, room_on
from support.stage import staged


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:  # a Wednesday
        yield room_on(stage)
