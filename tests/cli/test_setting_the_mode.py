"""`promote` changes one word of a file and no other character."""

from __future__ import annotations

import pytest
import yaml
from chalicelib.cli.exits import Stop
from chalicelib.cli.starting import FIRST_POLICY
from chalicelib.cli.yaml_edit import set_mode

FIRST = FIRST_POLICY.format(name="dev-nights-off", timezone="Asia/Tokyo")

WITHOUT_MODE = """\
lifecycle: v1
policies:
  a:   # the first
    match: {names: [x]}
    hours:
      timezone: Asia/Tokyo
      open:
        - mon-fri 08:00-20:00   # working hours

  # about b
  b:
    match: {names: [y]}
    idle: {stop-after: 30m}"""


def mode_of(text: str, policy: str) -> object:
    return yaml.load(text, Loader=yaml.BaseLoader)["policies"][policy].get("mode")


def test_only_the_word_changes_and_its_comment_stays() -> None:
    edited = set_mode(FIRST, "dev-nights-off", "enforce")
    assert edited == FIRST.replace("mode: dry-run", "mode: enforce")


def test_a_missing_mode_is_added_under_the_last_key_of_that_policy_alone() -> None:
    edited = set_mode(WITHOUT_MODE, "a", "enforce")
    assert edited.splitlines()[8] == "    mode: enforce"
    assert edited.replace("    mode: enforce\n", "") == WITHOUT_MODE
    assert mode_of(edited, "a") == "enforce"
    assert mode_of(edited, "b") is None


def test_a_file_without_a_last_line_end_still_gets_its_mode() -> None:
    edited = set_mode(WITHOUT_MODE, "b", "enforce")
    assert edited == WITHOUT_MODE + "\n    mode: enforce\n"


def test_a_policy_written_on_one_line_gets_its_mode_inside_the_braces() -> None:
    edited = set_mode("policies:\n  a: {match: {names: [x]}, idle: {stop-after: 30m} }  # short\n", "a", "enforce")
    assert edited == "policies:\n  a: {match: {names: [x]}, idle: {stop-after: 30m}, mode: enforce}  # short\n"


def test_a_policy_that_is_not_in_the_file_is_refused() -> None:
    with pytest.raises(Stop, match='"c" is not in this file'):
        set_mode(WITHOUT_MODE, "c", "enforce")
