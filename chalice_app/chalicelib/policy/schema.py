"""``policies/schema.json`` for editors: the language as JSON Schema draft-07, generated from the models.

``python -m chalicelib.policy.schema --write`` writes it, ``--check`` says whether the file is current (exit 1 if not).

Decides nothing of its own: keys, types, defaults and descriptions are the models'. It refuses no file that the loader
takes, with one known exception: an editor gives YAML's own types to bare scalars, so a text that looks like a number,
a boolean or null (``owner: 012``) is underlined until it is quoted, while the loader reads it as written. What it
cannot say is listed by code in ``codes.loader_only``; everything else it refuses as the loader does.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaWarningKind, models_json_schema

from chalicelib.policy.editor_forms import forms
from chalicelib.policy.guards import partial
from chalicelib.policy.merge import IN_DEFAULTS, SECTIONS
from chalicelib.policy.model import Freeze, Policy
from chalicelib.policy.names import LONGEST_WORD, WORD_PATTERN
from chalicelib.policy.scalars import FORM, as_text
from chalicelib.policy.schema_rules import say_rules
from chalicelib.policy.sections.base import is_internal
from chalicelib.policy.sections.services import NeverTouch
from chalicelib.policy.shape import keys_of
from chalicelib.policy.snippets import HOURS_SNIPPETS, POLICY_SNIPPETS

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
SCHEMA_FILE = Path("policies") / "schema.json"
Json = dict[str, Any]


def schema() -> Json:
    """The whole schema as plain data, keys in the order of the models."""
    models: list[type[BaseModel]] = [Policy, NeverTouch, Freeze, *(_section(name) for name in sorted(IN_DEFAULTS))]
    pairs: list[tuple[Any, JsonSchemaMode]] = [(model, "validation") for model in models]
    _, definitions = models_json_schema(pairs, ref_template="#/definitions/{model}", schema_generator=_Draft07)
    used = _used(definitions["$defs"], [model.__name__ for model in models])
    parts: Json = {name: _tidy(part) for name, part in definitions["$defs"].items() if name in used}
    _drop_what_is_ours(parts)
    _allow_none(parts)
    _open_by_defaults(parts)
    say_rules(parts)
    for part in parts.values():
        part.pop("description", None)  # docstrings speak to programmers
    parts["Hours"]["defaultSnippets"] = HOURS_SNIPPETS
    return {
        "$schema": DRAFT_07,
        "title": "ollama-lifecycle policy file",
        "description": "When GPU model services may run, and when idle means idle.",
        "type": "object",
        "additionalProperties": False,
        "required": ["lifecycle"],
        "properties": _file_keys(),
        "definitions": dict(sorted((parts | forms()).items())),
    }


def text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


class _Draft07(GenerateJsonSchema):
    """Without pydantic's warnings about defaults that are no JSON: they are written as the language writes them."""

    ignored_warning_kinds: ClassVar[set[JsonSchemaWarningKind]] = {"skipped-choice", "non-serializable-default"}  # type: ignore[misc]

    def encode_default(self, dft: Any) -> Any:
        return _json_default(dft)


def _json_default(value: object) -> object:
    if isinstance(value, bool | int) and not isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [_json_default(one) for one in value]
    return as_text(value)


def _section(name: str) -> type[BaseModel]:
    section = keys_of(Policy)[name].shape.section
    assert section is not None
    return partial(section)


def _file_keys() -> Json:
    items = {"never-touch": "NeverTouch", "freezes": "Freeze"}
    above = {
        key: {"type": "array", "items": {"$ref": f"#/definitions/{name}"}, "description": _FILE_WORDS[key]}
        for key, name in items.items()
    }
    return {
        "lifecycle": {"const": "v1", "description": _FILE_WORDS["lifecycle"], "default": "v1"},
        "policies": {
            "type": "object",
            "description": _FILE_WORDS["policies"],
            "propertyNames": {"pattern": WORD_PATTERN, "maxLength": LONGEST_WORD},
            "maxProperties": 500,
            "additionalProperties": {"$ref": "#/definitions/Policy"},
            "defaultSnippets": POLICY_SNIPPETS,
        },
        "defaults": {
            "type": "object",
            "description": _FILE_WORDS["defaults"],
            "additionalProperties": False,
            "properties": {
                name: {"$ref": f"#/definitions/{_section(name).__name__}"}
                for name in keys_of(Policy)
                if name in IN_DEFAULTS
            },
        },
        "locked": {
            "type": "array",
            "description": _FILE_WORDS["locked"],
            "items": {"type": "string", "examples": ["approval.no-answer"]},
        },
        **above,
    }


