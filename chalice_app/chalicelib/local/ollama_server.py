"""A tiny stand-in for Ollama: the answers that clients read, of a model that always says the same.

It knows one model, holds it for five minutes after the last request as Ollama does, and streams word by word. It
refuses what it was not made for with Ollama's own shape of an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

VERSION = "0.12.0"
KEEP_ALIVE = timedelta(minutes=5)
WORDS = ("Hello", " from", " a", " simulated", " model", ".")
JSON, LINES, EVENTS = "application/json", "application/x-ndjson", "text/event-stream"


@dataclass(frozen=True, slots=True)
class Answer:
    """``parts`` are sent one after another, as they come."""

    status: int
    kind: str
    parts: Iterable[bytes]


class SimulatedOllama:
    """One task's Ollama. ``now`` tells the fleet's time."""

    def __init__(self, model: str, now: Callable[[], datetime]) -> None:
        self._model = model
        self._now = now
        self._used_at: datetime | None = None

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """``path`` without its query."""
        match (method, path):
            case ("GET" | "HEAD", "/"):
                return Answer(200, "text/plain; charset=utf-8", [b"Ollama is running"])
            case ("GET" | "HEAD", "/api/version"):
                return _json({"version": VERSION})
            case ("GET" | "HEAD", "/api/tags"):
                return _json({"models": [{"name": self._model, "model": self._model, "size": 637_700_138}]})
            case ("GET" | "HEAD", "/api/ps"):
                return _json({"models": self._held()})
            case ("GET", "/v1/models"):
                return _json(
                    {"object": "list", "data": [{"id": self._model, "object": "model", "owned_by": "library"}]}
                )
            case ("POST", "/api/show" | "/api/generate" | "/api/chat" | "/v1/chat/completions"):
                return self._of_model(path, body)
            case ("POST" | "DELETE", "/api/pull" | "/api/push" | "/api/create" | "/api/copy" | "/api/delete"):
                return _json({"status": "success"})
            case _:
                return Answer(404, "text/plain", [b"404 page not found"])

    def _of_model(self, path: str, body: bytes) -> Answer:
        try:
            asked = json.loads(body or b"{}")
        except ValueError:
            return _json({"error": "invalid character in the request's body"}, 400)
        if not isinstance(asked, dict) or asked.get("model") not in (self._model, self._model.partition(":")[0]):
            name = asked.get("model", "") if isinstance(asked, dict) else ""
            return _json({"error": f"model '{name}' not found"}, 404)
        if path == "/api/show":
            return _json({"details": {"family": "llama"}, "capabilities": ["completion"]})
        self._used_at = self._now()
        if path == "/v1/chat/completions":
            return self._completion(stream=asked.get("stream") is True)
        return self._native(path == "/api/chat", stream=asked.get("stream") is not False)

    def _native(self, chat: bool, *, stream: bool) -> Answer:
        """Ollama streams unless told not to."""

        def line(text: str, done: bool) -> Mapping[str, Any]:
            said: Mapping[str, Any] = (
                {"message": {"role": "assistant", "content": text}} if chat else {"response": text}
            )
            return {"model": self._model, "created_at": self._now().isoformat(), **said, "done": done}

        if not stream:
            return _json(line("".join(WORDS), True))
        lines = [*(line(word, False) for word in WORDS), line("", True)]
        return Answer(200, LINES, (json.dumps(one).encode() + b"\n" for one in lines))

    def _completion(self, *, stream: bool) -> Answer:
        head = {"id": "chatcmpl-1", "created": int(self._now().timestamp()), "model": self._model}
        if stream:
            return Answer(200, EVENTS, _events(head))
        message = {"role": "assistant", "content": "".join(WORDS)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": len(WORDS), "total_tokens": 1 + len(WORDS)}
        return _json({**head, "object": "chat.completion", "choices": [choice], "usage": usage})

    def _held(self) -> list[Mapping[str, str]]:
        if self._used_at is None or self._now() > (until := self._used_at + KEEP_ALIVE):
            return []
        return [{"name": self._model, "model": self._model, "expires_at": until.isoformat()}]


def _events(head: Mapping[str, Any]) -> Iterator[bytes]:
    for word in WORDS:
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        yield f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n".encode()
    yield b"data: [DONE]\n\n"


def _json(value: Mapping[str, Any], status: int = 200) -> Answer:
    return Answer(status, JSON, [json.dumps(value).encode()])
