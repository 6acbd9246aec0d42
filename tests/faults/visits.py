"""What people do in the town: by hand in the console, through the API, through the load balancer and through Slack.

Everybody tries everything: what they may not do has to come to nothing (`watch_rights`).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from faults.api import Door as ApiDoor
from faults.people import ADMIN, PEOPLE, Person
from faults.slack import SlackRoom
from faults.truth import LONGEST_KEEP, Truth

if TYPE_CHECKING:
    from faults.town import Town

DEFAULT_LENGTH = timedelta(hours=2)
MODEL = "tinyllama"
LONG, SHORT = LONGEST_KEEP, timedelta(minutes=60)
NOT_THEIRS_TO_STOP = frozenset({"pool"})
"""A person's stop beats the least number that keeps running, which is not what is played here."""


class Visits:
    def __init__(self, here: Town, seed: int) -> None:
        self._town = here
        self.chance = Random(f"town {seed}")
        self.api = ApiDoor(here)
        self.slack = SlackRoom(here)
        self._keys: dict[Person, int] = dict.fromkeys(PEOPLE, 0)

    def somebody_acts(self) -> None:
        """One thing, or nothing."""
        match self.chance.randrange(14):
            case 0:
                self._keep()
            case 1 | 2:
                self._by_hand()
            case 3 | 4:
                self._answer()
            case 5 | 6:
                self._type()
            case 7 | 8:
                self.start(self._anybody())
            case 9 | 10 | 11 | 12:
                self._call()
            case _:
                return
        self.slack.work()

    # --- in the console

    def _by_hand(self) -> None:
        truth = self.chance.choice([one for one in self._town.truths.values() if one.owner is None])
        if self._is_acted_on(truth):
            return
        if truth.fake.desired == 0:
            truth.turned_on_by_hand()
        elif not truth.blueprint.excluded:
            truth.turned_off_by_hand()

    def _is_acted_on(self, truth: Truth) -> bool:
        """Hands that meet a run of ours half-way are another story (tests/controller)."""
        row = self._town.aws.rows.item("STATE", str(truth.blueprint.id)) or {}
        return bool(row.keys() & {"pending_action", "draining_since", "lock_until"})

    # --- in Slack

    def _keep(self) -> None:
        truth = self._any_service()
        minutes = self.chance.randrange(60, 300)
        self._say_in_slack(next(one for one in PEOPLE if one.role == ADMIN), "keep", truth, f" {minutes}m")

    def _type(self) -> None:
        who, truth = self._anybody(), self._any_service()
        verb = self.chance.choice(["status", "why", "stop", "start", "keep"])
        if verb == "stop" and truth.blueprint.environment in NOT_THEIRS_TO_STOP:
            verb = "why"
        length = " 90m" if verb in ("stop", "start", "keep") else ""
        self._say_in_slack(who, verb, truth, length)

    def _say_in_slack(self, who: Person, verb: str, truth: Truth, length: str) -> None:
        if verb == "stop" and who.may_change(truth.owner):
            self._may_stop(truth, timedelta(minutes=90))
        named = "" if verb == "status" and self.chance.random() < 0.5 else f" {truth.blueprint.id}"
        now = self._town.clock.now()

        def heard(text: str) -> None:
            if verb in ("keep", "start") and ":x:" not in text and (":white_check_mark:" in text or "kept" in text):
                minutes = int(length.strip().removesuffix("m"))
                truth.kept(now, now + timedelta(minutes=minutes))

        self.slack.command(who, f"{verb}{named}{length}", heard)

    def _answer(self) -> None:
        """A question in a channel; now and then two people at once."""
        if not (buttons := self.slack.buttons()):
            return
        value = self.chance.choice(buttons)
        for who in self.chance.sample(PEOPLE, self.chance.choice([1, 1, 2])):
            self.slack.click(who, self.chance.choice(["approve", "approve", "deny", "snooze"]), value)

    # --- through the API, and the load balancer

    def start(self, who: Person) -> None:
        """A model of their own; now and then the same start again."""
        self.launch(who, again=bool(self._keys[who]) and self.chance.random() < 0.3)

    def launch(self, who: Person, *, again: bool = False) -> None:
        if not again:
            self._keys[who] += 1
        key = f"{who.name}-{self._keys[who]}"
        self._town.settlers.expect(who, key)
        body: dict[str, Any] = {"model_id": MODEL, "environment": "launched"}
        self.api.call(who, "POST", "/api/models/start", body, Idempotency_Key=key)

    def _call(self) -> None:
        who = self._anybody()
        verb = self.chance.choice(
            ["list", "decisions", "get", "why", "logs", "wake", "request", "keep", "stop", "resume", "remove"]
        )
        if verb == "list":
            self.api.call(who, "GET", "/api/instances")
        elif verb == "decisions":
            self.api.call(who, "GET", "/api/decisions?limit=50")
        elif every := [one for one in self._town.truths.values() if one.owner is not None]:
            self.ask(who, verb, self.chance.choice(every))

    def ask(self, who: Person, verb: str, truth: Truth) -> None:
        """One thing of one instance, whoever it belongs to."""
        id, api = truth.blueprint.name.removeprefix("ollama-"), self.api
        now = self._town.clock.now()
        if verb in ("wake", "request", "keep"):
            truth.may_be_kept(now)
        match verb:
            case "get" | "why" | "logs":
                api.call(who, "GET", f"/api/instances/{id}" + ("" if verb == "get" else f"/{verb}"))
            case "wake":
                self._kept(truth, api.call(who, "POST", f"/api/instances/{id}/start", {"minutes": 60}))
            case "request":
                api.request(who, f"{truth.blueprint.name}.ollama.example.com")
            case "keep":
                length = self.chance.choice([LONG, SHORT])
                body = {"action": "keep", "minutes": int(length.total_seconds() / 60)}
                self._kept(truth, api.call(who, "PUT", f"/api/instances/{id}/override", body))
            case "resume":
                if who.may_change(truth.owner):
                    truth.keep_until = None
                api.call(who, "DELETE", f"/api/instances/{id}/override")
            case "stop":
                if who.may_change(truth.owner):
                    self._may_stop(truth, DEFAULT_LENGTH)
                until = f"{now + DEFAULT_LENGTH:%Y-%m-%dT%H:%M:%SZ}"
                api.call(who, "DELETE", f"/api/models/{id}/stop?until={until}")
            case "remove":
                if who.may_change(truth.owner):
                    truth.leaving, truth.keep_until = True, None
                api.call(who, "DELETE", f"/api/models/{id}/stop?remove=true")

    # --- how

    def _kept(self, truth: Truth, answer: tuple[int, str]) -> None:
        status, text = answer
        if status == 202 and (until := json.loads(text)["until"]):
            truth.kept(self._town.clock.true, datetime.fromisoformat(until))
            truth.leaving = False

    def _may_stop(self, truth: Truth, length: timedelta) -> None:
        """From the moment it is asked for: whether it was heard is only known when an answer came."""
        truth.stop_until = self._town.clock.now() + length
        truth.keep_until = None

    def _anybody(self) -> Person:
        return self.chance.choice(PEOPLE)

    def _any_service(self) -> Truth:
        return self.chance.choice(list(self._town.truths.values()))
