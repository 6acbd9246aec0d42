"""`make up`, over HTTP: a policy asks, the page shows it, a click stops the service, and the record says who did it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.live_fleet import LiveFleet, ask, live_fleet, within

ASKS = """
lifecycle: v1
policies:
  ask-first:
    owner: ada@example.com
    match: {names: [dev-vision, dev-chat]}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00], holidays: {country: JP}}
    approval: {for: [closed-stop], ask: "#gpu-cost", approvers: ["user:ada@example.com"], answer-within: 12h}
    notify: {channel: "#gpu-cost"}
    mode: enforce
"""


@dataclass(frozen=True)
class Screen:
    """The page of the stand-in, as one person's browser talks to it."""

    base: str
    people: dict[str, str]

    def state(self, name: str = "ada") -> dict[str, Any]:
        answer = ask(self.base, "GET", f"/state?me={self.people[name]}", None, {})
        found: dict[str, Any] = answer.json
        return found

    def question(self, service: str) -> dict[str, Any] | None:
        """The newest message that asks, or asked, about it."""
        found = [one for one in self.state()["messages"] if f"Stop gpu-dev/{service}?" in one["text"]]
        return found[-1] if found else None

    def does(self, name: str, path: str, **body: Any) -> Any:
        sent = json.dumps({"me": self.people[name], **body})
        answer = ask(self.base, "POST", path, sent, {"Content-Type": "application/json"})
        assert answer.status == 200, answer.text
        return answer.json

    def click(self, name: str, message: dict[str, Any], action: str) -> None:
        said = self.does(name, "/click", channel=message["channel"], ts=message["ts"], action_id=action)
        assert said == {"status": 200}

    def whispered(self, name: str) -> list[str]:
        return [json.dumps(one) for one in self.state(name)["messages"] if one["ephemeral"]]


def screen_of(up: LiveFleet) -> Screen:
    found = re.search(r"Slack +(http://[\d.:]+)/", up.printed.getvalue())
    assert found
    people = json.loads(ask(found[1], "GET", "/state", None, {}).text)["people"]
    return Screen(found[1], {one["name"]: one["id"] for one in people})


def buttons(message: dict[str, Any]) -> list[str]:
    rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
    return [one["action_id"] for row in rows for one in row]


def desired(up: LiveFleet, name: str) -> int:
    described = up.file.clients().ecs.describe_services(cluster="gpu-dev", services=[name])
    return int(described["services"][0]["desiredCount"])


@pytest.mark.slow
def test_a_policy_asks_in_slack_and_a_click_stops_the_service(tmp_path: Path) -> None:
    policies = tmp_path / ".lifecycle" / "policies"
    policies.mkdir(parents=True)
    (policies / "ask.yaml").write_text(ASKS)
    with live_fleet(tmp_path, speed=20) as up:
        screen = screen_of(up)
        asked = within(60, lambda: screen.question("dev-vision"), "the page shows the question")
        assert {"approve", "deny", "snooze", "keep"} <= set(buttons(asked))
        assert "12:00" in json.dumps(asked), "until when, and what happens without an answer"
        assert desired(up, "dev-vision") == 1

        screen.click("ben", asked, "approve")
        within(30, lambda: any("leaves this to ada" in one for one in screen.whispered("ben")), "ben may not")
        assert desired(up, "dev-vision") == 1

        screen.click("ada", asked, "approve")
        done = within(30, lambda: (now := screen.question("dev-vision")) and not buttons(now) and now, "it changes")
        assert (done["ts"], done["edited"], desired(up, "dev-vision")) == (asked["ts"], True, 0)
        assert "ada@example.com" in json.dumps(done)

        screen.does("admin", "/command", channel=asked["channel"], text="/lifecycle status")
        within(30, lambda: any("dev-vision" in one for one in screen.whispered("admin")), "the command is answered")
        assert not any("prod-chat" in one for one in screen.whispered("ben")), "only who asked sees it"

        chat = within(30, lambda: screen.question("dev-chat"), "the other question is there")
        screen.click("ada", chat, "keep")
        (view,) = within(10, lambda: screen.state()["views"], "the dialog opens")
        picker = view["blocks"][0]["element"]
        values = {
            "until": {"until": {"type": "datetimepicker", "selected_date_time": picker["initial_date_time"]}},
            "reason": {"reason": {"type": "plain_text_input", "value": "release night"}},
        }
        screen.does("ada", "/submit", view=view["id"], values=values)
        kept = within(30, lambda: (now := screen.question("dev-chat")) and not buttons(now) and now, "it is kept")
        assert "release night" in json.dumps(kept)
        assert (screen.state()["views"], desired(up, "dev-chat")) == ([], 1)

        history = up.session("admin").call("GET", "/api/decisions?service=gpu-dev/dev-vision").json["items"]
        told = [(one["who"], one["reason"]) for one in history]
        assert any(who == "ada@example.com" and "approved" in why for who, why in told), told
        assert any(one["who"] == "ada@example.com" and one["kind"] == "acted" for one in history)
