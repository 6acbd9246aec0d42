"""Signing oneself up, and getting a forgotten password replaced.

None of these answers tells whether an address is known: the sentence, the status and the time are the same. Who may
sign up at all is no secret: by invitation, or with an address of the domains that the deployment lists. Cognito's own
trigger (see ``gate``) asks the same question, so that calling Cognito directly does not help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.errors import LifecycleError, NotAllowed, Unfit
from chalicelib.fleet.identity.asking import Told, address, ask
from chalicelib.fleet.identity.pace import Pace
from chalicelib.fleet.identity.passwords import check_password

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

    from chalicelib.fleet.settings import PoolSettings


class _Silent(LifecycleError):
    """A refusal that nobody hears of."""


def _silent() -> LifecycleError:
    return _Silent()


def _code_wrong() -> Unfit:
    return Unfit("The code is wrong or has run out; ask for a new one.", field="code")


def _password_refused() -> Unfit:
    return Unfit("The user pool does not take this password.", field="new_password")


_MAIL: Told = dict.fromkeys(
    (
        "UsernameExistsException",
        "AliasExistsException",
        "UserNotFoundException",
        "NotAuthorizedException",
        "InvalidParameterException",
        "LimitExceededException",
        "CodeDeliveryFailureException",
    ),
    _silent,
)
_SIGN_UP: Told = {
    **_MAIL,
    "InvalidPasswordException": lambda: Unfit("The user pool does not take this password.", field="password"),
    "UserLambdaValidationException": lambda: by_invitation(()),
}
_CODE: Told = {
    **dict.fromkeys(
        (
            "CodeMismatchException",
            "ExpiredCodeException",
            "NotAuthorizedException",
            "UserNotFoundException",
            "UserNotConfirmedException",
            "ResourceNotFoundException",
            "InvalidParameterException",
            "LimitExceededException",
            "TooManyFailedAttemptsException",
            "AliasExistsException",
        ),
        _code_wrong,
    ),
    "InvalidPasswordException": _password_refused,
    "PasswordHistoryPolicyViolationException": _password_refused,
}


def by_invitation(domains: tuple[str, ...]) -> NotAllowed:
    if not domains:
        return NotAllowed("Nobody can sign up with this address; ask an administrator for an invitation.")
    return NotAllowed(f"Only addresses of {', '.join(domains)} can sign up; ask an administrator for an invitation.")


def may_sign_up(email: str, domains: tuple[str, ...]) -> bool:
    """``domains`` exactly, not what lies below them."""
    name, at, domain = email.lower().rpartition("@")
    return bool(name and at) and domain in domains


class SignUp:
    def __init__(self, cognito: CognitoIdentityProviderClient, pool: PoolSettings, pace: Pace) -> None:
        self._cognito = cognito
        self._pool = pool
        self._pace = pace

    def sign_up(self, email: str, password: str, name: str = "") -> None:
        """Sends a code to the address, unless it is known already. Raises Unfit for a password that breaks the rules,
        NotAllowed for an address that needs an invitation."""
        person = address(email)
        check_password(password)
        if not may_sign_up(person, self._pool.mail_domains):
            raise by_invitation(self._pool.mail_domains)
        attributes = [{"Name": "email", "Value": person}]
        if name.strip():
            attributes.append({"Name": "name", "Value": name.strip()})
        self._quietly(self._cognito.sign_up, _SIGN_UP, Username=person, Password=password, UserAttributes=attributes)

    def confirm(self, email: str, code: str) -> None:
        """Raises Unfit for a code that does not fit the address, whatever the cause."""
        self._quietly(self._cognito.confirm_sign_up, _CODE, Username=address(email), ConfirmationCode=code.strip())

    def resend(self, email: str) -> None:
        """Sends a new code to an address that waits for one, and nothing to any other."""
        self._quietly(self._cognito.resend_confirmation_code, _MAIL, Username=address(email))

    def request_reset(self, email: str) -> None:
        """Sends a code to the address of an account, and nothing to any other."""
        self._quietly(self._cognito.forgot_password, _MAIL, Username=address(email))

    def confirm_reset(self, email: str, code: str, new_password: str) -> None:
        """Raises Unfit for a password that breaks the rules, and for a code that does not fit."""
        check_password(new_password, field="new_password")
        self._quietly(
            self._cognito.confirm_forgot_password,
            _CODE,
            Username=address(email),
            ConfirmationCode=code.strip(),
            Password=new_password,
        )

    def _quietly(self, call: object, told: Told, **arguments: object) -> None:
        with self._pace.always():
            try:
                ask(call, told, ClientId=self._pool.client_id, **arguments)  # type: ignore[arg-type]
            except _Silent:
                return
