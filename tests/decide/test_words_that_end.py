"""When words of people end: whom a closing is told to beforehand, and when a stop that waits is looked at again."""

from __future__ import annotations

import pytest
from chalicelib.decide.decide import closing_warning
from chalicelib.decide.decision import Because, Wanted
from chalicelib.decide.facts import OverrideKind
from support.observations import Scene, at, override
from support.policies import policy

WARNED = policy("hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00], warn-before: 15m}")
SCENE = Scene(WARNED)
NOW, CLOSING = at("2026-11-20T19:45"), at("2026-11-20T20:00")


@pytest.mark.parametrize(
    ("kind", "until", "warned"),
    [
        (OverrideKind.KEEP, "2026-11-20T19:55", True),
        (OverrideKind.KEEP, "2026-11-20T20:00", True),
        (OverrideKind.KEEP, "2026-11-20T20:01", False),
        (OverrideKind.EXCLUDE, None, False),
        (OverrideKind.EXCLUDE, "2026-11-20T19:50", True),
    ],
)
def test_a_closing_is_told_unless_a_stronger_rule_outlasts_it(
    kind: OverrideKind, until: str | None, warned: bool
) -> None:
    word = override(kind, until, made="2026-11-20T19:00")

    told = closing_warning(WARNED, SCENE.seen(NOW), (word,), NOW, policies=SCENE.policies)

    assert told == (CLOSING if warned else None)


def test_a_stop_that_waits_for_quiet_is_looked_at_again_when_it_ends() -> None:
    """A stop that ends in a minute stops nothing afterwards, whatever is in use until then."""
    now = at("2026-11-20T12:00")
    word = override(OverrideKind.STOP, "2026-11-20T12:01", made="2026-11-20T11:00")

    waits = SCENE.but(uses=[at("2026-11-20T11:57")], overrides=(word,)).decide(now)

    assert (waits.wanted, waits.because) == (Wanted.LEAVE, Because.IN_USE)
    assert waits.look_again_at == at("2026-11-20T12:01")
