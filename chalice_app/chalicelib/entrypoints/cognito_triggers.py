"""The user pool's triggers: Cognito calls these functions and waits for their word.

A function that answers with the event it was given agrees; one that raises refuses, and Cognito hands its sentence on.
What cannot be read or counted is refused too.
"""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

triggers = Blueprint("app")


@triggers.lambda_function(name="pre_sign_up")
def pre_sign_up(event: Any, context: Any) -> Any:
    """Whether somebody may sign up."""
    from chalicelib.fleet.identity.gate import admit, knock_of
    from chalicelib.runtime.compose_identity import mail_domains

    admit(knock_of(event), mail_domains())
    return event


@triggers.lambda_function(name="pre_authentication")
def pre_authentication(event: Any, context: Any) -> Any:
    """Counts a try, before the password is looked at; refuses while the account rests."""
    from chalicelib.fleet.identity.gate import knock_of
    from chalicelib.runtime.compose_identity import gate

    gate().before_login(knock_of(event))
    return event


@triggers.lambda_function(name="post_authentication")
def post_authentication(event: Any, context: Any) -> Any:
    """Forgets the tries, and notes when the person was here."""
    from chalicelib.fleet.identity.gate import knock_of
    from chalicelib.runtime.compose_identity import gate

    gate().after_login(knock_of(event))
    return event


@triggers.lambda_function(name="post_confirmation")
def post_confirmation(event: Any, context: Any) -> Any:
    """Gives a confirmed address its first role."""
    from chalicelib.fleet.identity.gate import knock_of
    from chalicelib.runtime.compose_identity import gate

    gate().after_confirmation(knock_of(event))
    return event
