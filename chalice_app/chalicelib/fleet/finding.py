"""Finds the service a person means: `cluster/service`, or the bare name where only one cluster has it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from chalicelib.decide.facts import ServiceId
from chalicelib.decide.words import listed
from chalicelib.errors import UnknownService


def find_service(text: str, known: Iterable[ServiceId]) -> ServiceId:
    """Raises UnknownService: nothing of that name (with the nearest spelling), or several (all named)."""
    ids = sorted(known)
    exact = [one for one in ids if text in (str(one), one.name)]
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise UnknownService(
            f'"{text}" is in {len(exact)} clusters: write {listed([str(one) for one in exact], "or")}.'
        )
    if not ids:
        raise UnknownService(f'There is no service "{text}": no ECS service was found at all in this region.')
    raise UnknownService(f'There is no service "{text}" among {len(ids)}.{_nearest(text, ids)}')


def _nearest(text: str, ids: list[ServiceId]) -> str:
    """The best spelling, and others only where they are about as good (similarity within 0.1)."""
    spellings = {str(one).lower(): str(one) for one in ids}
    spellings |= {one.name.lower(): str(one) for one in ids}
    near = difflib.get_close_matches(text.lower(), spellings, n=3, cutoff=0.6)
    marks = [difflib.SequenceMatcher(a=text.lower(), b=one).ratio() for one in near]
    meant = list(dict.fromkeys(spellings[one] for one, mark in zip(near, marks, strict=True) if mark >= marks[0] - 0.1))
    return f" Did you mean {listed(meant, 'or')}?" if meant else ""
