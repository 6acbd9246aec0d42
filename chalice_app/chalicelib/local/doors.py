"""Makes moto's user pool behave at its doors as Cognito does: it calls our triggers, mails codes and checks them.

What of Cognito is imitated, and nothing more: the four triggers we have, in Cognito's order and with Cognito's words
around a refusal; six-digit codes for sign-up and forgotten passwords; the same refusal for an unknown address as for a
wrong password (PreventUserExistenceErrors). Only calls of the pool's own backend are changed, and they vanish with it.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from chalicelib.errors import LifecycleError

if TYPE_CHECKING:
    from chalicelib.local.aws import EmbeddedAws


@dataclass(frozen=True, slots=True)
class Mail:
    """What Cognito would have mailed."""

    to: str
    text: str


class Doors:
    """``backend`` is moto's Cognito of one region, whose own calls are kept and called in between."""

    def __init__(self, backend: Any, pool_id: str, post: Callable[[Mail], None]) -> None:
        self._backend = backend
        self._pool_id = pool_id
        self._post = post
        self._codes: dict[str, str] = {}
        self._initiate_auth = backend.initiate_auth
        self._respond = backend.respond_to_auth_challenge
        self._sign_up = backend.sign_up
        self._confirm_sign_up = backend.confirm_sign_up
        self._forgot_password = backend.forgot_password
        self._confirm_forgot_password = backend.confirm_forgot_password
        self._admin_create_user = backend.admin_create_user
        self._sign_out = backend.admin_user_global_sign_out

    def open(self) -> None:
        self._backend.initiate_auth = self.initiate_auth
        self._backend.respond_to_auth_challenge = self.respond_to_auth_challenge
        self._backend.sign_up = self.sign_up
        self._backend.forgot_password = self.forgot_password
        self._backend.confirm_forgot_password = self.confirm_forgot_password
        self._backend.admin_create_user = self.admin_create_user
        self._backend.admin_user_global_sign_out = self.admin_user_global_sign_out
        self._backend.doors = [*getattr(self._backend, "doors", ()), self]

    def owns(self, client_id: str) -> bool:
        """moto's region may hold other pools, whose doors are others' or none."""
        return client_id in self._backend.user_pools[self._pool_id].clients

    def initiate_auth(self, client_id: str, auth_flow: str, auth_parameters: dict[str, str]) -> Any:
        from moto.cognitoidp.exceptions import NotAuthorizedError, UserNotFoundError

        if not self.owns(client_id) or auth_flow != "USER_PASSWORD_AUTH":
            return self._initiate_auth(client_id, auth_flow, auth_parameters)
        name = auth_parameters.get("USERNAME", "")
        self._call("PreAuthentication_Authentication", name)
        try:
            answer = self._initiate_auth(client_id, auth_flow, auth_parameters)
        except UserNotFoundError:
            raise NotAuthorizedError("Incorrect username or password.") from None
        return self._after_login(name, answer)

    def respond_to_auth_challenge(self, session: str, client_id: str, challenge: str, responses: Any) -> Any:
        if not self.owns(client_id):
            return self._respond(session, client_id, challenge, responses)
        name = self._backend.sessions.get(session, ("", None))[0]
        return self._after_login(name, self._respond(session, client_id, challenge, responses))

    def _after_login(self, name: str, answer: Any) -> Any:
        if "AuthenticationResult" in answer:
            self._call("PostAuthentication_Authentication", name)
        return answer

    def sign_up(self, client_id: str, username: str, password: str, attributes: Any) -> Any:
        if not self.owns(client_id):
            return self._sign_up(client_id, username, password, attributes)
        said = {one["Name"]: one["Value"] for one in attributes}
        self._call("PreSignUp_SignUp", username, said)
        made = self._sign_up(client_id, username, password, attributes)
        self.send_code(username)
        return made

    def admin_create_user(self, user_pool_id: str, username: str, action: str, password: str, attributes: Any) -> Any:
        if user_pool_id != self._pool_id:
            return self._admin_create_user(user_pool_id, username, action, password, attributes)
        self._call("PreSignUp_AdminCreateUser", username, {one["Name"]: one["Value"] for one in attributes})
        password = password or f"First-{secrets.token_hex(4)}-1"
        made = self._admin_create_user(user_pool_id, username, action, password, attributes)
        if action != "SUPPRESS":
            self._post(Mail(username, f"You are invited; your first password is {password}"))
        return made

    def admin_user_global_sign_out(self, user_pool_id: str, username: str) -> None:
        """moto keeps tokens by the name that was typed at the login, and looks for them by this one only."""
        self._sign_out(user_pool_id, username)
        if user_pool_id == self._pool_id:
            user = self._user(username)
            for name in (user.id, user.attribute_lookup.get("email", "")):
                self._backend.user_pools[user_pool_id].sign_out(name)

    def confirm_sign_up(self, client_id: str, username: str, code: str) -> str:
        from moto.cognitoidp.exceptions import ExpiredCodeException, NotAuthorizedError
        from moto.cognitoidp.models import UserStatus

        user = self._user(username)
        if user is None:
            raise ExpiredCodeException("Invalid code provided, please request a code again.")
        if user.status is UserStatus.CONFIRMED:
            raise NotAuthorizedError("User cannot be confirmed. Current status is CONFIRMED")
        self._take_code(username, code)
        self._confirm_sign_up(client_id, username)
        user.update_attributes([{"Name": "email_verified", "Value": "true"}])
        self._call("PostConfirmation_ConfirmSignUp", username)
        return ""

    def resend_code(self, username: str) -> None:
        from moto.cognitoidp.models import UserStatus

        user = self._user(username)
        if user is not None and user.status is UserStatus.UNCONFIRMED:
            self.send_code(username)

    def forgot_password(self, client_id: str, username: str) -> Any:
        answer = self._forgot_password(client_id, username)
        if self.owns(client_id) and self._user(username) is not None:
            self.send_code(username)
        return answer

    def confirm_forgot_password(self, client_id: str, username: str, password: str, confirmation_code: str) -> Any:
        from moto.cognitoidp.exceptions import ExpiredCodeException

        if not self.owns(client_id):
            return self._confirm_forgot_password(client_id, username, password, confirmation_code)
        user = self._user(username)
        if user is None:
            raise ExpiredCodeException("Invalid code provided, please request a code again.")
        self._take_code(username, confirmation_code)
        self._backend._validate_password(self._pool_id, password)
        self._confirm_forgot_password(client_id, username, password, confirmation_code)
        user.status = type(user.status).CONFIRMED
        return self._call("PostConfirmation_ConfirmForgotPassword", username)

    def send_code(self, username: str) -> None:
        code = f"{secrets.randbelow(10**6):06}"
        self._codes[username] = code
        self._post(Mail(username, f"Your code is {code}"))

    def _take_code(self, username: str, code: str) -> None:
        from moto.cognitoidp.exceptions import CodeMismatchException

        if self._codes.get(username) != code:
            raise CodeMismatchException("Invalid verification code provided, please try again.")
        del self._codes[username]

    def _user(self, username: str) -> Any:
        return self._backend.user_pools[self._pool_id]._get_user(username)

    def _call(self, source: str, username: str, attributes: dict[str, str] | None = None) -> None:
        """Calls a trigger as Cognito does; a refusal becomes UserLambdaValidationException."""
        from moto.core.exceptions import JsonRESTError

        from chalicelib.entrypoints import cognito_triggers

        handlers = {
            "PreSignUp": cognito_triggers.pre_sign_up,
            "PreAuthentication": cognito_triggers.pre_authentication,
            "PostAuthentication": cognito_triggers.post_authentication,
            "PostConfirmation": cognito_triggers.post_confirmation,
        }
        kind = source.partition("_")[0]
        user = self._user(username)
        known = {} if user is None else {**user.attribute_lookup, "cognito:user_status": user.status.value}
        event = {
            "version": "1",
            "triggerSource": source,
            "region": self._backend.region_name,
            "userPoolId": self._pool_id,
            "userName": username if user is None else user.username,
            "callerContext": {"awsSdkVersion": "simulated", "clientId": "simulated"},
            "request": {"userAttributes": attributes or known, "userNotFound": user is None},
            "response": {},
        }
        try:
            handlers[kind](event, context_of(kind))
        except LifecycleError as refused:
            raise JsonRESTError("UserLambdaValidationException", f"{kind} failed with error {refused}.") from refused


