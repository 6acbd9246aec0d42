"""The conditions of the outbox's racing writes, each with the race it closes; drawn as in `conditions`."""

from __future__ import annotations

from chalicelib.record.conditions import Condition

NEWER_LETTER = Condition("newer-letter", "attribute_not_exists(letter_version) OR letter_version < :letter_version")
"""A letter put down twice is one letter; of a question the newest version waits to be shown, whoever comes last.

    click   ──answered(v2)──put(v2)──
    sweep   ──reads: asked(v1), not told──────────x put(v1)
"""

NOBODY_SENDS = Condition(
    "nobody-sends",
    "letter_version = :letter_version AND (attribute_not_exists(claimed_until) OR claimed_until <= :now)",
)
"""Of two that deliver at once one sends the letter; who dies over it keeps it from the others for a minute.

    deliver  ──claim(v1)──chat.postMessage──sent──
    worker   ───────x claim
    crashed  ──claim──†        claimed_until passes │ deliver ──claim──chat.postMessage──
"""

OWN_CLAIM = Condition("own-claim", "claimed_by = :owner")
"""Give back, put off or bury only the letter that is ours to send, however late we are.

    slow     ──claim──── long pause ─────────────────────────────────────x put off
    second             claimed_until passes │ ──claim──sent──
"""

SENT_AS_READ = OWN_CLAIM & Condition("same-letter", "letter_version = :letter_version")
"""Take away the letter that was sent, not the version that was put down while it was being sent.

    deliver  ──claim(v1)──chat.postMessage(v1)───────────────x away(v1): gives it back, v2 goes out next
    click                       ──answered──put(v2)──
"""

NEVER_BACK = Condition("never-back", "attribute_not_exists(sent_version) OR sent_version <= :letter_version")
"""What stands in the channel is remembered by its newest version.

    slow     ──claim(v1)──posts──── long pause ─────────────────────x remembers v1
    second             claimed_until passes │ ──claim(v2)──posts──remembers v2──
"""

LONGER_PAUSE = Condition("longer-pause", "attribute_not_exists(paused_until) OR paused_until < :paused_until")
"""Of two that were told to wait the longer wait holds.

    deliver  ──429, 30 s──pause(12:00:30)──
    worker   ──429, 5 s────────────────────x pause(12:00:05)
"""

LATER_THREAD = Condition("later-thread", "attribute_not_exists(ends_at) OR ends_at <= :ends_at")
"""Of two threads about one service that begin at once the one that lasts longer goes on; nothing is lost of the other.

    deliver  ──posts 12:00:01──begins, until tomorrow 12:00:01──
    worker   ──posts 12:00:00──────────────────────────────────x begins, until tomorrow 12:00:00
"""
