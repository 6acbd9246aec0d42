"""DynamoDB's expressions, as far as the record writes them: what an update does, and whether a condition holds.

Refuses what it cannot read rather than guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

Packed = Mapping[str, Any]
"""An item as it is sent: attribute name -> {type: value}."""
Params = Mapping[str, Any]
Test = Callable[[Packed, Packed], bool]
Operand = Callable[[Packed, Packed], Any]

_TOKEN = re.compile(r"\s*(<=|>=|<>|[()=<>,]|[:#]?[A-Za-z_][A-Za-z0-9_.-]*)")


# --- updates


def updated(item: dict[str, Any], params: Params) -> dict[str, Any]:
    names, values = params.get("ExpressionAttributeNames", {}), params.get("ExpressionAttributeValues", {})
    for word, body in _clauses(params["UpdateExpression"]):
        for one in body:
            match word, one.split():
                case "SET", [name, "=", value]:
                    item[names.get(name, name)] = values[value]
                case "REMOVE", [name]:
                    item.pop(names.get(name, name), None)
                case "ADD", [name, value]:
                    _add(item, names.get(name, name), values[value])
                case _:
                    raise AssertionError(f"an update that is not known here: {word} {one}")
    return item


@lru_cache
def _clauses(expression: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    parts = re.split(r"\b(SET|REMOVE|ADD) ", expression)[1:]
    return tuple(
        (word, tuple(one.strip() for one in body.split(",")))
        for word, body in zip(parts[::2], parts[1::2], strict=True)
    )


def _add(item: dict[str, Any], name: str, value: Mapping[str, Any]) -> None:
    old = item.get(name)
    if "N" in value:
        item[name] = {"N": str(Decimal(old["N"] if old else 0) + Decimal(value["N"]))}
    else:
        item[name] = {"SS": sorted({*(old["SS"] if old else ()), *value["SS"]})}


# --- conditions


def spelled(expression: str, names: Mapping[str, str]) -> str:
    """With attributes by their own names."""
    return re.sub(r"#\w+", lambda found: names[found[0]], expression) if names and "#" in expression else expression


@lru_cache
def condition(expression: str) -> Test:
    """What the expression says of an item and the values. Attributes that are missing compare as nothing does."""
    tokens = _TOKEN.findall(expression)
    if "".join(tokens) != re.sub(r"\s+", "", expression):
        raise AssertionError(f"cannot read the condition {expression}")
    parser = _Parser(tokens)
    made = parser.either()
    assert not parser.tokens, f"cannot read the end of the condition {expression}"
    return made


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def either(self) -> Test:
        parts = [self._all()]
        while self._take("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda item, values: any(part(item, values) for part in parts)

    def _all(self) -> Test:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda item, values: all(part(item, values) for part in parts)

    def _one(self) -> Test:
        if self._take("NOT"):
            inner = self._one()
            return lambda item, values: not inner(item, values)
        if self._take("("):
            made = self.either()
            self._need(")")
            return made
        word = self.tokens.pop(0)
        if word in ("attribute_exists", "attribute_not_exists", "contains"):
            return self._called(word)
        return _compared(_operand(word), self.tokens.pop(0), _operand(self.tokens.pop(0)))

    def _called(self, word: str) -> Test:
        self._need("(")
        name = self.tokens.pop(0)
        if word == "contains":
            self._need(",")
            inside = _operand(self.tokens.pop(0))
            self._need(")")
            return lambda item, values: name in item and inside(item, values)["S"] in next(iter(item[name].values()))
        self._need(")")
        return (lambda item, _: name in item) if word == "attribute_exists" else (lambda item, _: name not in item)

    def _take(self, word: str) -> bool:
        if self.tokens and self.tokens[0] == word:
            del self.tokens[0]
            return True
        return False

    def _need(self, word: str) -> None:
        assert self._take(word), f"{word} was expected before {self.tokens}"


def _operand(word: str) -> Operand:
    if word.startswith(":"):
        return lambda _, values: values[word]
    return lambda item, _: item.get(word)


def _compared(left: Operand, sign: str, right: Operand) -> Test:
    def test(item: Packed, values: Packed) -> bool:
        a, b = left(item, values), right(item, values)
        if sign == "<>":
            return bool(a != b)
        if a is None or b is None or a.keys() != b.keys():
            return False
        x, y = (Decimal(one["N"]) if "N" in one else next(iter(one.values())) for one in (a, b))
        return {"=": x == y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[sign]

    return test
