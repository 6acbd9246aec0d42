"""Slack on the loopback address: its Web API as far as we call it, and a page on which people read and click.

Whatever somebody does on the page becomes the very request that Slack would send, signed with the app's signing secret,
to the app's own endpoint. Requests carry the machine's time, however fast the fleet's clock runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib.local.aws import LOOPBACK
from chalicelib.local.slack_page import page
from chalicelib.local.slack_workspace import APP, TEAM, Json, Refusal, Workspace

ACK_SECONDS = 3.0
"""Slack shows an error to who clicked when the app takes longer."""
Fault = Callable[[BaseHTTPRequestHandler, str], bool]
"""May answer a request to a method of the Web API in Slack's place; True when it did."""


@dataclass
class SlackStandIn:
    """``app``: where the app's endpoint lies, as in http://127.0.0.1:8000/api/slack; empty: nobody hears clicks."""

    workspace: Workspace
    signing_secret: str = field(repr=False)
    bot_token: str = field(repr=False)
    app: str = ""
    address: str = ""
    fault: Fault | None = None
    calls: list[str] = field(default_factory=list)
    """Methods of the Web API that were called, in their order."""

    @property
    def api(self) -> str:
        """The base URL of the Web API."""
        return f"{self.address}/api/"

    # --- what people do

    def click(self, user: str, channel: str, ts: str, action_id: str, block_id: str = "") -> int:
        """The button of that name in a message; the status of the app's answer."""
        shown = self.workspace.message(channel, ts)
        action = _button(shown.blocks if shown else [], action_id, block_id)
        if shown is None or action is None:
            raise Refusal("message_not_found")
        container = {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False}
        payload = {
            **self._by(user, "block_actions"),
            "container": container,
            "channel": {"id": channel, "name": self.workspace.channel_name(channel).removeprefix("#")},
            "message": {"type": "message", "ts": ts, "text": shown.text, "blocks": shown.blocks},
            "state": {"values": {}},
            "response_url": f"{self.address}/respond/{self.workspace.hook(user, channel, ts)}",
            "actions": [{**action, "action_ts": f"{time.time():.6f}"}],
        }
        return self._ask("interactive", {"payload": json.dumps(payload)})[0]

    def submit(self, user: str, view_id: str, values: Mapping[str, Mapping[str, Json]]) -> Json:
        """Sends a dialog off: what the app says to it. It closes unless that is ``"response_action": "errors"``."""
        view = self.workspace.views[view_id][1]
        payload = {**self._by(user, "view_submission"), "view": {**view, "state": {"values": values}}}
        status, said = self._ask("interactive", {"payload": json.dumps(payload)})
        answer: Json = json.loads(said) if said.startswith("{") else {}
        if status == 200 and answer.get("response_action") != "errors":
            self.workspace.views.pop(view_id, None)
        return answer if status == 200 else {"response_action": "errors", "errors": {"": f"HTTP {status}"}}

    def command(self, user: str, channel: str, text: str) -> int:
        """``text`` as typed: ``/lifecycle status``."""
        name, _, rest = text.partition(" ")
        member = self.workspace.member(user)
        hook = self.workspace.hook(user, channel)
        status, said = self._ask("commands", {
            "command": name, "text": rest, "user_id": user, "user_name": member.name, "team_id": TEAM,
            "team_domain": "local", "channel_id": channel, "api_app_id": APP,
            "channel_name": self.workspace.channel_name(channel).removeprefix("#"),
            "response_url": f"{self.address}/respond/{hook}", "trigger_id": self.workspace.trigger(user),
        })  # fmt: skip
        if status == 200 and said.startswith("{"):
            answer = json.loads(said)
            self.workspace.whisper(user, channel, str(answer.get("text", "")), answer.get("blocks") or ())
        elif status == 200 and said.strip():
            self.workspace.whisper(user, channel, said)
        elif status != 200:
            self.workspace.whisper(user, channel, f"{name} failed: the app answered {status}")
        return status

    def sign(self, body: bytes, at: str = "") -> Mapping[str, str]:
        at = at or str(int(time.time()))
        mac = hmac.new(self.signing_secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={mac}"}

    def _by(self, user: str, kind: str) -> Json:
        member = self.workspace.member(user)
        return {
            "type": kind, "api_app_id": APP, "token": "unused", "trigger_id": self.workspace.trigger(user),
            "team": {"id": TEAM, "domain": "local"}, "enterprise": None, "is_enterprise_install": False,
            "user": {"id": member.id, "username": member.name, "name": member.name, "team_id": TEAM},
        }  # fmt: skip

    def _ask(self, path: str, form: Mapping[str, str]) -> tuple[int, str]:
        """0 when nobody answered in time."""
        body = urlencode(form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self.sign(body)}
        request = urllib.request.Request(f"{self.app}/{path}", body, headers)  # noqa: S310  (ours, on loopback)
        try:
            with urllib.request.urlopen(request, timeout=ACK_SECONDS) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except (OSError, ValueError):
            return 0, ""


@contextlib.contextmanager
def serving(standin: SlackStandIn, port: int = 0) -> Iterator[SlackStandIn]:
    """Answers on the loopback address until the end; ``port`` 0 takes any that is free."""
    server = ThreadingHTTPServer((LOOPBACK, port), type("Handler", (_Handler,), {"standin": standin}))
    server.daemon_threads = True
    standin.address = f"http://{LOOPBACK}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="slack", daemon=True)
    thread.start()
    try:
        yield standin
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    standin: SlackStandIn

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        first = self.standin.workspace.members[0].id
        user = dict(parse_qsl(url.query)).get("me", first)
        match url.path:
            case "/":
                self._answer(200, page(self.standin.workspace.seen_by(user), live=True), "text/html; charset=utf-8")
            case "/state":
                self._json(self.standin.workspace.seen_by(user))
            case _:
                self._api(url.path, dict(parse_qsl(url.query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        try:
            if self.headers.get("Content-Type", "").startswith("application/json"):
                said = json.loads(body)
            else:
                said = dict(parse_qsl(body.decode()))
        except ValueError:
            self._json({"ok": False, "error": "invalid_json"})
            return
        if url.path in ("/click", "/submit", "/command"):
            self._page_did(url.path, said)
        elif url.path.startswith("/respond/"):
            self._answered(url.path.removeprefix("/respond/"), said)
        else:
            self._api(url.path, {**dict(parse_qsl(url.query)), **said})

    def _api(self, path: str, said: Json) -> None:
        method = path.removeprefix("/api/")
        self.standin.calls.append(method)
        if self.standin.fault is not None and self.standin.fault(self, method):
            return
        if self.headers.get("Authorization") != f"Bearer {self.standin.bot_token}":
            self._json({"ok": False, "error": "invalid_auth"})
            return
        try:
            self._json({"ok": True, **self.standin.workspace.call(method, said)})
        except Refusal as refused:
            self._json({"ok": False, "error": str(refused)})

    def _answered(self, hook: str, said: Json) -> None:
        try:
            self.standin.workspace.respond(hook, said)
        except Refusal as refused:
            self._answer(404, str(refused), "text/plain")
            return
        self._answer(200, "ok", "text/plain")

    def _page_did(self, path: str, said: Json) -> None:
        """Only our own page: another site's script cannot send JSON here without asking, and is not let."""
        if self.headers.get("Origin", self.standin.address) != self.standin.address:
            self._answer(403, "not from this page", "text/plain")
            return
        try:
            if path == "/click":
                status = self.standin.click(
                    said["me"], said["channel"], said["ts"], said["action_id"], said.get("block_id", "")
                )
                self._json({"status": status})
            elif path == "/submit":
                self._json(self.standin.submit(said["me"], said["view"], said["values"]))
            else:
                self._json({"status": self.standin.command(said["me"], said["channel"], said["text"])})
        except (KeyError, TypeError, Refusal) as wrong:
            self._answer(400, f"{type(wrong).__name__}: {wrong}", "text/plain")

    def _json(self, value: Mapping[str, Any]) -> None:
        self._answer(200, json.dumps(value), "application/json; charset=utf-8")

    def _answer(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


def _button(blocks: list[Json], action_id: str, block_id: str) -> Json | None:
    for block in blocks:
        if block_id and block.get("block_id", "") != block_id:
            continue
        elements = [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else ())]
        for one in elements:
            if one.get("action_id") == action_id:
                return {"block_id": block.get("block_id", ""), **one}
    return None
