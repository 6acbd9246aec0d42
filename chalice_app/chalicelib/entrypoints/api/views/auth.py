"""Logging in, signing up, and a forgotten password: all without a token, so that they can be used at all."""

from __future__ import annotations

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.shapes.common import Sent
from chalicelib.entrypoints.api.shapes.people import (
    AddressAndCode,
    ChallengeAnswer,
    ChallengeShape,
    JustAddress,
    Login,
    NewAccount,
    NewPassword,
    Refresh,
    SignedInShape,
)
from chalicelib.fleet.identity.sign_in import Challenge, SignedIn

MAILED = "If this address has an account here that waits for a code, the code is in the mail."


def login(call: Call, body: Login) -> SignedInShape | ChallengeShape:
    return _shown(call.identity.sign_in.login(body.email, body.password))


def answer_challenge(call: Call, body: ChallengeAnswer) -> SignedInShape | ChallengeShape:
    responses = body.responses.model_dump(exclude_none=True)
    return _shown(call.identity.sign_in.answer(body.challenge, body.session, body.email, responses))


def refresh(call: Call, body: Refresh) -> SignedInShape:
    return SignedInShape.of(call.identity.sign_in.refresh(body.refresh_token))


def sign_up(call: Call, body: NewAccount) -> Sent:
    call.identity.sign_up.sign_up(body.email, body.password, body.name)
    return Sent(message="A code is in the mail, if this address has no account yet; confirm with it.")


def confirm_sign_up(call: Call, body: AddressAndCode) -> Sent:
    call.identity.sign_up.confirm(body.email, body.code)
    return Sent(message="Confirmed: you can log in.")


def resend_code(call: Call, body: JustAddress) -> Sent:
    call.identity.sign_up.resend(body.email)
    return Sent(message=MAILED)


def request_reset(call: Call, body: JustAddress) -> Sent:
    call.identity.sign_up.request_reset(body.email)
    return Sent(message=MAILED)


def confirm_reset(call: Call, body: NewPassword) -> Sent:
    call.identity.sign_up.confirm_reset(body.email, body.code, body.new_password)
    return Sent(message="The new password holds: you can log in.")


def _shown(outcome: SignedIn | Challenge) -> SignedInShape | ChallengeShape:
    match outcome:
        case SignedIn():
            return SignedInShape.of(outcome)
        case Challenge():
            return ChallengeShape.of(outcome)
