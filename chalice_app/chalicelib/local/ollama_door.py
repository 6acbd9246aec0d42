"""Where the Ollama of each simulated task answers: ``/ollama/ADDRESS/api/ps`` at the embedded AWS.

In AWS a task is asked at its own address. Nothing listens at the addresses of simulated tasks, so they are asked
here: by the handlers in this process, and by a command in another terminal, through the same probe.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from chalicelib.local.inprocess import Application

PREFIX, SUFFIX = "/ollama/", "/api/ps"
SECONDS = 3.0
"""An answer takes at most so long."""

Answers = Callable[[str], bytes | None]
"""The body of the answer of the task at an address; None when no task runs there."""


class OllamaDoor:
    """Passes everything else on to ``application``. Until somebody sets ``answers``, no task is known."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.answers: Answers = lambda address: None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(PREFIX) or not path.endswith(SUFFIX):
            return self._application(environ, start_response)
        body = self.answers(path.removeprefix(PREFIX).removesuffix(SUFFIX))
        found = "404 Not Found" if body is None else "200 OK"
        start_response(found, [("Content-Type", "application/json"), ("Content-Length", str(len(body or b"")))])
        return [body or b""]


def asker(endpoint: str) -> Callable[[str], bytes]:
    """Asks the task at an address, through the embedded AWS at ``endpoint``. Raises OSError when it gives no answer."""
    server = urlsplit(endpoint).netloc

    def ask(address: str) -> bytes:
        connection = http.client.HTTPConnection(server, timeout=SECONDS)
        try:
            connection.request("GET", f"{PREFIX}{address}{SUFFIX}")
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise OSError(f"it answered {response.status}")
            return response.read()
        except http.client.HTTPException as error:
            raise OSError(f"it does not speak HTTP ({type(error).__name__})") from error
        finally:
            connection.close()

    return ask
