"""Requests that come in any order, given back in order of time, in memory that does not grow with their number.

They are sorted in chunks, which wait in one temporary file and are merged as they are read: 16 bytes a request on disk.
"""

from __future__ import annotations

import tempfile
import weakref
from array import array
from collections.abc import Iterator
from heapq import merge

from chalicelib.simulate.trace import Request

CHUNK = 50_000
"""Requests sorted at a time."""
BLOCK = 256
"""Requests of one chunk read at a time."""
REQUEST_BYTES = 16


class Spool:
    """The file goes when the spool does."""

    def __init__(self, chunk: int = CHUNK) -> None:
        self._chunk = chunk
        self._newest: list[Request] = []
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the spool lives)
        weakref.finalize(self, self._file.close)
        self._chunks: list[tuple[int, int]] = []
        """Of each: its first request in the file, and the one after its last."""

    @property
    def is_empty(self) -> bool:
        return not self._newest and not self._chunks

    def add(self, request: Request) -> None:
        self._newest.append(request)
        if len(self._newest) >= self._chunk:
            self._put_away()

    def __iter__(self) -> Iterator[Request]:
        if self._newest:
            self._put_away()
        return merge(*(self._read(first, end) for first, end in self._chunks))

    def _put_away(self) -> None:
        self._newest.sort()
        first = self._chunks[-1][1] if self._chunks else 0
        self._file.seek(first * REQUEST_BYTES)
        self._file.write(array("d", [number for request in self._newest for number in request]).tobytes())
        self._chunks.append((first, first + len(self._newest)))
        self._newest = []

    def _read(self, first: int, end: int) -> Iterator[Request]:
        for begin in range(first, end, BLOCK):
            self._file.seek(begin * REQUEST_BYTES)
            numbers = array("d", self._file.read((min(end, begin + BLOCK) - begin) * REQUEST_BYTES))
            yield from zip(numbers[::2], numbers[1::2], strict=True)
