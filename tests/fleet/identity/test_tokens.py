from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from chalicelib.errors import AwsUnreachable, Forbidden, NotAuthenticated
from chalicelib.fleet.identity.tokens import Tokens, TokenUse, groups_of
from chalicelib.fleet.people import Caller, Role
from chalicelib.runtime.clock import SteppedClock
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm
from support.issuer import POOL, Issuer, forged, key, tampered
from support.moto_record import race

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ADA = Caller(sub="sub-ada", email="ada@example.com", role=Role.USER, groups=frozenset({"User"}))


class Desk:
    """An issuer and the checks of its tokens, on one clock."""

    def __init__(self, *keys: str) -> None:
        self.clock = SteppedClock(NOW)
        self.issuer = Issuer(*keys)
        self.tokens = Tokens(POOL, self.issuer.fetch, self.clock)

    def token(self, **changed: Any) -> str:
        return self.issuer.token(self.clock.now(), **changed)

    def fault(self, token: str, use: TokenUse = TokenUse.ID) -> str:
        """What the log is told; the caller hears the same sentence whatever it is."""
        with pytest.raises(NotAuthenticated) as refused:
            self.tokens.verify(token, use)
        assert "log in" in str(refused.value)
        return refused.value.reason.partition(": ")[2]


def test_a_token_of_the_pool_says_who_calls() -> None:
    desk = Desk()

    assert desk.tokens.verify(desk.token()) == ADA


def test_an_access_token_is_taken_only_where_one_is_wanted() -> None:
    desk = Desk()
    access = desk.token(use="access")

    assert desk.fault(access) == "use"
    assert desk.fault(desk.token(), TokenUse.ACCESS) == "use"
    assert desk.tokens.verify(access, TokenUse.ACCESS) == Caller(
        sub="sub-ada", email="", role=Role.USER, groups=frozenset({"User"})
    )


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_other"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "client-of-others"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": None, "client_id": POOL.client_id}, "audience"),
        ({"aud": [POOL.client_id, "client-of-others"]}, "audience"),
        ({"token_use": None}, "use"),
        ({"exp": None}, "malformed"),
        ({"exp": "9999999999"}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": 10**400}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"iat": None}, "malformed"),
        ({"sub": None}, "no-subject"),
        ({"sub": ""}, "no-subject"),
        ({"sub": 7}, "no-subject"),
        ({"iat": (NOW + timedelta(minutes=5)).timestamp()}, "not-yet"),
        ({"nbf": (NOW + timedelta(minutes=5)).timestamp()}, "not-yet"),
        ({"nbf": "soon"}, "malformed"),
    ],
)
def test_a_claim_that_is_wrong_or_missing_makes_the_token_worthless(changed: dict[str, Any], fault: str) -> None:
    desk = Desk()
    whole = desk.issuer.claims(NOW) | changed
    claims = json.dumps({name: value for name, value in whole.items() if value is not None})

    assert desk.fault(jwt.PyJWS().encode(claims.encode(), key("first"), "RS256", {"kid": "first"})) == fault


def test_a_token_ends_half_a_minute_after_it_says() -> None:
    desk = Desk()
    token = desk.token()

    desk.clock.set(NOW + timedelta(hours=1, seconds=29))
    assert desk.tokens.verify(token) == ADA
    desk.clock.advance(timedelta(seconds=1))
    assert desk.fault(token) == "expired"


def test_a_clock_that_is_half_a_minute_fast_issues_tokens_that_hold() -> None:
    desk = Desk()

    assert desk.tokens.verify(desk.issuer.token(NOW + timedelta(seconds=30))) == ADA
    assert desk.fault(desk.issuer.token(NOW + timedelta(seconds=31))) == "not-yet"


def test_a_token_with_other_claims_than_were_signed_is_refused() -> None:
    desk = Desk()

    assert desk.fault(tampered(desk.token(), **{"cognito:groups": ["Admin"]})) == "signature"


