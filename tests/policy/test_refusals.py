"""Every refusal that the language promises, with what it tells the author to write instead."""

from __future__ import annotations

from datetime import date
from textwrap import indent

import pytest
from chalicelib.policy.loader import load
from chalicelib.policy.problems import Problem, render

TODAY = date(2026, 11, 21)


def problems_of(keys: str, *, match: str = "match: {tags: {environment: dev}}") -> tuple[Problem, ...]:
    """Everything that is wrong, but not LC092: these policies are too small to name a signal."""
    text = "lifecycle: v1\npolicies:\n  dev:\n" + indent(f"{match}\n{keys}\n", "    ")
    return tuple(one for one in load({"policies/dev.yaml": text}, today=TODAY).problems if one.code != "LC092")


def only_problem(keys: str, **rest: str) -> Problem:
    found = problems_of(keys, **rest)
    assert len(found) == 1, [render(one) for one in found]
    return found[0]


ASKS = "mode: disabled\nidle: {stop-after: 30m}\napproval: {for: [idle-stop]"
SCALARS = [
    ("idle: {stop-after: 30}", "30 what? write 30m or 30s"),
    ("idle: {stop-after: 1.5h}", "write 1h30m"),
    ("idle: {stop-after: PT30M}", "write 30m"),
    ("idle: {stop-after: 30 min}", "write 30m"),
    ("idle: {stop-after: 1M}", "write 1m"),
    ("hours: {timezone: Asia/Tokyo, open: [mon-fri 8:00-20:00]}", "write 08:00: mon-fri 08:00-20:00"),
    ("hours: {timezone: Asia/Tokyo, open: [mon-fri 8am-8pm]}", "write"),
    ("hours: {timezone: Asia/Tokyo, open: [08:00-20:00]}", "daily"),
    ("hours: {timezone: Asia/Tokyo, open: [sat-sun 03:00-03:00]}", "write all-day"),
    ("hours: {timezone: Asia/Tokyo, open: [daily all-day], holidays: {extra: [12/31]}}", "write a date"),
    ("hours: {timezone: Asia/Tokyo, open: [daily all-day], holidays: {extra: [29-31 dec]}}", "write a date"),
    ("hours: {timezone: +09:00, open: [daily all-day]}", "write an IANA zone such as Asia/Tokyo"),
    ("hours: {timezone: UTC+9, open: [daily all-day]}", "write an IANA zone such as Asia/Tokyo"),
    ("hours: {timezone: Tokyo, open: [daily all-day]}", "write the IANA name in full: Asia/Tokyo"),
    ("hours: {timezone: Asia/Tokyo, open: [daily all-day], holidays: {country: JPN}}", "did you mean JP?"),
    ("hours: {timezone: Asia/Tokyo, open: [daily all-day], holidays: {country: jp}}", "did you mean JP?"),
    ("hours: {timezone: Asia/Tokyo, open: [daily all-day], holidays: {country: XX}}", "write its two letters, as JP"),
    ("idle: {stop-after: adaptiv}", "write adaptive, or a duration"),
    ("idle: {stop-after: 30m, signals: {gpu: {busy-above: 105%}}}", "a share of 0% to 100%"),
    ("idle: {stop-after: 30m, signals: {gpu: {as: veto}}}", "what a signal can say is fixed"),
    ("idle: {stop-after: 30m}\ntests: [{at: '0001-01-01T00:00+09:00', expect: running}]", "a year from 1970 to 2199"),
    ("idle: {stop-after: 30m}\ntests: [{at: '9999-12-31T23:59-09:00', expect: running}]", "a year from 1970 to 2199"),
    ("hours: {timzone: Asia/Tokyo, open: [daily all-day]}", "Did you mean timezone?"),
    ("idle: {stop-afer: 30m}", "Did you mean stop-after?"),
    ("aproval: {}\nidle: {stop-after: 30m}", "Did you mean approval?"),
    ("hours: {timezone: JST, open: [daily all-day]}", "abbreviations are ambiguous"),
    ("hours: {timezone: EST, open: [daily all-day]}", "abbreviations are ambiguous"),
    ("hours: {timezone: GMT+9, open: [daily all-day]}", "as Asia/Tokyo"),
    ("hours: {timezone: asia/tokyo, open: [daily all-day]}", "write Asia/Tokyo, in this very spelling"),
    ("mode: disabled\nidle: {stop-after: adaptive, cold-start-value: $1}", "which dollar?"),
    ('mode: disabled\nidle: {stop-after: adaptive, cold-start-value: "1.00"}', "write 1.00 USD"),
    ("mode: disabled\nidle: {stop-after: adaptive, cold-start-value: 1.50 JPY}", "JPY has no decimals"),
    ("mode: disabled\nidle: {stop-after: adaptive, cold-start-value: 1.50 USX}", "not an ISO 4217 currency"),
    ("idle: {stop-after: 30m, signals: {gpu: {busy-above: 5}}}", "a share, as 5%"),
    ("idle: {stop-after: 30m, signals: {gpu: {busy-above: 0.05}}}", "in percent: 5%"),
    ("idle: {stop-after: 30m, signals: {network-out: {busy-above: 5%}}}", "as 50 KiB/s"),
    ("priority: 1001\nidle: {stop-after: 30m}", "0 to 1000"),
    ("approval: {for: [idle-stop], ask: ml, approvers: [group:a]}\nidle: {stop-after: 30m}\nmode: disabled", '"#ml"'),
    (f"{ASKS}, ask: '#ml', approvers: ['group:gpu leads']}}", "a group's name has no spaces: write group:gpu-leads"),
    (f"{ASKS}, ask: '#ml', approvers: [Admin]}}", "say whether it is a group or a person: group:Admin"),
    (f"{ASKS}, ask: '#ML Team', approvers: [group:a]}}", 'write a channel as "#ml-team"'),
    (f"{ASKS}, ask: '#GPU費用', approvers: [group:a]}}", 'write a channel as "#gpu費用"'),
    ('limits: {keep-running: 1, keep-running-per: "model"}\nidle: {stop-after: 30m}', "tag:model"),
    ("mode: off\nidle: {stop-after: 30m}", "dry-run, enforce, disabled"),
    ("mode: enforced\nidle: {stop-after: 30m}", "Did you mean enforce?"),
]


