"""The editors' schema and the loader judge alike, as far as both can judge.

Both are given the same mutated files. Every scalar is written in quotes, so that the editor sees the text the loader
sees: an editor gives bare scalars YAML's own types, which is the one known gap (a test below names it). What only the
loader can judge is left out of the comparison by its code (``codes.loader_only``). Some mutations are junk; others are
nearly right, and wrong only by what a value means.
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
from chalicelib.policy.codes.loader_only import LOADER_ONLY
from chalicelib.policy.codes.rules import RULES
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
    approval: {for: [idle-stop], ask: "#ml-費用", approvers: ["group:Admin", "user:b@example.com"], self: false}
    overrides: {allow: [keep], longest: 12h, by: [owner], service-tags: [hours]}
    limits: {stops-per-hour: 5, keep-running: 1, keep-running-per: "tag:model"}
    notify: {channel: "#ml", events: [stopped], quiet: [daily 22:00-07:00]}
    tests:
      - {at: "2026-11-20T10:00", expect: running, because: hours, next: "2026-11-20T20:00+09:00"}
      - at: "2026-11-20T10:00"
        expect: stopped
        given: {idle-for: 50m, missing: [requests], in-flight: 1, freeze: true, tags: {a: b}, started: by-hand,
                override: {keep-until: "2026-11-20T20:00Z"}}
  edges:
    match: {everything: true}
    hours: {timezone: UTC, cron: {start: ["0 8 * * 1-5"], stop: ["cron(0 20 ? * MON-FRI *)"]}}
    idle: {stop-after: 30m, signals: {network-out: {busy-above: 50 KiB/s}, leases: {busy-above: 0}}}
defaults:
  hours: {timezone: Asia/Tokyo, holidays: {country: JP}}
  idle: {warm-up: 10m, signals: {gpu: {busy-above: 7%}}}
  approval: {ask: "#gpu-cost"}
  notify: {quiet: [daily 22:00-07:00]}
never-touch: [{tags: {tier: critical}, clusters: [p], reason: paid}]
freezes: [{name: launch, from: "2026-12-07T00:00", to: "2026-12-12T00:00Z", hold: [stop], reason: week}]
"""
SMALL = "lifecycle: v1\npolicies: {a: {match: {everything: true}, idle: {stop-after: 30m}}}\n"

UNSEEN = frozenset(code for codes in LOADER_ONLY.values() for code in codes)
"""Codes that only the loader can judge."""
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
WINDOWS = (
    "mon-fir 08:00-20:00",
    "monday-friday 08:00-20:00",
    "mon-fri,wed 08:00-20:00",
    "mon,mon 08:00-20:00",
    "mon-mon 08:00-20:00",
    "fri-mon  22:00-06:00",
    "6th-mon 08:00-20:00",
    "5th-mon 08:00-20:00",
    "1st-fir 08:00-20:00",
    "day 32 08:00-20:00",
    "day 0 08:00-20:00",
    "day 01-09 08:00-20:00",
    "day 20-10 08:00-20:00",
    "last-day all-day",
    "jan-jan daily all-day",
    "dec,jan 1st-mon all-day",
    "december daily all-day",
    "dec 08:00-20:00",
    "jan-dec 2026-12-24 08:00-20:00",
    "2026-02-29 all-day",
    "2028-02-29..2028-03-01 all-day",
    "2026-13-01 all-day",
    "daily 08:00-25:00",
    "daily 24:00-08:00",
    "daily 08:00-24:00",
    "daily 08:00-24:30",
    "daily 08:60-20:00",
    "daily 08:00-08:00",
    "daily 00:00-24:00",
    "daily",
    " mon 08:00-20:00 ",
)
DURATIONS = (
    "1000000d",
    "366d",
    "367d",
    "8785h",
    "200d4000h",
    "366d1h",
    "0s",
    "1d1d",
    "30s5m",
    "1h30",
    "007m",
    "99999999s",
)
NEAR: dict[str, tuple[str, ...]] = {
    "open": WINDOWS,
    "quiet": WINDOWS,
    "timezone": ("+09:00", "Asia/Tokio", "asia/tokyo", "UTC", "GMT", "Etc/UTC", "Europe/Kyiv", "America/Indiana/Knox"),
    "country": ("XX", "JPN", "jp", "Japan", "DE", "EU", "UK", "GB"),
    "stop-after": (*DURATIONS, "adaptiv", "adaptive", "5m", "4m", "299s", "4m60s", "300s", "1h2m"),
    "cut-after": DURATIONS,
    "longest": DURATIONS,
    "warm-up": DURATIONS,
    "busy-above": ("5", "5%", "105%", "100.0%", "100.5%", "-1%", "5 %", "50 KB/s", "50 KiB/s", "0.05", "1000000000"),
    "missing": ("zero", "zero-while-healthy", "none"),
    "start": ("0 8 * *", "0 8 * * * *", "0 8 ? * *", "cron(0 8 * * ? *)", "cron(0 8 * *)", "61 8 * * *", "* * * * *"),
    "stop": ("0  20 * * *", "cron(0 8 ? * MON-FRI)", "0 8 31 2 *", "cron(0 8 L * ? *)", "0 8 * * 1-8", "@daily"),
    "extra": (
        "2026-02-30",
        "2026-12-31",
        "2026-12-31..2026-12-01",
        "2026-12",
        "2026-04-31",
        "0000-01-01",
        "2000-02-29",
    ),
    "until": ("2026-02-29", "2028-02-29", "1900-02-29", "never", "Never", "2026-12-31..2027-01-01"),
    "at": (
        "2026-11-20T24:00",
        "2026-11-20T10:60",
        "2026-11-31T10:00",
        "2026-11-20T10:00+15:00",
        "2026-11-20T10:00:30Z",
    ),
    "cold-start-value": ("1.50 JPY", "1.000 USD", "1 XXX", "1.5 EUR", "01 USD", "100 JPY", "1.234 KWD"),
    "everything": ("false", "true", "yes"),
    "priority": ("1000", "1001", "007", "-1"),
}
"""Values that look right, by their key: some are, some are not."""
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


