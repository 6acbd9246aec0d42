"""The roles of the functions may call of Cognito exactly what the code calls."""

from __future__ import annotations

import json
import re

from support.chalice_package import ROOT

IDENTITY = ROOT / "chalice_app" / "chalicelib" / "fleet" / "identity"
UNSIGNED = {
    "associate_software_token",
    "change_password",
    "confirm_forgot_password",
    "confirm_sign_up",
    "forgot_password",
    "initiate_auth",
    "resend_confirmation_code",
    "respond_to_auth_challenge",
    "set_user_mfa_preference",
    "sign_up",
    "update_user_attributes",
    "verify_software_token",
}
"""Calls that a person's password, code or token allows, and no role:
https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-public-server-side.html"""


def called() -> set[str]:
    return {name for path in IDENTITY.glob("*.py") for name in re.findall(r"_cognito\.(\w+)", path.read_text())}


def test_the_api_may_call_of_cognito_what_it_calls_and_no_more() -> None:
    policy = json.loads((ROOT / "chalice_app" / ".chalice" / "policy-api.json").read_text())
    allowed = {
        action.removeprefix("cognito-idp:")
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if action.startswith("cognito-idp:")
    }

    assert called() > UNSIGNED
    assert allowed == {"".join(word.capitalize() for word in name.split("_")) for name in called() - UNSIGNED}
