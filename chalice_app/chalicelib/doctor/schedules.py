"""Which wake-ups are booked, and whether any was due and did not come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.decide import words
from chalicelib.doctor.deployment import GROUP
from chalicelib.doctor.finding import Finding, skipped, warning, well
from chalicelib.execute.bookings import BookingSettings, Desk, minute_of

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

LATE = timedelta(minutes=10)
"""An entry deletes itself when it has fired, within a minute or two."""


def pending(patient: Patient) -> Iterator[Finding]:
    groups = patient.deployment.of_type(GROUP) if patient.deployment else {}
    if not groups:
        yield skipped("this deployment books no wake-ups: sweeps do their work every five minutes")
        return
    (group,) = groups.values()
    desk = Desk(patient.clients.scheduler, BookingSettings(group, target="", role="", dead_letters=""))
    booked = sorted(minute for name in desk.names() if (minute := minute_of(name)) is not None)
    if late := [minute for minute in booked if patient.now - minute > LATE]:
        yield warning(
            f"{words.counted(len(late), 'wake-up')} did not come, the first was due at {words.clock(late[0])}",
            "runbooks/alarm-wake-ups-missing.md; the next sweep did its work",
        )
        return
    first = f", the next at {words.clock(booked[0])}" if booked else ""
    yield well(f"{words.counted(len(booked), 'wake-up')} booked{first}")
