"""The load balancer's own check of tokens (`jwt-validation`), which moto's ELB refuses as an unknown kind of action.

moto keeps the action from here on as it was given; who checks tokens by it is the local load balancer.
"""

from __future__ import annotations

from typing import Any


def answer_jwt_validation() -> None:
    """Teaches moto's ELB the action, once per process."""
    from moto.elbv2.models import ELBv2Backend

    known = ELBv2Backend._validate_actions
    if getattr(known, "knows_tokens", False):
        return

    def validate(self: Any, actions: list[Any]) -> None:
        for action in actions:
            config = action.data.get("JwtValidationConfig", {}) if action.type == "jwt-validation" else None
            if config is not None and not (config.get("JwksEndpoint") and config.get("Issuer")):
                raise ValueError("a jwt-validation action names its JwksEndpoint and its Issuer")
        known(self, [action for action in actions if action.type != "jwt-validation"])

    validate.knows_tokens = True  # type: ignore[attr-defined]
    ELBv2Backend._validate_actions = validate  # type: ignore[method-assign]
