"""Notices as mails, by SES: a subject, a plain text, and the same as simple HTML. Several at once are one mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from chalicelib.decide.words import clock_with_year, sentence
from chalicelib.errors import NotDelivered
from chalicelib.notify.headings import HEADINGS, counted_kinds, headline, without_its_name
from chalicelib.notify.notice import Notice

_SUBJECT = 150
_NEVER = frozenset({"BadRequestException", "NotFoundException", "InvalidParameterValue"})
"""SES would refuse the same mail again; what else it refuses, a person can put right."""


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    text: str
    html: str


class MailCarrier:
    """``client`` gives SES v2's. Raises NotDelivered."""

    most_at_once = 1

    def __init__(self, client: Callable[[], Any], sender: str) -> None:
        self._client = client
        self._sender = sender

    def tell(self, where: str, notices: Sequence[Notice], id: str, now: datetime) -> None:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        mail = of_notices(notices)
        content = {
            "Simple": {
                "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": mail.text, "Charset": "UTF-8"},
                    "Html": {"Data": mail.html, "Charset": "UTF-8"},
                },
            }
        }
        try:
            self._client().send_email(
                FromEmailAddress=self._sender, Destination={"ToAddresses": [where]}, Content=content
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise NotDelivered(f"SES refused the mail: {code}.", code=code, final=code in _NEVER) from error
        except BotoCoreError as error:
            uncertain = isinstance(error, HTTPClientError)
            raise NotDelivered(f"SES did not answer: {type(error).__name__}.", uncertain=uncertain) from error


def of_notices(notices: Sequence[Notice]) -> Mail:
    subject = headline(notices[0]) if len(notices) == 1 else counted_kinds(notices)
    told = sorted(notices, key=lambda one: (not HEADINGS[one.kind].needs_somebody, one.kind.value, one.at))
    return Mail(
        subject=sentence(f"[lifecycle] {subject}")[:_SUBJECT],
        text="\n".join("\n".join((*_lines(one), "")) for one in told),
        html="<!doctype html>\n<meta charset=utf-8>\n" + "\n".join(_as_html(one) for one in told) + "\n",
    )


def _lines(notice: Notice) -> Iterator[str]:
    yield headline(notice)
    yield without_its_name(notice)
    yield from (f"{name}: {value}" for name, value in notice.figures)
    yield " · ".join(_beside(notice))
    if notice.link:
        yield notice.link


def _as_html(notice: Notice) -> str:
    rows = "".join(f"<br>{escape(name)}: <b>{escape(value)}</b>" for name, value in notice.figures)
    more = f' · <a href="{escape(notice.link)}">more</a>' if notice.link.startswith("https://") else ""
    mark = HEADINGS[notice.kind].mark
    return (
        f"<p><b>{mark} {escape(headline(notice))}</b><br>{escape(without_its_name(notice))}{rows}<br>"
        f"<small>{escape(' · '.join(_beside(notice)))}{more}</small></p>"
    )


def _beside(notice: Notice) -> Iterator[str]:
    yield clock_with_year(notice.at, UTC)
    if notice.policy:
        yield f"policy {notice.policy}"
