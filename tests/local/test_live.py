"""What `lifecycle up` prints: each thing that is recorded, and what holds a service back while that changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.local.live import OVERLAP, Live
from chalicelib.local.timeline import Happening, Word, plain
from chalicelib.notify.notice import NoticeKind
from chalicelib.record.history import Entry, EntryKind, History

CHAT = ServiceId("gpu", "chat")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOKYO = ZoneInfo("Asia/Tokyo")


class Book:
    """A record that is read whole."""

    def __init__(self, *entries: Entry) -> None:
        self.entries: list[Entry] = list(entries)

    def since(self, start: datetime, until: datetime) -> Sequence[Entry]:
        return [entry for entry in self.entries if start <= entry.at <= until]


def live(book: Book) -> Live:
    return Live(cast(History, book), TOKYO)


def stop(at: datetime) -> Entry:
    return Entry(
        at, EntryKind.ACTED, "controller", "closed until Tue 08:00 JST", CHAT, action=ActionKind.STOP, outcome="begun"
    )


def kept(at: datetime) -> dict[ServiceId, tuple[Happening, ...]]:
    return {CHAT: (Happening(at, Word.KEEP, CHAT, f"1 request in flight at {at:%H:%M}", "in flight"),)}


def test_every_stop_is_printed_however_often_it_happened_before() -> None:
    book = Book(stop(NOON))
    screen = live(book)

    assert [line.word for line in screen.news({}, NOON)] == [Word.STOP]
    assert screen.news({}, NOON + MINUTE) == []
    book.entries.append(stop(NOON + MINUTE))
    (again,) = screen.news({}, NOON + MINUTE)
    assert (again.word, again.names, again.text) == (Word.STOP, "chat", "closed until Tue 08:00")


def test_what_another_terminal_did_is_printed_though_its_clock_is_behind() -> None:
    book = Book()
    screen = live(book)
    screen.news({}, NOON)
    book.entries.append(Entry(NOON - 5 * MINUTE, EntryKind.OVERRIDE, "mika@example.com", "keep until 23:00", CHAT))

    (line,) = screen.news({}, NOON + MINUTE)

    assert (line.word, line.text) == (Word.SAID, "mika: keep until 23:00")


def test_what_holds_a_service_back_is_printed_when_it_begins_and_again_when_it_comes_back() -> None:
    screen = live(Book())

    assert [line.word for line in screen.news(kept(NOON), NOON)] == [Word.KEEP]
    assert screen.news(kept(NOON + MINUTE), NOON + MINUTE) == []
    assert screen.news({CHAT: ()}, NOON + 2 * MINUTE) == []
    assert [line.word for line in screen.news(kept(NOON + 3 * MINUTE), NOON + 3 * MINUTE)] == [Word.KEEP]


def test_a_problem_of_a_policy_is_printed_in_its_first_line() -> None:
    book = Book(Entry(NOON, EntryKind.POLICY, "controller", "dev.yaml:2:1: a policy is a map\n  2 | policies: x"))

    (line,) = live(book).news({}, NOON)

    assert (line.word, line.names, line.text) == (Word.POLICY, "", "dev.yaml:2:1: a policy is a map")


def test_what_was_printed_once_is_never_printed_again_though_a_reading_misses_it_or_the_clock_steps_back() -> None:
    said = Entry(NOON, EntryKind.FREEZE, "root", "ended the freeze")
    book = Book(said)
    screen = live(book)
    assert [line.word for line in screen.news({}, NOON)] == [Word.SAID]

    book.entries.clear()
    assert screen.news({}, NOON + OVERLAP - MINUTE) == []
    book.entries.append(said)
    for minutes in (-1, 0, 1, -1):
        assert screen.news({}, NOON + OVERLAP + minutes * MINUTE) == []


def test_a_service_that_is_kept_is_one_line_where_people_are_told_why() -> None:
    told = Entry(NOON, EntryKind.NOTICE, "controller", "in use: 1 request in flight", CHAT, outcome=NoticeKind.KEPT)

    (line,) = live(Book(told)).news(kept(NOON), NOON)

    assert (line.word, line.text) == (Word.NOTE, "in use: 1 request in flight")


def test_a_line_about_no_service_begins_its_words_where_the_others_do() -> None:
    book = Book(stop(NOON), Entry(NOON, EntryKind.FREEZE, "root", "froze everything"))

    by_none, by_a_service = (plain(one, TOKYO) for one in sorted(live(book).news({}, NOON), key=lambda one: one.word))

    assert (by_none.index("root: froze"), by_a_service.index("closed until")) == (39, 39)
