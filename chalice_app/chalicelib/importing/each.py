"""Several definitions of one import, each by itself: one that is wrong does not keep the others back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from chalicelib.errors import ImportRefused
from chalicelib.importing.model import LeftOut

One = TypeVar("One")
Made = TypeVar("Made")


def each_by_itself(
    ones: Sequence[One], make: Callable[[One], Made], name: Callable[[One], str]
) -> list[Made | LeftOut]:
    """What cannot be read is left out under its ``name``. Raises the first ImportRefused when that is all there is."""
    results: list[Made | LeftOut] = []
    refusals: list[ImportRefused] = []
    for one in ones:
        try:
            results.append(make(one))
        except ImportRefused as refusal:
            refusals.append(refusal)
            results.append(LeftOut(name(one), f"{refusal}."))
    if refusals and len(refusals) == len(ones):
        raise refusals[0]
    return results
