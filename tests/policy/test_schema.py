"""The editors' schema and the loader judge alike, as far as both can judge.

Both are given the same mutated files. Every scalar is written in quotes, so that the editor sees the text the loader
sees: an editor gives bare scalars YAML's own types, which is the one known gap (a test below names it). What only the
loader can judge is left out of the comparison by its code: several keys together, days of the calendar, existing zones
and countries, the inside of windows and cron, other files.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from chalicelib.policy import reference
from chalicelib.policy.loader import load
from chalicelib.policy.merge import IN_DEFAULTS
from chalicelib.policy.problems import Problem
from chalicelib.policy.schema import schema, text
from hypothesis import given, settings
from hypothesis import strategies as st

POLICIES = Path(__file__).parents[2] / "policies"
TODAY = date(2026, 11, 21)
SCHEMA = schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)

RICH = """\
lifecycle: v1
policies:
  rich:
    description: All sections.
    owner: a@example.com
    mode: disabled
    priority: 10
    match: {clusters: [a], names: ["b-*"], tags: {environment: dev, team: [a, b]}, not-tags: {keep: "*"}}
    exclude: [{names: [x], until: never, reason: demo}, {tags: {a: b}, until: 2026-12-18, reason: demo}]
    hours:
      timezone: Asia/Tokyo
      open: [mon-fri 08:00-20:00, last-fri 20:00-02:00]
      closed: cut
      cut-after: 30m
      holidays: {country: JP, extra: [2026-12-29..2027-01-03], day-is: sun}
    idle:
      stop-after: adaptive
      cold-start-value: 1.00 USD
      signals: {gpu: {busy-above: 5%}, requests: {missing: zero-while-healthy}, cpu: {ignore: true}}
    spot: {use: prefer, fall-back-after: 5m, on-demand-base: 1, providers: {spot: s, on-demand: d}}
    approval: {for: [idle-stop], ask: "#ml", approvers: ["group:a", "user:b@example.com"], self: false}
    overrides: {allow: [keep], longest: 12h, by: [owner], service-tags: [hours]}
    limits: {stops-per-hour: 5, keep-running: 1, keep-running-per: "tag:model"}
    notify: {channel: "#ml", events: [stopped], quiet: [daily 22:00-07:00]}
    tests:
      - {at: "2026-11-20T10:00", expect: running, because: hours, next: "2026-11-20T20:00+09:00"}
      - at: "2026-11-20T10:00"
        expect: stopped
        given: {idle-for: 50m, missing: [requests], in-flight: 1, freeze: true, tags: {a: b}, started: by-hand,
                override: {keep-until: "2026-11-20T20:00Z"}}
defaults:
  hours: {timezone: Asia/Tokyo, holidays: {country: JP}}
  idle: {warm-up: 10m}
  approval: {ask: "#gpu-cost"}
  notify: {quiet: [daily 22:00-07:00]}
