"""The stand-in refuses what Slack would refuse, where we could come to rely on its patience."""

from __future__ import annotations

import pytest
from chalicelib.local.slack_workspace import HOOK_USES, Member, Refusal, Workspace


def test_an_address_to_answer_a_click_holds_for_five_answers() -> None:
    workspace = Workspace((Member("U1", "ada@example.com"),))
    hook = workspace.hook("U1", workspace.channel_id("#ml"))
    for number in range(HOOK_USES):
        workspace.respond(hook, {"text": f"line {number}"})

    with pytest.raises(Refusal, match="used_url"):
        workspace.respond(hook, {"text": "one too many"})

    assert [one.text for one in workspace.messages] == [f"line {number}" for number in range(5)]


def test_nobody_answers_at_an_address_that_was_never_given() -> None:
    with pytest.raises(Refusal, match="used_url"):
        Workspace(()).respond("hook7", {"text": "hello"})
