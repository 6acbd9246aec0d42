"""Is this request Slack's? https://docs.slack.dev/authentication/verifying-requests-from-slack/

The same rule as slack_sdk's ``SignatureVerifier``, which a test holds it to, in a few lines of our own: the SDK's
package takes longer to import than all else that this function needs, and its verifier raises on a time that is no
number.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum

WINDOW_SECONDS = 300
"""How old, or how far ahead, a request may be."""
_MOST_DIGITS = 12


class Fault(StrEnum):
    """Which check a request failed: for our log, never for the caller."""

    MISSING = "missing"
    MALFORMED = "malformed"
    STALE = "stale"
    WRONG = "wrong"
    REPLAYED = "replayed"


def fault_of(secret: str, timestamp: str | None, signature: str | None, body: bytes, now: float) -> Fault | None:
    """None for a request that holds. ``now`` and ``timestamp`` are seconds since 1970."""
    if not timestamp or not signature:
        return Fault.MISSING
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _MOST_DIGITS):
        return Fault.MALFORMED
    if abs(int(now) - int(timestamp)) > WINDOW_SECONDS:
        return Fault.STALE
    right = sign(secret, timestamp, body)
    return None if hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")) else Fault.WRONG


def sign(secret: str, timestamp: str, body: bytes) -> str:
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
