"""Which version takes force: one bad policy marks only itself, and nothing good is lost by somebody else's mistake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from chalicelib.policy.accept import Accepted, accept
from chalicelib.policy.loader import load
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.policy.problems import Problem

TODAY = date(2026, 11, 21)

GOOD = """\
lifecycle: v1
policies:
  a:
    match: {tags: {team: a}}
    idle: {stop-after: 30m}
  b:
    match: {tags: {team: b}}
    idle: {stop-after: 45m}
"""
A_IS_BAD = GOOD.replace("30m", "30").replace("45m", "50m")
DEFAULTS = """\
lifecycle: v1
defaults:
  hours: {timezone: Asia/Tokyo, holidays: {country: JP}}
"""
NIGHTS = """\
lifecycle: v1
policies:
  nights:
    match: {tags: {team: c}}
    hours: {open: [mon-fri 08:00-20:00]}
"""


def all_pass(policy: Policy, policies: PolicySet) -> Sequence[Problem]:
    return ()


def failing(name: str):
    def run(policy: Policy, policies: PolicySet) -> Sequence[Problem]:
        if policy.name != name:
            return ()
        return (Problem("LC070", "error", "a.yaml", 9, 1, f"policies.{name}.tests[0]", None, "expected stopped"),)

    return run


def take(files: dict[str, str], last: dict[str, str] | Accepted | None = None, run_tests=all_pass) -> Accepted:
    before = last.in_force if isinstance(last, Accepted) else (last or {})
    return accept(files, before, today=TODAY, run_tests=run_tests)


def stop_after(accepted: Accepted) -> dict[str, timedelta]:
    return {one.name: one.idle.stop_after for one in accepted.policies.policies if one.idle}


def test_good_files_take_force_as_they_are() -> None:
    accepted = take({"a.yaml": GOOD})

    assert accepted.in_force == {"a.yaml": GOOD}
    assert stop_after(accepted) == {"a": timedelta(minutes=30), "b": timedelta(minutes=45)}
    assert {one.code for one in accepted.problems} == {"LC092"}


def test_a_bad_policy_keeps_its_last_good_version_and_its_neighbour_takes_the_new_one() -> None:
    accepted = take({"a.yaml": A_IS_BAD}, take({"a.yaml": GOOD}))

    assert stop_after(accepted) == {"a": timedelta(minutes=30), "b": timedelta(minutes=50)}
    assert accepted.held == {"a"}
    assert [one.code for one in accepted.problems if one.is_error] == ["LC030"]
    assert any("last good version of this policy stays in force" in one.message for one in accepted.problems)


def test_a_held_version_survives_being_held_again_and_still_says_where_it_stood() -> None:
    first = take({"a.yaml": GOOD})
    second = take({"a.yaml": A_IS_BAD}, first)
    third = take({"a.yaml": A_IS_BAD + "\n# touched\n"}, second)

    kept = third.policies.named("a")
    assert kept is not None
    assert kept.source == "a.yaml:3"
    assert kept.version == first.policies.named("a").version


def test_a_mended_policy_takes_force_and_nothing_stays_held() -> None:
    held = take({"a.yaml": A_IS_BAD}, take({"a.yaml": GOOD}))
    mended = take({"a.yaml": GOOD.replace("30m", "35m")}, held)

    assert stop_after(mended)["a"] == timedelta(minutes=35)
    assert not mended.held
    assert set(mended.in_force) == {"a.yaml"}


def test_a_bad_policy_without_an_earlier_version_stays_out_of_force() -> None:
    accepted = take({"a.yaml": A_IS_BAD})

    assert stop_after(accepted) == {"b": timedelta(minutes=50)}
    assert accepted.refused == {"a"}


def test_a_policy_whose_tests_fail_keeps_its_last_good_version() -> None:
    accepted = take({"a.yaml": GOOD.replace("30m", "5m")}, take({"a.yaml": GOOD}), failing("a"))

    assert stop_after(accepted)["a"] == timedelta(minutes=30)
    assert "expected stopped" in [one.message for one in accepted.problems]


def test_a_new_policy_whose_tests_fail_is_not_in_force_when_the_set_is_read_back() -> None:
    accepted = take({"a.yaml": GOOD}, None, failing("a"))
    again = take(dict(accepted.in_force), accepted)

    assert set(stop_after(accepted)) == {"b"}
    assert set(stop_after(again)) == {"b"}


def test_yaml_that_does_not_parse_keeps_the_last_good_set_of_its_file_only() -> None:
    before = take({"a.yaml": GOOD, "n.yaml": DEFAULTS + NIGHTS.replace("lifecycle: v1\n", "")})
    files = {"a.yaml": "lifecycle: v1\npolicies: [", "n.yaml": before.in_force["n.yaml"].replace("20:00", "19:00")}
    accepted = take(files, before)

    assert stop_after(accepted) == {"a": timedelta(minutes=30), "b": timedelta(minutes=45)}
    assert str(accepted.policies.named("nights").hours.open[0]) == "mon-fri 08:00-19:00"
    assert accepted.held_files == {"a.yaml"}


def test_a_deleted_policy_is_gone_not_held() -> None:
    accepted = take({"a.yaml": GOOD.partition("  b:")[0]}, take({"a.yaml": GOOD}))

    assert set(stop_after(accepted)) == {"a"}


def test_a_policy_held_because_its_defaults_went_keeps_what_it_had_inherited() -> None:
    before = take({"org.yaml": DEFAULTS, "n.yaml": NIGHTS})
    accepted = take({"org.yaml": "lifecycle: v1\npolicies: {}\n", "n.yaml": NIGHTS}, before)

    kept = accepted.policies.named("nights")
    assert kept is not None and kept.hours is not None and kept.hours.holidays is not None
    assert kept.hours.timezone.key == "Asia/Tokyo"
    assert kept.hours.holidays.country == "JP"
    assert kept.version == before.policies.named("nights").version


def test_a_broken_never_touch_keeps_the_whole_files_last_good_text() -> None:
    guard = "never-touch:\n  - {tags: {tier: critical}, reason: paid SLA}\n"
    before = take({"a.yaml": GOOD + guard})
    accepted = take({"a.yaml": GOOD.replace("30m", "5m") + guard.replace("tier", "{}")}, before)

    assert accepted.policies.never_touch == before.policies.never_touch
    assert stop_after(accepted)["a"] == timedelta(minutes=30)


def test_a_first_file_with_a_guard_nobody_can_read_lets_nothing_take_force() -> None:
    accepted = take({"a.yaml": GOOD, "org.yaml": "lifecycle: v1\nnever-touch: [\n"})

    assert accepted.policies.policies == ()
    assert accepted.refused == {"a", "b"}


def test_a_misspelled_guard_lets_nothing_new_take_force() -> None:
    before = take({"a.yaml": GOOD})
    org = "lifecycle: v1\nnever-tuch: [{tags: {tier: critical}, reason: x}]\n"
    accepted = take({"a.yaml": GOOD.replace("30m", "5m"), "org.yaml": org}, before)

    assert stop_after(accepted) == stop_after(before)


def test_two_files_with_defaults_leave_everything_as_it_was() -> None:
    before = take({"org.yaml": DEFAULTS, "n.yaml": NIGHTS})
    files = {"org.yaml": DEFAULTS, "n.yaml": NIGHTS.replace("20:00", "19:00"), "b.yaml": DEFAULTS}
    accepted = take(files, before)

    assert accepted.policies == before.policies
    assert [one.code for one in accepted.problems if one.is_error] == ["LC082", "LC082"]


def test_a_newcomer_that_ties_does_not_put_the_older_policy_out_of_force() -> None:
    older = GOOD.replace("team: a}}", "team: a}}\n    mode: enforce")
    newcomer = "lifecycle: v1\npolicies:\n  c: {match: {tags: {team: a}}, idle: {stop-after: 5m}, mode: enforce}\n"
    accepted = take({"a.yaml": older, "c.yaml": newcomer}, take({"a.yaml": older}))

    assert set(stop_after(accepted)) == {"a", "b"}
    assert accepted.refused == {"c"}


def test_what_is_kept_under_another_policys_name_is_of_no_use_and_does_no_harm() -> None:
    kept = {"held:a": '# The last good version of a, from a.yaml:3.\nlifecycle: v1\npolicies: {"b": {"owner": "x"}}\n'}

    assert take({"a.yaml": GOOD}, kept).policies.named("b") is not None
    assert load(kept, today=TODAY).policies.policies == ()
