"""A question as Slack shows it: asked with buttons, and afterwards what became of it, in the same message.

One more rendering of the frozen decision and plan: nothing is looked up here, and nothing is ever read back out of the
text. A button holds the question's id and version, and the server checks everything again when it is clicked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, assert_never
from zoneinfo import ZoneInfo

from chalicelib.controller.wording import answer_of, asked, first_word, measured, silence
from chalicelib.decide import words
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.decision import Evidence
from chalicelib.notify.slack.blocks import actions, button, context, escaped, fields, header, moment, section
from chalicelib.notify.slack.client import Block, Message
from chalicelib.record.approval import Question, State

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceId

APPROVE, DENY, SNOOZE, KEEP, EXCLUDE, DETAILS = "approve", "deny", "snooze", "keep", "exclude", "details"
KEEP_SERVICE = "keep_service"
"""The Keep button of a notice, where nothing is asked: its value is ``cluster/service:SECONDS`` of the closing."""

_TITLES = {
    ApprovalAction.IDLE_STOP: "Stop {}? It is idle",
    ApprovalAction.CLOSED_STOP: "Stop {}? Its hours are closed",
    ApprovalAction.START_WHEN_CLOSED: "Start {} while its hours are closed?",
    ApprovalAction.SPOT_MOVE: "Move {} to Spot?",
    ApprovalAction.REMOVE: "Remove {}?",
}
_STOPS = (ApprovalAction.IDLE_STOP, ApprovalAction.CLOSED_STOP)
_MOST_LINES = 8
"""Of evidence and steps; the Details button shows all."""


def question_message(question: Question) -> Message:
    """As it stands: with buttons while it is pending, else with what came of it."""
    title = title_of(question)
    top = [header(title), section(escaped(_reason(question))), fields(_facts(question))]
    if not question.is_pending:
        said = f"{_mark(question)} {escaped(_became(question))}"
        return Message(escaped(f"{title}: {_became(question)}"), (*top, section(said), _footer(question)))
    blocks = (
        *top,
        *_lines("Evidence", [_evidence(one, question) for one in question.evidence]),
        *_lines("What will be done", [escaped(step) for step in question.steps]),
        section(_deadline(question)),
        actions(f"question-{question.id}", _buttons(question)),
        _footer(question),
    )
    return Message(escaped(f"{title}: {_reason(question)}"), blocks)


def moved_message(question: Question) -> Message:
    """In the place where it was asked before it went to somebody else."""
    said = f"{title_of(question)} Nobody answered here: it is asked in {question.channel} now."
    return Message(escaped(said), (header(title_of(question)), section(escaped(said)), _footer(question)))


def details_message(question: Question) -> Message:
    """All that was frozen when it was asked, for the one who wants to see it."""
    lines = [f"*{escaped(title_of(question))}*", escaped(_reason(question)), f"_{escaped(asked(question))}_"]
    blocks = [
        section("\n".join(lines)),
        *_lines("Evidence", [_evidence(one, question) for one in question.evidence], most=len(question.evidence)),
        *_lines("What will be done", [escaped(one) for one in question.steps], most=len(question.steps)),
    ]
    if question.stakes.price_source:
        blocks.append(context(f"Price: {escaped(question.stakes.price_source)}"))
    if question.given or not question.is_pending:
        blocks.append(section(escaped(_became(question))))
    version = escaped(f"policy {question.policy}, version {question.policy_version}")
    return Message(
        escaped(f"{title_of(question)}: {_reason(question)}"), (*blocks, context(f"{version} · {question.id}"))
    )


def keep_button(service: ServiceId, closes_at: datetime) -> Any:
    """For the notice of a closing: keeps the service for two hours, unless it is over by then."""
    return button(KEEP_SERVICE, "Keep 2 h", f"{service}:{int(closes_at.timestamp())}")


def title_of(question: Question) -> str:
    return _TITLES[question.action].format(question.service)


def _reason(question: Question) -> str:
    """Without the word that the title says already."""
    return question.reason.removeprefix("idle: ") if question.action is ApprovalAction.IDLE_STOP else question.reason


def _facts(question: Question) -> list[tuple[str, str]]:
    """What is known of costs and impact; what is not known is left out. Ten at most."""
    stakes, zone = question.stakes, ZoneInfo(question.zone)
    found: list[tuple[str, str]] = [("Service", escaped(str(question.service)))]
    if stakes.usd_per_hour is not None:
        found.append(("Costs", f"${stakes.usd_per_hour:.2f} an hour"))
    if stakes.saves_usd is not None and stakes.saves_until is not None:
        found.append(("Saves", f"${stakes.saves_usd:.2f} until {moment(stakes.saves_until, zone)}"))
    if stakes.owner:
        found.append(("Owner", escaped(stakes.owner)))
    if question.requester:
        found.append(("Wished by", escaped(question.requester)))
    if question.keep_until is not None:
        found.append(("To run until", moment(question.keep_until, zone)))
    if stakes.cold_start_seconds is not None:
        found.append(("Cold start", f"about {words.length(timedelta(seconds=stakes.cold_start_seconds))}"))
    if stakes.last_used is not None:
        found.append(("Last used", moment(stakes.last_used, zone)))
    if question.action in _STOPS:
        found.append(("Asked for in the last 24 h by", escaped(words.listed(stakes.used_by)) or "nobody"))
    return found


def _evidence(one: Evidence, question: Question) -> str:
    zone = ZoneInfo(question.zone)
    since = f" since {moment(one.since, zone)}" if one.since else ""
    until = f" until {moment(one.until, zone)}" if one.until else ""
    return f"{escaped(measured(one))}{since}{until}"


def _lines(title: str, lines: list[str], *, most: int = _MOST_LINES) -> tuple[Block, ...]:
    if not lines:
        return ()
    rest = [f"… and {len(lines) - most} more"] if len(lines) > most else []
    return (section("\n".join([f"*{title}*", *(f"• {line}" for line in lines[:most]), *rest])),)


def _deadline(question: Question) -> str:
    if question.answer_by is None:
        return f"Without an answer: {escaped(silence(question))}."
    by = moment(question.answer_by, ZoneInfo(question.zone))
    return f"*Answer by {by}.* Without an answer: {escaped(silence(question))}."


def _buttons(question: Question) -> list[Any]:
    value = f"{question.id}:{question.version}"
    asks = (title_of(question), _confirmed(question), "Approve")
    buttons = [button(APPROVE, "Approve", value, style="primary", confirm=asks), button(DENY, "No", value)]
    if question.action in _STOPS:
        buttons += [
            button(SNOOZE, "Snooze 2 h", value),
            button(KEEP, "Keep until…", value),
            button(EXCLUDE, "Exclude…", value, style="danger"),
        ]
    return [*buttons, button(DETAILS, "Details", value)]


def _confirmed(question: Question) -> str:
    """The dialog before an approval: plain text, with what it costs people."""
    stakes = question.stakes
    parts = [f"This will {question.action.says.replace('it', str(question.service), 1)}."]
    if stakes.cold_start_seconds is not None and question.action in _STOPS:
        wait = words.length(timedelta(seconds=stakes.cold_start_seconds))
        parts.append(f"Whoever needs it next waits about {wait} for it to start.")
    if stakes.saves_usd is not None:
        parts.append(f"It saves ${stakes.saves_usd:.2f}.")
    if stakes.usd_per_hour is not None and question.action is ApprovalAction.START_WHEN_CLOSED:
        parts.append(f"It costs ${stakes.usd_per_hour:.2f} an hour.")
    return " ".join(parts)


def _became(question: Question) -> str:
    """What stands now: nothing is said to be done before it is."""
    match question.state:
        case State.APPROVED | State.EXECUTING:
            said = answer_of(question.given, question) if question.given else first_word(question)
            return f"{said}. It is being carried out."
        case State.PENDING:
            return asked(question)
        case _:
            return first_word(question)


def _mark(question: Question) -> str:
    match question.state:
        case State.PENDING:
            return ":question:"
        case State.APPROVED | State.EXECUTING:
            return ":hourglass_flowing_sand:"
        case State.DONE:
            return ":white_check_mark:"
        case State.FAILED:
            return ":x:"
        case State.SNOOZED | State.KEPT | State.EXCLUDED:
            return ":arrow_forward:"
        case State.DENIED:
            return ":no_entry_sign:"
        case State.EXPIRED | State.WITHDRAWN:
            return ":white_circle:"
        case other:
            assert_never(other)


def _footer(question: Question) -> Block:
    """Who may answer is the policy's word, and what counts is the policy in force when they do."""
    names = words.listed([*(name.partition(":")[2] for name in question.approvers), "every Admin"])
    who = f"Approvers: {escaped(names)} · " if question.is_pending else ""
    return context(f"{who}policy {escaped(question.policy)} · {question.id}")