MORE: tuple[tuple[str, Tree], ...] = (
    ("open", ["daily 08:00-20:00"]),
    ("cron", {"start": ["0 8 * * *"], "stop": ["0 9 * * *"]}),
    ("cron", {"start": ["0 8 * * *"]}),
    ("cron", "none"),
    ("everything", "false"),
    ("everything", "true"),
    ("stop-until", "2026-11-20T20:00Z"),
    ("busy-above", "5"),
)
"""Keys that may not stand beside those that are there."""


def key_of(path: Place) -> str:
    """The key a value stands under, through the places of a list."""
    return next(step for step in reversed(path) if isinstance(step, str))


@st.composite
def mutated(draw: st.DrawFn) -> Tree:
    """One to three mutations of one document: a key dropped, misspelled or added, a value or a container exchanged."""
    tree = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        # `locked` holds key paths, which only the loader can look up
        candidates = [path for path in places(tree) if path[0] != "locked"]
        if not candidates:
            break
        path = draw(st.sampled_from(candidates))
        parent, key = at(tree, path[:-1]), path[-1]
        value = parent[key]
        match draw(
            st.sampled_from(["near", "near", "near", "drop", "misspell", "junk", "list", "map", "empty", "more"])
        ):
            case "near":
                near = [one for one in candidates if isinstance(at(tree, one), str) and key_of(one) in NEAR]
                if near:
                    path = draw(st.sampled_from(near))
                    at(tree, path[:-1])[path[-1]] = draw(st.sampled_from(NEAR[key_of(path)]))
            case "empty":
                parent[key] = [] if isinstance(value, list) else {}
            case "more" if isinstance(parent, dict):
                more, what = draw(st.sampled_from(MORE))
                parent[more] = copy.deepcopy(what)
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
    parts = problem.path.split(".")
    if problem.code == "LC008":  # what `defaults` of another file may give is not required by the schema
        return not (parts[0] == "policies" and len(parts) > 2 and parts[2] in IN_DEFAULTS)
    if parts[0] == "defaults" and problem.code in RULES:  # a default is only wrong once a policy takes it
        return problem.code in ("LC050", "LC053", "LC063", "LC064")
    return problem.code not in UNSEEN


def loader_refuses(tree: Tree) -> list[Problem]:
    written = json.dumps(tree, ensure_ascii=False)
    return list(load({"a.yaml": written}, today=TODAY).errors)


def schema_refuses(tree: Tree) -> list[str]:
    return [f"{list(one.absolute_path)}: {one.message[:200]}" for one in VALIDATOR.iter_errors(tree)]


