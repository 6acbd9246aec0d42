"""Which value each parameter gets, and what is refused before anything is packaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from chalicelib.deploy.choosing import Chosen, choose, read_stage, read_words
from chalicelib.deploy.packaging import checkout, stages
from chalicelib.deploy.plan import FROM_US_EAST_1, prepare, settable
from chalicelib.deploy.templates import Parameter, parameters, read, with_app
from chalicelib.errors import ConfigurationError

DAYS = Parameter("LogRetentionDays", "14", "", is_number=True, values=("14", "30", "90", "1096", "3653"))
EMAIL = Parameter("AdminEmail", "", "The first administrator.", pattern=r"|[^@ ]+@[^@ ]+\.[^@ ]+")
HOSTS = Parameter("MaxGpuHosts", "0", "", is_number=True, least=0, most=100)
REGION = Parameter("StackRegion", None, "Where it stands.")
TAKES = {one.name: one for one in (DAYS, EMAIL, HOSTS)}


@pytest.mark.parametrize("said", ["1095", "3 years", "3y", "156 weeks", "1096"])
def test_three_years_however_they_are_written_are_kept_for_1096_days(said: str) -> None:
    assert choose(TAKES, {"LogRetentionDays": said}, ()).given == {"LogRetentionDays": "1096"}


def test_a_time_that_cloudwatch_does_not_know_is_rounded_up_and_people_are_told() -> None:
    chosen = choose(TAKES, {"LogRetentionDays": "3 years"}, ())

    assert chosen.notes == ("LogRetentionDays: CloudWatch knows no 1095 days (3 years), so logs are kept for 1096.",)
    assert choose(TAKES, {"LogRetentionDays": "90"}, ()).notes == ()


def test_what_nobody_names_stays_as_the_stack_has_it() -> None:
    chosen = choose(TAKES, {"MaxGpuHosts": "4"}, {"AdminEmail": "ada@example.com", "MaxGpuHosts": "2", "Gone": "x"})

    assert chosen == Chosen({"MaxGpuHosts": "4"}, ("AdminEmail",))
    assert chosen.request() == [
        {"ParameterKey": "MaxGpuHosts", "ParameterValue": "4"},
        {"ParameterKey": "AdminEmail", "UsePreviousValue": True},
    ]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AdminEmail", "ada", r'AdminEmail is "ada": it has to match .* The first administrator\.$'),
        ("MaxGpuHosts", "101", r'MaxGpuHosts is "101": write a number from 0 to 100\.$'),
        ("MaxGpuHosts", "many", r'MaxGpuHosts is "many": write a number\.$'),
        ("LogRetentionDays", "20 years", r'LogRetentionDays is "20 years": write 14, 30, 90, 1096 or 3653\.$'),
        ("LogRetentionDays", "for ever", r'LogRetentionDays is "for ever": write 14, 30, 90, 1096 or 3653\.$'),
    ],
)
def test_a_value_that_cloudformation_would_refuse_is_refused_here(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        choose(TAKES, {name: value}, ())


def test_a_parameter_without_a_default_has_to_be_given_once() -> None:
    with pytest.raises(ConfigurationError, match="StackRegion has to be given"):
        choose({"StackRegion": REGION}, {}, ())

    assert choose({"StackRegion": REGION}, {}, {"StackRegion": "eu-west-1"}).kept == ("StackRegion",)


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigurationError, match=r"no parameter DomianName\. Did you mean DomainName\?"):
        prepare("dev", "lifecycle-dev", ["DomianName=x.example.com"], here_alone=False)


@pytest.mark.parametrize("name", ["FleetCluster", "ReportExport", "StackRegion"])
def test_what_the_stack_sets_by_itself_is_refused_and_not_dropped_without_a_word(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} cannot be set: the stack sets it from other parameters"):
        prepare("dev", "lifecycle-dev", [f"{name}=x"], here_alone=False)


def test_what_is_of_the_stack_that_is_left_out_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="CostExport is of the stack in us-east-1, which --only-here leaves out"
    ):
        prepare("dev", "lifecycle-dev", ["CostExport=true"], here_alone=True)

    assert prepare("dev", "lifecycle-dev", ["AdminEmail=a@example.com"], here_alone=True).us_east_1 is False


def test_every_parameter_that_may_be_set_reaches_a_stack() -> None:
    cfn = checkout() / "cfn"
    here = parameters(with_app(read(cfn / "main.yaml"), read(cfn / "app-resources.yaml")))
    there = parameters(read(cfn / "us-east-1.yaml"))
    may = settable(checkout())

    assert may.keys() <= here.keys() | there.keys()
    assert {"ConsoleOrigin", "SlackSecret", "AnomalyMonitor"} <= may.keys()


@pytest.mark.parametrize("word", ["DomainName", "=x", ""])
def test_a_word_without_a_name_and_a_value_is_refused(word: str) -> None:
    with pytest.raises(ConfigurationError, match="write NAME=VALUE"):
        read_words([word])


def test_a_value_may_hold_an_equals_sign() -> None:
    assert read_words(["FleetGpuProviders=g5.xlarge=gpu"]) == {"FleetGpuProviders": "g5.xlarge=gpu"}


def test_the_command_line_comes_before_the_stages_file_and_every_stage_can_be_prepared() -> None:
    for stage in stages(checkout()):
        plan = prepare(stage, f"lifecycle-{stage}", ["LogRetentionDays=30"], here_alone=False)
        assert plan.wanted["LogRetentionDays"] == "30"
        assert plan.wanted["Environment"] in ("development", "production")


def test_production_keeps_its_logs_for_three_years_and_its_record_for_good() -> None:
    wanted = prepare("prod", "lifecycle-prod", [], here_alone=False).wanted
    takes = parameters(read(checkout() / "cfn" / "main.yaml"))

    assert choose(takes, wanted, ()).given["LogRetentionDays"] == "1096"
    assert wanted["DeletionProtection"] == "true"


def test_a_stage_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r'no stage "test": cfn/stages/ has dev, prod'):
        prepare("test", "lifecycle-test", [], here_alone=False)


def test_a_stage_with_something_that_is_no_value_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("EnableMFA = true\n")

    with pytest.raises(
        ConfigurationError, match=r'x.toml: EnableMFA has to be text or a number, as in EnableMFA = "true"'
    ):
        read_stage(tmp_path / "x.toml")


def test_what_is_made_in_us_east_1_is_handed_to_the_other_stack_unless_somebody_brought_another() -> None:
    plan = prepare("dev", "lifecycle-dev", ["ExportBucket=mine", "ExportLocation=s3://mine/data"], here_alone=False)
    made = {"ConsoleCertificateArn": "arn:c", "ExportBucketName": "b", "ExportLocation": "s3://b/x", "Other": "?"}

    given = plan.given_by_us(made, Chosen(plan.wanted, ("ConsoleCertificate",)))

    assert given == {"ConsoleCertificate": "arn:c"}
    assert plan.with_given(Chosen({}, ("ConsoleCertificate", "AdminEmail")), given) == Chosen(given, ("AdminEmail",))
    us = read(checkout() / "cfn" / "us-east-1.yaml")
    assert set(FROM_US_EAST_1) <= set(us["Outputs"])
    assert set(FROM_US_EAST_1.values()) <= set(read(checkout() / "cfn" / "main.yaml")["Parameters"])


def test_the_consoles_certificate_is_made_also_when_name_and_zone_were_set_one_after_the_other() -> None:
    plan = prepare("dev", "lifecycle-dev", ["DomainName=new.example.com"], here_alone=False)

    chosen = plan.us_choose("eu-west-1", {"ConsoleDomain": "old.example.com"}, {"HostedZoneId": "Z1"})

    assert (chosen.given["ConsoleDomain"], chosen.given["HostedZoneId"]) == ("new.example.com", "Z1")
    assert "ConsoleDomain" not in plan.us_choose("eu-west-1", {}, {}).given, "nothing proves that it is ours"
