from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ServiceId
from chalicelib.local.screen import PlainScreen, table_lines
from chalicelib.local.timeline import BY_A_PERSON, Happening, Timeline, Word, plain

TOKYO = ZoneInfo("Asia/Tokyo")
MONDAY = datetime(2026, 11, 23, 11, tzinfo=UTC)
DAY = timedelta(days=1)


def happening(word: Word = Word.STOP, name: str = "chat", *, at: datetime = MONDAY, **more: object) -> Happening:
    values: dict[str, object] = {"text": "closed until Tue 08:00", "sort": "hours"} | more
    return Happening(at, word, ServiceId("gpu", name), **values)  # type: ignore[arg-type]


def test_several_services_with_one_reason_are_one_line_with_their_sum() -> None:
    (line,) = Timeline(TOKYO).add(
        [happening(saves_usd=Decimal("1.5"), planned=True), happening(name="ocr", saves_usd=Decimal(2), planned=True)]
    )

    assert line.names == "chat, ocr"
    assert plain(line, TOKYO) == (
        "Mon 20:00  STOP   chat, ocr            closed until Tue 08:00                            saves $3.50"
    )


def test_an_amount_without_an_end_is_told_by_the_hour() -> None:
    (line,) = Timeline(TOKYO).add([happening(saves_usd=Decimal("1.459"))])

    assert line.saves == "saves $1.46/h"


def test_what_happened_before_is_counted_and_not_told_again() -> None:
    timeline = Timeline(TOKYO)
    timeline.add([happening()])

    assert timeline.add([happening(at=MONDAY + DAY, text="closed until Wed 08:00")]) == []
    assert timeline.repeated == {Word.STOP: 1}
    assert len(timeline.lines) == 2
    assert timeline.lines[-1].is_repetition


def test_the_stop_after_a_persons_deed_is_told_again() -> None:
    for deed in (happening(Word.HAND, sort="console"), happening(Word.START, sort=BY_A_PERSON)):
        timeline = Timeline(TOKYO)
        timeline.add([happening()])
        timeline.add([deed])

        assert [line.word for line in timeline.add([happening(at=MONDAY + DAY)])] == [Word.STOP]


def test_there_are_never_more_lines_than_fit() -> None:
    timeline = Timeline(TOKYO, longest=3)

    shown = [line for n in range(10) for line in timeline.add([happening(name=f"service-{n}")])]

    assert len(shown) == 3
    assert timeline.repeated == {Word.STOP: 7}


def test_a_long_reason_goes_on_below_itself_beside_its_amount() -> None:
    (line,) = Timeline(TOKYO).add([happening(text="because " * 30, saves_usd=Decimal(1), planned=True)])

    first, *more = plain(line, TOKYO, width=100).splitlines()
    assert len(first) == 100
    assert first.endswith("saves $1.00")
    assert all(len(part) <= 100 and part.startswith(" " * 39 + "because") for part in more)
    assert (first + "".join(more)).count("because") == 30


def test_three_services_do_not_push_the_reason_off_the_line() -> None:
    (line,) = Timeline(TOKYO).add([happening(name=name) for name in ("a", "b", "c")])

    assert "a, b +1 " in plain(line, TOKYO)


def test_a_table_off_the_terminal_is_plain_text_in_columns() -> None:
    assert table_lines(("SERVICE", "SAVED"), [("chat", "$1.00")], ("total", "$1.00")) == [
        "SERVICE  SAVED",
        "chat     $1.00",
        "total    $1.00",
    ]


def test_the_plain_screen_writes_no_colour_and_no_bar() -> None:
    stream = io.StringIO()
    screen = PlainScreen(stream)
    (line,) = Timeline(TOKYO).add([happening(Word.FAIL)])

    with screen.progress("Playing") as progress:
        screen.line(line, TOKYO)
        progress(0.5)

    assert stream.getvalue() == "Mon 20:00  FAIL   chat                 closed until Tue 08:00\n"
