"""Takes botocore's requests to the embedded AWS without a socket: the same application answers, in the same process.

A week of the demo makes some five thousand calls; a connection, a thread and two rounds of HTTP for each of them
took as long as the answers. Requests to any other address are not for this: `loopback_session` refuses them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application."""

_ERRORS = io.StringIO()


class _Body(io.BytesIO):
    """The answer as botocore reads it from urllib3."""

    def stream(self, amt: int = 65_536, **_: object) -> Iterator[bytes]:
        while part := self.read(amt):
            yield part


def answer(application: Application, request: AWSPreparedRequest) -> AWSResponse:
    """What ``application`` answers to a request that botocore is about to send."""
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders

    head: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        head.append((status, headers))

    parts = application(_environ(request), start_response)
    try:
        body = b"".join(parts)
    finally:
        if (close := getattr(parts, "close", None)) is not None:
            close()
    status, headers = head[-1]
    told = HTTPHeaders()
    for name, value in headers:
        told[name] = value
    return AWSResponse(request.url, int(status.partition(" ")[0]), told, _Body(body))


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    """The request as PEP 3333 wants it."""
    url = urlsplit(request.url)
    body = _bytes(request.body)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path, "latin-1") or "/",
        "RAW_URI": request.url,
        "REQUEST_URI": request.url,
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname or "",
        "SERVER_PORT": str(url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": url.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": _ERRORS,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value.decode() if isinstance(value, bytes) else str(value)
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _bytes(body: Any) -> bytes:
    match body:
        case None:
            return b""
        case str():
            return body.encode()
        case bytes() | bytearray():
            return bytes(body)
        case _:
            return bytes(body.read())
