"""Brings notices and questions into Slack's channels, through the client: posts, changes, threads.

Notices about one service go into one thread a day, under the first of them or under the question about it; what needs
somebody is shown in the channel as well. A question is one message in each channel where it was asked, and is changed
in place with every step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from chalicelib.decide.facts import ServiceId
from chalicelib.errors import NotDelivered
from chalicelib.notify.headings import HEADINGS
from chalicelib.notify.letters import slack_address
from chalicelib.notify.notice import Notice
from chalicelib.notify.slack.client import Message, Posted
from chalicelib.record.outbox import Place

if TYPE_CHECKING:
    from chalicelib.record.approval import Question

THREAD_LASTS = timedelta(days=1)
_IS_GONE = frozenset({
    "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "channel_not_found",
    "is_archived", "is_inactive",
})  # fmt: skip
"""What stood there cannot be changed or answered any more: https://docs.slack.dev/reference/methods/chat.update"""

_T = TypeVar("_T")


class Channels(Protocol):
    """`SlackClient`, as far as it is needed here."""

    def post(self, channel: str, message: Message, *, thread: str = "", broadcast: bool = False) -> Posted: ...

    def update(self, where: Posted, message: Message) -> None: ...


class Threads(Protocol):
    """`OutboxRows`, as far as it is needed here."""

    def thread(self, address: str, about: str, now: datetime) -> str: ...

    def begin_thread(self, address: str, about: str, ts: str, until: datetime) -> None: ...


class SlackCarrier:
    """Every method raises NotDelivered or RecordUnavailable. ``where`` is a channel as a policy names it."""

    most_at_once = 5
    """Of notices for one channel: more become one message."""

    def __init__(self, client: Channels, rows: Threads) -> None:
        self._client = client
        self._rows = rows

    def tell(self, where: str, notices: Sequence[Notice], id: str, now: datetime) -> None:
        from chalicelib.notify.slack.notices import of_digest, of_notice

        if len(notices) > 1:
            self._client.post(where, _made(lambda: of_digest(notices)))
            return
        (notice,) = notices
        message = _made(lambda: of_notice(notice))
        if notice.service is None:
            self._client.post(where, message)
        else:
            self._into_thread(where, notice, notice.service, message, now)

    def show(self, question: Question, places: Sequence[Place], now: datetime) -> tuple[Place, ...]:
        """Where it stands afterwards, given where it stood. Done twice, it is the same but for a new message whose
        posting nobody noted: that one loses its buttons when it is clicked (`entrypoints.slack.answering`)."""
        from chalicelib.notify.slack.messages import moved_message, question_message

        message = _made(lambda: question_message(question))
        here = slack_address(question.channel)
        elsewhere = [place for place in places if place.address != here]
        for place in elsewhere:  # first, because changing is the same twice
            self._changed(place, _made(lambda: moved_message(question)) if question.is_pending else message)
        for place in places:
            if place.address == here and self._changed(place, message):
                return tuple(places)
        posted = self._client.post(question.channel, message)
        if not self._rows.thread(here, str(question.service), now):
            self._rows.begin_thread(here, str(question.service), posted.ts, now + THREAD_LASTS)
        return (*elsewhere, Place(here, posted.channel, posted.ts))

    # --- how

    def _into_thread(self, where: str, notice: Notice, service: ServiceId, message: Message, now: datetime) -> None:
        thread = self._rows.thread(slack_address(where), str(service), now)
        if thread:
            try:
                self._client.post(where, message, thread=thread, broadcast=HEADINGS[notice.kind].needs_somebody)
                return
            except NotDelivered as failed:
                if failed.code != "thread_not_found":
                    raise
        posted = self._client.post(where, message)
        self._rows.begin_thread(slack_address(where), str(service), posted.ts, now + THREAD_LASTS)

    def _changed(self, place: Place, message: Message) -> bool:
        """False when it is gone."""
        try:
            self._client.update(Posted(place.channel, place.ts), message)
        except NotDelivered as failed:
            if failed.code in _IS_GONE:
                return False
            raise
        return True


def _made(render: Callable[[], _T]) -> _T:
    """What cannot be rendered would fail in the same way every time."""
    from slack_sdk.errors import SlackObjectFormationError

    try:
        return render()
    except SlackObjectFormationError as error:
        raise NotDelivered(f"Slack would not take this message: {error}", final=True) from error
