"""How long Slack waits for the function that hears it: it allows three seconds, with a cold start and all.

The endpoint's own work is measured as Lambda does it, one request after the other in a warm process, on the embedded
AWS: the signature, the row that lets a request in once, and the place in the queue. The embedded AWS does its part in
the same process, so its time is in the figures. A dialog is opened by a call to a Slack on the loopback address, which
answers at once.

Importing is measured in fresh interpreters like the other handlers' (`import_bench`): app.py and all of our own modules
that an answer needs. Beside it stands the first answer of a fresh process, with boto3 and its clients, and with AWS
answering at once.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median, quantiles
from typing import Any

import import_bench
from goals import Goal, Result
from support.slack_side import SECRET, TEAM, click, command, signed

REQUESTS = 300
"""Of each kind, after ten that are not counted."""
P99_MS, IMPORT_MS, FIRST_ANSWER_MS = 150, 150, 3000
QUESTION = "apr-0123456789abcdef"

MODULES = """
import app
from chalicelib.entrypoints.slack import door, incoming, jobs, signature
from chalicelib.notify.slack import client, modals, settings
from chalicelib.record import slack_requests, table
from chalicelib.runtime import clients, clock, compose_slack, slack_secrets
"""
FIRST_ANSWER = """
import os, time
import app
class Context:
    function_name = "f"; memory_limit_in_mb = 1024; invoked_function_arn = "arn"; aws_request_id = "1"
    def get_remaining_time_in_millis(self): return 10_000
from chalicelib.entrypoints.slack.signature import sign
body, stamp = os.environ["SLACK_BODY"], str(int(time.time()))
answer = app.slack({
    "path": "/api/slack/interactive", "httpMethod": "POST", "body": body, "isBase64Encoded": False,
    "headers": {"X-Slack-Request-Timestamp": stamp,
                "X-Slack-Signature": sign(os.environ["SLACK_SIGNS_WITH"], stamp, body.encode())},
}, Context())
assert answer["statusCode"] == 200, answer
"""


def measure() -> Result:
    figures = {name: sorted(times) for name, times in _answers().items()}
    imported, first = _fresh()
    p99 = {name: quantiles(times, n=100, method="inclusive")[98] * 1000 for name, times in figures.items()}
    worst = max(p99["a click"], p99["a command"])
    return Result(
        title="Slack's requests",
        rows=[
            {
                "request": name,
                "requests": len(times),
                "p50": f"{median(times) * 1000:.1f} ms",
                "p99": f"{p99[name]:.1f} ms",
            }
            for name, times in figures.items()
        ],
        goals=[
            Goal("p99 of the endpoint's own work", f"< {P99_MS} ms", f"{worst:.0f} ms", worst < P99_MS),
            Goal("cold import of the endpoint", f"< {IMPORT_MS} ms", f"{imported:.0f} ms", imported < IMPORT_MS),
            Goal(
                "first answer of a fresh process, Slack's own limit",
                f"< {FIRST_ANSWER_MS} ms",
                f"{first:.0f} ms",
                first < FIRST_ANSWER_MS,
            ),
        ],
        notes=[
            f"Imports and first answers are medians of {import_bench.RUNS} fresh interpreters on a warm disk, with all "
            "bytecode at hand, as packaged.",
            "The first answer has boto3, three clients and Powertools' parameters in it; AWS answers at once.",
        ],
    )


def _answers() -> Mapping[str, list[float]]:
    """Seconds of each answer, by kind of request."""
    with _stage() as ask:
        kinds: dict[str, Callable[[int], tuple[str, bytes]]] = {
            "a click": lambda n: ("interactive", click("approve", f"{QUESTION}:{n + 1}")),
            "a command": lambda n: ("commands", command(f"why service-{n}")),
            "a click that opens a dialog": lambda n: ("interactive", click("keep", f"{QUESTION}:{n + 1}")),
            "forged": lambda n: ("forged", click("approve", f"{QUESTION}:{n + 1}")),
        }
        for kind in kinds.values():
            for n in range(10):
                ask(*kind(REQUESTS + n))
        return {name: [ask(*kind(n)) for n in range(REQUESTS)] for name, kind in kinds.items()}


@contextmanager
def _stage() -> Iterator[Callable[[str, bytes], float]]:
    """The function on the embedded AWS; asking it gives the seconds that it took."""
    from chalicelib.local.aws import EmbeddedAws
    from chalicelib.local.handlers import invoke_slack, logging_to
    from chalicelib.notify.slack.settings import SlackSettings
    from chalicelib.record.table import create_table
    from chalicelib.runtime import compose_slack

    with EmbeddedAws() as aws, _server(b'{"ok": true}') as slack, tempfile.TemporaryFile("w") as log, logging_to(log):
        clients = aws.clients()
        create_table(clients.dynamodb, "slack-bench")
        secret = json.dumps({"signing_secret": SECRET, "bot_token": "xoxb-bench"})
        clients.secrets.create_secret(Name="slack", SecretString=secret)
        url = clients.hurried("sqs").create_queue(QueueName="slack")["QueueUrl"]
        settings = SlackSettings("slack", (TEAM,), url, base_url=f"{slack}/api/")
        compose_slack.install_door(compose_slack.build_door(settings, clients, "slack-bench"))

        def ask(door: str, body: bytes) -> float:
            secret, right = ("guessed", 401) if door == "forged" else (SECRET, 200)
            event = {
                "path": f"/api/slack/{door}", "httpMethod": "POST", "body": body.decode(), "isBase64Encoded": False,
                "headers": signed(body, time.time(), secret=secret),
            }  # fmt: skip
            begun = time.perf_counter()
            answer = invoke_slack(event)
            seconds = time.perf_counter() - begun
            assert answer["statusCode"] == right, answer
            return seconds

        try:
            yield ask
        finally:
            compose_slack.install_door(None)


def _fresh() -> tuple[float, float]:
    """Milliseconds of the imports, and of the first answer."""
    answers = {
        "secretsmanager.GetSecretValue": {"SecretString": json.dumps({"signing_secret": SECRET, "bot_token": "x"})},
        "DynamoDB_20120810.PutItem": {},
        "AmazonSQS.SendMessage": {"MessageId": "1"},
    }
    with tempfile.TemporaryDirectory() as bytecode, _server(answers) as aws:
        told = {
            "PYTHONPYCACHEPREFIX": bytecode,
            "PYTHONDONTWRITEBYTECODE": "",
            "AWS_ENDPOINT_URL": aws,
            "AWS_REGION": "us-east-1",
            "LIFECYCLE_SLACK_SECRET": "slack",
            "LIFECYCLE_SLACK_TEAMS": TEAM,
            "LIFECYCLE_SLACK_QUEUE": f"{aws}/1/slack",
            "SLACK_SIGNS_WITH": SECRET,
            "SLACK_BODY": click("approve", f"{QUESTION}:1").decode(),
        }
        for code in (MODULES, FIRST_ANSWER):
            import_bench.once_ms(code, told)
        told["PYTHONDONTWRITEBYTECODE"] = "1"
        return import_bench.median_ms(MODULES, told), import_bench.median_ms(FIRST_ANSWER, told)


@contextmanager
def _server(answers: bytes | Mapping[str, Any]) -> Iterator[str]:
    """Says the same to everybody, or what AWS says to a call, by its ``X-Amz-Target``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = self.headers.get("X-Amz-Target", "")
            body = answers if isinstance(answers, bytes) else json.dumps(answers[target]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
