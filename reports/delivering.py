"""Delivers one report once: claims the week and its people, builds, says that it sends, sends, says how that ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chalicelib.errors import NotDelivered
from chalicelib.runtime.clock import Clock

from reports.keep import Claim, Sent

Send = Callable[[], Mapping[str, str]]
"""Who was refused, and why. Raises NotDelivered when nobody got it."""


def deliver(
    sent: Sent, clock: Clock, week: str, recipients: Sequence[str], owner: str, make: Callable[[], Send]
) -> Mapping[str, str] | None:
    """Who was refused, and why; None when these people have the report of this week already, or another run sends it.

    ``make`` builds what is then sent, which may take a minute; only the run that may send calls it. Raises
    NotDelivered when nobody got it: then the next run may try, unless it may have arrived all the same.
    """
    claim = sent.claim(week, recipients, owner, clock.now())
    if claim is None:
        return None
    send = make()
    if not sent.begin(claim, clock.now()):
        return None
    refused = _sent(sent, claim, send)
    sent.done(claim, clock.now(), tuple(refused))
    return refused


def _sent(sent: Sent, claim: Claim, send: Send) -> Mapping[str, str]:
    try:
        return send()
    except NotDelivered as error:
        if not error.uncertain:
            sent.give_back(claim)
        raise
