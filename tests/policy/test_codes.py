"""The catalogue of codes and the code that tells them hold each other: nothing unexplained, no example that lies."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from textwrap import indent

import chalicelib
import pytest
from chalicelib.policy.codes.catalogue import CATALOGUE
from chalicelib.policy.codes.loader_only import LOADER_ONLY
from chalicelib.policy.loader import load

ROOT = Path(chalicelib.__file__).parent
EXAMPLES = [(code, entry) for code, entry in CATALOGUE.items() if entry.wrong]


def file_with(example: str) -> str:
    """A whole file as it is; parts of a policy get the keys that every policy needs."""
    if example.startswith("lifecycle:"):
        return example
    keys = example
    if "match:" not in example:
        keys += "\nmatch: {tags: {environment: dev}}"
    if not any(section in example for section in ("hours:", "idle:", "owner:", "spot:")):
        keys += "\nidle: {stop-after: 30m}"
    return "lifecycle: v1\npolicies:\n  example:\n" + indent(keys, "    ") + "\n"


def codes_of(example: str) -> set[str]:
    return {problem.code for problem in load({"example.yaml": file_with(example)}, today=date(2026, 11, 21)).problems}


def test_every_code_that_is_told_anywhere_is_explained_and_none_is_explained_in_vain() -> None:
    told = set()
    for module in ROOT.rglob("*.py"):
        if module.parent.name != "codes":
            told |= set(re.findall(r'"(LC\d{3})"', module.read_text(encoding="utf-8")))

    assert told == set(CATALOGUE)


def test_what_only_the_loader_can_see_is_listed_once_by_known_codes() -> None:
    listed = [code for codes in LOADER_ONLY.values() for code in codes]

    assert len(listed) == len(set(listed))
    assert set(listed) <= set(CATALOGUE)


@pytest.mark.parametrize(("code", "entry"), EXAMPLES, ids=[code for code, _ in EXAMPLES])
def test_the_wrong_example_gives_its_code_and_the_right_one_gives_nothing(code: str, entry) -> None:
    besides = {"LC092"} - {code}  # the other examples are too small to name a signal that sees a request in flight

    assert codes_of(entry.wrong) - besides == {code}
    assert codes_of(entry.right) - besides == set()