@pytest.mark.parametrize(("keys", "says"), SCALARS, ids=[keys.replace("\n", " ")[:60] for keys, _ in SCALARS])
def test_a_value_of_the_wrong_form_is_refused_with_what_to_write(keys: str, says: str) -> None:
    assert says in only_problem(keys).sentence


@pytest.mark.parametrize("word", ["yes", "on", "True", "1"])
def test_only_true_and_false_are_booleans(word: str) -> None:
    assert "write true" in only_problem("idle: {stop-after: 30m}", match=f"match: {{everything: {word}}}").sentence


@pytest.mark.parametrize(
    ("match", "says"),
    [
        ("match: {}", "an empty match would take all services"),
        ("match: {names: []}", "an empty list matches nothing"),
        ('match: {names: ["*"]}', "match: {everything: true}"),
        ('match: {names: ["^ollama-.+$"]}', "regular expressions are not read"),
        ("match: {names: ollama}", "write [ollama]"),
        ("match: {everything: false}", "can only be true"),
        ("owner: nobody@example.com", "match is missing"),
    ],
)
def test_a_match_that_is_no_match_is_refused(match: str, says: str) -> None:
    assert says in only_problem("idle: {stop-after: 30m}", match=match).sentence


HOURS = "timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]"
RULES = [
    ("exclude: [{until: never, reason: x}]\nidle: {stop-after: 30m}", "names or tags is missing"),
    ("exclude: [{names: [a], reason: x}]\nidle: {stop-after: 30m}", "until is missing"),
    ("exclude: [{names: [a], until: never}]\nidle: {stop-after: 30m}", "reason is missing"),
    ("hours: {open: [mon-fri 08:00-20:00]}", "there is no silent UTC"),
    ("hours: {timezone: Asia/Tokyo}", "open is missing"),
    (f'hours: {{{HOURS}, cron: {{start: ["0 8 * * *"], stop: ["0 9 * * *"]}}}}', "keep one of them"),
    ('hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 * * *"]}}', "stop is missing"),
    ('hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 ? * MON-FRI *"], stop: ["0 20 * * *"]}}', "cron("),
    (f"hours: {{{HOURS}, closed: cut}}", "cut-after"),
    (f"hours: {{{HOURS}, cut-after: 5m}}", "belongs to closed: cut"),
    (f"hours: {{{HOURS}, opening: leave, closed: leave}}", "does nothing"),
    (f"hours: {{{HOURS}, holidays: {{country: DE, subdivision: XX}}}}", "BB, BE, BW, BY"),
    ("hours: {timezone: Asia/Tokyo, open: [feb day 30 08:00-20:00]}", "can never open"),
    ("idle: {}", "stop-after is missing"),
    ("idle: {stop-after: 4m}", "the newest 2 minutes of metrics are not trusted"),
    ("idle: {stop-after: 30m, prewarm: never}", "belongs to stop-after: adaptive"),
    ("mode: disabled\nidle: {stop-after: adaptive}", "needs cold-start-value"),
    ("idle: {stop-after: 30m, signals: {gp: {ignore: true}}}", "Did you mean gpu?"),
    (
        "idle: {stop-after: 30m, signals: {requests: {ignore: true}, leases: {ignore: true}, "
        "ollama-ps: {ignore: true}}}",
        "nothing could ever be called idle",
    ),
    ("mode: disabled\nspot: {use: only, fall-back-after: 5m}", "never falls back"),
    ("mode: disabled\nspot: {on-demand-base: 1}", "use is missing"),
    (
        'mode: disabled\nidle: {stop-after: 30m}\napproval: {for: [idle-stop], ask: "#a", approvers: [group:a], '
        "no-answer: escalate}",
        "needs escalate-to",
    ),
    ("limits: {keep-running-per: cluster}\nidle: {stop-after: 30m}", "write keep-running: 1 too"),
    ("spot: {use: prefer, providers: {spot: gpu-spot}}", "name both capacity providers"),
    ("spot: {use: prefer, providers: {spot: gpu, on-demand: gpu}}", "same capacity provider"),
    ("spot: {use: prefer, providers: {spot: FARGATE_SPOT, on-demand: gpu}}", "cannot share a strategy"),
]


