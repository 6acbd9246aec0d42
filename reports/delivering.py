"""Mails one report once: claims the week and its people, builds, says that it sends, sends, says how that ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage

from chalicelib.errors import NotDelivered
from chalicelib.record.table import Table
from chalicelib.runtime.clock import Clock

from reports.keep import Claim, Sent
from reports.mail import Carrier, Letter


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery needs."""

    table: Table
    carrier: Carrier
    clock: Clock


def deliver(
    delivery: Delivery, letter: Letter, week: str, owner: str, make: Callable[[], EmailMessage], link: str = ""
) -> Mapping[str, str] | None:
    """Who was refused, and why; None when these people have the report of this week already, or another run sends it.

    ``make`` builds the mail, which may take a minute; it is called only by the run that may send it. Raises
    NotDelivered when nobody got it: then the next run may try, unless it may have arrived all the same.
    """
    sent = Sent(delivery.table)
    claim = sent.claim(week, letter.recipients, owner, delivery.clock.now())
    if claim is None:
        return None
    message = make()
    if not sent.begin(claim, delivery.clock.now()):
        return None
    refused = _send(delivery, sent, claim, message, letter)
    sent.done(claim, delivery.clock.now(), tuple(refused), link)
    return refused


def _send(delivery: Delivery, sent: Sent, claim: Claim, message: EmailMessage, letter: Letter) -> Mapping[str, str]:
    try:
        return delivery.carrier.send(message, letter.recipients)
    except NotDelivered as error:
        if not error.uncertain:
            sent.give_back(claim)
        raise
