"""Codes of keys of one section that contradict each other."""

from __future__ import annotations

from chalicelib.policy.codes.code import Code

RULES = {
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
        "Hours as open and as cron",
        "One of them says when services may run.",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00], "
        'cron: {start: ["0 8 * * 1-5"], stop: ["0 20 * * 1-5"]}}',
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
        "spot: {use: only, fall-back-after: 5m}",
        "spot: {use: prefer, fall-back-after: 5m}",
    ),
    "LC072": Code(
        "Capacity providers that are no pair",
        "A service moves between one capacity provider for Spot and one on demand. Fargate's two and those of Auto "
        "Scaling groups cannot share a strategy, so both are of one kind.",
        "spot: {use: prefer, providers: {spot: FARGATE_SPOT, on-demand: gpu-on-demand}}",
        "spot: {use: prefer, providers: {spot: FARGATE_SPOT, on-demand: FARGATE}}",
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
