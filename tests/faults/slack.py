"""Slack as people in the town use it: signed requests to the deployed function, the queue behind it, what they see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from chalicelib.runtime.compose import App
from faults.people import PEOPLE, SIGNING, TEAM, Person
from support import slack_side
from support.aws_events import queue_event

if TYPE_CHECKING:
    from faults.town import Town

RECEIVED_AT_MOST = 3
Heard = Callable[[str], None]


class SlackRoom:
    def __init__(self, here: Town) -> None:
        self._town = here
        self._heard: dict[str, Heard] = {}
        self._received: dict[str, int] = {}

    # --- what people do

    def command(self, who: Person, words: str, heard: Heard) -> None:
        """``heard`` gets what they are told, if they are."""
        before = len(self._jobs)
        self._send(who, "commands", slack_side.command(words, user=who.slack, team=TEAM))
        for job in self._jobs[before:]:
            self._heard[job] = heard

    def click(self, who: Person, action: str, value: str) -> None:
        self._send(who, "interactive", slack_side.click(action, value, user=who.slack, team=TEAM))

    def buttons(self) -> list[str]:
        """The values of the buttons that stand below questions."""
        return sorted(
            {value for message in self._town.wire.workspace.messages[-60:] for value in _values(message.blocks)}
        )

    def _send(self, who: Person, door: str, body: bytes) -> None:
        here = self._town
        headers = slack_side.signed(body, here.clock.true.timestamp(), secret=SIGNING)
        event = {"path": f"/api/slack/{door}", "headers": headers, "body": body.decode(), "isBase64Encoded": False}

        def send(_: App) -> None:
            status = here.invoke("slack", event)["statusCode"]
            here.count[f"Slack's door {status}"] += 1

        here.run(send)

    # --- what is done about it

    @property
    def _jobs(self) -> list[str]:
        return self._town.aws.directory.jobs

    def work(self, *, twice: bool = False) -> None:
        """The queue is worked off; what fails stays, until it goes to the dead letters. ``twice``: SQS delivers again
        what was done."""
        waiting, self._jobs[:] = list(self._jobs), []
        for job in [*waiting, *(waiting if twice else ())]:
            self._may_keep(job)
            received = self._received[job] = self._received.get(job, 0) + 1
            if self._failed(job) and received < RECEIVED_AT_MOST and job not in self._jobs:
                self._jobs.append(job)

    def _may_keep(self, job: str) -> None:
        """Its words count from when they are carried out, which may be again; a click names a question alone."""
        clicked = bool(json.loads(job)["question"])
        for id, truth in self._town.truths.items():
            if str(id) in job or (clicked and truth.blueprint.environment == "asked"):
                truth.may_be_kept(self._town.clock.now())

    def _failed(self, job: str) -> bool:
        here, user = self._town, json.loads(job)["user"]
        who = next(person for person in PEOPLE if person.slack == user)
        failed = True

        def do(_: App) -> None:
            nonlocal failed
            failed = bool(here.invoke("slack_actions", queue_event(job))["batchItemFailures"])

        rights = here.rights
        rights.who, rights.asked = who, f"{job} {self._shown(json.loads(job)['question'])}"
        here.wire.whispered = lambda text: self._whispered(who, job, text)
        try:
            here.run(do)
        finally:
            rights.who = None
        return failed

    def _shown(self, question: str) -> str:
        """What stands in the channel about it, or will with the next delivery, for everybody: who answered, too."""
        if not question:
            return ""
        messages = self._town.wire.workspace.messages
        asked = [one.text for one in messages if question in str(one.blocks)]
        return " ".join([*asked, *(one.email for one in PEOPLE)])

    def _whispered(self, who: Person, job: str, text: str) -> None:
        self._town.rights.answered(who, text)
        if job in self._heard:
            self._heard[job](text)


def _values(blocks: list[dict[str, object]]) -> Iterator[str]:
    for block in blocks:
        elements = block.get("elements", ())
        assert isinstance(elements, list | tuple)
        for element in elements:
            if element.get("action_id") == "approve":
                yield element["value"]
