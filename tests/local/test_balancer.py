"""What the local load balancer hands to a function, for bodies of every kind."""

from __future__ import annotations

import base64

import pytest
from chalicelib.local.balancer import event_of


@pytest.mark.parametrize(
    ("kind", "body", "is_base64"),
    [
        ("application/json", b'{"model": "x"}', False),
        ("application/json", b"\xff\xfe", True),
        ("", b"\xff", True),
        ("image/png", b"abc", True),
    ],
)
def test_a_body_that_is_no_text_reaches_the_function_whole(kind: str, body: bytes, is_base64: bool) -> None:
    event = event_of("arn:tg", "POST", "/api/generate?a=", {"content-type": kind}, body)

    assert event["isBase64Encoded"] is is_base64
    assert (base64.b64decode(event["body"]) if is_base64 else event["body"].encode()) == body
    assert event["queryStringParameters"] == {"a": ""}
