"""The judge that the other tests of rights lean on, held to what AWS documents of it."""

from __future__ import annotations

from typing import Any

import pytest
from support.iam_documents import Made, Stack
from support.iam_verdict import Ask, is_allowed

READ = {"Effect": "Allow", "Action": "dynamodb:Get*", "Resource": "arn:aws:dynamodb:*:*:table/ours"}
ROWS = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["SLACK"]}}
OURS = "arn:aws:dynamodb:eu-west-1:1:table/ours"


def says(statement: dict[str, Any], action: str = "dynamodb:GetItem", resource: str = OURS, **context: str) -> bool:
    told = {key.replace("__", ":"): tuple(value.split("|")) for key, value in context.items()}
    return is_allowed([statement], Ask(action, resource, told))


def test_what_nobody_allows_is_refused_and_a_refusal_beats_every_yes() -> None:
    assert says(READ)
    assert not is_allowed([], Ask("dynamodb:GetItem", OURS))
    assert not is_allowed([READ, {**READ, "Effect": "Deny"}], Ask("dynamodb:GetItem", OURS))


def test_names_of_actions_have_no_case_and_names_of_resources_have_one() -> None:
    assert says(READ, action="DynamoDB:getitem")
    assert not says(READ, action="dynamodb:PutItem")
    assert not says(READ, resource=OURS.upper())


def test_what_has_no_resource_is_allowed_only_by_a_star() -> None:
    assert not says({**READ, "Resource": "arn:aws:dynamodb:*"}, resource="*")
    assert says({**READ, "Resource": "*"}, resource="*")


def test_conditions_hold_for_the_values_of_the_request() -> None:
    limited = {**READ, "Condition": ROWS}

    assert says(limited, dynamodb__LeadingKeys="SLACK")
    assert not says(limited, dynamodb__LeadingKeys="SLACK|USER")
    assert says(limited), "ForAllValues is true of a request that lacks the key"
    assert not says({**READ, "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}})
    assert says({**READ, "Condition": {"Null": {"aws:ResourceTag/a": "false"}}}, **{"aws__ResourceTag/a": "b"})
    assert not says({**READ, "Condition": {"Null": {"aws:ResourceTag/a": "false"}}}, **{"aws__ResourceTag/A": "b"})


def test_an_operator_that_is_not_known_is_no_yes() -> None:
    with pytest.raises(AssertionError, match="NumericLessThan"):
        says({**READ, "Condition": {"NumericLessThan": {"dynamodb:LeadingKeys": "3"}}}, dynamodb__LeadingKeys="1")


def test_intrinsics_are_put_in_and_what_has_no_value_is_left_out() -> None:
    template = {
        "Parameters": {"Listeners": {"Default": ""}, "Name": {"Default": "x"}},
        "Conditions": {"Has": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Listeners"}, ""]}]}},
        "Resources": {},
    }
    stack = Stack(template, {"Listeners": "a,b"}, {"Table": Made("t", "arn:t")}, {"AWS::Region": "here"})

    assert stack.resolve({"Fn::Sub": "${AWS::Region}/${Name}/${Table}/${Table.Arn}"}) == "here/x/t/arn:t"
    assert stack.resolve([{"Fn::If": ["Has", {"Ref": "Table"}, {"Ref": "AWS::NoValue"}]}]) == ["t"]
    rules = {"Fn::Split": [",", {"Fn::Join": ["/*,", {"Fn::Split": [",", {"Ref": "Listeners"}]}]}]}
    assert stack.resolve(rules) == ["a/*", "b"]
    without = {"a": {"Fn::If": ["Has", {"Ref": "AWS::NoValue"}, 1]}, "b": 2}
    assert stack.resolve(without) == {"b": 2}
