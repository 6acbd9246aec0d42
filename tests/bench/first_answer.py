"""The first answer of a fresh API function: GET /api/instances with an id token, told nothing but its environment.

What AWS would answer comes from a small server of the parent process: the pool's keys, and a table without rows. So
the figure has all that a cold start pays for (imports, the application put together, clients made, the token's
signature checked, the page of the answer), and next to nothing of a network.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.issuer import POOL, Issuer

PATH = "/api/instances"
CODE = f"""
import os
import app
class Context:
    function_name = "f"; memory_limit_in_mb = 1024; invoked_function_arn = "arn"; aws_request_id = "1"
    def get_remaining_time_in_millis(self): return 29_000
answer = app.app({{
    "resource": "{PATH}", "path": "{PATH}", "httpMethod": "GET",
    "headers": {{"Accept": "*/*", "Authorization": "Bearer " + os.environ["FIRST_ANSWER_TOKEN"]}},
    "multiValueQueryStringParameters": None, "pathParameters": None, "stageVariables": None, "body": None,
    "requestContext": {{"resourcePath": "{PATH}", "path": "/v1{PATH}", "httpMethod": "GET", "requestId": "1"}},
    "isBase64Encoded": False,
}}, Context())
assert answer["statusCode"] == 200, answer
"""
_FLEET = {
    "LIFECYCLE_FLEET_CLUSTER": "models",
    "LIFECYCLE_FLEET_VPC": "vpc-1",
    "LIFECYCLE_FLEET_SUBNETS": "subnet-1",
    "LIFECYCLE_FLEET_SECURITY_GROUPS": "sg-1",
    "LIFECYCLE_FLEET_EXECUTION_ROLE": "arn:aws:iam::1:role/ollama-execution",
    "LIFECYCLE_FLEET_TASK_ROLE": "arn:aws:iam::1:role/ollama-task",
    "LIFECYCLE_FLEET_LOG_GROUP": "/ollama",
    "LIFECYCLE_FLEET_LISTENERS": "arn:aws:elasticloadbalancing:us-east-1:1:listener/app/a/b/c",
    "LIFECYCLE_FLEET_DOMAIN": "models.example.com",
    "LIFECYCLE_WAKE_FUNCTION": "arn:aws:lambda:us-east-1:1:function:wake",
}


@contextmanager
def environment() -> Iterator[Mapping[str, str]]:
    """What the fresh process finds in its environment; its AWS answers until this is left."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def _give(self, body: bytes) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._give(issuer.fetch(POOL.jwks_url))

        def do_POST(self) -> None:
            self._give(json.dumps({"Items": [], "Count": 0, "ScannedCount": 0}).encode())

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield {
            **_FLEET,
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": "us-east-1",
            "LIFECYCLE_USER_POOL": POOL.id,
            "LIFECYCLE_USER_POOL_CLIENT": POOL.client_id,
            "LIFECYCLE_ISSUER": POOL.issuer,
            "LIFECYCLE_JWKS_URL": f"{address}/jwks.json",
            "FIRST_ANSWER_TOKEN": issuer.token(datetime.now(UTC)),
        }
    finally:
        server.shutdown()
        server.server_close()
