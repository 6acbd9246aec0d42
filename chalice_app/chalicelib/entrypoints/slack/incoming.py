"""Reads what Slack sends, once, at the border, into a closed union. Whose request it is was checked before.

Only ids are taken from it: who, where, which question in which version, which dialog. Nothing is read out of the text
of a message. It refuses with UnreadableRequest what it does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

from chalicelib.errors import UnreadableRequest

_QUESTION = re.compile(r"(apr-[0-9a-f]{16}):([1-9][0-9]{0,8})")
_CLOSING = re.compile(r"([A-Za-z0-9_-]{1,255}/[A-Za-z0-9_-]{1,255}):([1-9][0-9]{0,11})")
_MOST_WORDS = 500


class Press(StrEnum):
    """The buttons."""

    APPROVE = "approve"
    DENY = "deny"
    SNOOZE = "snooze"
    KEEP = "keep"
    EXCLUDE = "exclude"
    DETAILS = "details"
    KEEP_SERVICE = "keep_service"


@dataclass(frozen=True, slots=True)
class Sender:
    """``teams``: every workspace that the request names: the app's own, and the one the person belongs to."""

    user: str
    teams: frozenset[str]


@dataclass(frozen=True, slots=True)
class About:
    """The question that a button belongs to, in the version that was shown."""

    question: str
    version: int

    def __str__(self) -> str:
        return f"{self.question}:{self.version}"


@dataclass(frozen=True, slots=True)
class Click:
    """``about`` is None for the Keep button of a notice, which names a ``service`` and when it closes instead."""

    sender: Sender
    press: Press
    about: About | None
    service: str
    response_url: str
    trigger_id: str
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A dialog that was sent off: ``press`` is the button it came from."""

    sender: Sender
    press: Press
    about: About
    until: datetime | None
    reason: str
    response_url: str


@dataclass(frozen=True, slots=True)
class Command:
    sender: Sender
    words: str
    response_url: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """Slack asks whether this address is ours."""

    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event that asks for nothing; ``event`` is Slack's name for it."""

    event: str
    sender: Sender


Incoming = Click | Filled | Command | Challenge | Told


def parse(door: str, body: bytes) -> Incoming:
    """``door`` is the last part of the path. Raises UnreadableRequest."""
    match door:
        case "events":
            return _event(_json(_text_of(body)))
        case "commands":
            return _command(_form(body))
        case "interactive":
            return _interaction(_json(_form(body).get("payload", "")))
        case _:
            raise UnreadableRequest("There is no such path.", status=404)


def metadata_of(click: Click) -> str:
    """What a dialog carries along unseen."""
    return json.dumps({"about": str(click.about), "response_url": click.response_url})


def _event(sent: Mapping[str, Any]) -> Challenge | Told:
    if sent.get("type") == "url_verification":
        return Challenge(_text(sent, "challenge"))
    return Told(_text(_object(sent, "event"), "type"), Sender("", frozenset({_text(sent, "team_id")})))


def _command(form: Mapping[str, str]) -> Command:
    sender = Sender(_text(form, "user_id"), frozenset({_text(form, "team_id")}))
    return Command(sender, form.get("text", "")[:_MOST_WORDS], _text(form, "response_url"))


def _interaction(sent: Mapping[str, Any]) -> Click | Filled:
    match sent.get("type"):
        case "block_actions":
            return _click(sent)
        case "view_submission":
            return _filled(sent)
        case _:
            raise UnreadableRequest("payload.type is neither block_actions nor view_submission.")


def _click(sent: Mapping[str, Any]) -> Click:
    pressed = sent.get("actions")
    if not isinstance(pressed, list) or len(pressed) != 1 or not isinstance(pressed[0], dict):
        raise UnreadableRequest("payload.actions is not one action.")
    press, value = _press(_text(pressed[0], "action_id")), _text(pressed[0], "value")
    about, service, closes_at = None, "", None
    if press is Press.KEEP_SERVICE:
        closing = _CLOSING.fullmatch(value)
        closes_at = _instant(int(closing[2])) if closing else None
        if closing is None or closes_at is None:
            raise UnreadableRequest("payload.actions[0].value is not cluster/service and the second of its closing.")
        service = closing[1]
    else:
        about = _about(value)
    hook, trigger = _text(sent, "response_url"), _text(sent, "trigger_id")
    return Click(_sender(sent), press, about, service, hook, trigger, closes_at)


def _filled(sent: Mapping[str, Any]) -> Filled:
    view = _object(sent, "view")
    press = _press(_text(view, "callback_id"))
    carried = _json(_text(view, "private_metadata"))
    values = _object(_object(view, "state"), "values")
    reason = _input(values, "reason").get("value")
    return Filled(
        sender=_sender(sent),
        press=press,
        about=_about(_text(carried, "about")),
        until=_instant(_input(values, "until").get("selected_date_time")),
        reason=" ".join(reason.split()) if isinstance(reason, str) else "",
        response_url=_text(carried, "response_url"),
    )


def _input(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _object(_object(values, name), name)


def _instant(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 253_402_300_800:
        return None
    return datetime.fromtimestamp(value, UTC)


def _press(text: str) -> Press:
    try:
        return Press(text)
    except ValueError as error:
        raise UnreadableRequest("There is no such button.") from error


def _about(value: str) -> About:
    found = _QUESTION.fullmatch(value)
    if found is None:
        raise UnreadableRequest("A button's value is not the id and version of a question.")
    return About(found[1], int(found[2]))


def _sender(sent: Mapping[str, Any]) -> Sender:
    user = _object(sent, "user")
    teams = {_text(_object(sent, "team"), "id")}
    if "team_id" in user:
        teams.add(_text(user, "team_id"))
    return Sender(_text(user, "id"), frozenset(teams))


def _form(body: bytes) -> Mapping[str, str]:
    """Each name's first value."""
    try:
        parsed = parse_qs(_text_of(body), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError as error:
        raise UnreadableRequest("The body is no form.") from error
    return {name: values[0] for name, values in parsed.items()}


def _text_of(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise UnreadableRequest("The body is not UTF-8.") from error


def _json(text: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableRequest("What should be JSON is none.") from error
    if not isinstance(parsed, dict):
        raise UnreadableRequest("What should be a JSON object is none.")
    return parsed


def _object(sent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = sent.get(name)
    if not isinstance(value, dict):
        raise UnreadableRequest(f"{name} is missing.")
    return value


def _text(sent: Mapping[str, Any], name: str) -> str:
    value = sent.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableRequest(f"{name} is missing.")
    return value