@pytest.mark.parametrize(("keys", "says"), RULES, ids=[keys.replace("\n", " ")[:60] for keys, _ in RULES])
def test_keys_that_contradict_each_other_are_refused_in_one_sentence(keys: str, says: str) -> None:
    assert says in only_problem(keys).sentence


PEERS = [
    ("uptime: x", "hours.open"),
    ("offhour: 19", "hours.closed"),
    ("cooldownPeriod: 300", "idle.stop-after"),
    ("default_tz: ET", "hours.timezone"),
    ("schedule: office", "hours.open"),
    ("filters: []", "match"),
    ("on: [stopped]", "notify.events"),
    ("minReplicas: 1", "limits.keep-running"),
]


@pytest.mark.parametrize(("keys", "ours"), PEERS)
def test_another_tools_word_is_translated(keys: str, ours: str) -> None:
    problem = only_problem(f"{keys}\nidle: {{stop-after: 30m}}")

    assert problem.code == "LC007"
    assert ours in problem.sentence


def test_a_misspelled_key_is_told_its_nearest_spelling() -> None:
    assert only_problem("idle: {stop-after: 30m, warmup: 5m}").nearest == "warm-up"


def test_windows_torn_apart_by_commas_are_told_to_stand_in_quotes() -> None:
    found = problems_of("hours: {timezone: Asia/Tokyo, open: [mon,wed,fri 08:00-20:00]}")

    assert any("inside [...] the comma ends an item" in one.message for one in found)


YAML = [
    ("notify:\n  channel: #ml\nidle: {stop-after: 30m}", 'write "#ml"'),
    ("idle: {stop-after: 30m}\nmode: null", "there is no null"),
    ("idle: {stop-after: 30m}\nidle: {stop-after: 40m}", "first on line"),
    ("idle: {stop-after: !d 30m}", "tags are not read"),
    ("idle: {stop-after: &x 30m}", "anchors are not read"),
    ("idle: {stop-after:30m}", "write a space after the colon"),
]


@pytest.mark.parametrize(("keys", "says"), YAML)
def test_what_yaml_would_read_otherwise_is_refused(keys: str, says: str) -> None:
    assert any(says in one.sentence for one in problems_of(keys))


