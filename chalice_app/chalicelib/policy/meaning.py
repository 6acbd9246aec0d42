"""What a policy means, as one short hash: two policies with the same hash decide alike.

Texts for people and a policy's own tests are no part of it; the mode is, so that a promotion is a new version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import Enum

from pydantic import BaseModel

from chalicelib.policy.model import Policy, PolicySet
from chalicelib.policy.scalars import as_text
from chalicelib.policy.sections.base import is_internal

_FOR_PEOPLE = frozenset({"description", "owner", "tests", "reason"})
_HASH_LENGTH = 12


def version_of(policy: Policy) -> str:
    """12 hex digits of SHA-256 over the parsed values, so ``30m`` and ``1800s`` are the same."""
    return _hash(_canonical(policy))


def version_of_set(policies: PolicySet) -> str:
    """The same for everything in force, names included."""
    named = {policy.name: policy.version for policy in policies.policies}
    return _hash([named, _canonical(policies.never_touch), _canonical(policies.freezes)])


def _canonical(value: object) -> object:
    """Nested dicts, sorted lists and texts. The order of a list says nothing anywhere in the language."""
    if isinstance(value, BaseModel):
        fields = (name for name in type(value).model_fields if not is_internal(type(value), name))
        kept = {name: getattr(value, name) for name in fields if name not in _FOR_PEOPLE}
        return {name: _canonical(one) for name, one in kept.items() if one is not None}
    if isinstance(value, Mapping):
        return {str(key): _canonical(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return sorted((_canonical(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    if isinstance(value, Enum):
        return str(value.value)
    return as_text(value)


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]
