"""Logging in, one's own account, and the accounts of others."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib.entrypoints.api.shapes.common import (
    Address,
    Line,
    Listing,
    MaybeLine,
    Moment,
    Secret,
    Shape,
    Token,
    example,
)
from chalicelib.fleet.identity.people_rows import User
from chalicelib.fleet.identity.sign_in import Challenge, ChallengeName, SignedIn
from chalicelib.fleet.identity.users import Profile
from chalicelib.fleet.people import Role

Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,32}$")]
Session = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[\x21-\x7e]+$")]


class Login(Shape):
    model_config = example({"email": "ada@example.com", "password": "Correct-horse-9"})

    email: Address
    password: Secret


class SignedInShape(Shape):
    """``send`` names the token to send with every other request, as ``Authorization: Bearer <it>``: the id token. The
    access token is only for changing one's own account, as ``X-Access-Token``."""

    id_token: str
    access_token: str
    refresh_token: str | None
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in_seconds: int
    send: Literal["id_token"] = "id_token"

    @classmethod
    def of(cls, given: SignedIn) -> SignedInShape:
        return cls(
            id_token=given.id_token,
            access_token=given.access_token,
            refresh_token=given.refresh_token,
            expires_in_seconds=given.expires_in_seconds,
        )


class ChallengeShape(Shape):
    """The user pool asks for more: send the responses named in ``asks`` to ``/api/auth/challenge``, with the same
    ``session``. ``secret_code`` is there when an authenticator app has to be set up."""

    challenge: ChallengeName
    session: str
    asks: list[str]
    secret_code: str | None
    sent_to: str | None

    @classmethod
    def of(cls, given: Challenge) -> ChallengeShape:
        return cls(
            challenge=given.challenge,
            session=given.session,
            asks=list(given.asks),
            secret_code=given.secret_code,
            sent_to=given.sent_to,
        )


class Responses(Shape):
    """What the challenge asked for."""

    new_password: Secret | None = None
    code: Code | None = None


class ChallengeAnswer(Shape):
    model_config = example(
        {
            "challenge": "SOFTWARE_TOKEN_MFA",
            "session": "of-the-login-answer",
            "email": "ada@example.com",
            "responses": {"code": "123456"},
        }
    )

    challenge: ChallengeName
    session: Session
    email: Address
    responses: Responses


class Refresh(Shape):
    model_config = example({"refresh_token": "of-the-login-answer"})

    refresh_token: Token


class NewAccount(Shape):
    model_config = example({"email": "eve@example.com", "password": "Correct-horse-9", "name": "Eve"})

    email: Address
    password: Secret
    name: MaybeLine = ""


class JustAddress(Shape):
    model_config = example({"email": "eve@example.com"})

    email: Address


class AddressAndCode(Shape):
    model_config = example({"email": "eve@example.com", "code": "123456"})

    email: Address
    code: Code


class NewPassword(Shape):
    model_config = example({"email": "eve@example.com", "code": "123456", "new_password": "Correct-horse-10"})

    email: Address
    code: Code
    new_password: Secret


class AccessTokenHeader(Shape):
    """The access token of the caller's own login."""

    access_token: Annotated[
        str, Field(alias="X-Access-Token", min_length=1, max_length=8192, pattern=r"^[\x21-\x7e]+$")
    ]


class ProfileShape(Shape):
    """``zone`` is an IANA name, empty when never said; ``second_factor`` is how a login is confirmed."""

    user_id: str
    email: str
    role: Role
    name: str
    zone: str
    created_at: Moment
    last_login: Moment | None
    second_factor: list[str]

    @classmethod
    def of(cls, profile: Profile) -> ProfileShape:
        return cls(
            user_id=profile.user_id,
            email=profile.email,
            role=profile.role,
            name=profile.name,
            zone=profile.zone,
            created_at=profile.created_at,
            last_login=profile.last_login,
            second_factor=list(profile.second_factor),
        )


class ProfileChanges(Shape):
    """What is not named stays; an empty text takes away."""

    model_config = example({"name": "Ada", "zone": "Asia/Tokyo"})

    name: MaybeLine | None = None
    zone: MaybeLine | None = None


class PasswordChange(Shape):
    model_config = example({"present_password": "Correct-horse-9", "new_password": "Correct-horse-10"})

    present_password: Secret
    new_password: Secret


class SecondFactorShape(Shape):
    """``secret_code`` to type into an authenticator app, ``uri`` to show as a QR code."""

    secret_code: str
    uri: str


class CodeOfApp(Shape):
    model_config = example({"code": "123456"})

    code: Code


class UserShape(Shape):
    """``role`` is null for somebody in none of our groups, who may do nothing."""

    user_id: str
    cognito_sub: str
    email: str
    role: Role | None
    enabled: bool
    created_at: Moment
    last_login: Moment | None

    @classmethod
    def of(cls, user: User) -> UserShape:
        return cls(
            user_id=user.user_id,
            cognito_sub=user.cognito_sub,
            email=user.email,
            role=user.role,
            enabled=user.enabled,
            created_at=user.created_at,
            last_login=user.last_login,
        )


class UserQuery(Listing):
    """In the order of user ids."""

    role: Role | None = None
    email: Line | None = None


class UserPageShape(Shape):
    items: list[UserShape]
    next_cursor: str | None


class Invitation(Shape):
    model_config = example({"email": "new@example.com", "role": "User"})

    email: Address
    role: Role = Role.READ_ONLY


class UserChange(Shape):
    """What is not named stays."""

    model_config = example({"role": "User", "enabled": True})

    role: Role | None = None
    enabled: bool | None = None
