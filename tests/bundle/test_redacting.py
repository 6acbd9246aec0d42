"""What a support bundle must not hold is taken out of it, and what a bug report needs stays."""

from __future__ import annotations

import json
import time

import pytest
from chalicelib.bundle.redacting import REMOVED, Redactor
from hypothesis import given, settings
from hypothesis import strategies as st

KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "xoxb-" + "1234567890-abcdefGHIJ"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
HOOK = "https://hooks.slack.com/" + "services/T000/B000/abcdef"
SECRETS = {
    "an access key id": (f"signed with {KEY_ID} today", KEY_ID),
    "a secret access key": (f"aws {SECRET_KEY} is", SECRET_KEY),
    "a token of Slack's": (f"token={TOKEN}", TOKEN),
    "a webhook's secret": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    "a JSON web token": (f"Authorization: Bearer {JWT}", JWT),
    "an incoming webhook": (f"posted to {HOOK}", "T000/B000/abcdef"),
    "a password in JSON": ('{"user": "mailer", "password": "hunter2"}', "hunter2"),
    "a password in JSON in JSON": (json.dumps({"line": '{"password": "hunter2"}'}), "hunter2"),
    "a password in YAML": ("smtp_password: hunter2\nnext: x", "hunter2"),
    "a variable": ("LIFECYCLE_SIGNING_SECRET=abc123hush", "abc123hush"),
    "an address with a password": ("https://ada:hunter2@git.example.com/x", "hunter2"),
    "a signed link": ("https://b.s3/x?X-Amz-Signature=0123abcd&y=1", "0123abcd"),
    "a private key": ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
}


@pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS.keys())
def test_it_takes_out(text: str, secret: str) -> None:
    clean = Redactor()

    shown = clean.text(text)

    assert secret not in shown
    assert REMOVED in shown
    assert clean.removed >= 1


def test_people_and_accounts_get_names_that_are_the_same_everywhere() -> None:
    clean = Redactor()

    first = clean.text("Ada@example.com asked bob@example.com in 123456789012")
    second = clean.text('{"who": "ada@example.com", "arn": "arn:aws:ecs:eu-west-1:123456789012:service/gpu/chat"}')

    assert first == "person-1@example.invalid asked person-2@example.invalid in account-1"
    assert "person-1@example.invalid" in second
    assert "arn:aws:ecs:eu-west-1:account-1:service/gpu/chat" in second
    assert clean.text(first) == first


@pytest.mark.parametrize(
    "text",
    [
        "gpu-dev/chat: idle since 21:00, 0 requests in 30 minutes",
        '{"LIFECYCLE_SLACK_SECRET": "arn:aws:secretsmanager:eu-west-1:x:secret:slack"}',
        "policies:\n  dev:\n    match: {tags: {environment: dev}}\n    idle: {stop-after: 30m}\n",
        "2026-11-20T21:00:07.123456Z version 3e1234575dfd, table prod-LifecycleTable-1ABC",
        '{"password": null, "secret": ""}',
    ],
)
def test_what_a_report_needs_stays_as_it_is(text: str) -> None:
    clean = Redactor()

    assert clean.text(text) == text
    assert clean.removed == 0


@settings(max_examples=60, deadline=None)
@given(
    before=st.text(max_size=20), after=st.text(max_size=20), which=st.sampled_from([HOOK, "https://a:pw123@b.example"])
)
def test_a_secret_is_found_whatever_stands_around_it(before: str, after: str, which: str) -> None:
    shown = Redactor().text(f"{before} {which} {after}")

    assert "B000/abcdef" not in shown
    assert "pw123" not in shown


def test_a_long_line_takes_no_longer_than_it_should() -> None:
    began = time.process_time()

    Redactor().text("a" * 40_000)

    assert time.process_time() - began < 3


def test_json_lines_stay_json() -> None:
    line = json.dumps({"line": json.dumps({"password": "hunter2", "why": "it failed"}), "at": 1})

    assert "it failed" in json.loads(json.loads(Redactor().text(line))["line"])["why"]
