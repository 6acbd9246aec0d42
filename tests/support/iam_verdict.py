"""What IAM says of a request: allowed only where a statement allows it and none denies it.

The part of IAM's grammar that our policy files use, read strictly: an operator that stands here for nobody is an error,
never a yes. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One action on one resource. ``context``: condition key -> values; a key that the request lacks is missing.

    ``resource`` is ``*`` for an action that AWS gives no resource to name.
    """

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        said = ", ".join(f"{key}={'/'.join(values)}" for key, values in sorted(self.context.items()))
        return f"{self.action} on {self.resource}" + (f" ({said})" if said else "")


def is_allowed(statements: Sequence[Statement], ask: Ask) -> bool:
    speaking = [one for one in statements if _speaks_of(one, ask)]
    return any(one["Effect"] == "Allow" for one in speaking) and all(one["Effect"] == "Allow" for one in speaking)


def each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def matches(pattern: str, value: str, *, any_case: bool = False) -> bool:
    """``*`` is any characters, ``?`` any one; nothing else is special."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.IGNORECASE | re.DOTALL if any_case else re.DOTALL) is not None


def _speaks_of(statement: Statement, ask: Ask) -> bool:
    assert statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}, statement
    return (
        any(matches(one, ask.action, any_case=True) for one in each(statement["Action"]))
        and any(matches(one, ask.resource) for one in each(statement["Resource"]))
        and all(
            _holds(operator, key, each(wanted), ask)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _holds(operator: str, key: str, wanted: Sequence[str], ask: Ask) -> bool:
    """Condition keys are compared without regard to case, but for the names of tags in them."""
    values = next((held for name, held in ask.context.items() if _same_key(name, key)), None)
    quantifier, _, plain = operator.rpartition(":")
    if plain == "Null":
        return (values is None) == (wanted[0] == "true")
    if values is None:
        return quantifier == "ForAllValues"
    fits = [any(_compare(plain, value, one) for one in wanted) for value in values]
    return any(fits) if quantifier == "ForAnyValue" else all(fits)


def _same_key(one: str, other: str) -> bool:
    (service, _, rest), (other_service, _, other_rest) = one.partition("/"), other.partition("/")
    return service.lower() == other_service.lower() and rest == other_rest


def _compare(operator: str, value: str, wanted: str) -> bool:
    match operator:
        case "StringEquals":
            return value == wanted
        case "StringLike" | "ArnLike":
            return matches(wanted, value)
        case "StringNotEquals":
            return value != wanted
        case "Bool":
            return value.lower() == wanted.lower()
    raise AssertionError(f"the operator {operator} is not known here: add it to tests/support/iam_verdict.py")
