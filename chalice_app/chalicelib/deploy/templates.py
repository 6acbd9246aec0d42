"""CloudFormation templates as data: read with their short tags, and the parameters that they take.

Puts the application's parameters into the stack that holds all of it: what `main.yaml` neither has nor sets is added
there and handed on, so that each stands in one place. Refuses a name that both have with another meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chalicelib.errors import ConfigurationError

MAIN = "main.yaml"
US_EAST_1 = "us-east-1.yaml"
APP_RESOURCES = "app-resources.yaml"
"""What is merged into the application's template when it is packaged; all its parameters are there."""
APP = "App"
"""The nested stack, in `main.yaml`, of what Chalice packages."""
PACKAGED = "sam.yaml"
NESTED = "AWS::CloudFormation::Stack"

Document = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """PyYAML's safe one, with CloudFormation's tags."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            assert isinstance(node, yaml.MappingNode)
            value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tagged)


def read(path: Path) -> Document:
    """Raises ConfigurationError for a file that is no template."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def parse(text: str, name: str) -> Document:
    """YAML, or JSON, which is YAML too. ``name`` is for the sentence of the ConfigurationError."""
    try:
        found = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader with tags
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name} cannot be read as a template: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise ConfigurationError(f"{name} is no CloudFormation template: it has no Resources.")
    return found


def written(document: Document) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return text


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a template. ``pattern`` has to match the whole value; ``default`` None: it has to be given."""

    name: str
    default: str | None
    says: str
    is_number: bool = False
    pattern: str = ""
    values: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    def fault(self, value: str) -> str:
        """What is wrong with ``value``, as CloudFormation would find; empty when nothing is."""
        if self.values and value not in self.values:
            return f"write {', '.join(self.values[:-1])} or {self.values[-1]}" if self.values[1:] else self.values[0]
        if self.is_number:
            return self._number_fault(value)
        if self.pattern and not re.fullmatch(self.pattern, value):
            return f"it has to match {self.pattern}. {self.says}"
        return ""

    def _number_fault(self, value: str) -> str:
        try:
            number = float(value)
        except ValueError:
            return "write a number"
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            return f"write a number from {self.least or 0:g}" + (f" to {self.most:g}" if self.most is not None else "")
        return ""


def parameters(document: Document) -> dict[str, Parameter]:
    return {name: _parameter(name, one) for name, one in (document.get("Parameters") or {}).items()}


def _parameter(name: str, one: Mapping[str, Any]) -> Parameter:
    default = one.get("Default")
    return Parameter(
        name,
        None if default is None else str(default),
        " ".join(str(one.get("Description", "")).split()),
        is_number=one.get("Type") == "Number",
        pattern=one.get("AllowedPattern", ""),
        values=tuple(str(value) for value in one.get("AllowedValues", ())),
        least=one.get("MinValue"),
        most=one.get("MaxValue"),
    )


def with_app(main: Document, app: Document) -> Document:
    """``main`` with the application's template in it, and every parameter of the application that it does not set."""
    stack = main["Resources"][APP]["Properties"]
    given = stack["Parameters"]
    strangers = sorted(set(given) - set(app.get("Parameters") or {}))
    if strangers:
        raise ConfigurationError(f"{MAIN} gives the application {', '.join(strangers)}, which it does not take.")
    added = {name: one for name, one in app["Parameters"].items() if name not in given}
    handed_on = {name: {"Ref": name} for name in added}
    new = {name: one for name, one in added.items() if name not in main["Parameters"]}
    properties = stack | {"TemplateURL": PACKAGED, "Parameters": given | handed_on}
    resources = main["Resources"] | {APP: main["Resources"][APP] | {"Properties": properties}}
    return main | {"Parameters": main["Parameters"] | new, "Resources": resources}


def nested(document: Document) -> dict[str, str]:
    """The nested stacks of a template: logical id -> address of the template."""
    return {
        name: one["Properties"]["TemplateURL"] for name, one in document["Resources"].items() if one["Type"] == NESTED
    }
