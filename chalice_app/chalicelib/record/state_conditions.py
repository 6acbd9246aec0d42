"""The conditions of the racing writes to a service's row, each with the race it closes; drawn as in `conditions`."""

from __future__ import annotations

from chalicelib.record.conditions import Condition

NOBODY_ACTS = Condition("nobody-acts", "attribute_not_exists(lock_until) OR lock_until <= :now")
"""Take the lock, or settle a verified action, only while nobody holds an unexpired lock.

    sweep    ──lock──describe──stop────────release──
    alarm    ─────────x lock (lock_until is ahead)──────lock──
    crashed  ──lock──†      lock_until passes │ sweep ──lock (next fence)──
"""

HOLDS_THE_LOCK = Condition("holds-the-lock", "fence = :fence AND lock_owner = :owner")
"""Write only while nobody took the lock after us, however late we are.

    slow     ──lock(fence 7)──── long pause ───────────────x save (fence is 8)
    second             lock_until passes │ ──lock(fence 8)──save──
"""

NEVER_SMALLER = Condition("never-smaller", "attribute_not_exists(saved_desired) OR saved_desired <= :saved_desired")
"""A saved size that was not given back yet is never replaced by a smaller one.

    first    ──save(3)──desired 0──† (crash)
    second                              ──describe: 0──x save(0)
"""

STILL_PENDING = Condition("still-pending", "pending_action = :action")
"""Settle only the action that was verified, not one that began meanwhile.

    verify   ──reads: start A pending─────────────────x ready(A) would forget what B saved
    person                       ──stop B: save──pending(B)──
"""

SAME_LINE = Condition("same-line", "owed_line = :owed_line")
"""A settled action owes the history a line, which is written after it: only the line that was written is owed no more.

    verify   ──settled, owes A──† (crash)
    sweep                           ──A into the history──owes nothing──action B settled, owes B──
    slow     ──────────────────reads: owes A──A stands already──────────────────────────────────x owes nothing
"""

NO_TRACE_OF_US = Condition(
    "no-trace-of-us",
    "attribute_not_exists(draining_since) AND attribute_not_exists(pending_action)"
    " AND (attribute_not_exists(lock_until) OR lock_until <= :an_hour_ago)",
)
"""Say "by hand" only when no action of ours is under way or was interrupted (within the last hour: later, the mark
of a run that died before it did anything proves nothing).

    sweep A  ──lock──desired 0──────────────pending──release──
    sweep B            ──sees 0, record says running──x hand-stopped
"""

HAND_START_ONCE = Condition("hand-start-once", "attribute_not_exists(hand_started_at)")
HAND_STOP_ONCE = Condition("hand-stop-once", "attribute_not_exists(hand_stopped_at)")
"""Two looks that both find a hand's work announce it once.

    task event   ──sees 2──note 14:02──
    full sweep   ────sees 2──────────────x note 14:03
"""

UNKNOWN_ONCE = Condition("unknown-once", "attribute_not_exists(unknown_since)")
SAME_UNKNOWN = Condition("same-unknown", "unknown_since = :unknown_since")
"""The first instant of not knowing stands, until somebody can tell; who can tell ends only what it read.

    sweep A  ──reads: unknown since 14:00──metrics back───────────x known(14:00)
    sweep B         ──known(14:00)──metrics lost──unknown(14:10)──
"""

SHORT_ONCE = Condition("short-once", "attribute_not_exists(short_since)")
SAME_SHORT = Condition("same-short", "short_since = :short_since")
"""The first instant at which tasks were missing stands until they are all there; who sees that ends only what it read.

    event    ──a task is lost: short since 14:00──
    sweep A  ──reads: short since 14:00──all there──────────────────────────────x whole(14:00)
    sweep B         ──all there: whole(14:00)──a task is lost: short since 14:20──
"""

NEW_SETBACK = Condition("new-setback", "attribute_not_exists(spot_setbacks) OR NOT contains(spot_setbacks, :setback)")
SAME_SETBACKS = Condition("same-setbacks", "spot_setbacks = :setbacks")
"""Setbacks are only added, each once, whoever hears of them; old ones are forgotten only from what was read.

    event    ──host i-1 is taken: adds it──
    the same event again ──────────────────x adds it
    sweep    ──reads: 12 of them─────────────────────────x keeps the last 3
    event           ──host i-2 is taken: adds a 13th──
"""

SAME_HOSTS = Condition("same-hosts", "host_watch = :hosts")
"""Hosts are called ended once, and never those of a later stop.

    sweep    ──reads: i-1 of stop A──────i-1 is gone──────────────────x ended(i-1)
    person             ──start──stop B: i-2──
"""

FLIGHT_ONCE = Condition("flight-once", "attribute_not_exists(flight_seen)")
SAME_FLIGHT = Condition("same-flight", "flight_seen = :flight_seen")
"""Who saw a request gone says so only of the one that it read; a later one, seen by another sweep, stands.

    sweep A  ──reads: seen 14:00──asks: none─────────────────────────────x gone(14:00)
    sweep B         ──asks: none──gone(14:00)──asks: in flight──seen(14:10)──
"""

GONE_ONCE = Condition("gone-once", "attribute_exists(pk) AND attribute_not_exists(gone_since)")
SAME_GONE = Condition("same-gone", "gone_since = :gone_since")
"""Forget a service only when it stayed away since it was first missed.

    sweep A  ──reads: gone since 12:00──lists: not there─────────────────────x forget(12:00)
    sweep B         ──lists: there──back(12:00)──lists: not there──gone(13:00)──
"""

_INSTANTS = (
    "saved_at",
    "stopped_at",
    "draining_since",
    "pending_since",
    "failure_at",
    "hand_started_at",
    "hand_stopped_at",
    "opening_noted_at",
    "refusal_at",
    "unknown_since",
    "flight_seen",
    "gone_since",
    "short_since",
)
ALL_OF_IT_BEFORE = Condition(
    "all-of-it-before",
    " AND ".join(f"(attribute_not_exists({name}) OR {name} < :created)" for name in _INSTANTS),
)
"""Forget a predecessor only while nothing was noted of the service that bears its name today.

    sweep A  ──sees: created 12:00, saved 11:00──────────────x forget
    sweep B         ──stops it: save(12:01)──
"""

SIZE_BEFORE = Condition(
    "size-before", "saved_at < :created AND (attribute_not_exists(stopped_at) OR stopped_at < :created)"
)
"""Where something was noted of both services of one name, only the earlier one's size and stop are forgotten.

    first    ──save(3)──deleted
    second                     ──created 12:00──refused: no size for it──  its refusal stays, save(3) goes
"""

OPENING_ONCE = Condition("opening-once", "attribute_not_exists(opening_handled) OR opening_handled < :opening")
"""An opening is an event handled once; a late hand never turns the mark back to an earlier opening.

    sweep A  ──decides: opening 08:00──handled(08:00)──
    sweep B  ──decides: opening 08:00──────────────────x handled(08:00)
"""

SAY_ONCE = Condition(
    "say-once", "attribute_not_exists(refusal_key) OR refusal_key <> :refusal_key OR refusal_at <= :long_ago"
)
"""The same refusal of the same service goes into the history once, then again only after a while.

    08:00 ──refused(in use)──
    08:05 ─────────────────────x refused(in use)
"""
