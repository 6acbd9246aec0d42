"""The conditions under which a question is asked, answered and carried out; drawn as in `conditions`."""

from __future__ import annotations

from chalicelib.record.conditions import Condition

NOBODY_ASKED = Condition("nobody-asked", "attribute_not_exists(approval_id)")
QUESTION_CLOSED = Condition("question-closed", "approval_id = :before AND attribute_exists(closed_at)")
"""One open question a service: a new one takes the place of none, or of the closed one that was seen.

    sweep    ──no question──asks A──
    person   ──no question─────────x asks B: A stands, and they are told of A
"""

STILL_ASKED = Condition(
    "still-asked", "approval_id = :approval_id AND asked_state = :pending AND asked_version = :asked_version"
)
"""The first answer counts, and none after the time is over: of twenty clicks one writes, the others hear who was first.

    Ada      ──click approve(v1)──approved(v2)──
    Ben      ──click keep(v1)──────────────────x kept: "Ada approved it"
    sweep    ──reads: pending(v1), time is over──────x expired(v2)
"""

SAME_STEP = Condition("same-step", "approval_id = :approval_id AND asked_version = :asked_version")
"""Whoever takes a question one step on starts from the step it saw: an answer is carried out by one.

    click    ──approved(v2)──executing(v3)──stops it──done(v4)──
    sweep    ──reads: approved(v2)──────────x executing(v3)
    click    ──approved(v2)──executing(v3)──†
    sweep                        carrying_until passes │ ──executing(v4)──looks──done(v5)──
"""
