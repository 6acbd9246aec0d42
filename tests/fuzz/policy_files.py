"""The border of policy YAML: real policies edited, bytes that are no YAML, and YAML that means to exhaust us."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import yaml
from chalicelib.decide.policytests import as_problems, run_tests
from chalicelib.policy.accept import accept
from chalicelib.policy.codes.catalogue import CATALOGUE
from chalicelib.policy.loader import decode, describe, load
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.policy.problems import Problem, render
from chalicelib.policy.timetable import Timetable
from fuzz.hunt import Border, Take
from fuzz.mutations import bytes_near, odd_texts, texts_near
from hypothesis import strategies as st

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_FOLDER = Path(__file__).parents[2] / "policies"

RICH = """\
lifecycle: v1
defaults:
  hours: {timezone: Asia/Tokyo, holidays: {country: JP, extra: [2026-12-29..2027-01-03]}}
  idle: {warm-up: 10m, signals: {gpu: {busy-above: 7%}}}
  approval: {ask: "#gpu-cost"}
  notify: {quiet: [daily 22:00-07:00]}
locked: [approval.no-answer]
never-touch:
  - {tags: {tier: critical}, clusters: [p], reason: paid}
freezes:
  - {name: launch, from: 2026-12-07T00:00, to: 2026-12-12T00:00Z, hold: [stop], reason: week}
policies:
  rich:
    description: All sections.
    owner: a@example.com
    mode: enforce
    priority: 10
    match: {clusters: [a], names: ["b-*"], tags: {environment: dev, team: [a, b]}, not-tags: {keep: "*"}}
    exclude: [{names: [x], until: never, reason: demo}, {tags: {a: b}, until: 2026-12-18, reason: demo}]
    hours:
      timezone: Europe/Berlin
      open: [mon-fri 08:00-20:00, last-fri 20:00-02:00, day 1 09:00-10:00, "dec,jan 1st-mon all-day"]
      closed: cut
      cut-after: 30m
      warn-before: 15m
      holidays: {country: DE, subdivision: BY, extra: [2026-12-29..2027-01-03], ignore: [2026-12-26], day-is: sun}
    idle:
      stop-after: adaptive
      cold-start-value: 1.00 USD
      min: 10m
      max: 2h
      prewarm: when-it-pays
      signals: {gpu: {busy-above: 5%}, requests: {missing: zero-while-healthy}, cpu: {ignore: true}}
      tell-unknown-after: 6h
    spot: {use: prefer, fall-back-after: 5m, try-again-after: 2h, on-demand-base: 1, max-interruptions-per-day: 3}
    approval: {for: [idle-stop], approvers: ["group:Admin", "user:b@example.com"], self: false, answer-within: 30m}
    overrides: {allow: [keep], longest: 12h, by: [owner], service-tags: [hours]}
    limits: {stops-per-hour: 5, keep-running: 1, keep-running-per: "tag:model"}
    notify: {channel: "#ml", events: [stopped]}
    tests:
      - {at: 2026-11-20T10:00, expect: running, because: hours, next: 2026-11-20T20:00}
      - at: "2026-11-20T10:00"
        expect: asking
        given: {idle-for: 50m, missing: [requests], in-flight: 1, freeze: true, tags: {a: b}, started: by-hand,
                override: {keep-until: "2026-11-20T20:00Z"}}
  edges:
    match: {everything: true}
    hours: {timezone: UTC, cron: {start: ["0 8 * * 1-5"], stop: ["cron(0 20 ? * MON-FRI *)"]}}
    idle: {stop-after: 30m, signals: {network-out: {busy-above: 50 KiB/s}, leases: {busy-above: 0}}}
