"""Several definitions of one import, each by itself: one that is wrong does not keep the others back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from chalicelib.errors import ImportRefused
from chalicelib.importing.model import Draft, LeftOut

One = TypeVar("One")


def each_by_itself(
    ones: Sequence[One], draft: Callable[[One], Draft | LeftOut], name: Callable[[One], str]
) -> list[Draft | LeftOut]:
    """What cannot be read is left out under its ``name``. Raises the first ImportRefused when that is all there is."""
    results: list[Draft | LeftOut] = []
    refusals: list[ImportRefused] = []
    for one in ones:
        try:
            results.append(draft(one))
        except ImportRefused as refusal:
            refusals.append(refusal)
            results.append(LeftOut(name(one), f"{refusal}."))
    if refusals and len(refusals) == len(ones):
        raise refusals[0]
    return results
