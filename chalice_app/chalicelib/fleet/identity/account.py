"""What people change about their own account: name and zone, password, second factor.

Each change needs the person's own access token with the sign-in scope, as Cognito's self-service calls do; the id token
that came with the request only says who calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from chalicelib.errors import LoginRefused, Unfit
from chalicelib.fleet.identity.asking import Told, ask
from chalicelib.fleet.identity.passwords import check_password
from chalicelib.fleet.identity.tokens import Tokens
from chalicelib.fleet.people import Caller

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

ISSUER = "ollama-lifecycle"
"""Under this name an authenticator app lists the account."""
_ATTRIBUTES = {"name": "name", "zone": "zoneinfo"}
_MOST_CHARACTERS = 256


def _over() -> LoginRefused:
    return LoginRefused("The access token does not hold any more; log in again.", reason="access token: revoked")


def _code_wrong() -> Unfit:
    return Unfit("The code is wrong or has run out; answer with the app's next one.", field="code")


_SELF: Told = dict.fromkeys(("NotAuthorizedException", "UserNotFoundException"), _over)
_TOTP: Told = {
    **_SELF,
    **dict.fromkeys(("EnableSoftwareTokenMFAException", "CodeMismatchException"), _code_wrong),
}
_PASSWORD: Told = {
    "NotAuthorizedException": lambda: Unfit("The present password is wrong.", field="present_password"),
    "InvalidPasswordException": lambda: Unfit("The user pool does not take this password.", field="new_password"),
    "PasswordHistoryPolicyViolationException": lambda: Unfit("This password was used before.", field="new_password"),
}


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A new authenticator: ``secret_code`` to type into the app, ``uri`` to show as a QR code."""

    secret_code: str = field(repr=False)
    uri: str = field(repr=False)


class Account:
    """Every method raises NotAuthenticated unless the access token is the caller's own, Forbidden when it lacks the
    scope, and LoginRefused when Cognito has revoked it."""

    def __init__(self, cognito: CognitoIdentityProviderClient, tokens: Tokens) -> None:
        self._cognito = cognito
        self._tokens = tokens

    def change(self, caller: Caller, access_token: str, changes: Mapping[str, str]) -> None:
        """Raises Unfit for a field that cannot be changed or a zone that there is not."""
        self._tokens.verify_self_service(access_token, caller)
        attributes = [{"Name": _attribute(field), "Value": _value(field, text)} for field, text in changes.items()]
        if attributes:
            ask(self._cognito.update_user_attributes, _SELF, AccessToken=access_token, UserAttributes=attributes)

    def change_password(self, caller: Caller, access_token: str, present: str, new: str) -> None:
        """Raises Unfit naming ``present_password`` or ``new_password``."""
        self._tokens.verify_self_service(access_token, caller)
        check_password(new, field="new_password")
        ask(
            self._cognito.change_password,
            _PASSWORD,
            AccessToken=access_token,
            PreviousPassword=present,
            ProposedPassword=new,
        )

    def begin_second_factor(self, caller: Caller, access_token: str) -> SecondFactor:
        """Nothing changes until `finish_second_factor`."""
        self._tokens.verify_self_service(access_token, caller)
        secret: str = ask(self._cognito.associate_software_token, _TOTP, AccessToken=access_token)["SecretCode"]
        label = quote(f"{ISSUER}:{caller}")
        return SecondFactor(secret, f"otpauth://totp/{label}?secret={secret}&issuer={ISSUER}")

    def finish_second_factor(self, caller: Caller, access_token: str, code: str) -> None:
        """From now on a login asks for the app's code. Raises Unfit for a wrong one."""
        self._tokens.verify_self_service(access_token, caller)
        answer = ask(self._cognito.verify_software_token, _TOTP, AccessToken=access_token, UserCode=code)
        if answer.get("Status") != "SUCCESS":
            raise _code_wrong()
        self._prefer(access_token, on=True)

    def drop_second_factor(self, caller: Caller, access_token: str) -> None:
        self._tokens.verify_self_service(access_token, caller)
        self._prefer(access_token, on=False)

    def _prefer(self, access_token: str, *, on: bool) -> None:
        ask(
            self._cognito.set_user_mfa_preference,
            _TOTP,
            AccessToken=access_token,
            SoftwareTokenMfaSettings={"Enabled": on, "PreferredMfa": on},
        )


def _attribute(field: str) -> str:
    if field not in _ATTRIBUTES:
        raise Unfit(f"{field} cannot be changed; only {' and '.join(_ATTRIBUTES)} can.", field=field)
    return _ATTRIBUTES[field]


def _value(field: str, text: str) -> str:
    text = text.strip()
    if len(text) > _MOST_CHARACTERS:
        raise Unfit(f"{field} is longer than {_MOST_CHARACTERS} characters.", field=field)
    if field == "zone" and text:
        from zoneinfo import available_timezones

        if text not in available_timezones():
            raise Unfit("There is no such time zone; write one like Asia/Tokyo.", field=field)
    return text
