"""Codes of policies together, of their tests, and doubts about policies that are well formed."""

from __future__ import annotations

from chalicelib.policy.codes.code import Code

TOGETHER = {
    "LC081": Code(
        "Two policies of one name",
        "Names are unique across all files. Neither of the two is taken; the last good version stays.",
        "",
        "",
    ),
    "LC082": Code(
        "Two files with defaults",
        "Exactly one file of the set may have defaults, so that everybody knows where they stand.",
        "",
        "",
    ),
    "LC083": Code(
        "Two policies tie",
        "Both enforce, have the same priority and match the same services. Exactly one policy governs a service: give "
        "one of them a higher priority. A tie that only shows at run time leaves the service as it is.",
        "lifecycle: v1\npolicies:\n"
        "  a: {match: {tags: {env: dev}}, mode: enforce, idle: {stop-after: 30m}}\n"
        "  b: {match: {tags: {env: dev}}, mode: enforce, idle: {stop-after: 45m}}",
        "lifecycle: v1\npolicies:\n"
        "  a: {match: {tags: {env: dev}}, mode: enforce, idle: {stop-after: 30m}}\n"
        "  b: {match: {tags: {env: dev}}, mode: enforce, priority: 10, idle: {stop-after: 45m}}",
    ),
    "LC084": Code(
        "A locked key",
        "The organisation's file locks this key path, so policies may neither set it nor take it out.",
        "lifecycle: v1\nlocked: [overrides.longest]\n"
        "policies: {a: {match: {names: [a]}, idle: {stop-after: 30m}, overrides: {longest: 12h}}}",
        "lifecycle: v1\nlocked: [overrides.longest]\npolicies: {a: {match: {names: [a]}, idle: {stop-after: 30m}}}",
    ),
}

DOUBTS = {
    "LC090": Code(
        "An exclusion whose last day has passed",
        "It excludes nothing any more. Take it out, or give a new day.",
        "match: {everything: true}\nexclude: [{names: [demo], until: 2020-01-01, reason: demo}]",
        "match: {everything: true}\nexclude: [{names: [demo], until: never, reason: demo}]",
    ),
    "LC091": Code(
        "Windows that overlap",
        "Overlapping windows are one, which is right; but often one of them was meant otherwise.",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00, fri 18:00-22:00]}",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00, fri 20:00-22:00]}",
    ),
    "LC092": Code(
        "No signal that sees a request in flight is named",
        "Request counts only see that a request began, so a long stream looks idle after a while; only the gpu, cpu "
        "and network-out vetoes protect it then. leases, ollama-ps and task-protection see a request while it runs. "
        "Name the one that these services really have: naming it tells readers so and changes nothing else.",
        "idle: {stop-after: 30m}",
        "idle: {stop-after: 30m, signals: {task-protection: {}}}",
    ),
    "LC093": Code(
        "A policy that does nothing",
        "It has neither hours nor idle. Defaults open no section by themselves.",
        "owner: vision@example.com",
        "idle: {stop-after: 30m}",
    ),
    "LC094": Code(
        "closed: idle without an idle section",
        "While closed only the idle rule would stop, and there is none: nothing ever stops.",
        "hours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00], closed: idle}",
        "hours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00], closed: idle}\nidle: {stop-after: 30m}",
    ),
    "LC095": Code(
        "A freeze that is over",
        "It holds nothing any more. Take it out.",
        _past := "lifecycle: v1\nfreezes:\n"
        "  - {name: launch, from: 2020-12-07T00:00Z, to: 2020-12-12T00:00Z, reason: launch week}",
        _past.replace("2020", "2036"),
    ),
    "LC096": Code(
        "A window that can never begin",
        "Other windows of the list do open, but this one never does.",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00, feb day 30 08:00-20:00]}",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00, feb last-day 21:00-22:00]}",
    ),
    "LC097": Code(
        "An earlier version stays in force",
        "What is written now has an error, so the last good version of the policy (or of the whole file) goes on.",
        "",
        "",
    ),
    "LC098": Code(
        "Not in force",
        "The policy has an error and was never good before, so it takes no force: its services are left as they are.",
        "",
        "",
    ),
}

TESTS = {
    "LC070": Code(
        "A test inside the policy fails",
        "The policy would decide otherwise than its author expects. Until one of them is changed, the last "
        "good version stays in force.",
        "",
        "",
    ),
}
