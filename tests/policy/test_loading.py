"""Merging, locking, ties, versions: what files say together."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import process_time

import pytest
from chalicelib.policy import lint
from chalicelib.policy.loader import Loaded, decode, load, read_folder
from chalicelib.policy.model import Policy
from chalicelib.policy.sections.hours import Hours
from chalicelib.policy.sections.idle import Idle

TODAY = date(2026, 11, 21)
IGNORE = "{ignore: true}"
DEFAULTS = """\
lifecycle: v1
defaults:
  hours: {timezone: Asia/Tokyo, holidays: {country: JP, extra: [2026-12-29..2027-01-03]}}
  idle: {stop-after: 20m, warm-up: 15m, signals: {gpu: {busy-above: 7%}, task-protection: {}}}
  limits: {stops-per-hour: 3}
"""


BARE_DEFAULTS = "lifecycle: v1\ndefaults: {idle: {stop-after: 20m}}\n"


def with_policy(keys: str, above: str = DEFAULTS, *, match: str = "{tags: {team: a}}") -> Loaded:
    text = f"lifecycle: v1\npolicies:\n  a:\n    match: {match}\n    {keys}\n"
    return load({"org.yaml": above, "a.yaml": text}, today=TODAY)


def policy_of(loaded: Loaded) -> Policy:
    assert not loaded.errors, loaded.errors
    return loaded.policies.policies[0]


def test_defaults_never_open_a_section_that_acts() -> None:
    policy = policy_of(with_policy("hours: {open: [daily all-day]}"))

    assert policy.idle is None
    assert policy.hours is not None and policy.hours.timezone.key == "Asia/Tokyo"


def test_an_empty_section_opens_it_with_all_that_the_defaults_give() -> None:
    idle = policy_of(with_policy("idle: {}")).idle

    assert idle is not None
    assert (idle.stop_after, idle.warm_up) == (timedelta(minutes=20), timedelta(minutes=15))


def test_maps_merge_key_by_key_and_lists_replace() -> None:
    keys = "hours: {open: [daily all-day], holidays: {extra: [2026-12-24], day-is: sun}}"
    holidays = policy_of(with_policy(keys)).hours.holidays

    assert (holidays.country, [str(one) for one in holidays.extra]) == ("JP", ["2026-12-24"])


def test_none_takes_an_inherited_section_out() -> None:
    assert policy_of(with_policy("hours: {open: [daily all-day], holidays: none}")).hours.holidays is None


def test_limits_hold_for_every_policy_without_being_opened() -> None:
    assert policy_of(with_policy("idle: {}")).limits.stops_per_hour == 3


def test_an_inherited_key_that_the_own_choice_makes_meaningless_is_dropped() -> None:
    above = "lifecycle: v1\ndefaults: {idle: {cold-start-value: 1.00 USD}, hours: {closed: cut, cut-after: 1h}}\n"
    hours = "hours: {timezone: UTC, open: [daily all-day], closed: stop}"
    policy = policy_of(with_policy(f"{hours}\n    idle: {{stop-after: 30m}}", above))

    assert policy.hours is not None and policy.hours.cut_after is None
    assert policy.idle is not None and policy.idle.cold_start_value is None


def test_a_wrong_default_is_told_once_at_its_own_place_and_marks_who_uses_it() -> None:
    loaded = with_policy("idle: {}", DEFAULTS.replace("20m", "20"))

    assert [(one.file, one.path, one.code) for one in loaded.errors] == [
        ("org.yaml", "defaults.idle.stop-after", "LC030")
    ]
    assert loaded.policies.policies == ()


@pytest.mark.parametrize(
    ("locked", "keys"),
    [
        ("limits.stops-per-hour", "limits: {stops-per-hour: 50}"),
        ("limits.stops-per-hour", "limits: none"),
        ("hours.holidays.country", "hours: {open: [daily all-day], holidays: none}"),
        ("hours", "hours: {open: [daily all-day]}"),
    ],
)
def test_a_locked_path_may_be_neither_set_nor_taken_out(locked: str, keys: str) -> None:
    loaded = with_policy(f"idle: {{}}\n    {keys}", f"{DEFAULTS}locked: [{locked}]\n")

    assert [one.code for one in loaded.errors] == ["LC084"]
    assert "org.yaml:6" in loaded.errors[0].message


def test_a_lock_does_not_touch_who_leaves_it_alone() -> None:
    assert policy_of(with_policy("idle: {}", f"{DEFAULTS}locked: [limits.stops-per-hour]\n"))


@pytest.mark.parametrize("key", ["mode: enforce", "match: {everything: true}", "priority: 3", "tests: []"])
def test_defaults_may_hold_only_sections_that_policies_open(key: str) -> None:
    assert [one.code for one in with_policy("idle: {}", f"{DEFAULTS}  {key}\n").errors] == ["LC007"]


def test_the_same_name_in_two_files_marks_both_and_names_both_places() -> None:
    text = "lifecycle: v1\npolicies:\n  a: {match: {names: [a]}, idle: {stop-after: 30m}}\n"
    loaded = load({"x.yaml": text, "y.yaml": text}, today=TODAY)

    assert loaded.policies.policies == ()
    assert "x.yaml:3 and y.yaml:3" in loaded.errors[0].message


def policies_in(*rows: str) -> Loaded:
    lines = "".join(f"  p{place}: {{{row}, idle: {{stop-after: 30m}}}}\n" for place, row in enumerate(rows))
    return load({"p.yaml": "lifecycle: v1\npolicies:\n" + lines}, today=TODAY)


@pytest.mark.parametrize(
    ("first", "second", "ties"),
    [
        ("match: {tags: {env: dev}}", "match: {tags: {env: dev}}", True),
        ("match: {tags: {env: [dev, staging]}}", "match: {tags: {env: dev}}", True),
        ("match: {everything: true}", "match: {names: [a]}", True),
        ("match: {names: ['ollama-*']}", "match: {names: [ollama-a, ollama-b]}", True),
        ("match: {tags: {env: dev}}", "match: {tags: {team: a}}", False),
        ("match: {clusters: [a]}", "match: {clusters: [b]}", False),
        ("match: {everything: true, not-tags: {keep: '*'}}", "match: {names: [a]}", False),
        ("match: {names: ['a*']}", "match: {names: ['*b']}", False),
    ],
)
def test_a_tie_is_told_where_the_files_alone_make_it_certain(first: str, second: str, ties: bool) -> None:
    loaded = policies_in(f"{first}, mode: enforce", f"{second}, mode: enforce")

    assert {one.code for one in loaded.errors} == ({"LC083"} if ties else set())
    assert len(loaded.policies.policies) == (0 if ties else 2)


def test_a_dry_run_policy_and_a_higher_priority_never_tie() -> None:
    same = "match: {tags: {env: dev}}"

    assert not policies_in(f"{same}, mode: enforce", f"{same}, mode: dry-run").errors
    assert not policies_in(f"{same}, mode: enforce", f"{same}, mode: enforce, priority: 1").errors


def version(keys: str) -> str:
    return policy_of(with_policy(keys)).version


def test_the_same_meaning_has_the_same_version_and_another_mode_another_one() -> None:
    assert version("idle: {stop-after: 30m}") == version("idle: {stop-after: 1800s}\n    owner: ada@example.com")
    assert version("idle: {stop-after: 30m}") != version("idle: {stop-after: 31m}")
    assert version("idle: {stop-after: 30m}") != version("idle: {stop-after: 30m}\n    mode: enforce")


def test_a_local_moment_is_meant_in_the_policys_zone() -> None:
    tests = "tests: [{at: 2026-11-20T10:00, expect: running}, {at: 2026-11-20T10:00Z, expect: running}]"
    policy = policy_of(with_policy(f"hours: {{open: [daily all-day]}}\n    {tests}"))

    assert [one.at for one in policy.tests] == [
        datetime(2026, 11, 20, 1, 0, tzinfo=UTC),
        datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
    ]
    assert [one.line for one in policy.tests] == [6, 6]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("idle: {}\n    exclude: [{names: [a], until: 2026-11-20, reason: x}]", "LC090"),
        ("hours: {open: [mon-fri 08:00-20:00, fri 19:00-22:00]}", "LC091"),
        ("idle: {signals: {task-protection: {ignore: true}}}", "LC092"),
        ("owner: a@example.com", "LC093"),
        ("hours: {open: [daily 08:00-20:00], closed: idle}", "LC094"),
    ],
)
def test_a_doubt_is_told_and_stops_nothing(keys: str, code: str) -> None:
    loaded = with_policy(keys)

    assert [one.code for one in loaded.problems] == [code]
    assert len(loaded.policies.policies) == 1


@pytest.mark.parametrize("name", lint.IN_FLIGHT_SIGNALS)
def test_a_policy_that_names_a_signal_in_flight_is_not_warned_of_long_streams(name: str) -> None:
    assert with_policy(f"idle: {{signals: {{{name}: {{}}}}}}", BARE_DEFAULTS).problems == ()


def test_what_the_defaults_name_counts_until_the_policy_ignores_it() -> None:
    assert with_policy("idle: {}").problems == ()
    ignored = with_policy(f"idle: {{signals: {{task-protection: {IGNORE}}}}}")

    assert [(one.code, one.place, one.severity) for one in ignored.problems] == [("LC092", "a.yaml:5:5", "warning")]


def test_only_policies_that_are_looked_at_and_stop_on_idleness_are_called_blind() -> None:
    text = """\