def test_the_schema_is_draft_07_and_current() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    assert (POLICIES / "schema.json").read_text(encoding="utf-8") == text()


def test_the_reference_pages_tables_are_current() -> None:
    page = (POLICIES / "README.md").read_text(encoding="utf-8")

    assert reference.page_with_tables(page) == page


def test_nothing_newer_than_draft_07_stands_in_the_schema() -> None:
    written = text()

    assert not [word for word in ("$defs", "prefixItems", "unevaluated", "dependentRequired") if word in written]


def test_the_schema_helps_people_who_type() -> None:
    hours = SCHEMA["definitions"]["Hours"]["properties"]

    assert SCHEMA["properties"]["policies"]["defaultSnippets"]
    assert hours["started-by-hand"]["default"] == "2h"
    assert hours["open"]["items"] == {"$ref": "#/definitions/window"}
    assert SCHEMA["definitions"]["window"]["patternErrorMessage"]
    assert "Asia/Tokyo" in SCHEMA["definitions"]["zone"]["enum"]
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
    assert [one for one in loader_refuses(tree) if both_judge(one)] == []


def assert_one_verdict(tree: Tree) -> None:
    """What both can judge both refuse, and the schema refuses nothing that the loader takes."""
    by_schema, by_loader = schema_refuses(tree), loader_refuses(tree)
    seen = [f"{one.code} {one.path}: {one.sentence}" for one in by_loader if both_judge(one)]

    assert not seen or by_schema, seen
    assert not by_schema or by_loader, by_schema


@given(mutated())
@settings(max_examples=400, deadline=None)
def test_schema_and_loader_give_the_same_verdict_on_mutated_files(tree: Tree) -> None:
    assert_one_verdict(tree)


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in NEAR.items() for value in values])
def test_schema_and_loader_give_the_same_verdict_on_each_value_that_is_nearly_right(key: str, value: str) -> None:
    tree = copy.deepcopy(DOCUMENTS[0])
    path = next(
        one for one in places(tree) if (isinstance(at(tree, one), str) and key_of(one) == key) or one[-1] == key
    )
    at(tree, path[:-1])[path[-1]] = value if isinstance(at(tree, path), str) else [value]

    assert_one_verdict(tree)


HOURS = {"timezone": "Asia/Tokyo", "open": ["mon-fri 08:00-20:00"]}


@pytest.mark.parametrize(
    "keys",
    [
        *({"hours": HOURS | {"open": [window]}} for window in ("mon-fir 08:00-20:00", "monday-friday 08:00-20:00")),
        *({"hours": HOURS | {"open": [window]}} for window in ("6th-mon 08:00-20:00", "day 32 08:00-20:00")),
        *({"hours": HOURS | {"open": [f"daily {times}"]}} for times in ("08:00-25:00", "24:00-08:00", "08:00-08:00")),
        {"hours": HOURS | {"open": []}},
        {"hours": HOURS | {"timezone": "Asia/Tokio"}},
        {"hours": HOURS | {"holidays": {"country": "XX"}}},
        {"hours": {"timezone": "Asia/Tokyo", "cron": {"start": ["0 8 * * *"]}}},
        {"hours": HOURS | {"cron": {"start": ["0 8 * * *"], "stop": ["0 9 * * *"]}}},
        {"match": {"everything": "false"}},
        {"match": {"tags": {"team": []}}},
        *({"idle": {"stop-after": length}} for length in ("1000000d", "367d", "2m", "90s")),
        {"idle": {"stop-after": "30m", "signals": {"gpu": {"busy-above": "5"}}}},
        {"idle": {"stop-after": "30m", "signals": {"gpu": {"busy-above": "105%"}}}},
        {"idle": {"stop-after": "30m", "signals": {"task-protection": {"busy-above": "5"}}}},
        {"idle": {"stop-after": "30m", "signals": {"gpu": {"missing": "zero-while-healthy"}}}},
    ],
    ids=str,
)
def test_an_editor_underlines_what_the_loader_refuses_by_its_meaning(keys: Tree) -> None:
    tree = {"lifecycle": "v1", "policies": {"a": {"match": {"names": ["a"]}, "mode": "dry-run"} | keys}}

    assert loader_refuses(tree) != []
    assert schema_refuses(tree) != []


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
