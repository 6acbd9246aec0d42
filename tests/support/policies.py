"""Policies for tests, written as people write them: YAML text through the real loader."""

from __future__ import annotations

from datetime import date
from textwrap import dedent, indent

from chalicelib.policy.loader import load
from chalicelib.policy.model import Policy, PolicySet

TODAY = date(2026, 11, 1)


def policy_set(text: str, *, file: str = "policies/vision.yaml") -> PolicySet:
    """A whole file, without its first line ``lifecycle: v1``."""
    loaded = load({file: "lifecycle: v1\n" + dedent(text).lstrip("\n")}, today=TODAY)
    errors = [problem for problem in loaded.problems if problem.is_error]
    assert not errors, errors
    return loaded.policies


def policy(body: str, *, name: str = "dev", match: str = "match: {everything: true}") -> Policy:
    """One policy by its keys; enforced, and matching everything unless ``match`` says otherwise."""
    keys = dedent(body).strip("\n")
    if "mode:" not in keys:
        keys += "\nmode: enforce"
    text = f"policies:\n  {name}:\n" + indent(f"{match}\n{keys}\n", "    ")
    return policy_set(text).policies[0]
