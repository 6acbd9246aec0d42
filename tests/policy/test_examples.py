"""The example files, those of the design and those of this folder, say exactly what they should."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path

from chalicelib.policy.loader import describe, load, read_folder
from chalicelib.policy.schema import schema

POLICIES = Path(__file__).parents[2] / "policies"
TODAY = date(2026, 11, 21)

SIMPLE = """\
# yaml-language-server: $schema=./schema.json
lifecycle: v1
policies:
  dev-nights-off:
    match: {tags: {environment: dev}}
    hours:
      timezone: Asia/Tokyo
      open: [mon-fri 08:00-20:00]
    idle:
      stop-after: 30m
    mode: dry-run        # only says what it would do
"""
TEAM = """\
lifecycle: v1
policies:
  vision-dev:
    description: Vision team's GPU models in development.
    owner: vision@example.com
    priority: 10                              # beats a lower priority for the same service
    match:
      clusters: [gpu-dev]
      names: ["ollama-vision-*", "*-experiment"]
      tags: {environment: [dev, staging]}
    exclude:
      - {names: [ollama-vision-demo], until: 2026-12-18, reason: customer demo}
    hours:
      timezone: Asia/Tokyo
      open: [mon-fri 08:00-20:00, sat 10:00-14:00, last-fri 20:00-02:00]
      opening: start
      closed: stop
      warn-before: 15m
      holidays:
        country: JP
        extra: [2026-12-29..2027-01-03]
        day-is: closed
    idle:
      stop-after: 45m
      warm-up: 10m
      signals: {gpu: {busy-above: 5%}}
    spot: {use: prefer, fall-back-after: 5m, try-again-after: 2h, max-interruptions-per-day: 3}
    approval:
      for: [idle-stop]
      ask: "#vision-ml"
      approvers: [group:vision-leads]
      answer-within: 30m
    overrides: {allow: [keep, stop], longest: 12h, by: [owner, admin], service-tags: [exclude, hours]}
    limits: {stops-per-hour: 5, keep-running: 1, keep-running-per: "tag:model"}
    mode: enforce
    tests:
      - {at: 2026-11-20T10:00, expect: running}
      - {at: 2026-11-23T10:00, expect: stopped, because: holiday}
      - {at: 2026-12-31T10:00, expect: stopped, because: holiday, next: 2027-01-04T08:00}
      - {at: 2026-11-28T01:30, expect: running}
      - {at: 2026-11-20T10:00, given: {idle-for: 50m}, expect: asking, because: idle}
      - {at: 2026-11-20T10:00, given: {idle-for: 50m, missing: [requests]}, expect: unchanged, because: unknown}
      - {at: 2026-11-20T21:00, given: {in-flight: 1}, expect: unchanged, because: in-use}
"""
ORGANISATION = """\
lifecycle: v1
defaults:
  hours: {timezone: Asia/Tokyo, holidays: {country: JP, extra: [2026-12-29..2027-01-03]}}
  idle: {warm-up: 10m}
  approval: {ask: "#gpu-cost", no-answer: stay-as-is}
  overrides: {longest: 24h}
  limits: {stops-per-hour: 20}
  notify: {channel: "#gpu-cost", quiet: [daily 22:00-07:00]}
locked: [approval.no-answer]
never-touch:
  - {tags: {environment: production, tier: critical}, reason: paid SLA}
freezes:
  - {name: product-launch, from: 2026-12-07T00:00, to: 2026-12-12T00:00, hold: [stop, spot-move], reason: launch week}
"""
DESIGN = {"organisation.yaml": ORGANISATION, "simple.yaml": SIMPLE, "team.yaml": TEAM}


def test_the_designs_three_files_are_taken_whole() -> None:
    loaded = load(DESIGN, today=TODAY)

    assert loaded.errors == ()
    assert [one.name for one in loaded.policies.policies] == ["dev-nights-off", "vision-dev"]


def test_each_of_the_designs_files_can_also_stand_alone() -> None:
    for file, text in DESIGN.items():
        assert load({file: text}, today=TODAY).errors == ()


def test_the_designs_policies_name_no_signal_in_flight_and_are_warned_of_long_streams() -> None:
    assert [(one.code, one.place) for one in load(DESIGN, today=TODAY).warnings] == [
        ("LC092", "simple.yaml:9:5"),
        ("LC092", "team.yaml:23:5"),
    ]


def test_a_disabled_policy_may_already_say_what_is_to_come() -> None:
    loaded = load({"team.yaml": TEAM.replace("mode: enforce", "mode: disabled")}, today=TODAY)

    assert not loaded.problems
    assert loaded.policies.policies[0].approval is not None


def test_what_stands_above_policies_is_read() -> None:
    policies = load(DESIGN, today=TODAY).policies

    assert policies.never_touch[0].tags == {"environment": ("production",), "tier": ("critical",)}
    assert policies.freezes[0].from_.isoformat() == "2026-12-06T15:00:00+00:00"
    assert policies.freezes[0].hold == ("stop", "spot-move")


def test_the_files_of_the_folder_are_good_as_they_are() -> None:
    loaded = load(read_folder(POLICIES), today=TODAY)

    assert loaded.problems == ()
    assert [one.name for one in loaded.policies.policies] == ["dev-nights-off", "vision-dev", "vision-staging"]
    assert {one.mode.value for one in loaded.policies.policies} == {"dry-run"}


def test_no_policy_that_we_write_ourselves_is_warned_of() -> None:
    demo = Path(str(files("chalicelib") / "local" / "policies"))
    for folder in (POLICIES, demo):
        assert load(read_folder(folder), today=TODAY).problems == (), folder


def test_the_simplest_policy_takes_eleven_lines() -> None:
    assert len((POLICIES / "dev-nights-off.yaml").read_text(encoding="utf-8").splitlines()) == 11


def test_the_merged_policy_says_where_each_value_comes_from() -> None:
    rows = {path: (value, str(origin)) for path, value, origin in describe("vision-dev", load(DESIGN, today=TODAY))}

    assert rows["hours.warn-before"] == ("15m", "team.yaml:18")
    assert rows["notify.channel"] == ("#gpu-cost", "default organisation.yaml:8")
    assert rows["hours.started-by-hand"] == ("2h", "built-in")
    assert rows["overrides.longest"] == ("12h", "team.yaml:33")


def test_the_schema_has_a_key_for_every_key_of_the_examples() -> None:
    assert set(schema()["properties"]) == {"lifecycle", "policies", "defaults", "locked", "never-touch", "freezes"}
