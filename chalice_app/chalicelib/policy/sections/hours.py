"""When services may run: zone, windows or cron edges, holidays, and what opening and closing do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from chalicelib.policy import rules
from chalicelib.policy.scalars import AwsOrUnixCron, Country, DateOrRange, Duration, Text, WindowText, Zone
from chalicelib.policy.sections.base import Section


class HolidayDayIs(StrEnum):
    CLOSED = "closed"
    SAT = "sat"
    SUN = "sun"
    ORDINARY = "ordinary"


class Holidays(Section):
    country: Country | None = Field(None, description="ISO 3166 country whose public holidays count.")
    subdivision: Text | None = Field(None, description="A state or region of that country.")
    extra: tuple[DateOrRange, ...] = Field((), description="Days added to the country's holidays.")
    ignore: tuple[DateOrRange, ...] = Field((), description="Days worked though the country rests.")
    day_is: HolidayDayIs = Field(HolidayDayIs.CLOSED, description="Which windows begin on such a day.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.holidays(self)


class CronEdges(Section):
    start: tuple[AwsOrUnixCron, ...] = Field((), description="Moments of opening; the later of last start, stop rules.")
    stop: tuple[AwsOrUnixCron, ...] = Field((), description="Moments of closing.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.cron_edges(self)


class Opening(StrEnum):
    START = "start"
    LEAVE = "leave"


class Closed(StrEnum):
    STOP = "stop"
    CUT = "cut"
    IDLE = "idle"
    LEAVE = "leave"


class Hours(Section):
    timezone: Zone = Field(description="IANA zone in which the windows are meant. There is no silent UTC.")
    open: tuple[WindowText, ...] | None = Field(
        None, description="Windows in which services may run; any of the list. Required, or `hours.cron`."
    )
    cron: CronEdges | None = Field(None, description="Opening hours as cron edges, instead of `hours.open`.")
    opening: Opening = Field(
        Opening.START, description="Once per opening: `start` restores the size we saved; `leave` only ever stops."
    )
    closed: Closed = Field(
        Closed.STOP,
        description="While closed: `stop` as soon as not in use; `cut` after `cut-after`, even in use; `idle` leaves "
        "stopping to the idle rule; `leave` only ever starts.",
    )
    cut_after: Duration | None = Field(None, description="How long in-use services may go on; only with `closed: cut`.")
    warn_before: Duration = Field(timedelta(), description="People are told so long before closing.")
    started_by_hand: Duration = Field(
        timedelta(hours=2), description="A start by somebody else while closed is kept for so long."
    )
    holidays: Holidays | None = Field(None, description="Which days are holidays, and what they mean.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.hours(self)
