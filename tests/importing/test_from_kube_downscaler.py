"""import kube-downscaler: uptime, downtime and periods become hours."""

from __future__ import annotations

import json
from datetime import date

import pytest
from chalicelib.decide.facts import ServiceId
from chalicelib.decide.govern import matches
from chalicelib.errors import ImportRefused
from chalicelib.importing.importing import Imported, import_files
from chalicelib.importing.model import Given
from chalicelib.importing.trees import Source
from chalicelib.policy.model import Policy
from support.observations import service


def imported(text: str, given: Given | None = None) -> Imported:
    return import_files("kube-downscaler", [Source("k8s.yaml", text)], given or Given(), date(2026, 11, 21))


def annotated(name: str = "shop", kind: str = "Deployment", namespace: str = "", **annotations: str) -> str:
    lines = "".join(f'    downscaler/{key.replace("_", "-")}: "{value}"\n' for key, value in annotations.items())
    inside = f"  namespace: {namespace}\n" if namespace else ""
    return f"---\nkind: {kind}\nmetadata:\n  name: {name}\n{inside}  annotations:\n{lines}"


def windows(policy: Policy) -> list[str]:
    assert policy.hours is not None
    return [str(window) for window in policy.hours.open or ()]


@pytest.mark.parametrize(
    ("uptime", "zone", "expected"),
    [
        ("Tue-Sat 06:15-21:45 Asia/Kolkata", "Asia/Kolkata", ["tue-sat 06:15-21:45"]),
        ("sun-thu 08:00-24:00 EET", "Europe/Athens", ["sun-thu 08:00-24:00"]),
        ("Mon-Fri 20:00-24:00 UTC,Tue-Sat 00:00-04:00 UTC", "UTC", ["mon-fri 20:00-04:00"]),
        ("Wed-Wed 00:00-24:00 UTC, Sat-Sun 10:00-11:00 UTC", "UTC", ["wed all-day", "sat-sun 10:00-11:00"]),
        ("Always", "UTC", ["daily all-day"]),
        ("2026-12-24T06:00:00+00:00-2026-12-26T12:00:00+00:00", "UTC",
         ["2026-12-24 06:00-24:00", "2026-12-26 00:00-12:00", "2026-12-25 all-day"]),
    ],
)  # fmt: skip
def test_an_uptime_alone_is_windows_and_proves_right(uptime: str, zone: str, expected: list[str]) -> None:
    [only] = imported(uptime).policies
    assert only.policy.hours is not None
    assert (only.policy.hours.timezone.key, windows(only.policy)) == (zone, expected)
    assert only.proof.differences == ()


def test_a_downtime_alone_is_closed_and_all_else_open() -> None:
    [only] = imported(annotated(downtime="Sat-Sun 00:00-24:00 UTC,Fri-Fri 22:00-24:00 UTC")).policies
    assert windows(only.policy) == ["mon-thu all-day", "fri 00:00-22:00"]
    assert only.policy.match.names == ("shop",)


def test_uptime_together_with_downtime_is_told_and_the_downtime_taken_out() -> None:
    text = annotated(uptime="Mon-Fri 08:00-18:00 UTC", downtime="Wed-Wed 12:00-13:00 UTC")
    [only] = imported(text).policies
    assert windows(only.policy) == ["mon-tue,thu-fri 08:00-18:00", "wed 08:00-12:00", "wed 13:00-18:00"]
    assert any("Uptime together with downtime" in note for note in only.notes)
    assert only.proof.differences == ()


def test_whole_days_of_downtime_become_holidays() -> None:
    text = annotated(
        uptime="Mon-Sun 20:00-24:00 Europe/Oslo, Mon-Sun 00:00-02:00 Europe/Oslo",
        downtime="2026-12-24T00:00:00+01:00-2026-12-26T00:00:00+01:00",
    )
    [only] = imported(text).policies
    assert only.policy.hours is not None and only.policy.hours.holidays is not None
    assert [str(day) for day in only.policy.hours.holidays.extra] == ["2026-12-24", "2026-12-25"]
    assert only.proof.differences == ()


