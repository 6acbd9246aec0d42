"""Logging in, one's own account, and the accounts of others."""

from __future__ import annotations

from chalicelib.entrypoints.api.routing import Needs, Route, View


def _login() -> View:
    from chalicelib.entrypoints.api.views.auth import login

    return login


def _answer_challenge() -> View:
    from chalicelib.entrypoints.api.views.auth import answer_challenge

    return answer_challenge


def _refresh() -> View:
    from chalicelib.entrypoints.api.views.auth import refresh

    return refresh


def _sign_up() -> View:
    from chalicelib.entrypoints.api.views.auth import sign_up

    return sign_up


def _confirm_sign_up() -> View:
    from chalicelib.entrypoints.api.views.auth import confirm_sign_up

    return confirm_sign_up


def _resend_code() -> View:
    from chalicelib.entrypoints.api.views.auth import resend_code

    return resend_code


def _request_reset() -> View:
    from chalicelib.entrypoints.api.views.auth import request_reset

    return request_reset


def _confirm_reset() -> View:
    from chalicelib.entrypoints.api.views.auth import confirm_reset

    return confirm_reset


def _profile() -> View:
    from chalicelib.entrypoints.api.views.profile import profile

    return profile


def _change_profile() -> View:
    from chalicelib.entrypoints.api.views.profile import change_profile

    return change_profile


def _change_password() -> View:
    from chalicelib.entrypoints.api.views.profile import change_password

    return change_password


def _begin_totp() -> View:
    from chalicelib.entrypoints.api.views.profile import begin_totp

    return begin_totp


def _finish_totp() -> View:
    from chalicelib.entrypoints.api.views.profile import finish_totp

    return finish_totp


def _drop_totp() -> View:
    from chalicelib.entrypoints.api.views.profile import drop_totp

    return drop_totp


def _list_users() -> View:
    from chalicelib.entrypoints.api.views.users import list_users

    return list_users


def _invite() -> View:
    from chalicelib.entrypoints.api.views.users import invite

    return invite


def _get_user() -> View:
    from chalicelib.entrypoints.api.views.users import get_user

    return get_user


def _change_user() -> View:
    from chalicelib.entrypoints.api.views.users import change_user

    return change_user


PEOPLE: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/auth/login",
        _login,
        Needs.OPEN,
        "Log in with address and password",
        "auth",
        errors=(401, 403, 429),
    ),
    Route(
        "POST",
        "/api/auth/challenge",
        _answer_challenge,
        Needs.OPEN,
        "Answer what the user pool asks after the password",
        "auth",
        errors=(401, 403, 429),
    ),
    Route(
        "POST",
        "/api/auth/refresh",
        _refresh,
        Needs.OPEN,
        "Get new tokens for a refresh token",
        "auth",
        errors=(401, 403, 429),
    ),
    Route(
        "POST",
        "/api/auth/signup",
        _sign_up,
        Needs.OPEN,
        "Sign up, with an address of a domain that may",
        "auth",
        status=202,
        errors=(403, 429),
    ),
    Route(
        "POST",
        "/api/auth/signup/confirm",
        _confirm_sign_up,
        Needs.OPEN,
        "Confirm a sign-up with the code that was mailed",
        "auth",
        errors=(429,),
    ),
    Route(
        "POST",
        "/api/auth/signup/resend",
        _resend_code,
        Needs.OPEN,
        "Have the code mailed again",
        "auth",
        status=202,
        errors=(429,),
    ),
    Route(
        "POST",
        "/api/auth/reset-password",
        _request_reset,
        Needs.OPEN,
        "Have a code mailed for a new password",
        "auth",
        status=202,
        errors=(429,),
    ),
    Route(
        "POST",
        "/api/auth/reset-password/confirm",
        _confirm_reset,
        Needs.OPEN,
        "Set a new password with that code",
        "auth",
        errors=(429,),
    ),
    Route("GET", "/api/user/profile", _profile, Needs.SELF, "Read your own profile", "user", errors=(404, 422)),
    Route("PUT", "/api/user/profile", _change_profile, Needs.SELF, "Change your own profile", "user", errors=(404,)),
    Route(
        "PUT",
        "/api/user/password",
        _change_password,
        Needs.SELF,
        "Change your own password",
        "user",
        status=204,
        errors=(429,),
    ),
    Route("POST", "/api/user/totp", _begin_totp, Needs.SELF, "Begin to set up an authenticator app", "user"),
    Route("PUT", "/api/user/totp", _finish_totp, Needs.SELF, "Finish it with the code of the app", "user", status=204),
    Route("DELETE", "/api/user/totp", _drop_totp, Needs.SELF, "Do without the authenticator app", "user", status=204),
    Route("GET", "/api/users", _list_users, Needs.ADMIN, "List the people who may log in", "users"),
    Route(
        "POST",
        "/api/users",
        _invite,
        Needs.ADMIN,
        "Invite somebody by mail, with a role",
        "users",
        status=201,
        errors=(409,),
    ),
    Route("GET", "/api/users/{id}", _get_user, Needs.ADMIN, "Read one person's account", "users", errors=(422,)),
    Route(
        "PUT",
        "/api/users/{id}",
        _change_user,
        Needs.ADMIN,
        "Change a person's role, or whether they may log in",
        "users",
        errors=(409,),
    ),
)
