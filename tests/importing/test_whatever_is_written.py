"""Properties: every translation of a random schedule proves right, and no text makes it fail without a sentence."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date

import pytest
from chalicelib.errors import ImportRefused
from chalicelib.importing.importing import Tool, import_files
from chalicelib.importing.model import Given
from chalicelib.importing.trees import Source
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TODAY = date(2026, 11, 21)
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])

DAYS = st.sampled_from(["m", "t-h", "M-F", "s-m", "u", "f-f"])
ACTS = st.lists(st.tuples(DAYS, st.integers(0, 23)), min_size=1, max_size=3)
ZONES = st.sampled_from(["et", "Europe/Berlin", "utc", "Australia/Lord_Howe", "America/Sao_Paulo"])


def spec(acts: list[tuple[str, int]]) -> str:
    return "[" + ",".join(f"({days},{hour})" for days, hour in acts) + "]"


@FEW
@given(off=ACTS, on=ACTS, zone=ZONES)
def test_whatever_a_tag_says_is_proven_or_left_out(
    off: list[tuple[str, int]], on: list[tuple[str, int]], zone: str
) -> None:
    tag = f"off={spec(off)};on={spec(on)};tz={zone}"
    done = import_files("custodian", [Source("tags", tag)], Given(), TODAY)
    assert all(one.proof.holds for one in done.policies)
    assert done.policies or done.left_out


TIMES = st.tuples(st.integers(0, 23 * 60 + 59), st.integers(0, 23 * 60 + 59)).map(sorted)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "weekdays": st.sampled_from([["mon-fri"], ["sat", "sun"], ["fri-tue/2"], ["mon#1"], ["thuL"]]),
        "monthdays": st.sampled_from([["1-7"], ["L"], ["10-20/3"], ["15W"], ["29-L"]]),
        "months": st.sampled_from([["1/4"], ["nov-feb"], ["jun"]]),
    },
)


@FEW
@given(st.lists(st.tuples(TIMES, FIELDS), min_size=1, max_size=3))
def test_whatever_periods_a_schedule_has_it_is_proven_or_left_out(
    periods: list[tuple[list[int], dict[str, list[str]]]],
) -> None:
    items: list[dict[str, object]] = [
        {"type": "period", "name": f"p{n}", "begintime": _clock(begin), "endtime": _clock(end), **fields}
        for n, ((begin, end), fields) in enumerate(periods)
    ]
    items.append(
        {"type": "schedule", "name": "s", "periods": [f"p{n}" for n in range(len(periods))], "timezone": "Europe/Rome"}
    )
    done = import_files("instance-scheduler", [Source("scan", json.dumps(items))], Given(), TODAY)
    assert all(one.proof.holds for one in done.policies)
    assert len(done.policies) + len(done.left_out) == 1


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


PIECES = st.sampled_from(
    ["policies:", "- name: a", "  filters: [offhour]", "{", "[", '"', "off=(M-F,19)", "type: period", "DEFAULT_UPTIME=",
     "Mon-Fri 07:30-20:30", " UTC", "*a", "&a", "<<: 1", "\n", "  ", "metadata: {annotations: {downscaler/uptime: 1}}",
     "Resources: {A: {Type: 'Custom::ServiceInstanceSchedule'}}", "🌙", "\t"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(tool=st.sampled_from(["custodian", "instance-scheduler", "kube-downscaler"]), parts=st.lists(PIECES, max_size=9))
def test_no_text_fails_without_a_sentence(tool: Tool, parts: list[str]) -> None:
    with suppress(ImportRefused):
        import_files(tool, [Source("any", "".join(parts)), Source("other", "\n".join(parts))], Given(), TODAY)


@pytest.mark.parametrize("name", ["a\x00b", "(x,1)", "Büro", ": #", "-" * 300, "true", "*"])
def test_any_name_becomes_a_policy_that_our_loader_takes(name: str) -> None:
    items = [{"type": "period", "name": "p", "weekdays": "mon"}, {"type": "schedule", "name": name, "periods": "p"}]
    [only] = import_files("instance-scheduler", [Source("scan", json.dumps(items))], Given(), TODAY).policies
    assert only.proof.holds
    config = {"type": "offhour", "default_tz": "et", "tag": "hours"}
    policy = {"name": name, "filters": [config, {f"tag:{name}": name}], "actions": ["stop"]}
    done = import_files("custodian", [Source("p", json.dumps({"policies": [policy]}))], Given(), TODAY)
    assert len(done.policies) == 1
    deployment = {"kind": "Deployment", "metadata": {"name": name, "annotations": {"downscaler/uptime": "always"}}}
    assert import_files("kube-downscaler", [Source("k", json.dumps(deployment))], Given(), TODAY).policies
