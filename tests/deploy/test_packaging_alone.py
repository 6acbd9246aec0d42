"""Two packagings in one checkout: the second waits, where it once took half of the first one's zip."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from chalicelib.deploy.packaging import alone


def test_whoever_packages_beside_another_waits_until_the_other_is_done(tmp_path: Path) -> None:
    began, done = threading.Event(), threading.Event()
    order: list[str] = []

    def second() -> None:
        began.set()
        with alone(tmp_path):
            order.append("second")
        done.set()

    with alone(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert began.wait(5)
        assert not done.wait(0.2)
        order.append("first")
    waiting.join(5)

    assert order == ["first", "second"]


def test_a_packaging_that_failed_keeps_nobody_waiting(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), alone(tmp_path):
        raise RuntimeError

    turn = threading.Thread(target=lambda: alone(tmp_path).__enter__())
    turn.start()
    turn.join(5)
    assert not turn.is_alive()
