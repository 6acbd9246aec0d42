"""Every code a problem can carry; `lifecycle explain CODE` prints an entry.

A test holds this catalogue and the code to each other: no code without an entry, no entry that nothing tells, and
every example is read and gives (or no longer gives) its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.policy.codes.code import Code
from chalicelib.policy.codes.form import FORM
from chalicelib.policy.codes.rules import RULES
from chalicelib.policy.codes.times import TIMES
from chalicelib.policy.codes.together import DOUBTS, TESTS, TOGETHER
from chalicelib.policy.codes.values import VALUES

CATALOGUE: Mapping[str, Code] = MappingProxyType(
    dict(sorted({**FORM, **TIMES, **VALUES, **RULES, **TESTS, **TOGETHER, **DOUBTS}.items()))
)
"""All codes, in order."""
