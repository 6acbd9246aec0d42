"""Application Auto Scaling with no target registered: the one service our functions need and ministack lacks.

It answers DescribeScalableTargets with an empty list and refuses everything else, so that nothing can be proved by
it that AWS would not do for a service without autoscaling.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

DESCRIBE = "AnyScaleFrontendService.DescribeScalableTargets"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        known = self.headers.get("X-Amz-Target") == DESCRIBE
        body = json.dumps({"ScalableTargets": []} if known else {"__type": "UnknownOperationException"}).encode()
        self.send_response(200 if known else 400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def no_scaling() -> Iterator[str]:
    """The address of the stub, for AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
