"""The API as people in the town meet it: the deployed application, a token of the pool, an answer that is checked."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.runtime.compose import App
from faults.invariants import Invariant
from faults.people import Person

if TYPE_CHECKING:
    from faults.town import Town

TOKEN_LASTS = timedelta(minutes=30)
NO_ANSWER = (0, "")


class Door:
    def __init__(self, here: Town) -> None:
        self._town = here
        self._tokens: dict[Person, tuple[datetime, str]] = {}

    def call(self, who: Person, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
        """Status and text; (0, "") when the process died."""
        content = b"" if body is None else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Authorization": f"Bearer {self._token(who)}", "Content-Type": "application/json"}
        got = NO_ANSWER

        def ask(_: App) -> None:
            nonlocal got
            answer = self._town.client.http.request(method, path, headers=sent, body=content)
            got = answer.status_code, answer.body.decode()

        self._as_asked_by(who, f"{method} {path} {content.decode()}", ask)
        self._check(who, *got)
        return got

    def request(self, who: Person, host: str) -> None:
        """One request to a model that does not run: the load balancer hands it to the function that wakes."""
        headers = {"host": host, "authorization": f"Bearer {self._token(who)}"}
        event = {"httpMethod": "POST", "path": "/api/generate", "headers": headers, "body": "{}"}
        text = ""

        def ask(_: App) -> None:
            nonlocal text
            text = base64.b64decode(self._town.invoke("wake", event)["body"]).decode()

        self._as_asked_by(who, f"POST {host}", ask)
        self._town.rights.answered(who, text)

    def _as_asked_by(self, who: Person, asked: str, work: Any) -> None:
        rights = self._town.rights
        rights.who, rights.asked = who, asked
        try:
            self._town.run(work)
        finally:
            rights.who = None

    def _check(self, who: Person, status: int, text: str) -> None:
        here = self._town
        here.count[f"answered {status}"] += 1
        here.rights.answered(who, text)
        if status == 500:
            here.verdicts.broken(Invariant.IN_WORDS, f"{here.rights.asked} was answered {text}")

    def _token(self, who: Person) -> str:
        now = self._town.clock.true
        since, token = self._tokens.get(who, (now - 2 * TOKEN_LASTS, ""))
        if now - since >= TOKEN_LASTS:
            claims = {"sub": who.sub, "email": who.email, "groups": (who.role, *who.groups)}
            since, token = now, self._town.house.issuer.token(now, **claims)
            self._tokens[who] = since, token
        return token
