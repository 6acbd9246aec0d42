"""Is this token one of our user pool's, and whose is it?

Checked here whatever stands in front of us: Chalice's local server admits everybody, and a gateway may be set up
wrongly. Signature (RS256 and nothing else, by the pool's own keys), issuer, audience, use and time all have to hold; a
token names its algorithm and its keys itself, and neither is believed. An outsider hears one sentence, whatever failed;
which check it was stands in the exception's ``reason``, for our log.

A token that holds says who a person was when it was issued: a role taken away or an account disabled shows when the
token ends, and no token lives longer than the pool's client allows (half an hour in our stack).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Forbidden, NotAuthenticated
from chalicelib.fleet.identity.keys import Keys
from chalicelib.fleet.people import Caller, role_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from chalicelib.fleet.settings import PoolSettings
    from chalicelib.runtime.clock import Clock

ALGORITHM = "RS256"
LEEWAY_SECONDS = 30
GROUPS = "cognito:groups"
SELF_SERVICE = "aws.cognito.signin.user.admin"
"""The scope of an access token that may change its person's own profile, password and second factor."""
_MOST_CHARACTERS = 8192

Claims = Mapping[str, Any]


class TokenUse(StrEnum):
    ID = "id"
    ACCESS = "access"


class TokenFault(StrEnum):
    """Which check a token failed."""

    MISSING = "missing"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    UNKNOWN_KEY = "unknown-key"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    USE = "use"
    EXPIRED = "expired"
    NOT_YET = "not-yet"
    NO_SUBJECT = "no-subject"
    OTHER_PERSON = "other-person"


_SENTENCES = {
    TokenUse.ID: "No token that holds came with the request; log in and send the id token as Authorization: Bearer.",
    TokenUse.ACCESS: "The access token does not hold; log in and send the access token of that login.",
}


class Tokens:
    """Checks the tokens of one pool and one of its clients."""

    def __init__(self, pool: PoolSettings, fetch: Callable[[str], bytes], clock: Clock) -> None:
        self._pool = pool
        self._keys = Keys(pool.jwks_url, fetch, clock)
        self._clock = clock

    def verify(self, token: str, use: TokenUse = TokenUse.ID) -> Caller:
        """Raises NotAuthenticated for a token that does not hold, Forbidden for a person without any of our roles, and
        AwsUnreachable when the pool's keys cannot be read."""
        claims = self.claims(token, use)
        groups = frozenset(groups_of(claims.get(GROUPS)))
        role = role_of(groups)
        if role is None:
            raise Forbidden("You have no role here yet; ask an administrator for one.")
        return Caller(sub=claims["sub"], email=_email(claims), role=role, groups=groups)

    def verify_self_service(self, access_token: str, caller: Caller) -> None:
        """Raises NotAuthenticated unless the token is an access token of ``caller``, and Forbidden unless it has the
        scope that changes of one's own account need."""
        claims = self.claims(access_token, TokenUse.ACCESS)
        if claims["sub"] != caller.sub:
            raise _refusal(TokenUse.ACCESS, TokenFault.OTHER_PERSON)
        if SELF_SERVICE not in str(claims.get("scope", "")).split():
            raise Forbidden(f"This needs an access token with the scope {SELF_SERVICE}, such as login returns.")

    def claims(self, token: str, use: TokenUse) -> Claims:
        """What the token says, once all of it is checked. Raises NotAuthenticated and AwsUnreachable."""
        claims = _signed_claims(token, self._keys.get, use)
        fault = self._fault(claims, use)
        if fault is not None:
            raise _refusal(use, fault)
        return claims

    def _fault(self, claims: Claims, use: TokenUse) -> TokenFault | None:
        audience = claims.get("aud" if use is TokenUse.ID else "client_id")
        now = self._clock.now().timestamp()
        issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
        begins = _seconds(claims, "nbf") if "nbf" in claims else issued
        if claims.get("iss") != self._pool.issuer:
            return TokenFault.ISSUER
        if claims.get("token_use") != use.value:
            return TokenFault.USE
        if audience != self._pool.client_id:
            return TokenFault.AUDIENCE
        if issued is None or expires is None or begins is None:
            return TokenFault.MALFORMED
        if expires <= now - LEEWAY_SECONDS:
            return TokenFault.EXPIRED
        if max(issued, begins) > now + LEEWAY_SECONDS:
            return TokenFault.NOT_YET
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            return TokenFault.NO_SUBJECT
        return None


def groups_of(claim: object) -> tuple[str, ...]:
    """The groups of a claim that is a list, or the text that some gateways make of one: ``[Admin, User]``,
    ``["Admin","User"]``, ``Admin,User``, ``Admin``."""
    if isinstance(claim, list):
        return tuple(group for group in claim if isinstance(group, str))
    if not isinstance(claim, str):
        return ()
    return tuple(filter(None, re.split(r"[\s,\"']+", claim.strip().removeprefix("[").removesuffix("]"))))


def _signed_claims(token: str, key_of: Callable[[str], RSAPublicKey | None], use: TokenUse) -> Claims:
    from jwt.api_jws import PyJWS
    from jwt.exceptions import InvalidSignatureError, PyJWTError

    if not token:
        raise _refusal(use, TokenFault.MISSING)
    if len(token) > _MOST_CHARACTERS:
        raise _refusal(use, TokenFault.MALFORMED)
    reader = PyJWS()
    try:
        header = reader.get_unverified_header(token)
        if header.get("alg") != ALGORITHM:
            raise _refusal(use, TokenFault.ALGORITHM)
        key = key_of(str(header.get("kid", "")))
        if key is None:
            raise _refusal(use, TokenFault.UNKNOWN_KEY)
        claims = json.loads(reader.decode(token, key, algorithms=[ALGORITHM]))
    except InvalidSignatureError as error:
        raise _refusal(use, TokenFault.SIGNATURE) from error
    except (PyJWTError, ValueError, RecursionError) as error:
        raise _refusal(use, TokenFault.MALFORMED) from error
    if not isinstance(claims, dict):
        raise _refusal(use, TokenFault.MALFORMED)
    return claims


def _seconds(claims: Claims, name: str) -> float | None:
    """Seconds since 1970; None for what is no such number."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _email(claims: Claims) -> str:
    """Empty for an address that the pool has not verified: it may be anybody's."""
    email, verified = claims.get("email", ""), claims.get("email_verified", True)
    return email.lower() if isinstance(email, str) and str(verified).lower() == "true" else ""


def _refusal(use: TokenUse, fault: TokenFault) -> NotAuthenticated:
    return NotAuthenticated(_SENTENCES[use], reason=f"{use.value} token: {fault.value}")
