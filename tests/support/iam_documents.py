"""The policy files of the functions as a stack makes them: with CloudFormation's intrinsics put in.

stack = Stack(load_template(), {"FleetCluster": "launched"}, {"LifecycleTable": Made("lifecycle", "arn:aws:…")})
statements = stack.role("sweep")
environment = stack.environment("sweep")
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from support.chalice_package import ROOT

CHALICE = ROOT / "chalice_app" / ".chalice"
TEMPLATE = ROOT / "cfn" / "app-resources.yaml"
NAMES = {"api_handler": "APIHandler"}
"""Chalice's names of functions that it does not merely put into capitals for the template."""
_LEFT_OUT = object()


@dataclass(frozen=True, slots=True)
class Made:
    """A resource as it stands in an account: what ``Ref`` and ``Fn::GetAtt`` say of it."""

    ref: str
    arn: str = ""


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            text = loader.construct_scalar(node)
            return {name: str(text).split(".", 1) if suffix == "GetAtt" else text}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
        case yaml.MappingNode():
            return {name: loader.construct_mapping(node, deep=True)}
    raise AssertionError(f"!{suffix} cannot be read")


_Loader.add_multi_constructor("!", _short_form)  # type: ignore[no-untyped-call]


@cache
def load_template(path: Path = TEMPLATE) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(path.read_text(), Loader=_Loader)
    return loaded


def policy_files() -> dict[str, Path]:
    """By Chalice's name of the function, as the stage prod has them."""
    config = json.loads((CHALICE / "config.json").read_text())
    functions = config["stages"]["prod"]["lambda_functions"]
    return {name: CHALICE / one["iam_policy_file"] for name, one in functions.items()}


def logical_id(function: str) -> str:
    """``aws_events`` -> ``AwsEvents``: what Chalice's template calls it."""
    return NAMES.get(function, "".join(part.capitalize() for part in function.split("_")))


@dataclass(frozen=True)
class Stack:
    """``parameters`` beside the defaults; ``made`` by logical id; ``pseudo`` as in ``AWS::Region``."""

    template: Mapping[str, Any]
    parameters: Mapping[str, str]
    made: Mapping[str, Made]
    pseudo: Mapping[str, str]

    def role(self, function: str) -> Sequence[Mapping[str, Any]]:
        """The statements of its policy file, and those of policies that the template attaches to its role."""
        found = list(self.resolve(json.loads(policy_files()[function].read_text()))["Statement"])
        role = f"{logical_id(function)}Role" if function != "api_handler" else "ApiHandlerRole"
        for one in self.template["Resources"].values():
            if one["Type"] == "AWS::IAM::Policy" and {"Ref": role} in one["Properties"]["Roles"]:
                found += self.resolve(one["Properties"]["PolicyDocument"])["Statement"]
        return found

    def environment(self, function: str) -> dict[str, str]:
        resource = self.template["Resources"].get(logical_id(function), {})
        variables = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
        return {name: str(value) for name, value in self.resolve(variables).items()}

    def properties(self, function: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.template["Resources"].get(logical_id(function), {}).get("Properties", {})
        return found

    @cached_property
    def _values(self) -> dict[str, str]:
        defaults = {name: str(one.get("Default", "")) for name, one in self.template["Parameters"].items()}
        unknown = self.parameters.keys() - defaults.keys()
        assert not unknown, f"the template has no parameters {sorted(unknown)}"
        return {**defaults, **self.parameters, **self.pseudo}

    def resolve(self, value: Any) -> Any:
        """Raises AssertionError for an intrinsic or a name that nobody knows here."""
        match value:
            case list():
                each = [self.resolve(one) for one in value]
                return [
                    part for one in each if one is not _LEFT_OUT for part in (one if isinstance(one, list) else [one])
                ]
            case dict() if len(value) == 1 and (name := next(iter(value))).startswith(("Fn::", "Ref", "Condition")):
                if name in ("Ref", "Condition") and not isinstance(value[name], str):
                    return self._mapping(value)
                return self._intrinsic(name, value[name])
            case dict():
                return self._mapping(value)
        return value

    def _mapping(self, value: Mapping[str, Any]) -> dict[str, Any]:
        resolved = {name: self.resolve(one) for name, one in value.items()}
        return {name: one for name, one in resolved.items() if one is not _LEFT_OUT}

    def _intrinsic(self, name: str, of: Any) -> Any:
        match name:
            case "Ref":
                return self._ref(of)
            case "Condition":
                return self.resolve(self.template["Conditions"][of])
            case "Fn::GetAtt":
                return self._attribute(".".join(of))
            case "Fn::Sub":
                return self._sub(of)
            case "Fn::If":
                return self.resolve(of[1] if self.resolve(self.template["Conditions"][of[0]]) else of[2])
            case "Fn::Equals":
                return self.resolve(of[0]) == self.resolve(of[1])
            case "Fn::Not":
                return not self.resolve(of[0])
            case "Fn::And":
                return all(self.resolve(one) for one in of)
            case "Fn::Or":
                return any(self.resolve(one) for one in of)
            case "Fn::Join":
                return of[0].join(self.resolve(of[1]))
            case "Fn::Split":
                return self.resolve(of[1]).split(of[0])
        raise AssertionError(f"{name} is not known here: add it to tests/support/iam_documents.py")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _LEFT_OUT
        return self.made[name].ref if name in self.made else self._value(name)

    def _value(self, name: str) -> str:
        assert name in self._values, f"nobody told what {name} is"
        return self._values[name]

    def _attribute(self, dotted: str) -> str:
        name, _, attribute = dotted.partition(".")
        assert attribute == "Arn" and name in self.made, f"nobody told what {dotted} is"
        return self.made[name].arn

    def _sub(self, of: Any) -> str:
        text, own = (
            (of, {}) if isinstance(of, str) else (of[0], {name: self.resolve(one) for name, one in of[1].items()})
        )

        def put(found: re.Match[str]) -> str:
            name = found[1]
            if name in own:
                return str(own[name])
            return self._attribute(name) if "." in name else str(self._ref(name))

        return re.sub(r"\$\{([^!}]+)\}", put, text)
