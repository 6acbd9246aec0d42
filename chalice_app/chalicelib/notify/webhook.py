"""Notices as signed HTTP requests, for other programs: one POST of JSON each.

Signed as standardwebhooks.com describes, so that receivers need no code of ours: ``webhook-id`` stays the same however
often a notice is sent, ``webhook-timestamp`` is the second of sending, and ``webhook-signature`` is ``v1,`` and the
base64 of HMAC-SHA256 over ``id.timestamp.body``. No redirect is followed: the signature is meant for one address.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.errors import NotDelivered
from chalicelib.notify.notice import Notice
from chalicelib.record.codec import when_text

if TYPE_CHECKING:
    from chalicelib.runtime.clock import Clock

TIMEOUT_SECONDS = 5
_SECRET_PREFIX = "whsec_"  # noqa: S105
_LONGEST_WAIT = 86_400


class WebhookCarrier:
    """``secret`` reads the signing secret: ``whsec_`` and base64, or any text. ``clock`` is the machine's."""

    most_at_once: int | None = None
    """A machine reads each by itself."""

    def __init__(self, url: str, secret: Callable[[], str], clock: Clock) -> None:
        self._url = url
        self._secret = secret
        self._clock = clock

    def tell(self, where: str, notices: Sequence[Notice], id: str, now: datetime) -> None:
        """Raises NotDelivered unless the answer is a 2xx."""
        for notice in notices:
            self._post(id, json.dumps(as_json(notice), ensure_ascii=False, sort_keys=True).encode())

    def _post(self, id: str, body: bytes) -> None:
        import urllib3

        headers = {
            "Content-Type": "application/json",
            "User-Agent": "ollama-lifecycle",
            **signed(id, int(self._clock.now().timestamp()), body, key_of(self._secret())),
        }
        timeout = urllib3.Timeout(total=TIMEOUT_SECONDS)
        try:
            with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
                answer = pool.request("POST", self._url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            uncertain = isinstance(error, urllib3.exceptions.ReadTimeoutError | urllib3.exceptions.ProtocolError)
            raise NotDelivered(f"The webhook did not answer: {type(error).__name__}.", uncertain=uncertain) from error
        if not 200 <= answer.status < 300:
            final = answer.status == 410  # "Gone": it asks never to be called again
            wait = _wait_of(answer.headers) if answer.status in (429, 503) else None
            raise NotDelivered(f"The webhook answered {answer.status}.", retry_after_seconds=wait, final=final)


def as_json(notice: Notice) -> Mapping[str, object]:
    """``type`` is the kind's word in the policy language; times are in UTC."""
    return {
        "type": f"lifecycle.{notice.kind.value}",
        "timestamp": when_text(notice.at),
        "data": {
            "service": str(notice.service) if notice.service else None,
            "policy": notice.policy or None,
            "text": notice.text,
            "figures": dict(notice.figures),
            "link": notice.link or None,
        },
    }


def signed(id: str, timestamp: int, body: bytes, key: bytes) -> Mapping[str, str]:
    mac = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def key_of(secret: str) -> bytes:
    text = secret.strip()
    if text.startswith(_SECRET_PREFIX):
        try:
            return base64.b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
        except binascii.Error:
            raise NotDelivered("The webhook's secret begins with whsec_, but what follows is no base64.") from None
    return text.encode()


def _wait_of(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "")
    return float(min(int(text), _LONGEST_WAIT)) if text.isdecimal() and text.isascii() else None
