"""How the tasks of a service are found and asked what they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from chalicelib.decide.facts import Availability, ServiceFacts, ServiceId, SignalName, SignalReading
from chalicelib.errors import ConfigurationError
from chalicelib.observe.ollama import TaskAnswers, ask_ollama
from chalicelib.observe.probes import OllamaPs
from chalicelib.runtime import compose
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SystemClock
from chalicelib.runtime.settings import Settings
from support.strict_aws import StrictAws

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHAT = ServiceFacts(ServiceId("gpu-dev", "chat"), "arn", 2, 2, 0, NOW)
EMPTY = json.dumps({"models": []}).encode()
BUSY = json.dumps({"models": [{"name": "llama", "expires_at": (NOW - timedelta(minutes=3)).isoformat()}]}).encode()


@pytest.fixture
def aws() -> StrictAws:
    return StrictAws(NOW)


def reading(aws: StrictAws, answers: dict[str, bytes | OSError]) -> SignalReading:
    """What the probe makes of these answers, by address."""

    def get(address: str) -> bytes:
        answer = answers[address]
        if isinstance(answer, OSError):
            raise answer
        return answer

    return OllamaPs(TaskAnswers(aws.client("ecs"), get), pause=lambda _: None).ask(CHAT, NOW)


def two_tasks(aws: StrictAws) -> None:
    chat = aws.world.add_service("gpu-dev", "chat", desired=2)
    chat.tasks[0].address, chat.tasks[1].address = "10.0.0.1", "10.0.0.2"


def test_every_running_task_is_asked_at_its_own_address(aws: StrictAws) -> None:
    two_tasks(aws)

    assert reading(aws, {"10.0.0.1": EMPTY, "10.0.0.2": BUSY}).in_flight == 1
    assert reading(aws, {"10.0.0.1": EMPTY, "10.0.0.2": EMPTY}).availability is Availability.READ


def test_one_task_that_does_not_answer_counts_as_busy(aws: StrictAws) -> None:
    two_tasks(aws)

    silent = reading(aws, {"10.0.0.1": EMPTY, "10.0.0.2": TimeoutError("timed out")})

    assert silent.availability is Availability.MISSING
    assert "10.0.0.2: timed out" in silent.note


def test_a_task_that_still_boots_is_not_asked(aws: StrictAws) -> None:
    two_tasks(aws)
    aws.world.service("gpu-dev", "chat").tasks[1].starts_at = NOW + timedelta(minutes=1)

    assert reading(aws, {"10.0.0.1": EMPTY}).availability is Availability.READ


def test_tasks_without_an_address_of_their_own_have_no_such_signal(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", desired=2)

    assert reading(aws, {}).availability is Availability.ABSENT


def test_a_service_none_of_whose_tasks_runs_has_no_such_signal(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", started=NOW + timedelta(minutes=1))

    assert reading(aws, {}).availability is Availability.ABSENT


def test_ollama_is_asked_only_where_the_environment_says_so(aws: StrictAws) -> None:
    env = {"LIFECYCLE_TABLE": "table", "LIFECYCLE_POLICIES": "policies"}
    clients = Clients(aws.session)

    without = compose.probes(Settings.from_env(env), clients, SystemClock())
    asked = compose.probes(Settings.from_env({**env, "LIFECYCLE_PROBE_OLLAMA": "true"}), clients, SystemClock())

    assert {one.name for one in without} == {SignalName.TASK_PROTECTION}
    assert {one.name for one in asked} == {SignalName.TASK_PROTECTION, SignalName.OLLAMA_PS}
    with pytest.raises(ConfigurationError, match="LIFECYCLE_PROBE_OLLAMA"):
        Settings.from_env({**env, "LIFECYCLE_PROBE_OLLAMA": "perhaps"})


def test_tasks_that_cannot_be_found_count_as_busy(aws: StrictAws) -> None:
    two_tasks(aws)
    aws.fail("ecs.DescribeTasks", "AccessDeniedException", "not authorized")

    assert reading(aws, {}).availability is Availability.MISSING


@contextmanager
def ollama(status: int, body: bytes) -> Iterator[int]:
    """The port of a server that answers every request so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/api/ps" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def test_an_answer_is_read_whole() -> None:
    with ollama(200, BUSY) as port:
        assert ask_ollama("127.0.0.1", port=port) == BUSY


@pytest.mark.parametrize(("status", "body"), [(503, b"busy"), (302, b""), (200, b"x" * 1_000_001)])
def test_anything_but_a_whole_answer_of_sensible_length_is_none(status: int, body: bytes) -> None:
    with ollama(status, body) as port, pytest.raises(OSError, match=r"answer"):
        ask_ollama("127.0.0.1", port=port)


def test_a_port_at_which_nobody_listens_is_no_answer() -> None:
    with ollama(200, EMPTY) as port:
        pass

    with pytest.raises(OSError, match=r"refused"):
        ask_ollama("127.0.0.1", port=port, seconds=1)