def test_a_token_signed_with_a_key_of_somebody_else_under_our_keys_name_is_refused() -> None:
    desk = Desk()

    assert desk.fault(desk.token(signed_by="stranger", kid="first")) == "signature"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, "HS256", "HS512", "RS512", "PS256", "ES256"])
def test_a_token_does_not_choose_how_it_is_checked(algorithm: str | None) -> None:
    desk = Desk()
    header = {"alg": algorithm, "typ": "JWT", "kid": "first"}

    assert desk.fault(forged(desk.issuer.claims(NOW, groups=("Admin",)), header)) == "algorithm"


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_our_public_key_is_no_secret_to_sign_with(encoding: Encoding) -> None:
    """The confusion of HS256 with RS256: the public key, which everybody has, taken as the secret of an HMAC."""
    desk = Desk()
    public = key("first").public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    claims = desk.issuer.claims(NOW, groups=("Admin",))

    assert desk.fault(forged(claims, {"alg": "HS256", "kid": "first"}, public)) == "algorithm"
    assert desk.fault(forged(claims, {"alg": "RS256", "kid": "first"}, public)) == "signature"


def test_keys_that_a_token_brings_along_are_not_looked_at() -> None:
    desk = Desk()
    own = desk.issuer.described("stranger")
    header = {"alg": "RS256", "kid": "stranger", "jwk": own, "jku": "https://evil.example/jwks.json"}

    assert desk.fault(forged(desk.issuer.claims(NOW), header)) == "unknown-key"


@pytest.mark.parametrize(
    "text",
    ["", " ", "Bearer", "a", "a.b", "a.b.c", "a.b.c.d", "..", "é.é.é", "eyJhbGciOiJSUzI1NiJ9", "x" * 20_000, "\ud800"],
)
def test_what_is_no_token_is_refused_like_any_other(text: str) -> None:
    assert Desk().fault(text) in ("missing", "malformed")


