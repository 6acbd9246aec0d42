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

NEWER_COVERAGE = Condition("newer-coverage", "attribute_not_exists(read_at) OR read_at < :read_at")
"""What commitments cover is read once a day by whoever is first.

    sweep    ──reads at 08:00──────────────keeps(08:00)──
    another  ──reads at 07:59─────────────────────────────x keeps(07:59)
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

STANDS = Condition("stands", "attribute_exists(pk)")
"""Forget what is there: of two that forget, one is told that it did."""

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

REQUEST_NEVER_SEEN = Condition("request-never-seen", "attribute_not_exists(pk)")
"""A signed request of Slack's is let in once: who replays it within the minutes for which it holds is refused.

    Slack    ──puts the row──hands on──
    replay   ───────────────x finds the row
"""

REPORT_IS_FREE = Condition(
    "report-is-free",
    "attribute_not_exists(sending_at) AND (attribute_not_exists(claimed_until) OR claimed_until <= :now)",
)
"""Take a week's report in hand for some people, unless another run has it or began to send it, however that ended.

    monday   ──claim──build──begin──send──────done──
    retry    ──────────x claim              x claim (sending_at stands)
    crashed  ──claim──†     claimed_until passes │ retry ──claim──build──begin──
"""

OWN_REPORT = Condition(
    "own-report", "report_owner = :owner AND attribute_exists(claimed_until) AND attribute_not_exists(sending_at)"
)
"""Begin to send only what is still ours, and only once.

    slow     ──claim──── long build ────────────────────x begin (report_owner is the second's)
    second              claimed_until passes │ ──claim──begin──
"""

OWN_SENDING = Condition("own-sending", "report_owner = :owner AND attribute_not_exists(sent_at)")
"""Say how the sending ended, or give it back, only for what we ourselves were sending."""
