"""API Gateway's own part of the local HTTP API, as far as Chalice's local server leaves it out.

What it refuses by itself has the shape that the stack's gateway responses give it: 404 for an address that is not
there, 405 for a method that nobody has, 400 for what is no request. An answer to HEAD has no body.
"""

from __future__ import annotations

import base64
import contextlib
import threading
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

from chalice.local import ChaliceRequestHandler

from chalicelib.entrypoints.api.problems import CONTENT_TYPE, Kind, Problem
from chalicelib.local.aws import LOOPBACK
from chalicelib.local.handlers import APP_DIR, invoke_slack, load_app

SLACK = "/api/slack/"
CALLERS_WAITING = 128
"""Connections that the kernel keeps until they are answered. Python's server takes five: with more callers at once the
kernel forgets some, and resets the connection of who has sent a body already."""
NOT_THERE = Problem(Kind.NOT_FOUND, "There is no such path, or it does not take this method.")


class GatewayHandler(ChaliceRequestHandler):
    """Answers one connection of the local server."""

    def _generic_handle(self) -> None:
        if not self.headers.get("content-length", "0").isdecimal():
            self.send_error(400, "Content-Length is no number.")
            return
        if self.path.startswith(SLACK) and self.command == "POST":
            self._hear_slack()
            return
        try:
            self.local_gateway.event_converter._route_matcher.match_route(self.path)
        except ValueError:
            self._parse_payload()  # what is left unread would be taken for the next request
            self._refuse(NOT_THERE)
            return
        super()._generic_handle()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = _generic_handle
    do_QUERY = _generic_handle

    def _hear_slack(self) -> None:
        """A function of its own answers here, not one of the API's routes."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        event = {
            "resource": f"{SLACK}{{door}}",
            "path": self.path.partition("?")[0],
            "httpMethod": "POST",
            "headers": dict(self.headers.items()),
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        answer = invoke_slack(event)
        self._send_http_response(answer["statusCode"], answer["headers"], answer["body"])

    def _refuse(self, problem: Problem) -> None:
        self._send_http_response(
            problem.status, {"Content-Type": CONTENT_TYPE, **problem.headers}, problem.document(str(uuid.uuid4()))
        )

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What Python's server refuses before anybody else sees it: a method that is none, a line that is too long."""
        self.close_connection = True
        kind = Kind.METHOD if code == 501 else Kind.MALFORMED
        self._refuse(Problem(kind, message or "This is no request."))

    def _send_error_response(self, error: Any) -> None:
        self._refuse(NOT_THERE)

    def _send_http_response_with_body(self, code: int, headers: Any, body: Any) -> None:
        if self.command == "HEAD":
            self._send_http_response_no_body(code, headers)
            return
        super()._send_http_response_with_body(code, headers, body)

    def log_message(self, format: str, *args: Any) -> None:
        """Where the handlers' own lines go (see `up.run_up`), not between the lines of the fleet."""
        print(format % args)


@contextlib.contextmanager
def serving(port: int) -> Iterator[str]:
    """Chalice's local server on the loopback address, until the end; its address. ``port`` 0 takes any that is free."""
    from chalice.cli.factory import CLIFactory

    factory = CLIFactory(str(APP_DIR))
    config = factory.create_config_obj(chalice_stage_name="dev")
    app = load_app().app
    kind = app.__class__
    server = factory.create_local_server(app, config, LOOPBACK, port)
    server.server.RequestHandlerClass = partial(GatewayHandler, app_object=server.app_object, config=config)
    server.server.socket.listen(CALLERS_WAITING)
    thread = threading.Thread(target=server.server.serve_forever, name="http-api", daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server.server_close()
        app.__class__ = kind  # Chalice gave it another, and could not do so twice
