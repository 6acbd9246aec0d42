"""The calls of Slack that we make, through slack_sdk, with its failures in our own exceptions.

Nothing is retried here and nothing waits: whoever sends decides when to try again (the outbox), by what the exception
says. Only a token that Slack does not take any more is read anew, once, because it may have been changed meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from chalicelib.errors import NotDelivered

if TYPE_CHECKING:
    from slack_sdk import WebClient

API = "https://slack.com/api/"
HOOKS = frozenset({"hooks.slack.com"})
"""Where the addresses lie that Slack sends with a click (``response_url``)."""
TIMEOUT_SECONDS = 5

Block = Mapping[str, Any]

_TOKEN_IS_OLD = frozenset({"invalid_auth", "token_expired", "token_revoked", "not_authed", "account_inactive"})
_FOR_NOW = frozenset({
    "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "team_added_to_org", "message_limit_exceeded", *_TOKEN_IS_OLD,
})  # fmt: skip
"""Errors that another try may not meet: https://docs.slack.dev/reference/methods/chat.postMessage#errors"""

_MENDABLE = frozenset({
    "channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_read_only_channel",
})  # fmt: skip
"""A channel is misspelt, or lacks the app: whoever puts that right shall not have missed what was said meanwhile."""


class Token(Protocol):
    def __call__(self, *, fresh: bool = False) -> str:
        """The bot's token. ``fresh``: not the one that was kept. Raises ConfigurationError or AwsUnreachable."""


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` stands in notifications and where no blocks can be shown; ``blocks`` is Block Kit, checked."""

    text: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands: enough to change it, and to answer in its thread."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class SlackPerson:
    """``email`` is empty unless Slack has confirmed it. ``team`` is the workspace they belong to, which for a guest of
    a shared channel is not ours. ``zone`` is an IANA name, or empty."""

    id: str
    email: str
    team: str
    zone: str = ""


@dataclass(frozen=True, slots=True)
class SlackBot:
    """``team`` is the workspace's id."""

    name: str
    team: str


class SlackClient:
    """Every method raises NotDelivered: when Slack cannot be reached, wants us to wait (``retry_after_seconds``), or
    refuses; ``final`` when it will never take this as it is, ``uncertain`` when it may have taken it."""

    def __init__(self, token: Token, *, base_url: str = API, timeout_seconds: int = TIMEOUT_SECONDS) -> None:
        self._token = token
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds

    def post(self, channel: str, message: Message, *, thread: str = "", broadcast: bool = False) -> Posted:
        """``channel`` is ``#name`` or an id. ``thread`` is the ``ts`` of the message that this answers; ``broadcast``:
        the channel sees it too."""
        said = self._call(
            "chat.postMessage", channel=channel, thread_ts=thread or None,
            reply_broadcast=True if thread and broadcast else None, unfurl_links=False, **_as_sent(message),
        )  # fmt: skip
        return Posted(_text(said, "channel"), _text(said, "ts"))

    def update(self, where: Posted, message: Message) -> None:
        """In the place of what stands there; Slack takes the channel's id only, as `post` returned it."""
        self._call("chat.update", channel=where.channel, ts=where.ts, **_as_sent(message))

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """A modal, within three seconds of the click that brought ``trigger_id``."""
        self._call("views.open", trigger_id=trigger_id, view=view)

    def person(self, user_id: str) -> SlackPerson:
        """Who a user is, as Slack knows them now; without an address for bots and people who left."""
        user = self._call("users.info", user=user_id).get("user")
        found: Mapping[str, Any] = user if isinstance(user, dict) else {}
        profile = found.get("profile")
        email = profile.get("email") if isinstance(profile, dict) else None
        gone = any(found.get(mark) for mark in ("deleted", "is_bot", "is_stranger"))
        known = found.get("is_email_confirmed") is True and isinstance(email, str) and not gone
        return SlackPerson(
            id=user_id,
            email=str(email).lower() if known else "",
            team=str(found.get("team_id") or ""),
            zone=str(found.get("tz") or ""),
        )

    def itself(self) -> SlackBot:
        """Whose token it is."""
        said = self._call("auth.test")
        return SlackBot(_text(said, "user"), _text(said, "team_id"))

    def respond(self, response_url: str, message: Message, *, replace: bool = False) -> None:
        """Through the address that came with a click or command: for half an hour, five times. Only the person who
        clicked sees it, unless it takes the place of the message that was clicked."""
        from slack_sdk.webhook import WebhookClient

        self._check_address(response_url)
        hook = WebhookClient(response_url, timeout=self._timeout_seconds, retry_handlers=[])
        ephemeral = {} if replace else {"response_type": "ephemeral"}
        body = {**_as_sent(message), **ephemeral, "replace_original": replace}
        answer = _tried("response_url", lambda: hook.send_dict(body))
        if answer.status_code != 200 or answer.body not in ("ok", "", '{"ok":true}'):
            raise _failure("response_url", answer.status_code, answer.body[:100], answer.headers)

    # --- how

    def _check_address(self, url: str) -> None:
        parts, ours = urlsplit(url), urlsplit(self._base_url)
        slacks = parts.scheme == "https" and parts.netloc in HOOKS
        if not (slacks or (self._base_url != API and (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc))):
            raise NotDelivered(f"response_url leads to {parts.netloc or 'nowhere'}, which is not Slack.", final=True)

    @cached_property
    def _web(self) -> WebClient:
        from slack_sdk import WebClient

        return WebClient(base_url=self._base_url, timeout=self._timeout_seconds, retry_handlers=[])

    def _call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        said = {name: value for name, value in arguments.items() if value is not None}
        try:
            return self._once(method, said, fresh=False)
        except NotDelivered as failed:
            if failed.code not in _TOKEN_IS_OLD:
                raise
        return self._once(method, said, fresh=True)

    def _once(self, method: str, arguments: Mapping[str, Any], *, fresh: bool) -> Mapping[str, Any]:
        from slack_sdk.errors import SlackApiError

        form = method in ("users.info", "auth.test")  # as slack_sdk does
        sent: dict[str, Any] = {"params" if form else "json": dict(arguments)}
        headers = {"Authorization": f"Bearer {self._token(fresh=fresh)}"}

        def call() -> Any:
            try:
                return self._web.api_call(method, headers=headers, **sent)
            except SlackApiError as refused:
                return refused.response

        answer = _tried(method, call)
        if answer.status_code != 200 or not isinstance(answer.data, dict) or answer.data.get("ok") is not True:
            code = answer.data.get("error") if isinstance(answer.data, dict) else None
            raise _failure(method, answer.status_code, code if isinstance(code, str) else "", answer.headers)
        said: Mapping[str, Any] = answer.data
        return said


def _as_sent(message: Message) -> dict[str, Any]:
    return {"text": message.text, **({"blocks": list(message.blocks)} if message.blocks else {})}


def _tried(method: str, call: Callable[[], Any]) -> Any:
    """Whatever the network, or an answer that cannot be read, makes of it is NotDelivered."""
    from http.client import HTTPException
    from urllib.error import URLError

    from slack_sdk.errors import SlackClientError

    try:
        return call()
    except (OSError, HTTPException, ValueError, SlackClientError, AttributeError) as error:
        # AttributeError: slack_sdk takes a body that is JSON for an object without looking.
        # urllib puts a connection that was never made into a URLError, and leaves a silence after it as it is.
        uncertain = not isinstance(error, URLError)
        raise NotDelivered(f"Slack did not answer {method}: {type(error).__name__}.", uncertain=uncertain) from error


def _failure(method: str, status: int, code: str, headers: Mapping[str, Any]) -> NotDelivered:
    """Slack's code is shown where it is one: a body that cannot be read may be anything."""
    word = code if code.replace("_", "").isalnum() and len(code) < 60 else ""
    if status == 429:
        wait = _wait_of(headers)
        return NotDelivered(f"Slack wants us to wait before {method}.", code="ratelimited", retry_after_seconds=wait)
    if status >= 500 or not word or word in _FOR_NOW:
        said = word or f"HTTP {status}"
        return NotDelivered(f"Slack did not do {method}: {said}.", code=word, uncertain=not word)
    mendable = word in _MENDABLE
    return NotDelivered(f"Slack refused {method}: {word}.", code=word, final=not mendable, mendable=mendable)


def _wait_of(headers: Mapping[str, Any]) -> float | None:
    """``Retry-After`` in seconds; None for none, and for what is no number."""
    told = next((value for name, value in headers.items() if str(name).lower() == "retry-after"), None)
    try:
        seconds = float(told if isinstance(told, str) else "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise NotDelivered(f'Slack\'s answer has no "{name}", so where it stands is not known.', uncertain=True)
    return value
