"""The report as one mail: plain text and HTML with its pictures inside, CSV and XLSX attached; by SES or by SMTP.

A mail to more people than one server takes at once is sent in parts. Who is refused is told; the others get it.
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Protocol

from chalicelib.errors import NotDelivered, ReportError

from reports.writing import Forms

MOST_RECIPIENTS = 50
"""Of one message: https://docs.aws.amazon.com/ses/latest/dg/quotas.html"""
MOST_BYTES = 10_000_000
_ADDRESS = re.compile(r"[^@\s,<>]+@[^@\s,<>]+\.[^@\s,<>]+")
SMTP_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Letter:
    """``unsubscribe`` is an address or an https link; empty: the sender's own address."""

    sender: str
    recipients: tuple[str, ...]
    unsubscribe: str = ""

    def __post_init__(self) -> None:
        for address in (self.sender, *self.recipients):
            if not _ADDRESS.fullmatch(address):
                raise ReportError(f'"{address}" is no mail address; write name@example.com')
        if not self.recipients:
            raise ReportError("the report has no recipients; name at least one mail address")


class Carrier(Protocol):
    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, str]:
        """Who was refused, and why. Raises NotDelivered when nobody got it."""


def mail(made: Forms, letter: Letter, week: str, now: datetime) -> EmailMessage:
    """``now`` is aware. The same week, language and recipients make the same Message-ID.

    Raises:
        ReportError: it is larger than mail servers take.
    """
    domain = letter.sender.rpartition("@")[2]
    digest = hashlib.sha256("\n".join((week, made.document.language, *sorted(letter.recipients))).encode()).hexdigest()
    names = {name: f"{name.removesuffix('.png')}.{digest[:16]}@{domain}" for name in made.pictures}
    message = EmailMessage(policy=SMTP)
    message["Subject"] = made.document.subject
    message["From"] = letter.sender
    message["To"] = tuple(Address(addr_spec=one) for one in letter.recipients)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{digest[:32]}@{domain}>"
    message["List-Unsubscribe"] = _unsubscribe(letter)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(made.text, charset="utf-8")
    message.add_alternative(made.html({name: f"cid:{cid}" for name, cid in names.items()}), subtype="html")
    page = message.get_payload()[1]  # type: ignore[index]  # the alternative that was added last
    for name, packed in made.pictures.items():
        page.add_related(packed, "image", "png", cid=f"<{names[name]}>", filename=name, disposition="inline")  # type: ignore[union-attr]
    name = f"gpu-costs-{week}"
    message.add_attachment(made.csv.encode(), "text", "csv", filename=f"{name}.csv", params={"charset": "utf-8"})
    message.add_attachment(made.xlsx, *_XLSX, filename=f"{name}.xlsx")
    if len(message.as_bytes()) > MOST_BYTES:
        raise ReportError(f"the mail is larger than {MOST_BYTES // 1_000_000} MB, which servers do not take")
    return message


_XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def _unsubscribe(letter: Letter) -> str:
    if letter.unsubscribe.startswith("https://"):
        return f"<{letter.unsubscribe}>"
    return f"<mailto:{letter.unsubscribe or letter.sender}?subject=unsubscribe>"


class SesCarrier:
    """SES v2, as raw bytes. ``client`` gives the client; the sender's identity must be verified there."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, str]:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        refused: dict[str, str] = {}
        raw = message.as_bytes()
        for begin in range(0, len(recipients), MOST_RECIPIENTS):
            part = list(recipients[begin : begin + MOST_RECIPIENTS])
            try:
                self._client().send_email(
                    FromEmailAddress=str(message["From"]),
                    Destination={"ToAddresses": part},
                    Content={"Raw": {"Data": raw}},
                )
            except ClientError as error:
                answer = error.response.get("Error", {})
                refused |= dict.fromkeys(part, f"{answer.get('Code', '')}: {answer.get('Message', '')}")
            except BotoCoreError as error:
                is_uncertain = isinstance(error, HTTPClientError)
                raise NotDelivered(f"SES did not answer: {type(error).__name__}.", uncertain=is_uncertain) from error
        if len(refused) == len(recipients):
            raise NotDelivered(f"SES refused the report: {next(iter(refused.values()))}")
        return refused


@dataclass(frozen=True, slots=True)
class SmtpCarrier:
    """Any SMTP server; with ``user`` it must speak STARTTLS first: a password is never sent in the clear.

    ``password`` gives the secret when it is needed. ``context``: whom to trust; None: the system's authorities.
    """

    host: str
    port: int = 587
    user: str = ""
    password: Callable[[], str] | None = None
    context: ssl.SSLContext | None = None

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, str]:
        try:
            with smtplib.SMTP(self.host, self.port, timeout=SMTP_TIMEOUT_SECONDS) as server:
                server.ehlo()
                if self.user or server.has_extn("starttls"):
                    server.starttls(context=self.context or ssl.create_default_context())
                if self.user and self.password is not None:
                    server.login(self.user, self.password())
                refused = server.send_message(message, to_addrs=list(recipients))
        except smtplib.SMTPRecipientsRefused as error:
            raise NotDelivered(
                f"{self.host} refused every recipient: {_why(next(iter(error.recipients.values())))}"
            ) from error
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(
                f"{self.host} refused the report: {_why((error.smtp_code, error.smtp_error))}"
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(f"{self.host} did not take the report: {error}", uncertain=True) from error
        return {address: _why(answer) for address, answer in refused.items()}


def _why(answer: tuple[int, bytes | str]) -> str:
    code, text = answer
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