def test_a_name_that_begins_with_a_star_must_be_quoted() -> None:
    found = problems_of("idle: {stop-after: 30m}", match="match: {names: [*-gpu]}")

    assert [one.message.partition(";")[0] for one in found] == ["quote a value that begins with *"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("lifecycle: v1\n---\nlifecycle: v1\n", "LC003"),
        ("lifecycle: v2\n", "LC010"),
        ("policies: {}\n", "LC008"),
        ("", "LC008"),
        ("lifecycle: v1\npolicies: [\n", "LC001"),
        ("lifecycle: v1\n# " + "x" * 1024 * 1024, "LC002"),
        ("lifecycle: v1\npolicies: " + "[" * 13 + "]" * 13, "LC002"),
        ("lifecycle: v1\n# \udcff\n", "LC002"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, code: str) -> None:
    assert [one.code for one in load({"a.yaml": text}, today=TODAY).errors] == [code]


def test_more_than_five_hundred_policies_in_one_file_are_refused() -> None:
    rows = "".join(f"  p{number}: {{match: {{names: [a]}}, idle: {{stop-after: 30m}}}}\n" for number in range(501))

    assert [one.code for one in load({"a.yaml": "lifecycle: v1\npolicies:\n" + rows}, today=TODAY).errors] == ["LC002"]


def test_yaml_types_never_reach_a_policy() -> None:
    text = """\
lifecycle: v1
policies:
  dev:
    owner: 012345670123
    description: NO
    match: {tags: {account: 012345670123, country: NO, at: 22:00, v: 1.10}}
    idle: {stop-after: 30m}
"""
    policy = load({"a.yaml": text}, today=TODAY).policies.policies[0]

    assert (policy.owner, policy.description) == ("012345670123", "NO")
    assert policy.match.tags == {"account": ("012345670123",), "country": ("NO",), "at": ("22:00",), "v": ("1.10",)}


def test_a_problem_is_shown_with_its_place_its_value_and_a_caret() -> None:
    text = "lifecycle: v1\npolicies:\n  vision-dev:\n    match: {everything: true}\n    idle: {stop-after: 30}\n"
    loaded = load({"policies/vision.yaml": text}, today=TODAY)

    assert render(loaded.problems[0], text) == (
        'policies/vision.yaml:5:24 policies.vision-dev.idle.stop-after: "30": 30 what? write 30m or 30s [LC030]\n'
        "        idle: {stop-after: 30}\n"
        "                           ^"
    )


def test_all_errors_of_all_files_are_told_at_once() -> None:
    files = {
        "a.yaml": "lifecycle: v1\npolicies:\n  a: {match: {}, idle: {stop-after: 30, warmup: 1}, mode: on}\n",
        "b.yaml": "lifecycle: v1\npolicies: [\n",
        "c.yaml": "lifecycle: v1\npolicies:\n  c: {hours: {open: [8-20]}}\n",
    }
    found = [(one.file, one.code) for one in load(files, today=TODAY).errors]

    assert found == [
        ("a.yaml", "LC050"),
        ("a.yaml", "LC030"),
        ("a.yaml", "LC007"),
        ("a.yaml", "LC043"),
        ("b.yaml", "LC001"),
        ("c.yaml", "LC008"),
        ("c.yaml", "LC008"),
        ("c.yaml", "LC014"),
    ]


@pytest.mark.parametrize(
    ("line", "column", "word"),
    [
        ("notify: {channel: #ml}", 23, "#ml"),
        ("notify: {channel: #ml, events: [stopped]}", 23, "#ml"),
        ("notify: {events: [stopped], channel:   #gpu-cost }", 44, "#gpu-cost"),
        ("exclude: [{names: [a], reason: #1 customer, until: never}]", 36, "#1"),
    ],
)
def test_an_unquoted_hash_inside_braces_is_told_where_it_stands(line: str, column: int, word: str) -> None:
    for keys in (f"{line}\nidle: {{stop-after: 30m}}", f"idle: {{stop-after: 30m}}\n{line}"):
        problem = only_problem(keys)
        place = 5 if keys.startswith(line) else 6

        assert (problem.code, problem.line, problem.column) == ("LC001", place, column)
        assert problem.sentence == f'no value: text after # is a comment; write "{word}"'


def test_a_comment_beside_an_open_bracket_is_not_taken_for_a_value() -> None:
    problem = only_problem('notify: {channel: "#ml"  # where people look\nidle: {stop-after: 30m}')

    assert "a bracket is not closed" in problem.sentence


def test_a_repeated_key_inside_braces_keeps_its_own_sentence() -> None:
    problem = only_problem("notify: {channel: '#ml', channel: '#ml'}\nidle: {stop-after: 30m}")

    assert problem.code == "LC004"
