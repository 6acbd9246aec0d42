"""Codes of a file's form: what YAML, the keys and their places can have wrong."""

from __future__ import annotations

from chalicelib.policy.codes.code import Code

FORM = {
    "LC001": Code(
        "The file cannot be read as YAML",
        "A bracket, a quotation mark or the indentation is not as YAML wants it. Until it is mended, what the file "
        "said before stays in force.",
        "idle: {stop-after: 30m",
        "idle: {stop-after: 30m}",
    ),
    "LC002": Code(
        "The file is beyond the limits",
        "A policy file is UTF-8, at most 1 MiB and 12 levels deep, holds at most 500 policies, and hours have at most "
        "400 windows or cron expressions of a kind.",
        "idle: {stop-after: [[[[[[[[[[[[30m]]]]]]]]]]]]}",
        "idle: {stop-after: 30m}",
    ),
    "LC003": Code(
        "Several YAML documents in one file",
        "A line of three dashes begins a second document, which would be overlooked. One file has one policies: "
        "section.",
        "lifecycle: v1\npolicies: {}\n---\nlifecycle: v1\npolicies: {}",
        "lifecycle: v1\npolicies: {}",
    ),
    "LC004": Code(
        "A key stands twice",
        "YAML readers keep the last of two equal keys and say nothing. Here it is an error, with both lines named.",
        "mode: dry-run\nmode: enforce",
        "mode: enforce",
    ),
    "LC005": Code(
        "Aliases, anchors, tags and merge keys are not read",
        "A policy is data that reads aloud as what it does. A text that begins with *, & or ! must be quoted.",
        "match: {names: [*-gpu]}",
        'match: {names: ["*-gpu"]}',
    ),
    "LC006": Code(
        "A key without a value",
        "Either nothing was written, or YAML took what was written for a comment: an unquoted # begins one.",
        "notify:\n  channel: #ml",
        'notify:\n  channel: "#ml"',
    ),
    "LC007": Code(
        "No such key",
        "The key is misspelled, stands in the wrong section, or is another tool's word; the message says which.",
        "idle: {stop-after: 30m, warmup: 5m}",
        "idle: {stop-after: 30m, warm-up: 5m}",
    ),
    "LC008": Code(
        "A required key is missing",
        "The section cannot work without it, and no default gives it. There is no silent UTC, for instance.",
        "hours: {open: [mon-fri 08:00-20:00]}",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}",
    ),
    "LC009": Code(
        "A list, a section or a single value in the wrong place",
        "Lists are written [a, b] or as - lines, sections as key: value lines.",
        "match: {clusters: gpu-dev}",
        "match: {clusters: [gpu-dev]}",
    ),
    "LC010": Code(
        "A version of the language that this program does not read",
        "Every file begins with lifecycle: v1.",
        "lifecycle: v2\npolicies: {}",
        "lifecycle: v1\npolicies: {}",
    ),
    "LC011": Code(
        "none where nothing is inherited",
        "none takes an inherited section out of a policy. Defaults inherit nothing.",
        "lifecycle: v1\ndefaults: {limits: none}",
        "lifecycle: v1\ndefaults: {limits: {stops-per-hour: 5}}",
    ),
}
