"""What the demo prints: through rich on a terminal, as plain text anywhere else, the same words either way."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TextIO
from zoneinfo import ZoneInfo

from chalicelib.local.timeline import Line, Word, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

WIDTH = 100

_STYLES = {
    Word.STOP: "bold green",
    Word.START: "bold cyan",
    Word.READY: "cyan",
    Word.FAIL: "bold red",
    Word.REFUSE: "bold red",
    Word.HAND: "bold magenta",
    Word.SAID: "bold magenta",
    Word.WOULD: "dim",
    Word.MEND: "cyan",
    Word.NOTE: "",
    Word.POLICY: "bold magenta",
    Word.KEEP: "bold yellow",
    Word.LEAVE: "bold yellow",
    Word.WAIT: "bold yellow",
}


class Progressing(Protocol):
    def __call__(self, share: float, /) -> None:
        """``share`` of the run that is over, 0 to 1."""


class Screen(Protocol):
    def say(self, text: str = "", *, style: str = "") -> None: ...

    def line(self, line: Line, zone: ZoneInfo) -> None: ...

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], foot: Sequence[str]) -> None: ...

    def progress(self, title: str) -> contextlib.AbstractContextManager[Progressing]: ...


def screen(*, color: bool = True, stream: TextIO | None = None) -> Screen:
    """The right one for where the output goes."""
    out = stream or sys.stdout
    return RichScreen(out, color=color) if out.isatty() else PlainScreen(out)


class PlainScreen:
    """For files, pipes and logs: no colour, no bar, lines cut at `WIDTH`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, text: str = "", *, style: str = "") -> None:
        print(text, file=self._stream, flush=True)

    def line(self, line: Line, zone: ZoneInfo) -> None:
        self.say(plain(line, zone, WIDTH))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], foot: Sequence[str]) -> None:
        for text in table_lines(head, rows, foot):
            self.say(text)

    @contextlib.contextmanager
    def progress(self, title: str) -> Iterator[Progressing]:
        yield lambda share, /: None


class RichScreen:
    def __init__(self, stream: TextIO, *, color: bool = True) -> None:
        from rich.console import Console

        self._console: Console = Console(
            file=stream, no_color=not color or None, highlight=False, markup=False, emoji=False
        )
        self._width = min(self._console.width, 120)

    def say(self, text: str = "", *, style: str = "") -> None:
        self._console.print(text, style=style or None, soft_wrap=True)

    def line(self, line: Line, zone: ZoneInfo) -> None:
        from rich.text import Text

        text = Text(plain(line, zone, self._width), no_wrap=True)
        text.stylize("dim", 0, 9)
        text.stylize(_STYLES[line.word], 11, 11 + len(line.word.value))
        if line.saves:
            begins = text.plain.index(line.saves)
            text.stylize("green", begins, begins + len(line.saves))
        self._console.print(text)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], foot: Sequence[str]) -> None:
        first, *middle, last = table_lines(head, rows, foot)
        self.say(first, style="bold")
        for text in middle:
            self.say(text)
        self.say(last, style="bold")

    @contextlib.contextmanager
    def progress(self, title: str) -> Iterator[Progressing]:
        """A bar below the lines that are printed meanwhile; it is gone afterwards."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        bar: Progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=self._console, transient=True
        )
        with bar:
            task: TaskID = bar.add_task(title, total=1.0)
            yield lambda share, /: bar.update(task, completed=share)


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]], foot: Sequence[str]) -> list[str]:
    """The first column to the left, all others to the right; as wide as the text."""
    everything = [head, *rows, foot]
    widths = [max(len(row[column]) for row in everything) for column in range(len(head))]

    def told(row: Sequence[str]) -> str:
        cells = [f"{row[0]:<{widths[0]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        return "  ".join(cells).rstrip()

    return [told(row) for row in everything]
