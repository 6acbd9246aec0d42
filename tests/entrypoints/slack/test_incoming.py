"""Whatever is sent, it is read into a known shape or refused in one sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from chalicelib.entrypoints.slack.incoming import (
    About,
    Challenge,
    Click,
    Command,
    Filled,
    Press,
    Sender,
    Told,
    metadata_of,
    parse,
)
from chalicelib.entrypoints.slack.jobs import Job, Task, job_of
from chalicelib.errors import MalformedEvent, UnreadableRequest
from hypothesis import given
from hypothesis import strategies as st
from support.slack_side import RESPONSE_URL, TEAM, TRIGGER, click, command, filled, form, payload

ADA = Sender("U0ADA", frozenset({TEAM}))
VALUE = "apr-0123456789abcdef:3"
ABOUT = About("apr-0123456789abcdef", 3)


def test_a_click_is_a_button_and_the_question_in_the_version_that_was_shown() -> None:
    assert parse("interactive", click("approve", VALUE)) == Click(ADA, Press.APPROVE, ABOUT, "", RESPONSE_URL, TRIGGER)


def test_the_keep_button_of_a_notice_names_a_service_and_its_closing() -> None:
    found = parse("interactive", click("keep_service", "gpu-dev/chat:1795000000"))

    assert isinstance(found, Click)
    assert (found.press, found.about, found.service) == (Press.KEEP_SERVICE, None, "gpu-dev/chat")
    assert found.closes_at == datetime.fromtimestamp(1_795_000_000, UTC)


def test_a_guest_of_a_shared_channel_brings_their_own_workspace_along() -> None:
    found = parse("interactive", click("approve", VALUE, home="T0GUEST"))

    assert isinstance(found, Click)
    assert found.sender.teams == {TEAM, "T0GUEST"}


def test_a_dialog_brings_back_what_it_was_opened_with() -> None:
    opened = parse("interactive", click("keep", VALUE))
    assert isinstance(opened, Click)

    found = parse("interactive", filled("keep", metadata_of(opened), 1_795_000_000, " load \n test "))

    until = datetime.fromtimestamp(1_795_000_000, UTC)
    assert found == Filled(ADA, Press.KEEP, ABOUT, until, "load test", RESPONSE_URL)


@pytest.mark.parametrize("until", [None, "soon", True, -1, 0, 10**15, 1.5])
def test_a_time_that_is_none_is_no_time(until: object) -> None:
    metadata = json.dumps({"about": VALUE, "response_url": RESPONSE_URL})

    found = parse("interactive", filled("keep", metadata, until, None))

    assert isinstance(found, Filled)
    assert (found.until, found.reason) == (None, "")


def test_a_command_is_its_words() -> None:
    assert parse("commands", command("why chat")) == Command(ADA, "why chat", RESPONSE_URL)


def test_slacks_question_whether_the_address_is_ours_is_known() -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "old"}).encode()

    assert parse("events", body) == Challenge("abc")


def test_an_event_is_its_name() -> None:
    body = json.dumps({"type": "event_callback", "team_id": TEAM, "event": {"type": "tokens_revoked"}}).encode()

    assert parse("events", body) == Told("tokens_revoked", Sender("", frozenset({TEAM})))


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("interactive", b""),
        ("interactive", b"payload=%ff"),
        ("interactive", b"payload=[]"),
        ("interactive", b"payload=" + b"[" * 100_000),
        ("interactive", payload({"type": "shortcut"})),
        ("interactive", click("launch", VALUE)),
        ("interactive", click("approve", "apr-0123456789abcdef")),
        ("interactive", click("approve", "apr-0123456789abcdef:0")),
        ("interactive", click("approve", "approve incident: db down")),
        ("interactive", click("keep_service", "no service at all")),
        ("interactive", click("keep_service", "gpu-dev/chat")),
        ("interactive", click("keep_service", "gpu-dev/chat:999999999999")),
        ("interactive", filled("keep", "not what we sent", 1, "why")),
        ("interactive", filled("keep", "{}", 1, "why")),
        ("interactive", payload({"type": "block_actions", "actions": []})),
        ("commands", form(text="status")),
        ("commands", b"\xff\xfe"),
        ("commands", form(**{f"n{n}": "" for n in range(200)})),
        ("events", b"{}"),
        ("elsewhere", command("status")),
    ],
)
def test_what_is_none_of_these_is_refused(door: str, body: bytes) -> None:
    with pytest.raises(UnreadableRequest):
        parse(door, body)


_NAMES = ["type", "actions", "user", "team", "id", "view", "state", "values", "value", "action_id", "event", "team_id"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(_NAMES) | st.text(), inner),
    max_leaves=12,
)


@given(door=st.sampled_from(["events", "commands", "interactive"]), sent=_JSON | st.binary())
def test_nothing_that_can_be_sent_breaks_the_reader(door: str, sent: object) -> None:
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    if door == "interactive" and not isinstance(sent, bytes):
        body = form(payload=json.dumps(sent))
    try:
        parse(door, body)
    except UnreadableRequest:
        return


def test_a_job_survives_the_queue() -> None:
    job = Job("r", Task.KEEP, "U0ADA", RESPONSE_URL, "apr-1", 2, datetime(2026, 11, 18, tzinfo=UTC), "load test")

    assert job_of(job.to_json()) == job


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", '{"request": 1}'])
def test_what_is_no_job_goes_to_the_dead_letters(body: str) -> None:
    with pytest.raises(MalformedEvent):
        job_of(body)
