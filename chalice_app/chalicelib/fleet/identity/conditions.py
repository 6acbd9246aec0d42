"""The conditions of every racing write about people, each with the race it closes.

In the drawings time runs to the right and ``x`` is the write that loses.
"""

from __future__ import annotations

from chalicelib.record.conditions import Condition

COUNT_ANEW = Condition("count-anew", "attribute_not_exists(counted_until) OR counted_until <= :now")
"""The first try of a count. Time is compared here: DynamoDB's own expiry comes hours late.

    try 1    ──anew(1)──
    try 2    ────────────x anew: a count stands, so it is raised
    a day later                          ──anew(1)──
"""

TRIES_LEFT = Condition("tries-left", "counted_until > :now AND failures < :most")
"""Of two tries that both see four failures one is the fifth, and the other is not made.

    try A    ──sees 4──────raise(5)──
    try B    ──sees 4────────────────x raise: none left
"""

NEW_PERSON = Condition("new-person", "attribute_not_exists(pk)")
"""A person is noted once; who comes second writes nothing over.

    sign-up  ──note(ReadOnly)──
    log-in   ───────────────────x note
"""

KNOWN_PERSON = Condition("known-person", "attribute_exists(pk)")
"""What is noted of a person never makes one out of nothing.

    log-in   ──reads: no such row─────────────x last_login
"""
