"""Lets Slack's requests in: checks whose they are, opens dialogs, writes down and hands on. Does nothing itself.

Slack waits three seconds, and so does whoever clicked. What takes longer, and everything that is decided, is the
worker's (`answering`). A dialog is opened here, because what it is opened with holds for three seconds too.

    signature ── team ── first time? ── dialog, or: queue ── 200

What dies before the queue shows in Slack as a click that did not work; the next click is another request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, assert_never

from chalicelib.entrypoints.slack.help import HELP
from chalicelib.entrypoints.slack.incoming import Challenge, Click, Command, Filled, Press, Told, metadata_of, parse
from chalicelib.entrypoints.slack.jobs import Job, Task
from chalicelib.entrypoints.slack.signature import Fault, fault_of
from chalicelib.errors import Forbidden, NotAuthenticated, UnreadableRequest
from chalicelib.notify.slack.modals import MOST_CHARACTERS, REASON, UNTIL, exclude_view, keep_view

if TYPE_CHECKING:
    from chalicelib.notify.slack.client import SlackClient
    from chalicelib.record.slack_requests import SlackRequests
    from chalicelib.runtime.clock import Clock
    from chalicelib.runtime.slack_secrets import SlackSecrets

MOST_BYTES = 1_000_000
HELP_WORDS = frozenset({"", "help"})


class Queue(Protocol):
    def send(self, body: str) -> None:
        """Raises ActionFailed or AwsUnreachable when it is not sure that the message waits there."""


@dataclass(frozen=True, slots=True)
class Reply:
    """``body`` is text, or an object that is sent as JSON; empty is Slack's "heard"."""

    body: str | Mapping[str, Any] = ""
    event: str = ""
    """What Slack told us, for the log."""


@dataclass(frozen=True, slots=True)
class DoorParts:
    """``teams``: whose people are heard."""

    secrets: SlackSecrets
    teams: frozenset[str]
    requests: SlackRequests
    queue: Queue
    slack: SlackClient
    clock: Clock
    fleets: Clock | None = None
    """The clock of what people talk about, where it is not the machine's (`make up`)."""


class Door:
    def __init__(self, parts: DoorParts) -> None:
        self._parts = parts

    def answer(self, door: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """``door`` is events, commands or interactive. Raises NotAuthenticated for a request that is not Slack's or
        came before, Forbidden for another workspace, UnreadableRequest; and what AWS or Slack make of it."""
        now = self._parts.clock.now()
        request = self._check_signature(headers, body, now)
        sent = parse(door, body)
        if isinstance(sent, Challenge):
            return Reply(body={"challenge": sent.text})
        if not sent.sender.teams <= self._parts.teams:
            raise Forbidden("Only people of the workspace that this app was installed for are heard.")
        if isinstance(sent, Told):
            return Reply(event=sent.event)
        if not self._parts.requests.is_first(request, now):
            raise _refusal(Fault.REPLAYED)
        return self._let_in(sent, request, self._parts.fleets.now() if self._parts.fleets else now)

    def _check_signature(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """What the request is known by from now on."""
        if len(body) > MOST_BYTES:
            raise UnreadableRequest("The body is too large.", status=413)
        given = {name.lower(): value for name, value in headers.items()}
        stamp, signature = given.get("x-slack-request-timestamp"), given.get("x-slack-signature")
        seconds, secrets = now.timestamp(), self._parts.secrets
        kept = secrets.signing_secret()
        fault = fault_of(kept, stamp, signature, body, seconds)
        if fault is Fault.WRONG and (anew := secrets.signing_secret(fresh=True)) != kept:
            fault = fault_of(anew, stamp, signature, body, seconds)
        if fault is not None or signature is None:
            raise _refusal(fault or Fault.MISSING)
        return hashlib.sha256(signature.encode()).hexdigest()

    def _let_in(self, sent: Click | Filled | Command, request: str, now: datetime) -> Reply:
        match sent:
            case Click(press=Press.KEEP):
                self._parts.slack.open_view(sent.trigger_id, keep_view(metadata_of(sent), now))
                return Reply()
            case Click(press=Press.EXCLUDE):
                self._parts.slack.open_view(sent.trigger_id, exclude_view(metadata_of(sent), now))
                return Reply()
            case Click():
                self._hand_on(_job_of_click(sent, request))
                return Reply()
            case Filled():
                if wrong := _wrong(sent, now):
                    return Reply(body={"response_action": "errors", "errors": wrong})
                self._hand_on(_job_of_dialog(sent, request))
                return Reply()
            case Command(words=words) if words.strip().lower() in HELP_WORDS:
                return Reply(body=_only_to_you(HELP))
            case Command():
                job = Job(request, Task.COMMAND, sent.sender.user, sent.response_url, words=sent.words)
                self._hand_on(job)
                return Reply(body=_only_to_you("One moment…"))
            case other:
                assert_never(other)

    def _hand_on(self, job: Job) -> None:
        self._parts.queue.send(job.to_json())


def _job_of_click(click: Click, request: str) -> Job:
    about = click.about
    return Job(
        request=request,
        task=Task(click.press.value),
        user=click.sender.user,
        response_url=click.response_url,
        question=about.question if about else "",
        version=about.version if about else 0,
        until=click.closes_at,
        service=click.service,
    )


def _job_of_dialog(filled: Filled, request: str) -> Job:
    return Job(
        request=request,
        task=Task(filled.press.value),
        user=filled.sender.user,
        response_url=filled.response_url,
        question=filled.about.question,
        version=filled.about.version,
        until=filled.until,
        reason=filled.reason,
    )


def _wrong(filled: Filled, now: datetime) -> Mapping[str, str]:
    """What the dialog shows beneath its inputs. How long the policy allows is the worker's to say."""
    wrong: dict[str, str] = {}
    if filled.until is None:
        wrong[UNTIL] = "Choose a day and a time."
    elif filled.until <= now:
        wrong[UNTIL] = "That time is over; choose a later one."
    if not filled.reason:
        wrong[REASON] = "Say why: everybody who asks reads it."
    elif len(filled.reason) > MOST_CHARACTERS:
        wrong[REASON] = f"At most {MOST_CHARACTERS} characters."
    return wrong


def _only_to_you(text: str) -> Mapping[str, Any]:
    return {"response_type": "ephemeral", "text": text}


def _refusal(fault: Fault) -> NotAuthenticated:
    return NotAuthenticated("This request is not signed as Slack signs.", reason=f"slack: {fault.value}")
