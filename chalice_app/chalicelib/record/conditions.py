"""The conditions of every racing write, by name, each with the race it closes.

A condition is data: its name appears in `ConditionFailed`, in logs and in tests. Time is compared here and never
left to DynamoDB's TTL, which deletes hours or days late. Times are texts of one width, so they compare as texts.
In the drawings time runs to the right and ``x`` is the write that loses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """``expression`` in DynamoDB's own words, over bare attribute names and ``:values``."""

    name: str
    expression: str

    def __and__(self, other: Condition) -> Condition:
        return Condition(f"{self.name}+{other.name}", f"({self.expression}) AND ({other.expression})")


NOBODYS_TURN = Condition("nobodys-turn", "attribute_not_exists(turn_until) OR turn_until <= :now")
"""Stop services under ``keep-running`` only in the policy's turn, and count those that stay under it. (`keep-running`
is 1; a and b are ready.)

    sweep    ──turn──counts a, b──stops a───────release──
    alarm    ────────────x turn: b is held               ──turn──counts b: b stays──
    crashed  ──turn──†     turn_until passes │ sweep ──turn (next fence)──counts afresh──
"""

OWN_TURN = Condition("own-turn", "fence = :fence AND turn_owner = :owner")
"""Give back only the turn that is ours, however late we are.

    slow     ──turn(fence 7)──── long pause ──────────────x release (fence is 8)
    second             turn_until passes │ ──turn(fence 8)──counts──
"""

NEWER_COVERAGE = Condition("newer-coverage", "attribute_not_exists(read_at) OR read_at < :read_at")
"""What commitments cover is read once a day by whoever is first.

    sweep    ──reads at 08:00──────────────keeps(08:00)──
    another  ──reads at 07:59─────────────────────────────x keeps(07:59)
"""

STANDS = Condition("stands", "attribute_exists(pk)")
"""Forget what is there: of two that forget, one is told that it did."""

SILENCE_ONCE = Condition("silence-once", "attribute_not_exists(silent_at) OR silent_at <= :long_ago")
"""A source that does not answer is told once by all containers together, then again only after a while.

    container A  ──no answer──noted 08:00, told──
    container B  ───────no answer────────────────x noted 08:05
"""

LATER_WORD = Condition("later-word", "attribute_not_exists(made_at) OR made_at <= :made_at")
"""Of two words of people about one service the later one stands, in whatever order they arrive.

    Ada  ──keep (made 14:00)───────── slow network ────────x arrives
    Ben       ──stop (made 14:01)──arrives──
"""

SAME_WORD = Condition("same-word", "override_id = :override_id")
"""End the override that was seen, not one that somebody made meanwhile.

    Ada  ──reads: keep A──────────────────x end(A)
    Ben          ──keep B replaces A──
"""

NOT_FROZEN = Condition("not-frozen", "attribute_not_exists(frozen_at)")
"""The first freeze stands with its name and reason; a second one is told of it.

    Ada  ──freeze "incident 12"──
    Ben  ─────────x freeze "test"
"""

SAME_FREEZE = Condition("same-freeze", "frozen_at = :frozen_at")
"""Lift the freeze that was seen, not one put on meanwhile.

    Ada  ──reads: freeze 1──────────────────x unfreeze(1)
    Ben       ──unfreeze(1)──freeze 2──
"""

FIRST_REVISION = Condition("first-revision", "attribute_not_exists(revision)")
SAME_REVISION = Condition("same-revision", "revision = :seen")
"""Read, count, write back: only if nobody wrote in between. Who loses reads again.

    sweep A  ──reads 4 of 5──reserves 1──
    sweep B  ──reads 4 of 5──────────────x reserves 1 ──reads 5 of 5──gets 0
"""

NEW_ENTRY = Condition("new-entry", "attribute_not_exists(pk)")
"""History is append-only: what is written is never written over; a repeated write is the same entry.

    handler  ──append──† (timeout)
    retry              ────────────x append (stands already)
"""

NEWER_SNAPSHOT = Condition("newer-snapshot", "attribute_not_exists(generation) OR generation < :generation")
"""Of two sweeps that began from the same snapshot one saves its own; the head is written last.

    A  ──load(4)──other shards (5a)──head (5a)──
    B  ────load(4)───other shards (5b)──────────x head (5b): gives up, takes its shards away
"""

REQUEST_NEVER_SEEN = Condition("request-never-seen", "attribute_not_exists(pk)")
"""A signed request of Slack's is let in once: who replays it within the minutes for which it holds is refused.

    Slack    ──puts the row──hands on──
    replay   ───────────────x finds the row
"""
