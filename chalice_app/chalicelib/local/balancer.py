"""A load balancer on the loopback address: it does with a request what the rules in moto's ELB say.

It reads the listener's rules anew for each request, checks tokens where a rule says so, and hands the request to the
simulated Ollama of a task that is ready, or to the function behind a `lambda` target group with a true event of a load
balancer. A target group without a target is a 503, as ever. Everything that reaches a model is counted, so that
idleness sees it.
"""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from chalicelib.local.aws import LOOPBACK
from chalicelib.local.listener_rules import Asked, Fixed, Forward, fetch_here, take
from chalicelib.local.ollama_server import Answer

if TYPE_CHECKING:
    from chalicelib.runtime.clients import Clients

Invoke = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Calls a function by its ARN with an event; its response."""
Serve = Callable[[str, str, str, bytes], Answer | None]
"""(address, method, path, body) -> what the Ollama there answers; None when nobody answers there."""
Count = Callable[[str], None]
"""Notes a request to a target group, by its ARN."""


class Balancer:
    """``domain``: host names below it belong to ``listener_arn``."""

    def __init__(
        self, clients: Clients, listener_arn: str, *, invoke: Invoke, serve: Serve, count: Count = lambda arn: None
    ) -> None:
        self._elb = clients.elb
        self._listener_arn = listener_arn
        self._invoke = invoke
        self._serve = serve
        self._count = count
        self._kinds: dict[str, str] = {}

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer, list[tuple[str, str]]]:
        """The answer, and the headers that belong to it besides its content type."""
        url = urlsplit(target)
        host = headers.get("host", "").partition(":")[0]
        asked = Asked(method, host, url.path, headers.get("authorization", ""))
        match take(self._rules(), asked, fetch_here):
            case Fixed(status, text, kind):
                return Answer(status, kind, [text.encode()]), []
            case Forward(arn):
                return self._forward(arn, method, target, headers, body)

    def _rules(self) -> list[Any]:
        pages = self._elb.get_paginator("describe_rules").paginate(ListenerArn=self._listener_arn)
        return [rule for page in pages for rule in page["Rules"]]

    def _forward(
        self, arn: str, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer, list[tuple[str, str]]]:
        found = self._elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        ids = [one["Target"]["Id"] for one in found if one["TargetHealth"]["State"] == "healthy"]
        if not ids:
            return Answer(503, "text/html", [b"503 Service Temporarily Unavailable"]), []
        if self._is_function(arn):
            return _of_response(self._invoke(ids[0], event_of(arn, method, target, headers, body)))
        answer = self._serve(ids[0], method, urlsplit(target).path, body)
        if answer is None:
            return Answer(502, "text/html", [b"502 Bad Gateway"]), []
        self._count(arn)
        return answer, []

    def _is_function(self, arn: str) -> bool:
        if arn not in self._kinds:
            (group,) = self._elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
            self._kinds[arn] = group["TargetType"]
        return self._kinds[arn] == "lambda"


def event_of(
    target_group_arn: str, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> Mapping[str, Any]:
    """What a load balancer hands to a function (target groups without multi-value headers)."""
    url = urlsplit(target)
    is_text = headers.get("content-type", "").partition(";")[0] in ("", "application/json", "text/plain")
    text = _decoded(body) if is_text else None
    return {
        "requestContext": {"elb": {"targetGroupArn": target_group_arn}},
        "httpMethod": method,
        "path": url.path,
        "queryStringParameters": dict(parse_qsl(url.query, keep_blank_values=True)),
        "headers": dict(headers),
        "body": base64.b64encode(body).decode() if text is None else text,
        "isBase64Encoded": text is None,
    }


def _decoded(body: bytes) -> str | None:
    """None for what calls itself text and is none."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _of_response(response: Mapping[str, Any]) -> tuple[Answer, list[tuple[str, str]]]:
    named = response.get("headers") or {
        name: values[0] for name, values in response.get("multiValueHeaders", {}).items()
    }
    headers = {name.lower(): (name, str(value)) for name, value in named.items()}
    _, kind = headers.pop("content-type", ("", "application/octet-stream"))
    text = str(response.get("body", ""))
    body = base64.b64decode(text) if response.get("isBase64Encoded") else text.encode()
    return Answer(int(response["statusCode"]), kind, [body]), list(headers.values())


@contextlib.contextmanager
def serving(balancer: Balancer, port: int = 0) -> Iterator[int]:
    """Answers on the loopback address until left; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle_one_request()

        def _answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length") or 0))
            answer, more = balancer.answer(self.command, self.path, headers, body)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            for name, value in more:
                self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if self.command != "HEAD":
                for part in answer.parts:
                    if part:
                        self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                        self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _answer

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="load-balancer", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
