"""Codes of single values: durations, zones, shares, names, channels, words."""

from __future__ import annotations

from chalicelib.policy.codes.code import Code

VALUES = {
    "LC029": Code(
        "Longer than a year",
        "Nothing here is meant to last longer than 366 days.",
        "overrides: {longest: 1000000d}",
        "overrides: {longest: 7d}",
    ),
    "LC030": Code(
        "Not a duration",
        "Whole numbers with a unit: s, m (minutes), h, d (24 hours), joined as in 1h30m. A bare number has no unit.",
        "idle: {stop-after: 30}",
        "idle: {stop-after: 30m}",
    ),
    "LC031": Code(
        "Not a time zone",
        "Zones are named by a place, in the IANA database's spelling. JST and EST mean several zones.",
        "hours: {timezone: JST, open: [mon-fri 08:00-20:00]}",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}",
    ),
    "LC032": Code(
        "A moment without a zone",
        "Neither the policy nor the defaults name an hours.timezone, so the moment needs its own offset.",
        "match: {everything: true}\nidle: {stop-after: 30m}\ntests: [{at: 2026-12-31T10:00, expect: unchanged}]",
        "match: {everything: true}\nidle: {stop-after: 30m}\ntests: [{at: 2026-12-31T10:00+09:00, expect: unchanged}]",
    ),
    "LC033": Code(
        "Not a share, count or rate",
        "Shares are percent (5%), rates bytes per second (50 KiB/s), counts whole numbers.",
        "idle: {stop-after: 30m, signals: {gpu: {busy-above: 0.05}}}",
        "idle: {stop-after: 30m, signals: {gpu: {busy-above: 5%}}}",
    ),
    "LC034": Code(
        "Not true or false",
        "yes, no, on and off are read differently by different programs, so they are not read here.",
        "match: {everything: yes}",
        "match: {everything: true}",
    ),
    "LC035": Code(
        "Not an amount of money",
        "A decimal, a space and an ISO 4217 currency, with no more decimals than the currency has.",
        "mode: disabled\nidle: {stop-after: adaptive, cold-start-value: $1}",
        "mode: disabled\nidle: {stop-after: adaptive, cold-start-value: 1.00 USD}",
    ),
    "LC036": Code(
        "Not a whole number",
        "Digits only, and for priority at most 1000.",
        "priority: high",
        "priority: 10",
    ),
    "LC037": Code(
        "Not a name",
        "Names are lower-case words joined by hyphens, at most 63 characters.",
        "lifecycle: v1\npolicies: {Dev_Nights: {match: {names: [a]}, idle: {stop-after: 30m}}}",
        "lifecycle: v1\npolicies: {dev-nights: {match: {names: [a]}, idle: {stop-after: 30m}}}",
    ),
    "LC038": Code(
        "Not a pattern of names",
        "The whole name, in which * stands for any text and ? for one character. Regular expressions are not read, and "
        "* alone would take everything: write everything: true to mean that.",
        'match: {names: ["ollama-.+$"]}',
        'match: {names: ["ollama-*"]}',
    ),
    "LC039": Code(
        "An empty text",
        "It would be shown to people and say nothing.",
        'description: ""',
        "description: Vision team's GPU models.",
    ),
    "LC040": Code(
        "Not a Slack channel",
        "#name in lower case, in quotes because # begins a comment, or the channel's id.",
        'notify: {channel: "ML Team"}',
        'notify: {channel: "#ml-team"}',
    ),
    "LC041": Code(
        "Neither a group nor a person",
        "group:NAME for a group of the user pool, user:MAIL for one person.",
        _approval
        := 'mode: disabled\nidle: {stop-after: 30m}\napproval: {for: [idle-stop], ask: "#ml", approvers: [vision]}',
        _approval.replace("[vision]", "[group:vision]"),
    ),
    "LC042": Code(
        "Not a way to group services",
        'keep-running-per is cluster, or "tag:" with the key of a tag.',
        "limits: {keep-running: 1, keep-running-per: model}",
        'limits: {keep-running: 1, keep-running-per: "tag:model"}',
    ),
    "LC043": Code(
        "Not one of the words allowed here",
        "The message lists them, and the one that was probably meant.",
        "mode: enforced",
        "mode: enforce",
    ),
}
