"""The Slack app's secrets: kept for a while, read anew when they fail, and in no message of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chalicelib.errors import AwsUnreachable, ConfigurationError
from chalicelib.runtime.slack_secrets import READ_ANEW_SECONDS, SlackSecrets


class Manager:
    """Secrets Manager's side, as far as Powertools asks it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked = 0
        self.down = False

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        self.asked += 1
        if self.down:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue")
        return {"SecretString": self.text}


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def both(signing: str = "abc", token: str = "xoxb-1") -> str:
    return json.dumps({"signing_secret": signing, "bot_token": token})


def secrets(manager: Manager, watch: Watch | None = None) -> SlackSecrets:
    return SlackSecrets("lifecycle/slack", lambda: manager, watch or Watch())


def test_both_are_read_at_once_and_kept() -> None:
    manager = Manager(both())
    ours = secrets(manager)

    assert [ours.signing_secret(), ours.bot_token(), ours.signing_secret()] == ["abc", "xoxb-1", "abc"]
    assert manager.asked == 1


def test_a_secret_that_failed_is_read_anew_but_not_for_every_forged_request() -> None:
    manager, watch = Manager(both()), Watch()
    ours = secrets(manager, watch)
    ours.signing_secret()
    manager.text = both("def")

    assert [ours.signing_secret(), ours.signing_secret(fresh=True)] == ["abc", "def"]
    for _ in range(100):
        ours.signing_secret(fresh=True)
    assert manager.asked == 2
    watch.now += READ_ANEW_SECONDS
    ours.signing_secret(fresh=True)
    assert manager.asked == 3


@pytest.mark.parametrize("text", ["", "xoxb-secret", "[]", "{}", '{"signing_secret": ""}', '{"signing_secret": 7}'])
def test_a_secret_of_another_form_says_what_is_missing_and_not_what_is_there(text: str) -> None:
    with pytest.raises(ConfigurationError) as wrong:
        secrets(Manager(text)).signing_secret()

    assert "lifecycle/slack" in str(wrong.value)
    assert "xoxb" not in str(wrong.value)


def test_secrets_manager_not_answering_is_said() -> None:
    manager = Manager(both())
    manager.down = True

    with pytest.raises(AwsUnreachable):
        secrets(manager).bot_token()
