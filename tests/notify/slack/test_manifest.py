"""The Slack app's manifest asks for what is used, and leads where somebody listens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from chalicelib.entrypoints.slack.help import HELP
from chalicelib.entrypoints.slack.incoming import parse
from chalicelib.entrypoints.slack.words import Verb
from chalicelib.errors import UnreadableRequest

ROOT = Path(__file__).resolve().parents[3]
SCOPES_OF = {
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "users.info": {"users:read", "users:read.email"},
    "views.open": set(),
    "/lifecycle": {"commands"},
}
"""What each thing that we use needs: https://docs.slack.dev/reference/methods. An address needs a scope of its own."""


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "runbooks" / "slack-manifest.yaml").read_text())
    return loaded


def test_the_scopes_are_those_that_are_used_and_no_more(manifest: dict[str, Any]) -> None:
    client = (ROOT / "chalice_app/chalicelib/notify/slack/client.py").read_text()
    (command,) = manifest["features"]["slash_commands"]
    used = {name for name in SCOPES_OF if f'"{name}"' in client} | {command["command"]}

    assert used == set(SCOPES_OF)
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == set.union(*(SCOPES_OF[name] for name in used))


def test_every_address_is_a_door_that_is_there(manifest: dict[str, Any]) -> None:
    settings = manifest["settings"]
    addresses = [
        manifest["features"]["slash_commands"][0]["url"],
        settings["interactivity"]["request_url"],
        settings["event_subscriptions"]["request_url"],
    ]

    assert [one.rpartition("/")[0] for one in addresses] == ["SLACK_ADDRESS"] * 3
    for one in addresses:
        with pytest.raises(UnreadableRequest) as refused:
            parse(one.rpartition("/")[2], b"")
        assert refused.value.status == 400, "there is such a path"


def test_the_hint_names_what_can_be_said(manifest: dict[str, Any]) -> None:
    hint = manifest["features"]["slash_commands"][0]["usage_hint"]

    assert {word.split()[0] for word in hint.split(" | ")} == {*(verb.value for verb in Verb), "help"}
    assert manifest["features"]["slash_commands"][0]["command"] in HELP
