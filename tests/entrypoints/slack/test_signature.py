"""Only what Slack has signed within five minutes is Slack's."""

from __future__ import annotations

import pytest
from chalicelib.entrypoints.slack.signature import Fault, fault_of, sign
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import Clock, SignatureVerifier
from support.slack_side import SECRET

NOW = 1_795_000_000.0
BODY = b"token=1&text=status"
STAMP = str(int(NOW))
RIGHT = sign(SECRET, STAMP, BODY)


def test_slacks_own_example_holds() -> None:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack/"""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

    assert fault_of("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", signature, body, 1_531_420_618) is None


@pytest.mark.parametrize(
    ("stamp", "signature", "fault"),
    [
        (STAMP, RIGHT, None),
        (STAMP, "v0=" + "0" * 64, Fault.WRONG),
        (STAMP, RIGHT.upper(), Fault.WRONG),
        (STAMP, "vÿ=", Fault.WRONG),
        (STAMP, sign("another secret", STAMP, BODY), Fault.WRONG),
        (None, RIGHT, Fault.MISSING),
        (STAMP, None, Fault.MISSING),
        ("", "", Fault.MISSING),
        ("yesterday", RIGHT, Fault.MALFORMED),
        ("17e8", RIGHT, Fault.MALFORMED),
        ("-1795000000", RIGHT, Fault.MALFORMED),
        ("١٧٩٥٠٠٠٠٠٠", RIGHT, Fault.MALFORMED),
        ("9" * 5000, RIGHT, Fault.MALFORMED),
        (str(int(NOW) - 301), sign(SECRET, str(int(NOW) - 301), BODY), Fault.STALE),
        (str(int(NOW) + 301), sign(SECRET, str(int(NOW) + 301), BODY), Fault.STALE),
        (str(int(NOW) - 300), sign(SECRET, str(int(NOW) - 300), BODY), None),
    ],
)
def test_each_way_to_be_wrong_is_refused(stamp: str | None, signature: str | None, fault: Fault | None) -> None:
    assert fault_of(SECRET, stamp, signature, BODY, NOW) is fault


class _Still(Clock):
    def now(self) -> float:
        return NOW


@given(
    body=st.text(),
    secret=st.text(min_size=1).filter(str.strip),
    age=st.integers(-400, 400),
    forged=st.one_of(st.none(), st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)),
)
def test_it_agrees_with_slacks_own_verifier(body: str, secret: str, age: int, forged: str | None) -> None:
    stamp = str(int(NOW) - age)
    sent = body.encode("utf-8", "replace")
    signature = f"v0={forged}" if forged else sign(secret, stamp, sent)

    ours = fault_of(secret, stamp, signature, sent, NOW) is None

    assert ours == SignatureVerifier(secret, _Still()).is_valid(sent, stamp, signature)
