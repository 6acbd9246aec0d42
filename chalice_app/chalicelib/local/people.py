"""What the people of a scenario do: in the AWS console, behind our back, or with `lifecycle`.

A command is its words in the record and an immediate look of the controller, as on the command line.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import Override, OverrideKind
from chalicelib.local.scenario import Deed, KeptByCommand, StartedByCommand, StartedInConsole
from chalicelib.local.timeline import Happening, Word
from chalicelib.record.history import Entry, EntryKind
from chalicelib.runtime.compose import App

START_LASTS = timedelta(hours=2)
"""`lifecycle start` without --for or --until."""


def do(deed: Deed, app: App, now: datetime, zone: ZoneInfo) -> None:
    match deed:
        case StartedInConsole(service=service, desired_count=count):
            app.clients.ecs.update_service(cluster=service.cluster, service=service.name, desiredCount=count)
        case StartedByCommand():
            _keep(deed, app, now, now + START_LASTS, "", zone)
        case KeptByCommand(until=until, reason=reason):
            _keep(deed, app, now, until, reason, zone)
        case other:
            assert_never(other)


def told(deed: Deed, zone: ZoneInfo) -> Happening | None:
    """The deed as a line of the timeline. None for a start, whose own line names the person, and for what is done in
    the AWS console: nobody tells us of it, and the line says when we found out."""
    match deed:
        case StartedInConsole() | StartedByCommand():
            return None
        case KeptByCommand(at=at, service=service, by=by, until=until, reason=reason):
            words = f'lifecycle keep --until {until.astimezone(zone):%H:%M} --reason "{reason}"'
            return Happening(at, Word.SAID, service, f"{_name(by)}: {words}", "keep")
        case other:
            assert_never(other)


def _name(mail: str) -> str:
    return mail.partition("@")[0]


def _keep(
    deed: StartedByCommand | KeptByCommand, app: App, now: datetime, until: datetime, reason: str, zone: ZoneInfo
) -> None:
    said = Override(
        id=f"{deed.by}-{now.isoformat()}",
        service=deed.service,
        kind=OverrideKind.KEEP,
        until=until,
        by=deed.by,
        reason=reason,
        made_at=now,
    )
    words = f"keep running until {until.astimezone(zone):%a %H:%M}" + (f": {reason}" if reason else "")
    app.controls.add_override(said)
    app.history.append(Entry(at=now, kind=EntryKind.OVERRIDE, who=deed.by, reason=words, service=deed.service))
    verb = "start" if isinstance(deed, StartedByCommand) else "keep"
    app.controller.look_at([deed.service], now, why=f"{verb} asked by {deed.by}")