@given(text=st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{0,40}"))
def test_no_text_whatever_is_taken_for_a_token(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        Desk().tokens.verify(text)


def test_a_new_key_of_the_pool_is_found_when_the_first_token_names_it() -> None:
    desk = Desk("first")
    old = desk.token()
    desk.tokens.verify(old)

    desk.issuer.keys = ["second", "first"]
    desk.clock.advance(timedelta(minutes=1))

    assert desk.tokens.verify(desk.token(signed_by="second")) == ADA
    assert desk.tokens.verify(old) == ADA
    assert desk.issuer.reads == 2


def test_made_up_key_names_make_us_read_the_keys_once_a_minute_at_most() -> None:
    desk = Desk()
    desk.tokens.verify(desk.token())

    for second in range(180):
        assert desk.fault(desk.token(kid=f"made-up-{second}")) == "unknown-key"
        desk.clock.advance(timedelta(seconds=1))

    assert desk.issuer.reads == 3


def test_threads_that_need_the_keys_at_once_read_them_once() -> None:
    desk = Desk()
    token = desk.token()

    assert race(16, lambda _: desk.tokens.verify(token)) == [ADA] * 16
    assert desk.issuer.reads == 1


def test_a_key_taken_out_of_the_pool_counts_for_an_hour_at_the_longest() -> None:
    desk = Desk("first", "second")
    desk.tokens.verify(desk.token())
    desk.issuer.keys = ["second"]

    desk.clock.advance(timedelta(minutes=59))
    assert desk.tokens.verify(desk.token(signed_by="first")) == ADA
    desk.clock.advance(timedelta(minutes=1))
    assert desk.fault(desk.token(signed_by="first")) == "unknown-key"


def test_a_pool_that_does_not_answer_is_not_the_callers_fault() -> None:
    desk = Desk()
    desk.issuer.down = True

    with pytest.raises(AwsUnreachable):
        desk.tokens.verify(desk.token())


def test_a_pool_that_stops_answering_leaves_the_keys_we_have() -> None:
    desk = Desk()
    desk.tokens.verify(desk.token())
    desk.issuer.down = True
    desk.clock.advance(timedelta(minutes=5))

    assert desk.tokens.verify(desk.token()) == ADA
    assert desk.fault(desk.token(kid="made-up")) == "unknown-key"


@pytest.mark.parametrize("document", [b"", b"[]", b'{"keys": 7}', b'{"keys": [7]}', b"<html>", b'{"keys": [{}]}'])
def test_a_document_without_keys_holds_none(document: bytes) -> None:
    tokens = Tokens(POOL, lambda _: document, SteppedClock(NOW))

    with pytest.raises((AwsUnreachable, NotAuthenticated)):
        tokens.verify(Issuer().token(NOW))


def test_a_key_too_short_to_trust_is_not_used() -> None:
    short = key("short", 1024)
    described = RSAAlgorithm.to_jwk(short.public_key(), as_dict=True) | {"kid": "first"}
    tokens = Tokens(POOL, lambda _: json.dumps({"keys": [described]}).encode(), SteppedClock(NOW))

    with pytest.raises(NotAuthenticated) as refused:
        tokens.verify(Issuer().token(NOW))
    assert refused.value.reason == "id token: unknown-key"


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        (["Admin", "User"], ("Admin", "User")),
        ("[Admin, User]", ("Admin", "User")),
        ("[Admin User]", ("Admin", "User")),
        ('["Admin","User"]', ("Admin", "User")),
        ("Admin,User", ("Admin", "User")),
        ("Admin", ("Admin",)),
        ("[]", ()),
        ("", ()),
        (None, ()),
        (7, ()),
        ([7, "User"], ("User",)),
        (["x,Admin"], ("x,Admin",)),
        ("NotAdmin", ("NotAdmin",)),
    ],
)
def test_groups_are_read_as_a_list_or_as_what_gateways_make_of_one(claim: object, groups: tuple[str, ...]) -> None:
    assert groups_of(claim) == groups


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (("ReadOnly",), Role.READ_ONLY),
        (("ReadOnly", "Admin", "User"), Role.ADMIN),
        ("[ReadOnly, User]", Role.USER),
        (("eu-west-1_abc_Google", "User"), Role.USER),
    ],
)
def test_the_role_is_the_strongest_of_the_tokens_groups(groups: object, role: Role) -> None:
    desk = Desk()

    assert desk.tokens.verify(desk.token(groups=groups)).role is role


@pytest.mark.parametrize("groups", [(), None, ("admin",), ("Admins", "x,Admin"), {"Admin": True}])
def test_who_is_in_none_of_our_groups_is_known_but_may_do_nothing(groups: object) -> None:
    desk = Desk()

    with pytest.raises(Forbidden, match="no role"):
        desk.tokens.verify(desk.token(groups=groups))


@pytest.mark.parametrize(("verified", "email"), [("true", "ada@example.com"), (False, ""), ("false", "")])
def test_an_address_the_pool_has_not_verified_is_not_shown_as_theirs(verified: object, email: str) -> None:
    desk = Desk()

    assert desk.tokens.verify(desk.token(email_verified=verified)).email == email


def test_only_ones_own_access_token_with_the_sign_in_scope_changes_ones_account() -> None:
    desk = Desk()

    desk.tokens.verify_self_service(desk.token(use="access"), ADA)
    with pytest.raises(Forbidden, match=r"aws\.cognito\.signin\.user\.admin"):
        desk.tokens.verify_self_service(desk.token(use="access", scope="openid email"), ADA)
    for other in (desk.token(use="access", sub="sub-ben"), desk.token()):
        with pytest.raises(NotAuthenticated):
            desk.tokens.verify_self_service(other, ADA)


def test_every_refusal_sounds_the_same_to_the_caller() -> None:
    desk = Desk()
    said: set[str] = set()
    check: Callable[[str], object] = desk.tokens.verify
    for token in ("", "a.b.c", desk.token(iss="x"), desk.token(aud="x"), tampered(desk.token(), sub="x")):
        with pytest.raises(NotAuthenticated) as refused:
            check(token)
        said.add(str(refused.value))

    assert len(said) == 1
