"""Whether a stopped service is started just before it will be wanted: a bet, made only while its own record is good.

The day is cut into slots of ten minutes. The chance that a slot sees use is the weighted share of the last
`DAYS_REMEMBERED` days on which the slot of the same clock time did, newer days weighing more, as if `EMPTY_DAYS` days
without any use came on top; then times the *trust*, which is how often earlier bets came true for each time they were
expected to. A start is worth its while when, over one to `MOST_SLOTS` slots, the wait that it spares is worth more
than the hours spent waiting for it, by more than the price of the boot. If nobody comes until then, it gives up.

Three brakes: it never acts when a wait is worth less than `LEAST_WAIT_HOURS` of the service; it bets only on paper
once its net loss exceeds `LOSS_SHARE` of what idling cost anyway and one wait, until the bets on paper have won that
back; and the trust falls with each bet that was lost.

Times are seconds of the Unix epoch; slots and days are counted from it, in UTC. No clock, no random numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from types import MappingProxyType

from chalicelib.decide.adaptive import Costs

SLOT_SECONDS = 600
SLOTS_A_DAY = 144
DAYS_REMEMBERED = 14
LEAST_DAYS = 3
DAY_WEIGHT = 0.93
EMPTY_DAYS = 2.0
MOST_SLOTS = 6
MOST_CHANCE = 0.97
TRUST_WON, TRUST_BETS, TRUST_DECAY = 0.5, 2.0, 0.97
LOSS_SHARE = 0.02
LEAST_WAIT_HOURS = 3.5
_AGE_WEIGHTS = tuple(DAY_WEIGHT**age for age in range(DAYS_REMEMBERED + 1))


@dataclass(frozen=True, slots=True)
class Habit:
    """In which slots a service was used: day number -> one bit for each of its `SLOTS_A_DAY` slots.

    ``since_day`` is the first day that is known whole: days before it count neither as used nor as unused.
    """

    since_day: int
    days: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    _any_day: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_any_day", reduce(or_, self.days.values(), 0))

    @classmethod
    def beginning(cls, at: float) -> Habit:
        """Nothing known before ``at``: the first whole day begins at the next midnight, or now if it is midnight."""
        return cls(-int(-at // (SLOT_SECONDS * SLOTS_A_DAY)))

    def used(self, begin: float, end: float) -> Habit:
        """With use from ``begin`` to ``end``, both included. Days too old to matter are forgotten."""
        first, last = int(begin // SLOT_SECONDS), int(end // SLOT_SECONDS)
        if first == last and self.days.get(first // SLOTS_A_DAY, 0) >> first % SLOTS_A_DAY & 1:
            return self
        new: dict[int, int] = {}
        for slot in range(max(first, last - SLOTS_A_DAY * (DAYS_REMEMBERED + 1)), last + 1):
            day, bit = slot // SLOTS_A_DAY, 1 << slot % SLOTS_A_DAY
            mask = new.get(day, self.days.get(day, 0))
            if not mask & bit:
                new[day] = mask | bit
        if not new:
            return self
        oldest = last // SLOTS_A_DAY - DAYS_REMEMBERED
        kept = {day: mask for day, mask in self.days.items() if day >= oldest}
        return Habit(self.since_day, MappingProxyType({**kept, **new}))

    def chance(self, slot: int, now_slot: int) -> float:
        """Of use in ``slot``, as seen at the begin of ``now_slot`` (an hour or less before it), before any trust."""
        day, clock = divmod(slot, SLOTS_A_DAY)
        if not self._any_day >> clock & 1:
            return 0.0
        won = seen = 0.0
        for age in range(1, min(DAYS_REMEMBERED, now_slot // SLOTS_A_DAY - self.since_day) + 1):
            seen += _AGE_WEIGHTS[age]
            if self.days.get(day - age, 0) >> clock & 1:
                won += _AGE_WEIGHTS[age]
        return won / (seen + EMPTY_DAYS)

    def knows_enough(self, slot: int) -> bool:
        return slot // SLOTS_A_DAY - self.since_day >= LEAST_DAYS


@dataclass(frozen=True, slots=True)
class Bet:
    """Start at ``start_at``, be ready at ``ready_at``, give up at ``give_up_at`` if nobody came.

    ``chance`` is what the habit says of somebody's coming in between, ``trusted_chance`` the same after the trust.
    """

    start_at: float
    ready_at: float
    give_up_at: float
    chance: float
    trusted_chance: float
    expected_gain_usd: float


@dataclass(frozen=True, slots=True)
class BetRecord:
    """How the bets went, those on paper too: the calibration, and the money.

    ``expected`` and ``came`` are decayed sums, of the chances by the habit and of the bets on which somebody came.
    ``net_usd`` is what all bets won less what they cost; ``idle_usd`` what idling cost with and without them.
    """

    expected: float = 0.0
    came: float = 0.0
    bets: int = 0
    hits: int = 0
    net_usd: float = 0.0
    idle_usd: float = 0.0

    @property
    def trust(self) -> float:
        """Between 0 and 1: a quarter before the first bet."""
        return min(1.0, (self.came + TRUST_WON) / (self.expected + TRUST_BETS))

    def may_act(self, wait_usd: float) -> bool:
        """Whether the next bet is carried out, or made on paper only."""
        return self.net_usd > -(LOSS_SHARE * self.idle_usd + wait_usd)

    def idled(self, usd: float) -> BetRecord:
        """After idling that no bet caused: a gap that was waited out, or the timeout before a stop."""
        return replace(self, idle_usd=self.idle_usd + usd)

    def settled(self, bet: Bet, first_use: float, costs: Costs, *, acted: bool) -> BetRecord:
        """After a bet, when it is known: the next use began at ``first_use`` (later than the giving up: it lost)."""
        came, ready = first_use <= bet.give_up_at, bet.ready_at <= first_use <= bet.give_up_at
        spent = costs.price_usd_per_second * (min(first_use, bet.give_up_at) - bet.start_at)
        return BetRecord(
            expected=self.expected * TRUST_DECAY + bet.chance,
            came=self.came * TRUST_DECAY + came,
            bets=self.bets + 1,
            hits=self.hits + ready,
            net_usd=self.net_usd + (costs.wait_usd if ready else 0.0) - spent,
            idle_usd=self.idle_usd + (spent if acted else 0.0),
        )


def worth_betting(costs: Costs) -> bool:
    """Whether one wait is dear enough at all. Where the price is not known it never is."""
    return costs.price_usd_per_hour > 0 and costs.wait_usd >= LEAST_WAIT_HOURS * costs.price_usd_per_hour


def next_bet(habit: Habit, record: BetRecord, costs: Costs, after: float, until: float) -> Bet | None:
    """The first bet for a slot that begins after ``after`` and before ``until``, whether or not it may be carried out.

    Its ``start_at`` is never before ``after``: a boot that is begun late is ready late.
    """
    if not worth_betting(costs):
        return None
    trust = record.trust
    slot = int(after // SLOT_SECONDS) + 1
    while slot * SLOT_SECONDS < until:
        if habit.knows_enough(slot) and (best := _best_window(habit, slot, trust, costs)):
            start = max(slot * SLOT_SECONDS - costs.boot_seconds, after)
            ready = start + costs.boot_seconds
            gain, slots, chance = best
            return Bet(start, ready, ready + slots * SLOT_SECONDS, min(1.0, chance / trust), chance, gain)
        slot += 1
    return None


def _best_window(habit: Habit, slot: int, trust: float, costs: Costs) -> tuple[float, int, float] | None:
    """(gain in dollars, slots, chance that somebody comes) of the best length; None when none beats the boot's price.

    In the slot in which somebody comes half of it was spent waiting for them.
    """
    slot_usd = costs.price_usd_per_second * SLOT_SECONDS
    nobody_yet, gain, best, slots, chance = 1.0, 0.0, 0.0, 0, 0.0
    for ahead in range(MOST_SLOTS):
        now = min(MOST_CHANCE, habit.chance(slot + ahead, slot) * trust)
        gain += nobody_yet * (now * (costs.wait_usd - slot_usd / 2) - (1 - now) * slot_usd)
        nobody_yet *= 1 - now
        if gain > best:
            best, slots, chance = gain, ahead + 1, 1 - nobody_yet
    if best <= costs.price_usd_per_second * costs.boot_seconds:
        return None
    return best, slots, chance
