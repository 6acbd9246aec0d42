"""Where notices go besides the channels that policies name, parsed once from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from chalicelib.errors import ConfigurationError
from chalicelib.notify.notice import NoticeKind
from chalicelib.policy.names import CHANNEL_PATTERN

Events = frozenset[NoticeKind] | None
"""None: all."""

_ADDRESS = re.compile(r"[^@\s,<>]+@[^@\s,<>]+\.[^@\s,<>]+")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Outbox(StrEnum):
    """What this process does with what people are to hear."""

    OFF = "off"
    FILL = "fill"
    """Puts it down; another function finds out who gets it, and sends it."""
    DELIVER = "deliver"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Outbox:
        word = env.get("LIFECYCLE_OUTBOX", "").strip() or cls.OFF.value
        if word not in list(cls):
            raise ConfigurationError(f'LIFECYCLE_OUTBOX is "{word}": write off, fill or deliver')
        return cls(word)


@dataclass(frozen=True, slots=True)
class MailSettings:
    """``sender`` is an address that SES has verified."""

    sender: str
    to: tuple[str, ...]
    events: Events = None


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """``secret`` names a secret of Secrets Manager; what it holds signs every request."""

    url: str
    secret: str
    events: Events = None


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """``channel``: where people are told what no policy has a channel for; empty: nowhere. ``events``: which of it."""

    channel: str = ""
    events: Events = None
    mail: MailSettings | None = None
    webhook: WebhookSettings | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> NoticeSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        channel = env.get("LIFECYCLE_NOTICE_CHANNEL", "").strip()
        if channel and not re.fullmatch(CHANNEL_PATTERN, channel):
            raise ConfigurationError(f'LIFECYCLE_NOTICE_CHANNEL is "{channel}": write a channel as #ml')
        return cls(channel, _events(env, "LIFECYCLE_NOTICE_EVENTS"), _mail(env), _webhook(env))


def _mail(env: Mapping[str, str]) -> MailSettings | None:
    to = tuple(one.strip() for one in env.get("LIFECYCLE_NOTICE_MAIL_TO", "").split(",") if one.strip())
    if not to:
        return None
    sender = env.get("LIFECYCLE_MAIL_FROM", "").strip()
    if not sender:
        raise ConfigurationError(
            "LIFECYCLE_MAIL_FROM is not set; notices by mail need an address that SES has verified"
        )
    for name, addresses in (("LIFECYCLE_MAIL_FROM", (sender,)), ("LIFECYCLE_NOTICE_MAIL_TO", to)):
        for address in addresses:
            if not _ADDRESS.fullmatch(address):
                raise ConfigurationError(f'{name}: "{address}" is no mail address; write name@example.com')
    return MailSettings(sender, to, _events(env, "LIFECYCLE_NOTICE_MAIL_EVENTS"))


def _webhook(env: Mapping[str, str]) -> WebhookSettings | None:
    url = env.get("LIFECYCLE_WEBHOOK_URL", "").strip()
    if not url:
        return None
    parts = urlsplit(url)
    here = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.hostname and (parts.scheme == "https" or here)) or parts.username:
        raise ConfigurationError(f'LIFECYCLE_WEBHOOK_URL is "{url}": write an address that begins with https://')
    secret = env.get("LIFECYCLE_WEBHOOK_SECRET", "").strip()
    if not secret:
        raise ConfigurationError("LIFECYCLE_WEBHOOK_SECRET is not set; it names the secret that signs the webhook")
    return WebhookSettings(url, secret, _events(env, "LIFECYCLE_WEBHOOK_EVENTS"))


def _events(env: Mapping[str, str], name: str) -> Events:
    words = [word.strip() for word in env.get(name, "").split(",") if word.strip()]
    known = {kind.value: kind for kind in NoticeKind}
    for word in words:
        if word not in known:
            raise ConfigurationError(f'{name}: "{word}" is no kind of notice; known are {", ".join(known)}')
    return frozenset(known[word] for word in words) if words else None