@pytest.mark.parametrize(
    ("annotations", "word"),
    [
        ({"uptime": "never"}, "it is never up"),
        ({"uptime": "Mon-Fri 08:00-09:00 UTC, Mon-Fri 08:00-09:00 Asia/Tokyo"}, "several time zones"),
        ({"downtime": "2026-12-24T10:00:00+00:00-2026-12-24T12:00:00+00:00"}, "a part of a day"),
        ({"uptime": "Mon-Fri 22:00-06:00 UTC"}, "it is never up"),
        ({"force_uptime": "true"}, "every override here ends"),
    ],
)
def test_what_hours_cannot_say_is_left_out_with_its_reason(annotations: dict[str, str], word: str) -> None:
    done = imported(annotated(**annotations))
    assert done.policies == ()
    assert any(word in left.why for left in done.left_out)


def test_a_night_written_in_one_range_never_matches_there_and_is_told() -> None:
    [only] = imported(annotated(uptime="Mon-Fri 22:00-06:00 UTC, Mon-Fri 08:00-09:00 UTC")).policies
    assert windows(only.policy) == ["mon-fri 08:00-09:00"]
    assert any("no range crosses midnight" in note for note in only.notes)


def test_periods_to_scale_in_are_edges_and_one_kind_alone_leaves_the_rest_alone() -> None:
    both = imported(annotated(upscale_period="Mon-Fri 07:00-07:30 UTC", downscale_period="Mon-Sun 19:00-20:00 UTC"))
    [only] = both.policies
    assert only.policy.hours is not None and only.policy.hours.cron is not None
    assert [str(edge) for edge in (*only.policy.hours.cron.start, *only.policy.hours.cron.stop)] == [
        "0 7 * * 1-5",
        "0 19 * * *",
    ]
    assert (only.proof.differences, only.proof.undefined > 0) == ((), True)
    [down] = imported(annotated(downscale_period="Mon-Sun 19:00-20:00 UTC")).policies
    assert down.policy.hours is not None
    assert (down.policy.hours.opening.value, windows(down.policy)) == ("leave", ["daily 20:00-19:00"])


def test_a_resource_is_completed_by_its_namespace_and_that_by_the_settings() -> None:
    config = "kind: ConfigMap\nmetadata: {name: x}\ndata: {DEFAULT_UPTIME: Mon-Fri 06:00-22:00 UTC}\n"
    namespace = annotated("back", "Namespace", downtime="Fri-Fri 00:00-24:00 UTC")
    resource = annotated("db", namespace="back", downtime_replicas="1", uptime="Mon-Sun 08:00-10:00 UTC")
    defaults, back, db = (each.policy for each in imported(config + namespace + resource).policies)
    assert windows(defaults) == ["mon-fri 06:00-22:00"]
    assert windows(back) == ["mon-thu 06:00-22:00"]
    assert windows(db) == ["sat-thu 08:00-10:00"]
    assert defaults.priority < back.priority < db.priority
    assert (db.match.clusters, db.match.names) == (("back",), ("db",))


def test_seconds_are_rounded_to_minutes_and_told() -> None:
    [only] = imported("2026-12-24T06:00:40+00:00-2026-12-24T07:00:10+00:00").policies
    assert windows(only.policy) == ["2026-12-24 06:01-07:00"]
    assert any("has seconds" in note for note in only.notes)


def test_an_exclusion_until_a_moment_is_excluded_through_the_day_before_it_ends() -> None:
    text = "kind: ConfigMap\ndata: {DEFAULT_UPTIME: Mon-Fri 06:00-22:00 UTC}\n" + annotated(exclude_until="2027-01-01")
    [only] = imported(text).policies
    [gone] = only.policy.exclude
    assert (gone.names, gone.until) == (("shop",), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("until", "day"),
    [
        ("2027-03-01T00:00:00Z", date(2027, 3, 1)),  # 09:00 in Tokyo
        ("2027-03-01T18:00:00Z", date(2027, 3, 2)),  # 03:00 of the next day
        ("2027-02-28T15:00", date(2027, 2, 28)),  # midnight
        ("9999-12-31T23:59", None),
    ],
)
def test_an_exclusion_never_ends_early_in_the_zone_of_its_policy(until: str, day: date | None) -> None:
    [only] = imported(annotated(uptime="Mon-Fri 08:00-18:00 Asia/Tokyo", exclude_until=until)).policies
    [gone] = only.policy.exclude
    assert gone.until == day
    assert any("through the whole of" in note for note in only.notes) is (day is not None and until[8:] != "28T15:00")