def context_of(function: str) -> SimpleNamespace:
    """What Lambda tells a function about itself, as far as our middleware asks."""
    arn = f"arn:aws:lambda:simulated:function:{function}"
    return SimpleNamespace(
        function_name=function, memory_limit_in_mb=512, invoked_function_arn=arn, aws_request_id=str(uuid.uuid4())
    )


def open_doors(aws: EmbeddedAws, pool_id: str, post: Callable[[Mail], None]) -> None:
    """Leads every login, sign-up and code of the pool through `Doors`."""
    _teach_codes()
    Doors(aws.backend("cognito-idp"), pool_id, post).open()


def _teach_codes() -> None:
    """moto's border forgets the code of a confirmation and does not know ResendConfirmationCode."""
    from moto.cognitoidp.responses import CognitoIdpResponse
    from moto.core.responses import ActionResult, EmptyResult

    def doors(self: Any) -> Doors:
        client_id = self._get_param("ClientId")
        agnostic = self._get_region_agnostic_backend()  # these calls are not signed, and so name no region
        standing: list[Doors] = agnostic._find_backend_for_clientid(client_id).doors
        return next(one for one in standing if one.owns(client_id))

    def confirm_sign_up(self: Any) -> Any:
        client_id, name, code = map(self._get_param, ("ClientId", "Username", "ConfirmationCode"))
        doors(self).confirm_sign_up(client_id, name, code)
        return EmptyResult()

    def resend_confirmation_code(self: Any) -> Any:
        name = self._get_param("Username")
        doors(self).resend_code(name)
        return ActionResult({"CodeDeliveryDetails": {"Destination": name, "DeliveryMedium": "EMAIL"}})

    CognitoIdpResponse.confirm_sign_up = confirm_sign_up  # type: ignore[method-assign]
    CognitoIdpResponse.resend_confirmation_code = resend_confirmation_code  # type: ignore[attr-defined]
