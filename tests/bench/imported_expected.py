"""The peers' cases that an import does not answer as the peer does: each by its id, with the reason and what is said.

Every other case must pass. So an import that leaves out more than it must fails, and so does one whose differences
become others, or are gone: then the table is to be looked at, and changed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vector_verdict import Expected, Outcome

_ONE_SIDED = "a period with only a begin or only an end: hands off for the rest of the day, which hours do not say"
_NEVER = "a period that begins when it ends: hours must be able to open"
_MARKED = "a delayed operation is no hours: here a person's override has an end"
_REPEATED = "in the second pass of a repeated hour nothing happens again: each edge is one instant"
_PEER_BUG = "the peer keeps only the last digit of a step (a mistake of its own); ours counts the step that is written"
_BY_HAND = (
    "what people (or a failed start) leave on or off: hours are a state, a start by hand is kept for started-by-hand"
)
_MEMORY = "memory of the last action (retain_running): hours here are a state"
_CAPACITY = "capacity of instance types: ECS places tasks"
_EMPTY = "an empty tag: its parser gives nothing for it, and its filter then takes the defaults; so does import"

_REFUSED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        _ONE_SIDED,
        "has only a begintime (",
        (
            *("desired_state-002", "desired_state-003", "sequence-007", "sequence-009", "sequence-026"),
            *("validation-001", "validation-046", "validation-047"),
        ),
    ),
    (
        _ONE_SIDED,
        "has only an endtime (",
        ("desired_state-004", "sequence-010", "sequence-011", "validation-002"),
    ),
    (_NEVER, "none of its periods ever runs", ("desired_state-079",)),
    (_MARKED, 'The filter "marked-for-op" is not translated', tuple(f"marked-for-op-{n}" for n in range(1, 13))),
)
"""Reason, a part of what the import tells its user, ids."""

_OTHERWISE: tuple[tuple[str, str, str], ...] = (
    (_REPEATED, "desired_state-061", "2026-11-01T01:00:00-05:00: expected stopped, got running"),
    (_REPEATED, "sequence-022", "2026-11-01T01:00:00-05:00: expected stopped, got running"),
    (
        _PEER_BUG,
        "recurrence_days-038",
        "expected days [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29], got [1, 13, 25]",
    ),
    (_BY_HAND, "sequence-003", "2023-05-31T15:05:00+00:00: expected stopped, got running"),
    (
        _BY_HAND,
        "sequence-015",
        "2023-05-31T20:00:00+00:00: expected running, got stopped; "
        "2023-05-31T20:00:00+00:00: expected running, got stopped",
    ),
    (_BY_HAND, "sequence-018", "2023-05-31T05:00:00+00:00: expected running, got stopped"),
    (_BY_HAND, "sequence-021", "2023-05-31T10:00:00+00:00: expected stopped, got running"),
    (_MEMORY, "sequence-023", "2023-05-31T05:00:00+00:00: expected running, got stopped"),
    (
        _CAPACITY,
        "capacity_failure-002",
        "2023-05-31T10:00:00+00:00: expected stopped, got running; "
        "2023-05-31T10:05:00+00:00: expected stopped, got running; "
        "2023-05-31T10:15:00+00:00: expected stopped, got running",
    ),
    (_EMPTY, "p08", "a policy governs it"),
)
"""Reason, id, the whole difference."""


def _entries() -> Iterator[tuple[str, Expected]]:
    for reason, said, ids in _REFUSED:
        yield from ((one, Expected(Outcome.REFUSED, reason, said)) for one in ids)
    for reason, one, said in _OTHERWISE:
        yield one, Expected(Outcome.OTHERWISE, reason, said)


EXPECTED: Mapping[str, Expected] = dict(_entries())