never-touch: [{tags: {tier: critical}, clusters: [p], reason: paid}]
freezes: [{name: launch, from: "2026-12-07T00:00", to: "2026-12-12T00:00Z", hold: [stop], reason: week}]
"""
SMALL = "lifecycle: v1\npolicies: {a: {match: {everything: true}, idle: {stop-after: 30m}}}\n"

BOTH_JUDGE = frozenset(f"LC{number:03}" for number in (6, 7, 8, 9, 10, 11, 14, 16, 22, 30, 31, *range(33, 44)))
"""Codes of form and of single values. The junk below is chosen so that these values are wrong by their form."""
JUNK = (
    "30",
    "1.5h",
    "8:00",
    "maybe",
    "",
    "ML Team",
    "12/31",
    "^a$",
    "-5",
    "30m",
    "5%",
    "true",
    "none",
    "x" * 70,
    "#ml",
)
Tree = Any
Place = tuple[str | int, ...]


def texts_only(node: Tree) -> Tree:
    """The document as the loader sees it: every scalar is the text that was written."""
    if isinstance(node, dict):
        return {str(key): texts_only(value) for key, value in node.items()}
    if isinstance(node, list):
        return [texts_only(item) for item in node]
    return str(node)


def document(written: str) -> Tree:
    return texts_only(yaml.load(written, Loader=yaml.BaseLoader))


DOCUMENTS = [document(RICH), document(SMALL)] + [
    document(file.read_text(encoding="utf-8")) for file in sorted(POLICIES.glob("*.yaml"))
]


def places(node: Tree, path: Place = ()) -> Iterator[Place]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        yield (*path, key)
        yield from places(value, (*path, key))


def at(node: Tree, path: Place) -> Tree:
    for key in path:
        node = node[key]
    return node


@st.composite
def mutated(draw: st.DrawFn) -> Tree:
    """One to three mutations of one document: a key dropped or misspelled, a value or a container exchanged."""
    tree = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        # `locked` holds key paths, which only the loader can look up
        candidates = [path for path in places(tree) if path[0] != "locked"]
        if not candidates:
            break
        path = draw(st.sampled_from(candidates))
        parent, key = at(tree, path[:-1]), path[-1]
        value = parent[key]
        match draw(st.sampled_from(["drop", "misspell", "junk", "list", "map"])):
            case "drop":
                del parent[key]
            case "misspell" if isinstance(key, str):
                parent[f"{key}x"] = parent.pop(key)
            case "junk":
                parent[key] = draw(st.sampled_from(JUNK))
            case "list":
                parent[key] = [value]
            case "map":
                parent[key] = {"some": value}
    return tree


def both_judge(problem: Problem) -> bool:
    if problem.code == "LC008":  # what `defaults` of another file may give is not required by the schema
        parts = problem.path.split(".")
        return not (parts[0] == "policies" and len(parts) > 3 and parts[2] in IN_DEFAULTS)
    if problem.code == "LC050":
        return problem.value is None
    return problem.code in BOTH_JUDGE


def loader_refuses(tree: Tree) -> list[str]:
    written = json.dumps(tree, ensure_ascii=False)
    return [f"{one.path}: {one.sentence}" for one in load({"a.yaml": written}, today=TODAY).errors if both_judge(one)]


def schema_refuses(tree: Tree) -> list[str]:
    return [f"{list(one.absolute_path)}: {one.message[:200]}" for one in VALIDATOR.iter_errors(tree)]


def test_the_schema_is_draft_07_and_current() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    assert (POLICIES / "schema.json").read_text(encoding="utf-8") == text()


def test_the_reference_pages_key_table_is_current() -> None:
    page = (POLICIES / "README.md").read_text(encoding="utf-8")

    assert reference.page_with_table(page) == page


def test_nothing_newer_than_draft_07_stands_in_the_schema() -> None:
    written = text()

    assert not [word for word in ("$defs", "prefixItems", "unevaluated", "dependentRequired") if word in written]


def test_the_schema_helps_people_who_type() -> None:
    hours = SCHEMA["definitions"]["Hours"]["properties"]

    assert SCHEMA["properties"]["policies"]["defaultSnippets"]
    assert hours["started-by-hand"]["default"] == "2h"
    assert hours["open"]["items"]["patternErrorMessage"]
    undescribed = [
        f"{name}.{key}"
        for name, part in SCHEMA["definitions"].items()
        for key, value in part.get("properties", {}).items()
        if not value.get("description")
    ]
    assert undescribed == []


@pytest.mark.parametrize("tree", DOCUMENTS)
def test_both_take_the_examples(tree: Tree) -> None:
    assert schema_refuses(tree) == []
    assert loader_refuses(tree) == []


@given(mutated())
@settings(max_examples=250, deadline=None)
def test_schema_and_loader_give_the_same_verdict_on_mutated_files(tree: Tree) -> None:
    by_schema, by_loader = schema_refuses(tree), loader_refuses(tree)

    assert bool(by_schema) == bool(by_loader), (by_schema, by_loader)


@pytest.mark.parametrize(
    ("written", "editor_underlines"),
    [
        ("priority: 10", False),
        ("priority: '10'", False),
        ("match: {everything: true}", False),
        ("idle: {stop-after: 30m, signals: {requests: {busy-above: 0}}}", False),
        ("owner: 012", True),
        ("description: true", True),
        ("match: {names: [123]}", True),
    ],
)
def test_the_known_gap_is_bare_text_that_looks_like_another_type(written: str, editor_underlines: bool) -> None:
    keys = {"match": {"names": ["a"]}, "idle": {"stop-after": "30m"}} | yaml.safe_load(written)
    text = f"lifecycle: v1\npolicies:\n  a:\n    {written}\n"
    text += "".join(f"    {key}: {value}\n" for key, value in keys.items() if f"{key}:" not in written)

    assert load({"a.yaml": text}, today=TODAY).errors == ()
    assert bool(schema_refuses({"lifecycle": "v1", "policies": {"a": keys}})) == editor_underlines
