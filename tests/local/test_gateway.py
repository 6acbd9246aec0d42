"""The local server of the HTTP API, before any of our handlers: who comes in a crowd waits, and is not sent away."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from chalice.local import ThreadedHTTPServer
from chalicelib.local.gateway import serving

CALLERS = 100
HEAD, BODY = b"POST /nowhere HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n", b"{}"
AT_ONCE = 0.8
"""Seconds. A connection that the kernel has no room for is tried again after one."""


def test_a_hundred_callers_who_come_while_the_server_is_busy_are_all_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    is_free = threading.Event()
    accept = ThreadedHTTPServer.get_request

    def once_free(server: ThreadedHTTPServer) -> Any:
        is_free.wait()
        return accept(server)

    monkeypatch.setattr(ThreadedHTTPServer, "get_request", once_free)
    with serving(0) as api, ExitStack() as stack:
        stack.callback(is_free.set)
        address = ("127.0.0.1", urlsplit(api).port or 0)
        lines = [stack.enter_context(socket.create_connection(address, timeout=AT_ONCE)) for _ in range(CALLERS)]
        for line in lines:
            line.settimeout(60)
            line.sendall(HEAD)
            line.sendall(BODY)
        is_free.set()
        answers = [line.makefile("rb").read() for line in lines]

    assert [answer.split()[1] for answer in answers] == [b"404"] * CALLERS
