"""One week that was counted by hand: the week of a clock change, in which everything happens that makes counting hard.

Europe/Berlin, Monday 19 October 2026 to Sunday 25 October, the day on which the clocks go back: 169 hours, from
2026-10-18T22:00Z to 2026-10-25T23:00Z. Times below are in Berlin. A host outlives its last task by 15 minutes.

chat, one g5.xlarge at $1.006, on all week but for:
    Mon 20:00 asked to stop by nights-off, its task ended 20:06; started Tue 08:00 by nights-off, ready 08:07.
        down from 20:21 to 08:00:                                       11 h 39 min            = 11.65 h, nights-off
    Wed 12:00 idle-off asks, its task ended 12:03; a person starts it in the console at 12:33.
        down from 12:18 to 12:33:                                       15 min                 =  0.25 h, idle-off
    Wed 20:00 nights-off asks, ended 20:00; idle-off also asks at 21:00 and finds it down; started Thu 08:00.
        down from 20:15 to 08:00:                                       11 h 45 min            = 11.75 h, nights-off
    Sat 20:00 nights-off asks, ended 20:00; started Sun 08:00. The clocks go back at 03:00 on Sunday.
        down from 20:15 to 08:00, of which Saturday 3.75 h, Sunday 9 h: 12 h 45 min            = 12.75 h, nights-off
    baseline 169 h = $170.014; nights-off 36.15 h = $36.3669; idle-off 0.25 h = $0.2515; ran 132.6 h = $133.3956

pair, two g4dn.xlarge at $0.526:
    Tue 00:10 a person asks with `lifecycle stop`, its tasks ended at 00:15; a person starts it again at 10:45.
        down from 00:30 to 10:45, two hosts:                            10.25 h x 2            = 20.5 h, people
    Fri 18:00 somebody stops it in the console and starts it Fri 22:00: down from 18:15, 3.75 h x 2 that nobody saved.
    baseline (169 - 3.75) x 2 = 330.5 h = $173.843; people 20.5 h = $10.783; ran 310 h = $163.06

spot, one g5.2xlarge at $1.212 on demand:
    Thu 10:00 save-spot moves it to Spot, which costs $0.4848 an hour, but $1.30 on Sunday from 03:00 (02:00Z) for two
    hours: dearer than on demand.
        on Spot until the end of the week: Thu 14 h + Fri 24 h + Sat 24 h + Sun 25 h = 87 h
        paid 85 h x $0.4848 + 2 h x $1.30 = $41.208 + $2.60 = $43.808; on demand 87 h = $105.444; saved $61.636
        Sunday alone: 23 h x 0.7272 + 2 h x (-0.088) = 16.7256 - 0.176 = $16.5496
    baseline 169 h = $204.828; ran 82 h x 1.212 + 43.808 = 99.384 + 43.808 = $143.192

odd, one host of a type without a price: Tue 08:00 stopped by nights-off, ended 08:00, started 09:00: 0.75 h saved, no
    dollars. In hours 169 - 0.75.

trial, one g5.xlarge at $1.006, on all week; two policies are in dry run, what they wish is in no sum.
    try-it would have stopped it Wed 20:00 until Thu 08:00: 11.75 h after the host would have gone = $11.8205
    idle-try Thu 06:00 until 09:00, of which only 08:00 to 09:00 is not try-it's already: 1 h = $1.006
    baseline and ran 169 h = $170.014

All that has a price: baseline 170.014 + 173.843 + 204.828 + 170.014 = $718.699
    ran 133.3956 + 163.06 + 143.192 + 170.014 = $609.6616; saved $109.0374
    nights-off $36.3669, idle-off $0.2515, people $10.783, save-spot $61.636: together $109.0374
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.decide.decision import Because, Wanted
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.ledger.counting import Terms, ledger
from chalicelib.ledger.courses import Known
from chalicelib.ledger.values import Ledger
from chalicelib.prices import Market, Price
from chalicelib.record.history import Entry, EntryKind

BERLIN = ZoneInfo("Europe/Berlin")
SINCE = datetime(2026, 10, 18, 22, tzinfo=UTC)
UNTIL = datetime(2026, 10, 25, 23, tzinfo=UTC)
LISTED = date(2026, 7, 20)

CHAT, PAIR, SPOT, ODD, TRIAL = (ServiceId("gpu", name) for name in ("chat", "pair", "spot", "odd", "trial"))
HOSTS = {
    CHAT: ("g5.xlarge", "1.006", 1),
    PAIR: ("g4dn.xlarge", "0.526", 2),
    SPOT: ("g5.2xlarge", "1.212", 1),
    ODD: ("x9.huge", "", 1),
    TRIAL: ("g5.xlarge", "1.006", 1),
}
SPOT_USD = Decimal("0.4848")
DEAR_USD = Decimal("1.30")
DEAR_HOURS = (datetime(2026, 10, 25, 2, tzinfo=UTC), datetime(2026, 10, 25, 4, tzinfo=UTC))


def counted() -> Ledger:
    known = {id: Known(id, HOSTS[id][2], HOSTS[id][0]) for id in HOSTS}
    return ledger(entries(), SINCE, UNTIL, Terms(BERLIN, quotes=quotes), known)


def quotes(host: str, market: Market, at: datetime) -> Price | None:
    if market is not Market.SPOT or host != "g5.2xlarge":
        return None
    usd = DEAR_USD if DEAR_HOURS[0] <= at < DEAR_HOURS[1] else SPOT_USD
    return Price(usd, "EC2 Spot price history", at.date())


def entries() -> tuple[Entry, ...]:
    """In no order: whoever counts sorts them."""
    return tuple(reversed([*_chat(), *_pair(), *_spot(), *_odd(), *_trial()]))


def _chat() -> Iterator[Entry]:
    yield from _stop(CHAT, "nights-off", "a1", at("19 20:00"), at("19 20:06"))
    yield from _start(CHAT, "nights-off", "a2", at("20 08:00"), at("20 08:07"))
    yield from _stop(CHAT, "idle-off", "a3", at("21 12:00"), at("21 12:03"), Because.IDLE)
    yield _hand(CHAT, ActionKind.START, at("21 12:33"))
    yield from _stop(CHAT, "nights-off", "a4", at("21 20:00"), at("21 20:00"))
    yield from _stop(CHAT, "idle-off", "a5", at("21 21:00"), at("21 21:00"), Because.IDLE)
    yield from _start(CHAT, "nights-off", "a6", at("22 08:00"), at("22 08:05"))
    yield from _stop(CHAT, "nights-off", "a7", at("24 20:00"), at("24 20:00"))
    yield from _start(CHAT, "nights-off", "a8", at("25 08:00"), at("25 08:05"))


def _pair() -> Iterator[Entry]:
    yield from _stop(PAIR, "nights-off", "b1", at("20 00:10"), at("20 00:15"), Because.OVERRIDE)
    yield from _start(PAIR, "nights-off", "b2", at("20 10:45"), at("20 10:50"), Because.OVERRIDE)
    yield _hand(PAIR, ActionKind.STOP, at("23 18:00"))
    yield _hand(PAIR, ActionKind.START, at("23 22:00"))


def _spot() -> Iterator[Entry]:
    yield _entry(
        SPOT,
        at("22 10:00"),
        policy="save-spot",
        action_id="c1",
        because=Because.HOURS,
        outcome="done",
        market=Market.SPOT.value,
        moved_from=Market.ON_DEMAND.value,
    )


def _odd() -> Iterator[Entry]:
    yield from _stop(ODD, "nights-off", "d1", at("20 08:00"), at("20 08:00"))
    yield from _start(ODD, "nights-off", "d2", at("20 09:00"), at("20 09:05"))


def _trial() -> Iterator[Entry]:
    yield _wish("try-it", at("21 20:00"), Wanted.STOPPED, Because.HOURS)
    yield _wish("idle-try", at("22 06:00"), Wanted.STOPPED, Because.IDLE)
    yield _wish("try-it", at("22 08:00"), Wanted.LEAVE, Because.HOURS)
    yield _wish("idle-try", at("22 09:00"), Wanted.LEAVE, Because.OVERRIDE)


def at(text: str) -> datetime:
    """``19 20:06``: a day of October 2026 and a time in Berlin; the first of two that look alike."""
    return datetime.strptime(f"2026-10-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=BERLIN).astimezone(UTC)


def _stop(
    service: ServiceId, policy: str, id: str, asked: datetime, ended: datetime, because: Because = Because.HOURS
) -> Iterator[Entry]:
    stop = ActionKind.STOP
    yield _entry(service, asked, policy=policy, action=stop, action_id=id, because=because, outcome="begun")
    yield _entry(service, ended, action=stop, action_id=id, outcome="done")


def _start(
    service: ServiceId, policy: str, id: str, asked: datetime, ready: datetime, because: Because = Because.HOURS
) -> Iterator[Entry]:
    start = ActionKind.START
    yield _entry(service, asked, policy=policy, action=start, action_id=id, because=because, outcome="begun")
    yield _entry(service, ready, action=start, action_id=id, outcome="done")


def _hand(service: ServiceId, action: ActionKind, when: datetime) -> Entry:
    size = HOSTS[service][2] if action is ActionKind.START else 0
    return Entry(when, EntryKind.HAND, "somebody", "by hand", service, action=action, desired_count=size)


def _wish(policy: str, when: datetime, wanted: Wanted, because: Because) -> Entry:
    outcome = "would" if wanted is Wanted.STOPPED else "ended"
    return _entry(TRIAL, when, policy=policy, because=because, kind=EntryKind.WOULD, wanted=wanted, outcome=outcome)


def _entry(
    service: ServiceId,
    when: datetime,
    *,
    kind: EntryKind = EntryKind.ACTED,
    policy: str = "",
    action: ActionKind | None = None,
    action_id: str = "",
    because: Because | None = None,
    wanted: Wanted | None = None,
    outcome: str = "",
    market: str = "",
    moved_from: str = "",
) -> Entry:
    host, usd, size = HOSTS[service]
    return Entry(
        at=when,
        kind=kind,
        who="controller",
        reason="as it was decided",
        service=service,
        policy=policy,
        wanted=wanted,
        because=because,
        outcome=outcome,
        action=action,
        action_id=action_id,
        desired_count=size,
        price_usd_per_hour=Decimal(usd) if usd else None,
        price_source="a list" if usd else "",
        price_as_of=LISTED if usd else None,
        host=host,
        market=market,
        moved_from=moved_from,
    )
