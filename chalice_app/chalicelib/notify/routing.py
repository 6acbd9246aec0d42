"""Which notice goes where, and when: by the policy that it is about, and by the deployment's settings. Pure.

A policy names its channel, which notices it wants there and when nothing is sent. What no policy has a channel for
goes to the deployment's own. Mail and the webhook are the deployment's: each takes the notices it was set up for; mail
keeps the policy's quiet time too, the webhook does not, because a machine reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.decide.approval import quiet_until
from chalicelib.notify.letters import slack_address
from chalicelib.notify.notice import Notice
from chalicelib.notify.settings import Events, NoticeSettings

if TYPE_CHECKING:
    from chalicelib.policy.model import Policy

WEBHOOK = "webhook:"
NEWS_FOR = timedelta(days=1)
"""A notice that could not be sent for so long is news to nobody."""


@dataclass(frozen=True, slots=True)
class Target:
    """``address`` as in `record.outbox.Letter`; not before ``due_at``."""

    address: str
    due_at: datetime

    @property
    def useless_after(self) -> datetime:
        return self.due_at + NEWS_FOR


def targets(
    notice: Notice, policy: Policy | None, settings: NoticeSettings, now: datetime, *, slack: bool = True
) -> tuple[Target, ...]:
    """``policy``: the one that the notice names, as it is in force. ``slack`` False: this deployment has none."""
    quiet = quiet_until(policy, now) if policy is not None else None
    people_from = quiet or now
    found = [Target(slack_address(channel), people_from) for channel in _channels(notice, policy, settings) if slack]
    if settings.mail is not None and _wants(settings.mail.events, notice):
        found += [Target(f"mail:{address}", people_from) for address in settings.mail.to]
    if settings.webhook is not None and _wants(settings.webhook.events, notice):
        found.append(Target(WEBHOOK, now))
    return tuple(found)


def _channels(notice: Notice, policy: Policy | None, settings: NoticeSettings) -> Iterator[str]:
    if policy is not None and policy.notify.channel:
        if policy.notify.events is None or notice.kind.value in policy.notify.events:
            yield policy.notify.channel
    elif settings.channel and _wants(settings.events, notice) and _is_wanted_by(policy, notice):
        yield settings.channel


def _is_wanted_by(policy: Policy | None, notice: Notice) -> bool:
    return policy is None or policy.notify.events is None or notice.kind.value in policy.notify.events


def _wants(events: Events, notice: Notice) -> bool:
    return events is None or notice.kind in events
