"""Says what came of acting: one line an outcome, refusals as loud as actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, assert_never

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit
from chalicelib.cli.progress import waiting
from chalicelib.cli.render import without_name
from chalicelib.execute.outcome import Outcome, OutcomeStatus

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceId
    from chalicelib.runtime.compose import App

_STYLES = {OutcomeStatus.DONE: "green", OutcomeStatus.REFUSED: "yellow", OutcomeStatus.FAILED: "red"}


def look_now(desk: Desk, app: App, service: ServiceId, *, why: str) -> Exit:
    """Has the controller look at the service at once, and says what it did or why it waits.

    What the person said is written down by now, so that meeting another run which acts on the service is no failure.
    """
    with waiting(f"Looking at {service}"):
        report = app.controller.look_at([service], desk.now(), why=why)
        if any(one.overtaken for one in report.outcomes):
            report = app.controller.look_at([service], desk.now(), why=why)
    for one in report.outcomes:
        if one.overtaken:
            reason = without_name(one.reason, one.service).removesuffix(".")
            desk.paper.say(f"WAITS  {one.service}  {reason}; what you said is noted and holds", "yellow")
    own = [one for one in report.outcomes if not one.overtaken]
    tell(desk, own)
    acted = {outcome.service for outcome in report.outcomes}
    for decided in report.decided:
        if decided.facts.id in acted:
            continue
        says = decided.held or decided.refused or (decided.decision.reason if decided.decision else "")
        says = without_name(says, decided.facts.id)
        desk.paper.say(f"LEAVE  {decided.facts.id}  {says or 'nothing is to be done now'}")
    if not report.decided and not report.outcomes:
        desk.paper.say(f"LEAVE  {service}  the next sweep looks at it, within five minutes")
    return exit_of(own)


def tell(desk: Desk, outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        word = outcome.kind.value.upper()
        reason = without_name(outcome.reason, outcome.service)
        match outcome.status:
            case OutcomeStatus.DONE:
                said = f"{word}  {outcome.service}  {reason}"
            case OutcomeStatus.REFUSED:
                said = f"REFUSED  {outcome.service}  {outcome.kind.value}: {reason}"
            case OutcomeStatus.FAILED:
                said = f"FAILED  {outcome.service}  {outcome.kind.value}: {reason}"
            case other:
                assert_never(other)
        desk.paper.say(said, _STYLES[outcome.status])


def exit_of(outcomes: Iterable[Outcome]) -> Exit:
    """An error when anything asked for was refused or failed."""
    return Exit.DONE if all(one.status is OutcomeStatus.DONE for one in outcomes) else Exit.ERROR
