"""Issues tokens as a Cognito user pool does, with RSA keys made here; and as somebody who only pretends to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import jwt
from chalicelib.fleet.settings import PoolSettings
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

POOL = PoolSettings(
    id="eu-west-1_abc123",
    client_id="client-of-ours",
    issuer="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc123",
    jwks_url="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc123/.well-known/jwks.json",
)


@cache
def key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The same key for the same name, throughout the tests' process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class Issuer:
    """``keys`` are the names of the keys in its JWKS document; ``reads`` counts how often that was fetched."""

    def __init__(self, *keys: str, pool: PoolSettings = POOL) -> None:
        self.keys = list(keys or ("first",))
        self.pool = pool
        self.reads = 0
        self.down = False

    def fetch(self, url: str) -> bytes:
        assert url == self.pool.jwks_url
        self.reads += 1
        if self.down:
            raise OSError("no route to host")
        return json.dumps({"keys": [self.described(name) for name in self.keys]}).encode()

    def described(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = RSAAlgorithm.to_jwk(key(name).public_key(), as_dict=True)
        return {**described, "kid": name, "alg": "RS256", "use": "sig"}

    def claims(self, now: datetime, *, use: str = "id", groups: object = ("User",), **changed: Any) -> dict[str, Any]:
        """What Cognito says in a token that was issued now. A claim that is changed to None is left out."""
        claims = {
            "sub": "sub-ada",
            "iss": self.pool.issuer,
            "aud" if use == "id" else "client_id": self.pool.client_id,
            "token_use": use,
            "iat": now.timestamp(),
            "auth_time": now.timestamp(),
            "exp": (now + timedelta(hours=1)).timestamp(),
            "cognito:groups": list(groups) if isinstance(groups, tuple) else groups,
        }
        if use == "id":
            claims |= {"email": "Ada@example.com", "email_verified": True}
        else:
            claims |= {"username": "sub-ada", "scope": "aws.cognito.signin.user.admin"}
        return {name: value for name, value in (claims | changed).items() if value is not None}

    def token(self, now: datetime, *, signed_by: str | None = None, kid: str | None = None, **changed: Any) -> str:
        signer = signed_by or self.keys[0]
        return jwt.encode(self.claims(now, **changed), key(signer), algorithm="RS256", headers={"kid": kid or signer})


def forged(claims: Mapping[str, Any], header: Mapping[str, Any], secret: bytes = b"") -> str:
    """A token put together by hand, as no library would: any header, and an HMAC (or no signature) for a signature."""
    body = b".".join(_part(json.dumps(one).encode()) for one in (header, claims))
    signature = hmac.new(secret, body, hashlib.sha256).digest() if secret else b""
    return b".".join((body, _part(signature))).decode()


def tampered(token: str, **changed: Any) -> str:
    """The same header and signature around other claims."""
    header, claims, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return ".".join((header, _part(json.dumps(said | changed).encode()).decode(), signature))


def _part(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