"""
HELD = """\
# The last good version of rich, from a.yaml:3.
lifecycle: v1
policies: {"rich": {"match": {"names": ["b-*"]}, "idle": {"stop-after": "30m"}}}
"""
SEEDS = (RICH, RICH, *(path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.yaml"))))

_HEAD = "lifecycle: v1\npolicies:"


def _many(count: int) -> str:
    """Mostly a handful, now and then hundreds of policies."""
    names = [f"p{n}" for n in range(count // 6 if count > 2_800 else count % 9)]
    return f"{_HEAD}\n" + "".join(f"  {p}: {{match: {{names: [{p}]}}, idle: {{stop-after: 30m}}}}\n" for p in names)


def _windows(count: int) -> str:
    open_in = [f"        - day {n % 31 + 1} {n % 24:02}:{n % 60:02}-{n % 23:02}:30\n" for n in range(count)]
    hours = f"    hours:\n      timezone: UTC\n      open:\n{''.join(open_in)}"
    return f"{_HEAD}\n  a:\n    match: {{everything: true}}\n{hours}"


def _laughs(levels: int) -> str:
    again = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, levels)]
    return f"a0: &a0 [x]\n{''.join(again)}"


_SIZES = st.integers(1, 6_000)
EXHAUSTING = st.one_of(
    _SIZES.map(lambda depth: f"{_HEAD} " + "[" * depth),
    _SIZES.map(lambda depth: f"{_HEAD} " + "{a: " * depth + "}" * depth),
    _SIZES.map(lambda depth: "? " * depth),
    _SIZES.map(lambda depth: "- " * depth),
    st.integers(1, 40).map(_laughs),
    st.integers(1, 3_000).map(_many),
    st.integers(1, 400).map(_windows),
    st.builds(
        lambda glob, times: f'{_HEAD} {{a: {{match: {{names: ["{glob * times}"]}}, idle: {{stop-after: 30m}}}}}}',
        st.sampled_from(("*", "?", "a*", "*a?", "[", "%", "0", "-")),
        _SIZES,
    ),
)


def _scalars(text: str) -> list[tuple[int, int]]:
    """Where each word of a YAML file stands that is a key or a value by itself."""
    tokens = yaml.scan(text, Loader=yaml.CBaseLoader)
    return [(one.start_mark.index, one.end_mark.index) for one in tokens if isinstance(one, yaml.ScalarToken)]


def _with_scalar(drawn: tuple[str, int, str, bool]) -> str:
    text, at, word, quoted = drawn
    begin, end = _SCALARS[text][at % len(_SCALARS[text])]
    return f"{text[:begin]}{json.dumps(word) if quoted else word}{text[end:]}"


_SCALARS = {text: _scalars(text) for text in SEEDS}
ONE_SCALAR = st.tuples(st.sampled_from(SEEDS), st.integers(0, 1_000), odd_texts, st.booleans()).map(_with_scalar)
TEXTS = st.one_of(
    ONE_SCALAR, ONE_SCALAR, ONE_SCALAR, texts_near(SEEDS), texts_near(SEEDS), texts_near(SEEDS, 12), EXHAUSTING
)
FILES = st.fixed_dictionaries(
    {"a.yaml": bytes_near(TEXTS)},
    optional={"b.yaml": bytes_near(texts_near(SEEDS, 2)), "held:rich": bytes_near(texts_near((HELD, RICH)))},
)


def take(files: Mapping[str, bytes]) -> None:
    """Loads, tells, tests, works out two months of hours, keeps and reads what is kept: none of it may raise."""
    texts = {name: decode(data) for name, data in files.items()}
    loaded = load(texts, today=TODAY)
    check_told(loaded.problems, texts)
    for policy in loaded.policies.policies:
        work(policy, loaded.policies)
        assert describe(policy.name, loaded)
    kept = accept(texts, {}, today=TODAY, run_tests=lambda one, among: as_problems(run_tests(one, among)))
    again = load(kept.in_force, today=TODAY)
    assert {one.name: one.version for one in again.policies.policies} == {
        one.name: one.version for one in kept.policies.policies
    }, "what is in force is not what was kept of it"


def check_told(problems: tuple[Problem, ...], texts: Mapping[str, str]) -> None:
    """Each is one sentence with its place and a code that `lifecycle explain` knows, in the language's own words."""
    for problem in problems:
        shown = render(problem, texts.get(problem.file))
        assert problem.code in CATALOGUE, problem
        assert problem.message.strip(), problem
        assert "\n" not in problem.sentence, problem
        assert len(problem.sentence) < 2_000, f"{len(problem.sentence)} characters of {problem.code}"
        assert not problem.message.startswith(("Value error", "Input should", "Assertion")), problem
        assert shown.startswith(problem.file), problem


def work(policy: Policy, among: PolicySet) -> None:
    run_tests(policy, among)
    if policy.hours is not None:
        timetable = Timetable.of(policy.hours)
        timetable.phase(NOW)
        for _ in timetable.transitions(NOW, NOW + timedelta(days=60)):
            pass


@contextmanager
def _room() -> Iterator[Take]:
    yield take


POLICY_FILES = Border("policy YAML", FILES, _room)