def test_of_two_exclusions_of_a_resource_the_shorter_does_not_hide_the_longer() -> None:
    namespace = annotated("back", "Namespace", exclude_until="2026-12-01", uptime="Mon-Fri 08:00-18:00 UTC")
    resource = annotated("db", namespace="back", exclude="true", uptime="Mon-Sun 08:00-10:00 UTC")
    done = imported(namespace + resource)

    for name, ends in (("db", {date(2026, 11, 30), None}), ("shop", {date(2026, 11, 30), None})):
        assert {gone.until for gone in governing(done, "back", name).exclude} == ends


def test_settings_are_found_in_lines_in_env_and_in_args() -> None:
    for text in (
        "# nightly\nDEFAULT_UPTIME='Mon-Fri 09:00-17:00'\nexport DEFAULT_TIMEZONE=Asia/Tokyo\n",
        "spec: {env: [{name: DEFAULT_UPTIME, value: Mon-Fri 09:00-17:00 Asia/Tokyo}]}",
        'image: {tag: "26"}\nextraConfig: |\n  DEFAULT_UPTIME: "Mon-Fri 09:00-17:00 Asia/Tokyo"\n  GRACE_PERIOD: "9"\n',
        'spec: {args: ["--interval=30", "--default-uptime", "Mon-Fri 09:00-17:00 Asia/Tokyo"]}',
    ):
        [only] = imported(text).policies
        assert windows(only.policy) == ["mon-fri 09:00-17:00"]
        assert only.policy.match.everything


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Mon-Fri 9:00-17:00 UTC", "cannot be read"),
        ("Mon-Fri 09:00-17:00", "names no time zone"),
        ("09:00-17:00 UTC", "names no days"),
        ("Mon-Fr1 09:00-17:00 UTC", "cannot be read"),
        ("Mon-Xyz 09:00-17:00 UTC", "there is no day Xyz"),
        ("Mon-Fri 09:00-17:00 Moon/Base", "there is no time zone Moon/Base"),
        ("2026-02-30T00:00:00+00:00-2026-03-01T00:00:00+00:00", "no such moment"),
        ("kind: Deployment\nmetadata: {name: a}", "nothing of kube-downscaler in it"),
    ],
)
def test_wrong_input_is_one_sentence_with_its_file_and_value(text: str, sentence: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        imported(text)
    assert str(refused.value).startswith("k8s.yaml: ")
    assert sentence in str(refused.value)


CONFIG = "kind: ConfigMap\ndata: {DEFAULT_UPTIME: Mon-Fri 06:00-22:00 UTC}\n"


def governing(done: Imported, cluster: str, name: str) -> Policy:
    """The policy that would rule if all of them were enforced."""
    facts = service(id=ServiceId(cluster, name))
    return max((one.policy for one in done.policies if matches(one.policy, facts)), key=lambda one: one.priority)


@pytest.mark.parametrize(
    ("annotations", "until"),
    [({"exclude": "true"}, None), ({"exclude_until": "2027-03-01T12:30"}, date(2027, 3, 1))],
)
def test_nothing_of_an_excluded_namespace_is_ruled_by_the_defaults(
    annotations: dict[str, str], until: date | None
) -> None:
    done = imported(CONFIG + annotated("back", "Namespace", **annotations))

    rules = governing(done, "back", "shop")
    [gone] = rules.exclude
    assert (gone.names, gone.until) == (("?*",), until)
    assert governing(done, "front", "shop").exclude == ()


def test_an_excluded_namespace_with_times_of_its_own_and_its_resources_stay_excluded() -> None:
    namespace = annotated("back", "Namespace", exclude="true", uptime="Mon-Fri 08:00-18:00 UTC")
    resource = annotated("db", namespace="back", uptime="Mon-Sun 08:00-10:00 UTC")
    done = imported(namespace + resource)

    for name in ("db", "shop"):
        [gone] = governing(done, "back", name).exclude
        assert (gone.names, gone.until) == (("?*",), None)


def test_a_downscaler_that_works_in_some_namespaces_only_gives_defaults_for_these_only() -> None:
    args = '["--namespace=dev,test", "--default-uptime=Mon-Fri 08:00-18:00 UTC", "--include-resources=statefulsets"]'
    [only] = imported(f"spec: {{args: {args}}}").policies

    assert only.policy.match.clusters == ("dev", "test")
    assert any('include-resources "statefulsets" is not carried over' in note for note in only.notes)


def test_labels_that_are_not_matched_are_told_first() -> None:
    [only] = imported(f"{CONFIG.rstrip()[:-1]}, MATCHING_LABELS: team=a}}\n").policies
    assert only.notes[0].startswith("CAUTION: it governs more")


def test_one_definition_that_is_wrong_does_not_keep_the_others_back() -> None:
    done = imported(annotated("a", uptime="Mon-Fri 08:00-18:00 UTC") + annotated("b", uptime="Mon-Fri 8-18 UTC"))
    assert [one.policy.name for one in done.policies] == ["a"]
    [left] = done.left_out
    assert (left.what, '"Mon-Fri 8-18 UTC" cannot be read' in left.why) == ("Deployment b", True)


def settings(*args: str) -> str:
    return f"---\nspec: {{args: {json.dumps(['--default-uptime=Mon-Fri 08:00-18:00 UTC', *args])}}}\n"


def test_what_its_settings_exclude_by_name_is_excluded_by_every_policy_that_could_take_it() -> None:
    namespace = annotated("back", "Namespace", uptime="Mon-Fri 09:00-18:00 UTC")
    named = annotated("payments", namespace="back", uptime="Mon-Fri 10:00-18:00 UTC")
    done = imported(settings("--exclude-deployments=payments,ledger") + namespace + named)

    for cluster in ("back", "front"):
        assert [one.names for one in governing(done, cluster, "payments").exclude] == [("payments",), ("ledger",)]
    [left] = done.left_out
    assert (left.what, "exclude-deployments names it" in left.why) == ("Deployment back/payments", True)


def test_defaults_that_cannot_leave_an_excluded_namespace_out_are_not_written() -> None:
    inside = annotated("db", namespace="prod-eu", uptime="Mon-Fri 10:00-18:00 UTC")
    elsewhere = annotated("db", namespace="dev", uptime="Mon-Fri 10:00-18:00 UTC")
    done = imported(settings("--exclude-namespaces=kube-system,prod.*") + inside + elsewhere)

    assert [one.policy.match.clusters for one in done.policies] == [("dev",)]
    told = {left.what: left.why for left in done.left_out}
    assert "exclude-namespaces (prod.*) cannot be said" in told["the defaults"]
    assert "exclude-namespaces takes prod-eu" in told["Deployment prod-eu/db"]


@pytest.mark.parametrize(
    ("args", "clusters"),
    [
        (("--namespace=dev,prod,test", "--exclude-namespaces=prod"), ("dev", "test")),
        (("--exclude-namespaces=kube-system",), None),
        (("--namespace=prod", "--exclude-namespaces=prod"), "takes every one of its namespaces"),
    ],
)
def test_defaults_are_written_for_the_namespaces_that_are_not_excluded(
    args: tuple[str, ...], clusters: tuple[str, ...] | str | None
) -> None:
    done = imported(settings(*args))

    if isinstance(clusters, str):
        assert (done.policies, clusters in done.left_out[0].why) == ((), True)
    else:
        assert [one.policy.match.clusters for one in done.policies] == [clusters]


ENV = "env: [{name: DEFAULT_UPTIME, value: Mon-Fri 10:00-12:00 UTC}]"
ARGS = 'args: ["--default-uptime=Mon-Fri 08:00-18:00 UTC"]'


@pytest.mark.parametrize(
    ("text", "expected", "told"),
    [
        (f"spec: {{{ENV}, {ARGS}}}", "mon-fri 08:00-18:00", "and as an argument"),
        (f"spec: {{{ARGS}, {ENV}}}", "mon-fri 08:00-18:00", "and as an argument"),
        (f"spec: {{{ENV}}}\n---\n{CONFIG}", "mon-fri 10:00-12:00", "and in env"),
        (f"{CONFIG}---\n{CONFIG.replace('06:00', '07:00')}", "mon-fri 07:00-22:00", "the last that was read"),
        (f"spec: {{{ARGS}}}\n---\nspec: {{{ARGS}}}", "mon-fri 08:00-18:00", ""),
    ],
)
def test_an_argument_wins_over_the_environment_and_a_conflict_is_told(text: str, expected: str, told: str) -> None:
    done = imported(text)

    assert windows(done.policies[0].policy) == [expected]
    assert [told in note for note in done.notes if note.startswith("uptime is given")] == ([True] if told else [])


def test_an_exclusion_whose_end_cannot_be_read_never_ends_and_says_so() -> None:
    [only] = imported(annotated(exclude_until="soon", uptime="always")).policies
    assert [one.until for one in only.policy.exclude] == [None]
    assert any("downscaler/exclude-until soon is no moment" in note for note in only.notes)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize(
    ("until", "ends"), [("0001-01-01", []), ("9999-12-31", [None]), ("2199-12-31T23:59", [date(2199, 12, 31)])]
)
def test_an_exclusion_that_ends_at_the_border_of_calendars_or_beyond_is_read(
    zone: str, until: str, ends: list[date | None]
) -> None:
    [only] = imported(annotated(exclude_until=until, uptime=f"Mon-Fri 08:00-18:00 {zone}")).policies
    assert [one.until for one in only.policy.exclude] == ends


def test_an_exclusion_that_reaches_over_its_namespace_says_so() -> None:
    solo = annotated("solo", namespace="team", exclude="true")
    [only] = imported(CONFIG + solo).policies
    assert only.policy.exclude[0].names == ("solo",)
    assert any("of team/solo: an exclusion names no cluster" in note for note in only.notes)


@pytest.mark.parametrize("kind", ["CronJob", "HorizontalPodAutoscaler"])
def test_what_is_no_service_is_left_out(kind: str) -> None:
    done = imported(annotated("a", uptime="Mon-Fri 08:00-18:00 UTC") + annotated("b", kind, uptime="always"))
    assert [one.policy.name for one in done.policies] == ["a"]
    assert [(left.what, kind in left.why) for left in done.left_out] == [(f"{kind} b", True)]


def test_an_exclusion_from_nothing_is_told() -> None:
    done = imported(annotated("a", uptime="Mon-Fri 08:00-18:00 UTC") + annotated("y", exclude="True"))
    [left] = done.left_out
    assert (left.what, "nothing written here governs it" in left.why) == ("Deployment y", True)


def test_a_zone_under_another_name_is_told() -> None:
    [only] = imported("Mon-Fri 07:30-20:30 CET").policies
    assert "The zone CET became Europe/Brussels, whose clocks follow the same rules." in only.notes
    [same] = imported("Mon-Fri 07:30-20:30 Europe/Berlin").policies
    assert same.notes == ()


def test_what_is_forced_up_is_not_closed_by_what_is_more_general() -> None:
    namespace = annotated("back", "Namespace", force_uptime="true", uptime="Mon-Fri 08:00-18:00 UTC")
    resource = annotated("db", namespace="front", force_uptime="true", uptime="Mon-Fri 08:00-18:00 UTC")
    done = imported(CONFIG + namespace + resource)

    assert {left.what for left in done.left_out} == {"Namespace back", "Deployment front/db"}
    for cluster, name in (("back", "shop"), ("front", "db")):
        reasons = [one.reason for one in governing(done, cluster, name).exclude]
        assert "downscaler/force-uptime" in reasons


def test_what_stands_outside_of_its_namespaces_is_left_out() -> None:
    inside, outside = (annotated("db", namespace=one, uptime="Mon-Fri 10:00-18:00 UTC") for one in ("dev", "prod"))
    done = imported(settings("--namespace=dev") + inside + outside)

    assert [one.policy.match.clusters for one in done.policies] == [("dev",), ("dev",)]
    [left] = done.left_out
    assert (left.what, "works in dev only" in left.why) == ("Deployment prod/db", True)
