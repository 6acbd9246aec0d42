"""Sends what waits in the outbox, as far as time and its receivers allow.

A receiver that is down, slow or wants us to wait holds back its own letters only, and nobody who acts: this runs in a
function of its own. What failed is tried again later, more and more seldom, or when the receiver says (`rounds`); after
`MOST_TRIES` it is given up and counted. While one letter for an address waits, those behind it wait too, so
that people read things in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from chalicelib.errors import AwsUnreachable, ConfigurationError, NotDelivered
from chalicelib.notify.letters import asked_question_of, letter_of, notice_of, same_again_after
from chalicelib.notify.rounds import MOST_TRIES, batches, wait_after
from chalicelib.notify.unasked import unasked
from chalicelib.record.outbox import Letter, Place, Sort, Waiting, for_address

if TYPE_CHECKING:
    from chalicelib.notify.notice import Notice
    from chalicelib.notify.routing import Target
    from chalicelib.record.approval import Question
    from chalicelib.record.outbox import OutboxRows
    from chalicelib.runtime.clock import Clock


class Carrier(Protocol):
    """``most_at_once``: more notices than that for one address are told as one message; None: never."""

    @property
    def most_at_once(self) -> int | None: ...

    def tell(self, where: str, notices: Sequence[Notice], id: str, now: datetime) -> None:
        """``where`` is the address without its kind, ``id`` the letter's. Raises NotDelivered."""


class QuestionCarrier(Carrier, Protocol):
    def show(self, question: Question, places: Sequence[Place], now: datetime) -> tuple[Place, ...]:
        """Where the question stands afterwards. Raises NotDelivered."""


@dataclass(slots=True)
class Delivered:
    """Letters: ``sent`` (those of a digest each), ``retried`` failed and wait, ``held`` wait for their receiver,
    ``outdated`` were news to nobody any more, ``dead`` were given up."""

    sent: int = 0
    retried: int = 0
    held: int = 0
    outdated: int = 0
    dead: int = 0
    oldest_seconds: int = 0
    """Since when the longest waiting of them is due."""
    given_up: list[str] = field(default_factory=list)
    """Of each that is dead: to whom, and why."""

    def numbers(self) -> dict[str, int]:
        return {
            "sent": self.sent,
            "retried": self.retried,
            "held": self.held,
            "outdated": self.outdated,
            "dead": self.dead,
            "oldest_seconds": self.oldest_seconds,
        }


