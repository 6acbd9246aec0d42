"""import instance-scheduler: tables and templates become hours, and what has no counterpart is told."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from chalicelib.errors import ImportRefused
from chalicelib.importing.importing import Imported, import_files
from chalicelib.importing.model import Given
from chalicelib.importing.trees import Source
from chalicelib.policy.model import Policy
from chalicelib.policy.timetable import Timetable

TODAY = date(2026, 11, 21)

TEMPLATE = """\
Parameters: {Zone: {Type: String, Default: Asia/Seoul}}
Resources:
  Lab:
    Type: Custom::ServiceInstanceSchedule
    Properties:
      ServiceToken: !ImportValue scheduler-arn
      Name: lab
      Timezone: !Ref Zone
      Enforced: 'true'
      Periods:
        - {BeginTime: 9:30, EndTime: '18:00', WeekDays: Tue-Thu, Months: 'sep-nov'}
"""


def scanned(*items: dict[str, Any], given: Given | None = None) -> Imported:
    """``items`` without type letters but for what DynamoDB marks so."""
    typed = [
        {key: {"SS": value} if isinstance(value, list) else {"S": value} for key, value in item.items()}
        for item in items
    ]
    return import_files(
        "instance-scheduler", [Source("scan.json", json.dumps({"Items": typed}))], given or Given(), TODAY
    )


def period(name: str, **keys: Any) -> dict[str, Any]:
    return {"type": "period", "name": name, **keys}


def schedule(*periods: str, **keys: Any) -> dict[str, Any]:
    named = {"periods": list(periods)} if periods else {}
    return {"type": "schedule", "name": "lab", "timezone": "Europe/Madrid", **named, **keys}


def windows(policy: Policy) -> list[str]:
    assert policy.hours is not None
    return [str(window) for window in policy.hours.open or ()]


def test_a_schedule_is_matched_by_the_tag_that_names_it() -> None:
    [only] = scanned(period("p", begintime="7:15", endtime="19:45", weekdays=["mon-sat"]), schedule("p")).policies
    assert only.policy.match.tags == {"Schedule": ("lab",)}
    assert windows(only.policy) == ["mon-sat 07:15-19:45"]


def test_the_tag_and_the_default_zone_come_from_the_configuration_item_or_the_command_line() -> None:
    config = {"type": "config", "name": "scheduler", "tagname": "Plan", "default_timezone": "Asia/Dubai"}
    items = (period("p", weekdays=["sun"]), {**schedule("p"), "timezone": ""}, config)
    [from_table] = scanned(*items).policies
    assert (from_table.policy.match.tags, windows(from_table.policy)) == ({"Plan": ("lab",)}, ["sun all-day"])
    assert from_table.policy.hours is not None and from_table.policy.hours.timezone.key == "Asia/Dubai"
    [told] = scanned(*items, given=Given(tag="Hours")).policies
    assert told.policy.match.tags == {"Hours": ("lab",)}


def test_a_night_in_two_periods_becomes_one_overnight_window_with_its_bridged_minute() -> None:
    evening = period("e", begintime="21:00", endtime="23:59", weekdays=["thu-fri"])
    morning = period("m", begintime="0:00", endtime="05:00", weekdays=["fri-sat"])
    [only] = scanned(evening, morning, schedule("e", "m")).policies
    assert windows(only.policy) == ["thu-fri 21:00-05:00"]
    assert only.proof.differences == ()


def test_a_bridged_minute_between_days_of_the_month_is_in_the_window_too() -> None:
    first = period("a", begintime="08:00", endtime="11:59", monthdays=["1-10"])
    second = period("b", begintime="12:00", endtime="15:00")
    [only] = scanned(first, second, schedule("a", "b")).policies
    assert windows(only.policy) == ["day 1-10 08:00-12:00", "daily 12:00-15:00"]


def test_a_minute_that_is_bridged_on_most_days_is_open_on_all_and_the_rest_told() -> None:
    whole_days = [period(name, begintime="0:00", endtime="23:59", months=[name]) for name in ("jun", "jul")]
    [only] = scanned(*whole_days, schedule("jun", "jul")).policies
    assert sorted(windows(only.policy)) == ["jul daily all-day", "jun daily all-day"]
    [last_of_july] = only.proof.differences
    assert (last_of_july.begin.isoformat(), last_of_july.minutes) == ("2027-07-31T21:59:00+00:00", 1)
    assert "bridged" in str(last_of_july.reason)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"weekdays": ["FRI-Mon"]}, ["fri-mon all-day"]),
        ({"weekdays": ["wed#2, 4L"]}, ["2nd-wed all-day", "last-fri all-day"]),
        ({"weekdays": ["L"]}, ["sun all-day"]),
        ({"weekdays": ["0-4/2"]}, ["mon,wed,fri all-day"]),
        ({"monthdays": ["3-9/3", "L"]}, ["day 3 all-day", "day 6 all-day", "day 9 all-day", "last-day all-day"]),
        ({"monthdays": ["28-L"]}, ["day 28-31 all-day"]),
        ({"months": ["november-feb"]}, ["nov-feb daily all-day"]),
        ({"months": ["2/5"], "weekdays": ["tue"]}, ["feb,jul,dec tue all-day"]),
        ({"monthdays": ["15-21"], "weekdays": ["mon"]}, ["3rd-mon all-day"]),
        ({"monthdays": ["1-7"], "weekdays": ["mon#1"]}, ["1st-mon all-day"]),
        ({"monthdays": ["15-31"], "weekdays": ["mon#1", "thu#3", "friL"]}, ["3rd-thu all-day", "last-fri all-day"]),
        ({"monthdays": ["*"], "weekdays": ["?"]}, ["daily all-day"]),
    ],
)
def test_days_of_every_kind_become_windows_that_prove_right(keys: dict[str, Any], expected: list[str]) -> None:
    [only] = scanned(period("p", **keys), schedule("p")).policies
    assert (windows(only.policy), only.proof.differences) == (expected, ())


def test_the_weekday_nearest_to_a_day_becomes_cron() -> None:
    [only] = scanned(period("p", begintime="6:00", endtime="7:30", monthdays=["1W"]), schedule("p")).policies
    assert only.policy.hours is not None
    table = Timetable.of(only.policy.hours)
    assert table.phase(datetime(2027, 8, 2, 4, 30, tzinfo=UTC)).open, "1 August 2027 is a Sunday, so Monday the 2nd"
    assert only.proof.differences == ()


@pytest.mark.parametrize(
    ("items", "word"),
    [
        ((period("p", begintime="06:00"), schedule("p")), "only a begintime (06:00)"),
        ((period("p", endtime="20:00"), period("q", weekdays=["mon"]), schedule("p", "q")), "only an endtime (20:00)"),
        ((period("p", begintime="06:00", endtime="06:00"), schedule("p")), "none of its periods ever runs"),
        (
            (period("p", weekdays=["mon"], monthdays=["4-20"]), schedule("p")),
            "weekdays together with days of the month",
        ),
        (
            (period("p", weekdays=["mon#1"], monthdays=["3-20"]), schedule("p")),
            "weekdays together with days of the month",
        ),
        ((period("p", weekdays=["mon#1"], monthdays=["9-20"]), schedule("p")), "never meet"),
        ((schedule(override_status="Stopped"),), "holds it down without an end"),
    ],
)
def test_what_hours_cannot_say_leaves_the_whole_schedule_out_with_its_reason(
    items: tuple[dict[str, Any], ...], word: str
) -> None:
    done = scanned(*items)
    assert (done.text, done.policies) == ("", ())
    [left] = done.left_out
    assert left.what == "lab"
    assert word in left.why


def test_a_schedule_held_up_is_always_open_and_says_so() -> None:
    [only] = scanned(period("p", weekdays=["mon"]), schedule("p", override_status="running")).policies
    assert windows(only.policy) == ["daily all-day"]
    assert any("always open" in note for note in only.notes)


def test_flags_without_counterpart_are_told_and_enforced_stops_what_was_started_by_hand() -> None:
    flags = {"enforced": "true", "retain_running": "true", "stop_new_instances": "false", "hibernate": "true"}
    [only] = scanned(period("p", weekdays=["mon"]), schedule("p@t3.large", **flags)).policies
    told = " ".join(only.notes)
    assert all(
        word in told for word in ("retain_running", "stop_new_instances", "hibernate", "enforced", "Instance types")
    )
    assert only.policy.hours is not None and only.policy.hours.started_by_hand.total_seconds() == 0


def test_a_template_takes_parameters_defaults_and_does_not_guess_its_stack() -> None:
    done = import_files("instance-scheduler", [Source("stack.yml", TEMPLATE)], Given(), TODAY)
    [only] = done.policies
    assert only.policy.match.tags == {"Schedule": ("*lab",)}
    assert only.notes[0].startswith("CAUTION: it governs more")
    assert windows(only.policy) == ["sep-nov tue-thu 09:30-18:00"]
    assert only.policy.hours is not None and only.policy.hours.timezone.key == "Asia/Seoul"
    whole = import_files("instance-scheduler", [Source("stack.yml", TEMPLATE)], Given(stack="prod"), TODAY)
    assert whole.policies[0].policy.match.tags == {"Schedule": ("prod-lab",)}


def test_a_repeated_hour_is_decided_otherwise_with_its_reason() -> None:
    done = scanned(period("p", begintime="02:30", endtime="06:00"), schedule("p"))
    [difference] = done.policies[0].proof.differences
    assert (difference.minutes, difference.begin.isoformat()) == (30, "2027-10-31T01:00:00+00:00")
    assert "second pass of a repeated hour" in str(difference.reason)


def test_exports_with_one_item_on_each_line_and_output_of_the_cli_are_read() -> None:
    lines = "\n".join(
        json.dumps({"Item": {key: {"S": value} for key, value in item.items()}})
        for item in (
            {"type": "period", "name": "p", "weekdays": "mon"},
            {"type": "schedule", "name": "lab", "periods": "p"},
        )
    )
    spoken = '{"Schedules": [{"Name": "lab", "Periods": ["p"]}], "Periods": [{"Name": "p", "Weekdays": ["mon"]}]}'
    for text in (lines, spoken):
        [only] = import_files("instance-scheduler", [Source("f", text)], Given(), TODAY).policies
        assert windows(only.policy) == ["mon all-day"]


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ((period("p", begintime="25:00", endtime="26:00"), schedule("p")), 'period p: begintime "25:00" is no time'),
        ((period("p", begintime="20:00", endtime="6:00"), schedule("p")), "begintime 20:00 is after endtime 6:00"),
        ((period("p", weekdays=["blue"]), schedule("p")), 'period p: weekdays "blue"'),
        ((period("p", monthdays=["20-4"]), schedule("p")), "days of the month do not wrap"),
        ((period("p", monthdays=["LW"]), schedule("p")), 'monthdays "lw"'),
        ((period("p", weekdays=["mon#6"]), schedule("p")), "runs from 1 to 5"),
        ((period("p"), schedule("p")), "period p: it says nothing"),
        ((schedule("nowhere"),), 'lab: there is no period "nowhere"'),
        ((period("p", weekdays=["mon"]), schedule("p", timezone="Mars/Base")), 'timezone "Mars/Base" is none'),
        ((period("p", weekdays=["mon"]), schedule("p", override_status="up")), 'override_status "up" is neither'),
        ((schedule(),), "lab: no period"),
        (({"a": "b"},), "no schedule and no period of Instance Scheduler in it"),
    ],
)
def test_what_instance_scheduler_would_refuse_is_refused_in_one_sentence(
    items: tuple[dict[str, Any], ...], sentence: str
) -> None:
    with pytest.raises(ImportRefused) as refused:
        scanned(*items)
    assert str(refused.value).startswith("scan.json: ")
    assert sentence in str(refused.value)


def test_what_only_the_stack_knows_of_a_template_matters_where_hours_depend_on_it() -> None:
    spoken = TEMPLATE.replace("Name: lab", "Name: lab\n      Description: !Sub 'of ${AWS::StackName}'").replace(
        "Enforced: 'true'", "Enforced: !Ref AWS::NoValue"
    )
    [only] = import_files("instance-scheduler", [Source("t.yaml", spoken)], Given(), TODAY).policies
    assert windows(only.policy) == ["sep-nov tue-thu 09:30-18:00"]
    assert (only.policy.description, only.policy.hours and only.policy.hours.started_by_hand.total_seconds()) == (
        "From AWS Instance Scheduler: lab",
        7200,
    )

    with pytest.raises(ImportRefused, match="Timezone is Fn::Sub, which only the stack knows"):
        import_files("instance-scheduler", [Source("t.yaml", spoken.replace("!Ref Zone", "!Sub x"))], Given(), TODAY)


@pytest.mark.parametrize(
    ("weekdays", "periods"),
    [
        ('"[""mon-wed"",""fri""]"', '"[""office""]"'),
        ('"{""SS"":[""mon-wed"",""fri""]}"', '"{""SS"":[""office""]}"'),
        ('"[{""S"":""mon-wed""},{""S"":""fri""}]"', '"[{""S"":""office""}]"'),
        ('"{""mon-wed"",""fri""}"', '"{""office""}"'),
        ('"mon-wed,fri"', "office"),
    ],
)
def test_a_table_that_was_downloaded_as_csv_is_read(weekdays: str, periods: str) -> None:
    text = (
        '"type","name","begintime","endtime","weekdays","periods","timezone"\n'
        f'"period","office","09:00","17:00",{weekdays},,\n"schedule","lab",,,,{periods},"Asia/Dubai"\n'
    )
    [only] = import_files("instance-scheduler", [Source("results.csv", text)], Given(), TODAY).policies
    assert windows(only.policy) == ["mon-wed,fri 09:00-17:00"]
    assert only.policy.hours is not None and only.policy.hours.timezone.key == "Asia/Dubai"


def test_a_schedule_of_more_windows_than_hours_hold_is_left_out_and_the_others_are_not() -> None:
    many = [
        period(f"p{hour}-{at}", begintime=f"{hour}:{at:02}", endtime=f"{hour}:{at + 1:02}", monthdays=["1"])
        for hour in range(24)
        for at in range(0, 57, 3)
    ]
    done = scanned(*many, schedule(*(one["name"] for one in many)), {**schedule("p0-0"), "name": "small"})
    assert [one.policy.name for one in done.policies] == ["small"]
    [left] = done.left_out
    assert (left.what, "hours have at most 400 of these" in left.why) == ("lab", True)


def test_one_schedule_that_is_wrong_does_not_keep_the_others_back() -> None:
    done = scanned(
        period("p", weekdays=["mon"]), schedule("p"), {**schedule("gone"), "name": "broken"},
        {**schedule("p"), "name": "elsewhere", "timezone": "Mars/Base"},
    )  # fmt: skip
    assert [one.policy.name for one in done.policies] == ["lab"]
    assert {left.what for left in done.left_out} == {"broken", "elsewhere"}
    assert any('there is no period "gone"' in left.why for left in done.left_out)


OTHERS = """\
  Den:
    Type: Custom::ServiceInstanceSchedule
    Properties: {Timezone: !Ref Elsewhere, Periods: [{WeekDays: mon}]}
  Attic:
    Type: Custom::ServiceInstanceSchedule
    Properties: {Enforced: !Ref Elsewhere, Periods: [{WeekDays: mon}]}
"""


def test_what_only_the_stack_knows_leaves_one_schedule_out_and_a_zone_can_be_given() -> None:
    source = Source("t.yaml", TEMPLATE + OTHERS)
    done = import_files("instance-scheduler", [source], Given(), TODAY)
    assert [one.policy.name for one in done.policies] == ["lab"]
    assert [left.what for left in done.left_out] == ["Den", "Attic"]
    assert "or add --timezone ZONE" in done.left_out[0].why

    told = import_files("instance-scheduler", [source], Given(ZoneInfo("Asia/Tokyo")), TODAY)
    zones = {one.policy.name: one.policy.hours.timezone.key for one in told.policies if one.policy.hours}
    assert zones == {"lab": "Asia/Seoul", "den": "Asia/Tokyo"}
    assert [left.what for left in told.left_out] == ["Attic"]