_FILE_WORDS = {
    "lifecycle": "The version of the language.",
    "policies": "Policies by name. Names are unique across all files.",
    "defaults": "What policies inherit inside the sections they open. Only one file of the set may have it.",
    "locked": "Key paths that policies may not set.",
    "never-touch": "Services that no policy can match, whatever its priority.",
    "freezes": "Times in which something must not happen.",
}


def _used(parts: Json, names: list[str]) -> set[str]:
    """The definitions that the models lead to; pydantic also describes the values we parse into."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(re.findall(r'"#/definitions/([^"]+)"', json.dumps(parts[name])))
    return found


def _tidy(part: Any) -> Any:
    """2020-12 as pydantic writes it, made draft-07; optional keys lose their ``null``: nothing in a file is null."""
    if isinstance(part, list):
        return [_tidy(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {key: _tidy(value) for key, value in part.items() if key != "title"}
    if "properties" in part:
        made["properties"] = {key: _tidy(value) for key, value in part["properties"].items()}
    if made.get("default", 0) == "none":
        del made["default"]
    if "anyOf" in made:
        choices = [one for one in made["anyOf"] if one != {"type": "null"}]
        made = {key: value for key, value in made.items() if key != "anyOf"}
        made = {**choices[0], **made} if len(choices) == 1 else {**made, "anyOf": choices}
    if FORM in made:
        made["$ref"] = f"#/definitions/{made.pop(FORM)}"
    if "$ref" in made and len(made) > 1:  # draft-07 ignores what stands beside a $ref
        made = {"allOf": [{"$ref": made.pop("$ref")}], **made}
    return made


def _drop_what_is_ours(parts: Json) -> None:
    models: list[type[BaseModel]] = [Policy, *_sections_below(Policy)]
    for model in models:
        part = parts[model.__name__]
        for name in model.model_fields:
            if is_internal(model, name):
                part["properties"].pop(name, None)
                part["required"] = [one for one in part.get("required", []) if one != name]


def _sections_below(model: type[BaseModel]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    for key in keys_of(model).values():
        shape = key.shape
        while shape.item is not None:
            shape = shape.item
        if shape.section is not None:
            found += [shape.section, *_sections_below(shape.section)]
    return found


def _allow_none(parts: Json) -> None:
    """``approval: none`` takes an inherited section out of a policy."""
    for name, part in parts.items():
        if name.endswith("Defaults"):
            continue
        for key, value in part.get("properties", {}).items():
            if key in SECTIONS:
                refs = value.pop("allOf", None) or value.pop("anyOf")
                value["anyOf"] = [*refs, {"const": "none"}]


def _open_by_defaults(parts: Json) -> None:
    """A key that `defaults` may give cannot be required in a policy: the editor sees one file only."""
    for model in (keys_of(Policy)[name].shape.section for name in IN_DEFAULTS):
        assert model is not None
        for section in (model, *_sections_below(model)):
            parts[section.__name__].pop("required", None)


def main(arguments: list[str]) -> int:
    """``--write`` or ``--check``, in the folder that holds ``policies/``."""
    if arguments == ["--write"]:
        SCHEMA_FILE.write_text(text(), encoding="utf-8")
        return 0
    if arguments == ["--check"]:
        if SCHEMA_FILE.read_text(encoding="utf-8") == text():
            return 0
        sys.stderr.write(f"{SCHEMA_FILE} is not current; run python -m chalicelib.policy.schema --write\n")
        return 1
    sys.stderr.write("usage: python -m chalicelib.policy.schema --write|--check\n")
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