class Post:
    """``route`` says where a notice goes now; None: that is left to another process. ``owner`` makes a name for each
    run, ``stopwatch`` counts seconds."""

    def __init__(
        self,
        rows: OutboxRows,
        route: Callable[[Notice, datetime], Sequence[Target]] | None,
        carriers: Mapping[str, Carrier],
        slack: QuestionCarrier | None,
        clock: Clock,
        owner: Callable[[], str],
        stopwatch: Callable[[], float],
    ) -> None:
        self._rows = rows
        self._route = route
        self._carriers: Mapping[str, Carrier] = {**carriers, **({"slack": slack} if slack else {})}
        self._slack = slack
        self._clock = clock
        self._owner = owner
        self._stopwatch = stopwatch

    def deliver(self, seconds: float) -> Delivered:
        """Everything that is due; what does not fit into the time is left. Raises RecordUnavailable."""
        run = _Run(self._owner(), self._stopwatch() + seconds, Delivered())
        waiting = self._rows.waiting()
        if self._route is not None and self._address(waiting, self._route, run):
            waiting = self._rows.waiting()
        now = self._clock.now()
        due = sorted((one for one in waiting.letters if one.address and one.due_at <= now), key=lambda one: one.address)
        for address, letters in groupby(due, key=lambda one: one.address):
            self._to(address, list(letters), waiting, run)
        return run.did

    # --- to whom

    def _address(self, waiting: Waiting, route: Callable[[Notice, datetime], Sequence[Target]], run: _Run) -> bool:
        """Makes a letter for each receiver out of every notice that nobody addressed yet."""
        found = False
        for letter in waiting.letters:
            now = self._clock.now()
            if letter.address or not self._rows.claim(letter, run.owner, now):
                continue
            found = True
            try:
                notice = notice_of(letter.body)
            except (KeyError, TypeError, ValueError) as unreadable:
                self._give_up(letter, f"cannot be read: {unreadable}", run)
                continue
            for target in route(notice, now):
                addressed = for_address(letter, target.address, target.due_at, target.useless_after)
                self._rows.put(addressed, same_again_after=same_again_after(notice.kind))
            self._rows.away(letter, run.owner, now)
        return found

    # --- sending

    def _to(self, address: str, letters: Sequence[Letter], waiting: Waiting, run: _Run) -> None:
        kind, _, where = address.partition(":")
        paused_until = waiting.pauses.get(address)
        is_held = kind in run.silent or (paused_until is not None and paused_until > self._clock.now())
        carrier = self._carriers.get(kind)
        if is_held or carrier is None:
            self._hold(letters, run)
            return
        left = list(letters)
        for batch in batches(self._fresh(letters, run), carrier.most_at_once):
            if self._stopwatch() >= run.until:
                break
            left = [one for one in left if one not in batch]
            if not self._send(carrier, where, batch, run):
                break
        else:
            return
        self._hold(left, run)

    def _fresh(self, letters: Sequence[Letter], run: _Run) -> list[Letter]:
        """Without those that came too late."""
        fresh: list[Letter] = []
        for letter in letters:
            now = self._clock.now()
            if letter.useless_after is None or now < letter.useless_after:
                fresh.append(letter)
            elif self._rows.claim(letter, run.owner, now):
                if letter.tries:
                    self._give_up(letter, letter.trouble, run)
                else:
                    self._rows.away(letter, run.owner, now)
                    run.did.outdated += 1
        return fresh

    def _send(self, carrier: Carrier, where: str, batch: Sequence[Letter], run: _Run) -> bool:
        """False when nothing more can be sent there now."""
        ours = [one for one in batch if self._rows.claim(one, run.owner, self._clock.now())]
        if not ours:
            return True  # somebody else is at it
        now = self._clock.now()
        try:
            places: tuple[Place, ...] = ()
            if ours[0].sort is Sort.QUESTION:
                places = self._show(ours[0], now)
            else:
                carrier.tell(where, [notice_of(one.body) for one in ours], ours[0].id, now)
        except NotDelivered as failed:
            return self._failed(failed, ours, run)
        except (ConfigurationError, AwsUnreachable) as secret:  # a secret that people can put right
            return self._failed(NotDelivered(str(secret)), ours, run)
        except (KeyError, TypeError, ValueError) as unreadable:
            for letter in ours:
                self._give_up(letter, f"cannot be read: {unreadable}", run)
            return True
        for letter in ours:
            self._rows.away(letter, run.owner, self._clock.now(), places)
            run.did.sent += 1
        return True

    def _show(self, letter: Letter, now: datetime) -> tuple[Place, ...]:
        assert self._slack is not None
        before = self._rows.sent(letter.id)
        return self._slack.show(asked_question_of(letter.body), before.places if before else (), now)

    def _failed(self, failed: NotDelivered, letters: Sequence[Letter], run: _Run) -> bool:
        """True when only these letters are the trouble, and those behind them may go."""
        now, address = self._clock.now(), letters[0].address
        asked_to_wait = failed.retry_after_seconds is not None or failed.code == "ratelimited"
        tries = max(one.tries for one in letters) + (0 if asked_to_wait else 1)
        if failed.final or tries >= MOST_TRIES:
            for letter in letters:
                self._give_up(letter, str(failed), run)
            return failed.final
        until = now + wait_after(failed, tries, asked_to_wait=asked_to_wait)
        for letter in letters:
            self._rows.put_off(letter, run.owner, until, tries=tries, trouble=str(failed))
            run.did.retried += 1
        self._rows.pause(address, until)
        if failed.mendable:
            self._tell_unasked(letters[0], str(failed), now)
        elif not asked_to_wait:
            run.silent.add(address.partition(":")[0])  # not every channel need find out that Slack is down
        return False

    def _give_up(self, letter: Letter, trouble: str, run: _Run) -> None:
        now = self._clock.now()
        self._tell_unasked(letter, trouble, now)
        self._rows.bury(letter, run.owner, now, trouble)
        run.did.dead += 1
        run.did.given_up.append(f"{letter.address or letter.id}: {trouble}")

    def _tell_unasked(self, letter: Letter, trouble: str, now: datetime) -> None:
        if notice := unasked(letter, trouble, now):
            self._rows.put(letter_of(notice), same_again_after=same_again_after(notice.kind))

    def _hold(self, letters: Sequence[Letter], run: _Run) -> None:
        run.did.held += len(letters)
        for letter in letters:
            late = int((self._clock.now() - letter.due_at).total_seconds())
            run.did.oldest_seconds = max(run.did.oldest_seconds, late)


class _Run:
    """``silent``: kinds of receivers that did not answer in this run."""

    def __init__(self, owner: str, until: float, did: Delivered) -> None:
        self.owner = owner
        self.until = until
        self.did = did
        self.silent: set[str] = set()
