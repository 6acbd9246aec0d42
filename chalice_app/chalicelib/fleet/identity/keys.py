"""The user pool's public keys, read from its JWKS document and kept for a while.

Cognito may bring in a new key at any time, so a key id that is not known makes us read again; a made-up key id must not
make us read at every call, so that happens at most once a minute. Refuses keys that are no RSA keys for signatures.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.errors import AwsUnreachable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from chalicelib.runtime.clock import Clock

KEPT_FOR = timedelta(hours=1)
READ_AGAIN_AFTER = timedelta(minutes=1)
LEAST_BITS = 2048
_TIMEOUT_SECONDS = 2
_MOST_BYTES = 64 * 1024


class Keys:
    """Safe to ask from several threads; one of them reads while the others wait."""

    def __init__(self, url: str, fetch: Callable[[str], bytes], clock: Clock) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Mapping[str, RSAPublicKey] | None = None
        self._read_at: datetime | None = None
        self._tried_at: datetime | None = None

    def get(self, key_id: str) -> RSAPublicKey | None:
        """None for a key the pool does not have. Raises AwsUnreachable when no keys can be had at all."""
        with self._lock:
            now = self._clock.now()
            if self._known is None or self._read_at is None or now - self._read_at >= KEPT_FOR:
                self._known = None
                self._known = self._read(now)
            if key_id not in self._known and (self._tried_at is None or now - self._tried_at >= READ_AGAIN_AFTER):
                try:
                    self._known = self._read(now)
                except AwsUnreachable:
                    return None
            return self._known.get(key_id)

    def _read(self, now: datetime) -> Mapping[str, RSAPublicKey]:
        self._tried_at = now
        try:
            keys = dict(filter(None, map(_key, json.loads(self._fetch(self._url))["keys"])))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AwsUnreachable(
                "The user pool's keys could not be read, so no token can be checked; try again in a moment."
            ) from error
        self._read_at = now
        return keys


def _key(described: object) -> tuple[str, RSAPublicKey] | None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt.algorithms import RSAAlgorithm
    from jwt.exceptions import InvalidKeyError

    if not isinstance(described, dict) or described.get("kty") != "RSA" or described.get("use", "sig") != "sig":
        return None
    try:
        key = RSAAlgorithm.from_jwk(described)
    except InvalidKeyError:
        return None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        return None
    return str(described["kid"]), key


def read_url(url: str) -> bytes:
    """The document behind ``url``. Raises OSError or ValueError."""
    import urllib.request

    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError(f"{url} is neither https nor on this machine")
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  the scheme is checked above
        document: bytes = answer.read(_MOST_BYTES)
    return document
