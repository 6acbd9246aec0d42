"""Every code a problem can carry: what it means in general, and an example put wrong and put right.

`lifecycle explain CODE` prints an entry. A test holds this catalogue and the code to each other: no code without an
entry, no entry that nothing tells, and every example is read and gives (or no longer gives) its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Code:
    """``wrong`` and ``right`` are YAML: a part of one policy, or a whole file when they begin with ``lifecycle:``."""

    title: str
    explanation: str
    wrong: str
    right: str


_FORM = {
    "LC001": Code(
        "The file cannot be read as YAML",
        "A bracket, a quotation mark or the indentation is not as YAML wants it. Until it is mended, what the file "
        "said before stays in force.",
        "idle: {stop-after: 30m",
        "idle: {stop-after: 30m}",
    ),
    "LC002": Code(
        "The file is beyond the limits",
        "A policy file is UTF-8, at most 1 MiB and 12 levels deep, and holds at most 500 policies.",
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

_TIME = {
    "LC014": Code(
        "Not a window",
        "A window is [MONTHS] DAYS TIMES, in lower case, with two-digit times: mon-fri 08:00-20:00. The day that is "
        "named is the day on which the window begins. Windows with commas go on - lines or in quotes.",
        "hours: {timezone: Asia/Tokyo, open: [Mon-Fri 8:00-20:00]}",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}",
    ),
    "LC015": Code(
        "A window that begins and ends at the same time",
        "Nobody can tell whether it is empty or a whole day. A whole day is written all-day.",
        "hours: {timezone: Asia/Tokyo, open: [sat-sun 03:00-03:00]}",
        "hours: {timezone: Asia/Tokyo, open: [sat-sun all-day]}",
    ),
    "LC016": Code(
        "Not a date",
        "Dates are year-month-day; a range joins two of them with two dots, and both days belong to it.",
        "match: {everything: true}\nexclude: [{names: [a], until: 12/31, reason: demo}]",
        "match: {everything: true}\nexclude: [{names: [a], until: 2026-12-31, reason: demo}]",
    ),
    "LC017": Code(
        "Not an AWS cron expression",
        "Six fields in cron(...): minutes, hours, day of month, month, day of week, year; one of the two days is ?.",
        'hours: {timezone: Asia/Tokyo, cron: {start: ["cron(0 8 * * * *)"], stop: ["0 20 * * *"]}}',
        'hours: {timezone: Asia/Tokyo, cron: {start: ["cron(0 8 * * ? *)"], stop: ["0 20 * * *"]}}',
    ),
    "LC018": Code(
        "Six cron fields without cron(...)",
        "Tools read a sixth field as seconds, as years, or not at all. Write five fields, or AWS's form in cron(...).",
        'hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 ? * MON-FRI *"], stop: ["0 20 * * *"]}}',
        'hours: {timezone: Asia/Tokyo, cron: {start: ["cron(0 8 ? * MON-FRI *)"], stop: ["0 20 * * *"]}}',
    ),
    "LC019": Code(
        "A cron expression that makes no sense here",
        "It never fires, or it fires too often to be opening hours.",
        'hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 30 2 *"], stop: ["0 20 * * *"]}}',
        'hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 28 2 *"], stop: ["0 20 * * *"]}}',
    ),
    "LC022": Code(
        "Not a moment",
        "A moment is 2026-12-31T10:00 in the policy's zone, or the same with Z or an offset such as +09:00.",
        _test := "match: {everything: true}\nhours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00]}\n"
        "tests: [{at: 31 Dec 10:00, expect: running}]",
        _test.replace("31 Dec 10:00", "2026-12-31T10:00"),
    ),
    "LC023": Code(
        "A time that the clocks skip",
        "When clocks go forward, the times of that hour do not exist. Write one before or after.",
        _gap := "match: {everything: true}\nhours: {timezone: Europe/Berlin, open: [daily 08:00-20:00]}\n"
        "tests: [{at: 2026-03-29T02:30, expect: stopped}]",
        _gap.replace("02:30", "03:30"),
    ),
}

_VALUES = {
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
        "group:NAME for a Slack user group, user:MAIL for one person.",
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

_RULES = {
    "LC050": Code(
        "A match that would take all services",
        "Some key of match must narrow it. Whoever means all services writes everything: true.",
        "match: {}",
        "match: {everything: true}",
    ),
    "LC051": Code(
        "An empty list",
        "It can match, ask or hold nothing, so it is more likely a mistake than a wish.",
        "match: {names: []}",
        'match: {names: ["ollama-*"]}',
    ),
    "LC052": Code(
        "Which services?",
        "An exclusion needs names or tags; never-touch needs names, clusters or tags.",
        "match: {everything: true}\nexclude: [{until: never, reason: demo}]",
        "match: {everything: true}\nexclude: [{names: [demo], until: never, reason: demo}]",
    ),
    "LC053": Code(
        "A country without known holidays",
        "Two-letter ISO 3166 codes in capitals.",
        "hours: {timezone: Asia/Tokyo, open: [daily all-day], holidays: {country: Japan}}",
        "hours: {timezone: Asia/Tokyo, open: [daily all-day], holidays: {country: JP}}",
    ),
    "LC054": Code(
        "A subdivision without known holidays",
        "The message lists the subdivisions of the country; a subdivision without a country has no meaning.",
        "hours: {timezone: Europe/Berlin, open: [daily all-day], holidays: {country: DE, subdivision: BAV}}",
        "hours: {timezone: Europe/Berlin, open: [daily all-day], holidays: {country: DE, subdivision: BY}}",
    ),
    "LC055": Code(
        "Cron hours with one side only",
        "Starts without stops never end. Both lists are needed; the later of the last start and the last stop rules.",
        'hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 * * 1-5"]}}',
        'hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 * * 1-5"], stop: ["0 20 * * 1-5"]}}',
    ),
    "LC056": Code(
        "Hours need open or cron, and not both",
        "One of them says when services may run.",
        "hours: {timezone: Asia/Tokyo}",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}",
    ),
    "LC057": Code(
        "Hours that can never open",
        "No day of any calendar begins such a window.",
        "hours: {timezone: Asia/Tokyo, open: [feb day 30 08:00-20:00]}",
        "hours: {timezone: Asia/Tokyo, open: [feb last-day 08:00-20:00]}",
    ),
    "LC058": Code(
        "cut-after and closed: cut belong together",
        "closed: cut ends work that is in use after cut-after; nothing else uses cut-after.",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00], closed: cut}",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00], closed: cut, cut-after: 30m}",
    ),
    "LC059": Code(
        "Hours that do nothing",
        "opening: leave never starts, closed: leave never stops. Together they do nothing.",
        "hours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00], opening: leave, closed: leave}",
        "hours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00], opening: leave}",
    ),
    "LC060": Code(
        "Too short to tell",
        "The newest 2 minutes of metrics are not trusted, so nothing under 5 minutes can be judged.",
        "idle: {stop-after: 2m}",
        "idle: {stop-after: 5m}",
    ),
    "LC061": Code(
        "A key of adaptive timeouts, used otherwise",
        "cold-start-value, min, max and prewarm belong to stop-after: adaptive; min is at most max.",
        "idle: {stop-after: 30m, max: 4h}",
        "idle: {stop-after: 30m}",
    ),
    "LC062": Code(
        "adaptive without a cold-start value",
        "The timeout is worked out from what one wait for a boot costs the team.",
        "mode: disabled\nidle: {stop-after: adaptive}",
        "mode: disabled\nidle: {stop-after: adaptive, cold-start-value: 1.00 USD}",
    ),
    "LC063": Code(
        "A threshold that does not fit its signal",
        "gpu and cpu are shares, network-out is a rate, requests and leases are counts; a probe has no threshold.",
        "idle: {stop-after: 30m, signals: {gpu: {busy-above: 5}}}",
        "idle: {stop-after: 30m, signals: {gpu: {busy-above: 5%}}}",
    ),
    "LC064": Code(
        "zero-while-healthy for a signal without target group",
        "Only for requests does a target group say whether silence means no request.",
        "idle: {stop-after: 30m, signals: {gpu: {missing: zero-while-healthy}}}",
        "idle: {stop-after: 30m, signals: {gpu: {missing: absent}}}",
    ),
    "LC065": Code(
        "No primary signal is left",
        "requests, leases and ollama-ps can prove idleness; the others only see use. One must stay.",
        "idle: {stop-after: 30m, signals: {requests: {ignore: true}, leases: {ignore: true}, "
        "ollama-ps: {ignore: true}}}",
        "idle: {stop-after: 30m, signals: {leases: {ignore: true}, ollama-ps: {ignore: true}}}",
    ),
    "LC066": Code(
        "use: only with fall-back-after",
        "only means: never on demand. What may fall back is use: prefer.",
        "mode: disabled\nspot: {use: only, fall-back-after: 5m}",
        "mode: disabled\nspot: {use: prefer, fall-back-after: 5m}",
    ),
    "LC067": Code(
        "Escalate to whom?",
        "no-answer: escalate needs escalate-to.",
        _escalate := "mode: disabled\nidle: {stop-after: 30m}\n"
        'approval: {for: [idle-stop], ask: "#ml", approvers: [group:ml], no-answer: escalate}',
        _escalate.replace("escalate}", 'escalate, escalate-to: "#gpu-leads"}'),
    ),
    "LC068": Code(
        "keep-running-per without keep-running",
        "The groups are named, but not how many services of each must stay.",
        "limits: {keep-running-per: cluster}",
        "limits: {keep-running: 1, keep-running-per: cluster}",
    ),
    "LC069": Code(
        "More than one override in a test",
        "A service has one override at a time: the later one.",
        _override := "match: {everything: true}\nhours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00]}\ntests:\n"
        "  - at: 2026-12-31T10:00\n    expect: running\n"
        "    given: {override: {keep-until: 2026-12-31T12:00, stop-until: 2026-12-31T12:00}}",
        _override.replace(", stop-until: 2026-12-31T12:00", ""),
    ),
    "LC071": Code(
        "A freeze that ends before it begins",
        "from is before to; at to it is over.",
        _freeze := "lifecycle: v1\nfreezes:\n"
        "  - {name: launch, from: 2026-12-12T00:00Z, to: 2026-12-07T00:00Z, reason: launch week}",
        _freeze.replace("2026-12-07", "2026-12-14"),
    ),
}

_TOGETHER = {
    "LC080": Code(
        "Not in this version",
        "The language has it and this program does not do it yet. Ignoring it in silence would be worse, so a policy "
        "that uses it is not taken, unless its mode is disabled.",
        "mode: enforce\nspot: {use: prefer}",
        "mode: disabled\nspot: {use: prefer}",
    ),
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

_DOUBTS = {
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
        "Name the one that these services really have: naming it says so to readers, and makes nothing of it.",
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

_TESTS = {
    "LC070": Code(
        "A test inside the policy fails",
        "The policy would decide otherwise than its author expects. Until one of them is changed, the last "
        "good version stays in force.",
        "",
        "",
    ),
}

CATALOGUE: Mapping[str, Code] = MappingProxyType(
    dict(sorted({**_FORM, **_TIME, **_VALUES, **_RULES, **_TESTS, **_TOGETHER, **_DOUBTS}.items()))
)
"""All codes, in order."""
