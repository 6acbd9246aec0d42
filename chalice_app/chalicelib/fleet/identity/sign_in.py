"""Logging in, answering what the pool asks next, and refreshing.

Refusals of a login are one sentence and last equally long, whether the address is unknown, the password wrong, the
account unconfirmed, disabled or resting. The resting itself is the work of Cognito's triggers (see ``gate``), so that
it holds for those too who call Cognito directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.errors import LoginRefused, NotAllowed, Unfit
from chalicelib.fleet.identity.asking import Told, address, ask, login_refused
from chalicelib.fleet.identity.pace import Pace
from chalicelib.fleet.identity.passwords import check_password

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

    from chalicelib.fleet.settings import PoolSettings


_PACKED = "~"
"""Stands in no name that Cognito makes, and in no session."""


class ChallengeName(StrEnum):
    """What the pool may ask after the password; the values are Cognito's own."""

    NEW_PASSWORD_REQUIRED = "NEW_PASSWORD_REQUIRED"  # noqa: S105  the name of a challenge
    SOFTWARE_TOKEN_MFA = "SOFTWARE_TOKEN_MFA"  # noqa: S105
    SMS_MFA = "SMS_MFA"
    MFA_SETUP = "MFA_SETUP"


ASKED: Mapping[ChallengeName, tuple[str, ...]] = {
    ChallengeName.NEW_PASSWORD_REQUIRED: ("new_password",),
    ChallengeName.SOFTWARE_TOKEN_MFA: ("code",),
    ChallengeName.SMS_MFA: ("code",),
    ChallengeName.MFA_SETUP: ("code",),
}
"""The responses that each challenge needs."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``refresh_token`` is None after a refresh: the one that was sent stays good. Both tokens end in
    ``expires_in_seconds``."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in_seconds: int
    token_type: str = "Bearer"  # noqa: S105
    send: str = "id_token"
    """Which of them this API and the model endpoints want, as ``Authorization: Bearer <id_token>``. The access token
    is only for changing one's own account."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The pool asks for more: answer with the same ``session`` and the responses named in ``asks``.

    ``secret_code`` is there for MFA_SETUP: put it into an authenticator app, and answer with the app's code.
    ``sent_to`` says where a code was sent, made unrecognisable by Cognito.
    """

    challenge: ChallengeName
    session: str = field(repr=False)
    asks: tuple[str, ...]
    secret_code: str | None = field(default=None, repr=False)
    sent_to: str | None = None


def _code_wrong() -> Unfit:
    return Unfit("The code is wrong or has run out; wait for the next one, or log in again.", field="code")


def _session_over() -> LoginRefused:
    return LoginRefused("This login has run out or was answered wrongly too often; log in again.", reason="session")


def _refresh_refused() -> LoginRefused:
    return LoginRefused("The refresh token does not hold any more; log in again.", reason="refresh token")


_LOGIN: Told = dict.fromkeys(
    (
        "NotAuthorizedException",
        "UserNotFoundException",
        "UserNotConfirmedException",
        "PasswordResetRequiredException",
        "UserLambdaValidationException",
        "InvalidParameterException",
        "LimitExceededException",
    ),
    login_refused,
)
_ANSWER: Told = {
    **dict.fromkeys(("CodeMismatchException", "ExpiredCodeException", "EnableSoftwareTokenMFAException"), _code_wrong),
    **dict.fromkeys(("NotAuthorizedException", "ResourceNotFoundException", "UserNotFoundException"), _session_over),
    "InvalidPasswordException": lambda: Unfit("The user pool does not take this password.", field="new_password"),
    "PasswordHistoryPolicyViolationException": lambda: Unfit("This password was used before.", field="new_password"),
    "UserLambdaValidationException": login_refused,
}
_REFRESH: Told = dict.fromkeys(
    ("NotAuthorizedException", "UserNotFoundException", "ResourceNotFoundException", "InvalidParameterException"),
    _refresh_refused,
)


class SignIn:
    def __init__(self, cognito: CognitoIdentityProviderClient, pool: PoolSettings, pace: Pace) -> None:
        self._cognito = cognito
        self._pool = pool
        self._pace = pace

    def login(self, email: str, password: str) -> SignedIn | Challenge:
        """Raises LoginRefused, always with the same sentence and after the same time; TooMany; AwsUnreachable."""
        with self._pace.refusals():
            try:
                name = address(email)
            except Unfit as error:
                raise login_refused() from error
            return self._outcome(
                ask(
                    self._cognito.initiate_auth,
                    _LOGIN,
                    ClientId=self._pool.client_id,
                    AuthFlow="USER_PASSWORD_AUTH",
                    AuthParameters={"USERNAME": name, "PASSWORD": password},
                )
            )

    def answer(
        self, challenge: ChallengeName, session: str, email: str, responses: Mapping[str, str]
    ) -> SignedIn | Challenge:
        """Raises Unfit for a missing response, a wrong code or a password that breaks the rules (the session may then
        be used again), LoginRefused when the session is over."""
        user, session = _unpacked(session, email)
        for wanted in ASKED[challenge]:
            if not responses.get(wanted):
                raise Unfit(f"The challenge {challenge} needs {wanted}.", field=wanted)
        if challenge is ChallengeName.NEW_PASSWORD_REQUIRED:
            check_password(responses["new_password"], field="new_password")
        if challenge is ChallengeName.MFA_SETUP:
            session = self._verified(session, responses["code"])
        with self._pace.refusals():
            answer = ask(
                self._cognito.respond_to_auth_challenge,
                _ANSWER,
                ClientId=self._pool.client_id,
                ChallengeName=challenge.value,
                Session=session,
                ChallengeResponses={"USERNAME": user, **_in_cognitos_words(challenge, responses)},
            )
            return self._outcome(answer, user)

    def refresh(self, refresh_token: str) -> SignedIn:
        """Raises LoginRefused for a refresh token that has run out, was revoked or never was one."""
        answer = ask(
            self._cognito.initiate_auth,
            _REFRESH,
            ClientId=self._pool.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": refresh_token},
        )
        signed_in = self._outcome(answer)
        if isinstance(signed_in, Challenge):
            raise _refresh_refused()
        return signed_in

    def _outcome(self, answer: Mapping[str, Any], user: str = "") -> SignedIn | Challenge:
        """``user``: who answers, in case the answer does not say so itself."""
        result = answer.get("AuthenticationResult")
        if result:
            return SignedIn(
                id_token=result["IdToken"],
                access_token=result["AccessToken"],
                refresh_token=result.get("RefreshToken"),
                expires_in_seconds=int(result["ExpiresIn"]),
            )
        name, session = answer.get("ChallengeName", ""), answer.get("Session", "")
        if name not in set(ChallengeName):
            raise NotAllowed(f"The user pool asks for {name or 'nothing we know'}, which this API cannot answer.")
        challenge = ChallengeName(name)
        secret_code = None
        if challenge is ChallengeName.MFA_SETUP:
            secret_code, session = self._associated(session)
        told = answer.get("ChallengeParameters", {})
        packed = _packed(told.get("USER_ID_FOR_SRP", user), session)
        return Challenge(challenge, packed, ASKED[challenge], secret_code, told.get("CODE_DELIVERY_DESTINATION"))

    def _associated(self, session: str) -> tuple[str, str]:
        """The secret of the new authenticator, and the session to go on with."""
        answer = ask(self._cognito.associate_software_token, _ANSWER, Session=session)
        return answer["SecretCode"], answer.get("Session") or session

    def _verified(self, session: str, code: str) -> str:
        """The session to go on with."""
        answer = ask(self._cognito.verify_software_token, _ANSWER, Session=session, UserCode=code)
        if answer.get("Status") != "SUCCESS":
            raise _code_wrong()
        verified: str = answer.get("Session") or session
        return verified


def _packed(user: str, session: str) -> str:
    """What a person gets as the session. Challenges have to be answered under the pool's own name of a person, which
    only Cognito's answer tells; an address is taken for some challenges and documented for none."""
    return f"{user}{_PACKED}{session}"


def _unpacked(session: str, email: str) -> tuple[str, str]:
    """The name to answer under, and Cognito's own session."""
    user, packed, rest = session.partition(_PACKED)
    return (user or address(email), rest) if packed else (address(email), session)


def _in_cognitos_words(challenge: ChallengeName, responses: Mapping[str, str]) -> dict[str, str]:
    match challenge:
        case ChallengeName.NEW_PASSWORD_REQUIRED:
            return {"NEW_PASSWORD": responses["new_password"]}
        case ChallengeName.SOFTWARE_TOKEN_MFA:
            return {"SOFTWARE_TOKEN_MFA_CODE": responses["code"]}
        case ChallengeName.SMS_MFA:
            return {"SMS_MFA_CODE": responses["code"]}
        case ChallengeName.MFA_SETUP:
            return {}