lifecycle: v1
policies:
  blind: {match: {names: [a]}, idle: {stop-after: 30m}}
  asleep: {match: {names: [b]}, idle: {stop-after: 30m}, mode: disabled}
  clock: {match: {names: [c]}, hours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00]}}
  seeing: {match: {names: [d]}, idle: {stop-after: 30m, signals: {leases: {}}}}
"""
    loaded = load({"a.yaml": text}, today=TODAY)

    assert lint.blind_policies(loaded.policies, asks=frozenset()) == ("blind",)
    assert lint.blind_policies(loaded.policies, asks={"ollama-ps"}) == ()
    assert [(one.code, one.path) for one in loaded.problems] == [("LC092", "policies.blind.idle")]


def test_an_exclusion_holds_through_its_last_day() -> None:
    assert not with_policy("idle: {}\n    exclude: [{names: [a], until: 2026-11-21, reason: x}]").problems


def test_only_yaml_files_of_the_folder_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("lifecycle: v1\n", encoding="utf-8")
    (tmp_path / "b.yml").write_bytes(b"\xef\xbb\xbflifecycle: v1\n")
    (tmp_path / "c.yaml").write_bytes(b"owner: \xff\n")
    (tmp_path / "schema.json").write_text("{}", encoding="utf-8")
    files = read_folder(tmp_path)

    assert sorted(files) == ["a.yaml", "b.yml", "c.yaml"]
    assert [(one.file, one.code) for one in load(files, today=TODAY).errors] == [("c.yaml", "LC002")]
    assert decode(b"\xef\xbb\xbfx") == "x"


def test_an_impossible_section_cannot_be_made_in_code_either() -> None:
    with pytest.raises(ValueError, match="newest 2 minutes"):
        Idle(stop_after="2m")
    with pytest.raises(ValueError, match="open is missing"):
        Hours(timezone="Asia/Tokyo")


def test_a_hundred_policies_load_within_a_second() -> None:
    body = "    match: {tags: {team: t%d}}\n    hours: {open: [mon-fri 08:%02d-20:00]}\n    idle: {stop-after: 30m}\n"
    files = {f"f{n}.yaml": f"lifecycle: v1\npolicies:\n  p{n}:\n" + body % (n, n % 60) for n in range(100)}
    begun = process_time()
    loaded = load({"org.yaml": DEFAULTS, **files}, today=TODAY)

    assert len(loaded.policies.policies) == 100
    assert process_time() - begun < 1.0


def test_reading_policies_needs_only_pydantic_and_yaml() -> None:
    code = (
        "import sys, chalicelib.policy.loader, chalicelib.policy.accept\n"
        "print(sorted({'boto3', 'botocore', 'chalice', 'holidays', 'pandas', 'rich', 'click'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2] / "chalice_app"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
