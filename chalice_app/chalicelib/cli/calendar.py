"""`lifecycle schedule`: when hours open and close, with clock changes, holidays and freezes marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import click

from chalicelib.cli.completing import policy_names
from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop
from chalicelib.cli.kinds import Whole
from chalicelib.cli.options import command, output_option
from chalicelib.cli.render import Column
from chalicelib.decide import words
from chalicelib.decide.words import listed

if TYPE_CHECKING:
    from chalicelib.cli.book import Book
    from chalicelib.policy.model import Freeze, Policy
    from chalicelib.policy.sections.hours import Hours
    from chalicelib.policy.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the calendar. ``note``: the window, the holiday's name, how the clocks move, what a freeze holds."""

    at: datetime
    what: Literal["opens", "closes", "holiday", "clocks", "freezes", "thaws"]
    note: str


@command("schedule")
@click.argument("name", metavar="POLICY|SERVICE", shell_complete=policy_names)
@click.option("--days", type=Whole(1, 366), default=7, show_default=True, help="How many days to show.")
@click.option("--from", "start", metavar="DATE", help="First day, as 2026-12-24.  [default: today]")
@output_option
@click.pass_obj
def schedule(desk: Desk, name: str, days: int, start: str | None, output: str) -> Exit:
    """Show when a policy opens and closes, day by day, in its own time zone.

    Holidays, clock changes and freezes stand between the lines they affect. For a service, the policy that
    governs it is shown, with the service's own tags applied.

    \b
    Examples:
      lifecycle schedule dev-nights-off
      lifecycle schedule dev-nights-off --days 14 --from 2026-12-24
      lifecycle schedule gpu-dev/chat --days 7

    \b
    JSON: {policy, timezone, from, to, now: {open, since, until, window, holiday},
           events: [{at, what: opens|closes|holiday|clocks|freezes|thaws, note}]}
    """
    from chalicelib.cli.book import read_book
    from chalicelib.policy.timetable import Timetable

    first_day = day_written(start) if start else None
    book = read_book(desk)
    policy = _policy(desk, book, name)
    freezes = book.loaded.policies.freezes
    hours = policy.hours
    if hours is None:
        raise Stop(f'The policy "{policy.name}" has no hours: only idleness stops its services.')
    table, now = Timetable.of(hours), desk.now()
    first = _beginning(first_day, now, hours.timezone)
    last = first + timedelta(days=days)
    events = tuple(events_between(table, hours.timezone, first, last, freezes))
    if output == "json":
        phase = table.phase(now)
        desk.paper.json(
            {"policy": policy.name, "timezone": hours.timezone.key, "from": first, "to": last}
            | {"now": phase, "events": events}
        )
    else:
        _print(desk, policy, hours, table, events, now)
    desk.paper.last_line(NOTHING_CHANGED, beside_json=output == "json")
    return Exit.DONE


def events_between(
    table: Timetable, zone: ZoneInfo, start: datetime, end: datetime, freezes: Sequence[Freeze] = ()
) -> Iterator[Event]:
    """Openings, closings, holidays, clock changes and freezes in ``[start, end)``, in order of time."""
    found = [
        Event(edge.at, "opens" if edge.opens else "closes", _window_note(edge.window, edge.holiday))
        for edge in table.transitions(start.astimezone(UTC), end.astimezone(UTC))
    ]
    found += _holidays(table, zone, start, end)
    found += _clock_changes(zone, start, end)
    found += _freezes(freezes, zone, start, end)
    yield from sorted(found, key=lambda event: (event.at.astimezone(UTC), event.what in ("opens", "closes")))


def _freezes(freezes: Sequence[Freeze], zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Event]:
    """A freeze that holds already when the days begin stands at their beginning."""
    for freeze in freezes:
        if freeze.from_ < end and freeze.to > start:
            held = (
                f"{freeze.name} holds every {listed(list(freeze.hold))} until {words.clock_with_year(freeze.to, zone)}"
            )
            yield Event(max(freeze.from_, start.astimezone(UTC)), "freezes", f"{held}: {words.sentence(freeze.reason)}")
        if start <= freeze.to < end:
            yield Event(freeze.to, "thaws", f"{freeze.name} is over")


def _clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Event]:
    from chalicelib.policy.moments import clock_changes

    for change in clock_changes(zone, start.astimezone(UTC), end.astimezone(UTC)):
        way = "forward" if change.forward else "back"
        moved = words.length(abs(change.after - change.before))
        yield Event(change.at, "clocks", f"{way} {moved}: {change.before:%H:%M} becomes {change.after:%H:%M}")


def _holidays(table: Timetable, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Event]:
    day, last = start.astimezone(zone).date(), end.astimezone(zone)
    while (midnight := datetime(day.year, day.month, day.day, tzinfo=zone)) < last:
        name = table.holiday_on(day)
        if name:
            yield Event(midnight.astimezone(UTC), "holiday", name)
        day += timedelta(days=1)


def _window_note(window: str, holiday: str | None) -> str:
    return f"{window} (cut short by {holiday})" if holiday else window


def day_written(text: str) -> date:
    """A day as people type it after --from. Raises BadParameter."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f'"{text}" is no date: write 2026-12-24.', param_hint="--from") from None


def _beginning(day: date | None, now: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of that day, or of today, in ``zone``."""
    return datetime.combine(day or now.astimezone(zone).date(), time(), zone)


def _policy(desk: Desk, book: Book, name: str) -> Policy:
    """A policy of that name; else the policy that governs a service of that name."""
    if any(policy.name == name for policy in book.loaded.policies.policies) or name in book.loaded.bad_policies:
        return book.policy(name)
    if "/" not in name and not desk.local and desk.clients is None and not _may_be_service(desk):
        raise Stop(book.no_policy(name))
    from chalicelib.cli.world import governing_policy
    from chalicelib.errors import UnknownService

    try:
        return governing_policy(desk, book, name)
    except UnknownService:
        if "/" in name or not book.nearest(name):
            raise
        raise Stop(book.no_policy(name)) from None


def _may_be_service(desk: Desk) -> bool:
    """Without credentials a name can only be a policy's: then the answer is about policies, not about AWS."""
    return desk.aws().session.get_credentials() is not None


def _print(
    desk: Desk, policy: Policy, hours: Hours, table: Timetable, events: tuple[Event, ...], now: datetime
) -> None:
    zone, phase = hours.timezone, table.phase(now)
    state = "open" if phase.open else f"closed ({phase.holiday})" if phase.holiday else "closed"
    until = f" until {words.clock_with_year(phase.until, zone)}" if phase.until else ", and nothing will change that"
    desk.paper.say(f"{policy.name}  {zone.key}  opening: {hours.opening.value}, closed: {hours.closed.value}", "bold")
    desk.paper.say(f"Now ({words.clock_with_year(now, zone)}) it is {state}{until}.")
    desk.paper.say()
    if not events:
        desk.paper.say("Nothing opens or closes in these days.")
        return
    desk.paper.table(
        [Column("WHEN"), Column("WHAT"), Column("NOTE", fold=True)],
        [[_when(event, zone), event.what, event.note] for event in events],
    )


def _when(event: Event, zone: ZoneInfo) -> str:
    if event.what != "holiday":
        return words.clock_with_year(event.at, zone)
    return f"{event.at.astimezone(zone):%a} {words.day(event.at, zone)} {event.at.astimezone(zone).year}"


COMMANDS = (schedule,)
