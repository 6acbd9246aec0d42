"""One's own account. Changes take the access token of the caller's own login, as Cognito's self-service does."""

from __future__ import annotations

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.shapes.people import (
    AccessTokenHeader,
    CodeOfApp,
    PasswordChange,
    ProfileChanges,
    ProfileShape,
    SecondFactorShape,
)


def profile(call: Call) -> ProfileShape:
    return ProfileShape.of(call.identity.users.profile(call.caller))


def change_profile(call: Call, headers: AccessTokenHeader, body: ProfileChanges) -> ProfileShape:
    changes = body.model_dump(exclude_none=True)
    return ProfileShape.of(call.identity.users.change_profile(call.caller, headers.access_token, changes))


def change_password(call: Call, headers: AccessTokenHeader, body: PasswordChange) -> None:
    account = call.identity.account
    account.change_password(call.caller, headers.access_token, body.present_password, body.new_password)


def begin_totp(call: Call, headers: AccessTokenHeader) -> SecondFactorShape:
    begun = call.identity.account.begin_second_factor(call.caller, headers.access_token)
    return SecondFactorShape(secret_code=begun.secret_code, uri=begun.uri)


def finish_totp(call: Call, headers: AccessTokenHeader, body: CodeOfApp) -> None:
    call.identity.account.finish_second_factor(call.caller, headers.access_token, body.code)


def drop_totp(call: Call, headers: AccessTokenHeader) -> None:
    call.identity.account.drop_second_factor(call.caller, headers.access_token)
