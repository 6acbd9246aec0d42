"""What the rules of a load balancer may say and moto's ELB does not know: the check of tokens (`jwt-validation`), and
regular expressions for paths.

moto keeps both from here on as they were given; who obeys them is the local load balancer.
"""

from __future__ import annotations

import re
from typing import Any


def answer_jwt_validation() -> None:
    """Teaches moto's ELB the action and the condition, once per process."""
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

    paths = ELBv2Backend._validate_path_pattern_condition

    def validate_paths(self: Any, condition: dict[str, Any]) -> None:
        config = condition.get("PathPatternConfig", {})
        if not (expressions := config.get("RegexValues")):
            return paths(self, condition)
        for expression in expressions:
            re.compile(expression)
        return paths(self, {**condition, "PathPatternConfig": {"Values": [*config.get("Values", []), *expressions]}})

    ELBv2Backend._validate_path_pattern_condition = validate_paths  # type: ignore[method-assign]
