"""What goes wrong between us and Slack reaches us through slack_sdk as what it is: taken or not, for good or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from chalicelib.errors import NotDelivered
from chalicelib.notify.slack.client import Message, SlackClient
from faults.people import TOKEN
from faults.wire import AFTER, RETRY_AFTER_SECONDS, Wire, WireFault

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
SURELY_NOT_TAKEN = frozenset({
    WireFault.UNREACHABLE, WireFault.TIMEOUT_BEFORE, WireFault.RATE_LIMITED, WireFault.FATAL,
})  # fmt: skip
"""Of a 5xx nobody can tell whether Slack did it all the same."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire(lambda: NOON)
    with made.plugged_in():
        yield made


def client() -> SlackClient:
    def token(*, fresh: bool = False) -> str:
        return TOKEN

    return SlackClient(token)


@pytest.mark.parametrize("fault", WireFault)
def test_each_fault_is_what_it_says(wire: Wire, fault: WireFault) -> None:
    wire.decide = lambda method: fault

    with pytest.raises(NotDelivered) as failed:
        client().post("#ml", Message("stopped"))

    assert bool(wire.workspace.messages) == (fault in AFTER)
    assert failed.value.uncertain == (fault not in SURELY_NOT_TAKEN)
    assert not failed.value.final
    wanted = float(RETRY_AFTER_SECONDS) if fault is WireFault.RATE_LIMITED else None
    assert failed.value.retry_after_seconds == wanted
    assert wire.count[fault] == 1


def test_a_message_gets_through_when_nothing_is_wrong(wire: Wire) -> None:
    posted = client().post("#ml", Message("stopped"))

    assert [(one.text, one.ts) for one in wire.workspace.messages] == [("stopped", posted.ts)]
