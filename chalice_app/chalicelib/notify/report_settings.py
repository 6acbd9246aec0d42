"""Whose weekly report a deployment makes, when, and where it goes, parsed once from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.errors import ConfigurationError
from chalicelib.policy.names import CHANNEL_PATTERN

_ADDRESS = re.compile(r"[^@\s,<>]+@[^@\s,<>]+\.[^@\s,<>]+")
_SERVER = re.compile(r"([A-Za-z0-9.-]+):(\d{1,5})")
_EXPORT = re.compile(r"\w+\.\w+@[\w.-]+(/\d\.\d)?", re.ASCII)
_LANGUAGES = ("en", "ja")
MONDAY = 0


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """``secret`` names a secret with ``{"user": …, "password": …}``; empty: the server asks for none."""

    host: str
    port: int
    secret: str = ""


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """``bucket`` keeps what was made. ``hour`` of the Monday in ``zone`` from which on the last week's is due.

    ``smtp`` None: SES sends. ``rate`` is as `lifecycle report --rate` takes it, ``tags`` as its ``--tag``.
    ``export`` is a FOCUS export's table for Athena, as its ``--source athena`` takes it; empty: Cost Explorer alone.
    """

    zone: ZoneInfo
    to: tuple[str, ...] = ()
    sender: str = ""
    channel: str = ""
    bucket: str = ""
    team: str = ""
    language: str = "en"
    hour: int = 9
    rate: str = ""
    tags: tuple[str, ...] = ()
    smtp: SmtpSettings | None = None
    export: str = ""
    deployment: str = ""
    """As the metrics of the deployment name it."""

    def is_due(self, now: datetime) -> bool:
        local = now.astimezone(self.zone)
        return local.weekday() == MONDAY and local.hour >= self.hour

    @property
    def recipients(self) -> tuple[str, ...]:
        """Mail addresses, and the channel beside them."""
        return (*self.to, *([self.channel] if self.channel else []))

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> ReportSettings | None:
        """None: nobody wants a report. Raises ConfigurationError naming the variable that is missing or wrong."""
        to, channel = _listed(env, "LIFECYCLE_REPORT_TO"), _read(env, "LIFECYCLE_REPORT_CHANNEL")
        if not to and not channel:
            return None
        sender = _read(env, "LIFECYCLE_MAIL_FROM")
        if to and not sender:
            raise ConfigurationError("LIFECYCLE_MAIL_FROM is not set; the report needs an address to be sent from")
        for address in (*to, *([sender] if sender else [])):
            if not _ADDRESS.fullmatch(address):
                raise ConfigurationError(f'LIFECYCLE_REPORT_TO: "{address}" is no mail address; write name@example.com')
        if channel and not re.fullmatch(CHANNEL_PATTERN, channel):
            raise ConfigurationError(f'LIFECYCLE_REPORT_CHANNEL is "{channel}": write a channel as #ml')
        return cls(
            zone=_zone(env),
            to=to,
            sender=sender,
            channel=channel,
            bucket=_read(env, "LIFECYCLE_REPORT_BUCKET"),
            team=_read(env, "LIFECYCLE_REPORT_TEAM") or "ollama-lifecycle",
            language=_language(env),
            hour=_hour(env),
            rate=_read(env, "LIFECYCLE_REPORT_RATE"),
            tags=_listed(env, "LIFECYCLE_REPORT_TAGS"),
            smtp=_smtp(env),
            export=_export(env),
            deployment=_read(env, "POWERTOOLS_SERVICE_NAME"),
        )


def _read(env: Mapping[str, str], name: str) -> str:
    return env.get(name, "").strip()


def _listed(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in env.get(name, "").split(",") if one.strip())


def _zone(env: Mapping[str, str]) -> ZoneInfo:
    name = _read(env, "LIFECYCLE_REPORT_ZONE") or "UTC"
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(f'LIFECYCLE_REPORT_ZONE is "{name}": write an IANA zone, as Asia/Tokyo') from error


def _language(env: Mapping[str, str]) -> str:
    language = _read(env, "LIFECYCLE_REPORT_LANGUAGE") or "en"
    if language not in _LANGUAGES:
        raise ConfigurationError(f'LIFECYCLE_REPORT_LANGUAGE is "{language}": write en or ja')
    return language


def _hour(env: Mapping[str, str]) -> int:
    text = _read(env, "LIFECYCLE_REPORT_HOUR") or "9"
    if not text.isdecimal() or int(text) > 23:
        raise ConfigurationError(f'LIFECYCLE_REPORT_HOUR is "{text}": write an hour from 0 to 23')
    return int(text)


def _export(env: Mapping[str, str]) -> str:
    text = _read(env, "LIFECYCLE_REPORT_EXPORT")
    if text and not _EXPORT.fullmatch(text):
        raise ConfigurationError(f'LIFECYCLE_REPORT_EXPORT is "{text}": write DATABASE.TABLE@WORKGROUP')
    return text


def _smtp(env: Mapping[str, str]) -> SmtpSettings | None:
    text = _read(env, "LIFECYCLE_REPORT_SMTP")
    if not text:
        return None
    found = _SERVER.fullmatch(text)
    if found is None or not 0 < int(found[2]) < 65536:
        raise ConfigurationError(f'LIFECYCLE_REPORT_SMTP is "{text}": write a server as mail.example.com:587')
    return SmtpSettings(found[1], int(found[2]), _read(env, "LIFECYCLE_REPORT_SMTP_SECRET"))
