"""What the actions of a Cloud Custodian policy do to a service: stop it, start it, or neither.

Sizes that are written in a file are never taken over: an opening here restores the size that was saved at the stop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.importing.custodian_schedule import Kind
from chalicelib.importing.trees import is_list, is_mapping

_STOPPING = ("stop", "suspend", "pause", "poweroff")
_STARTING = ("start", "resume")
_SIZED = ("modify", "resize", "scale", "update", "modify-service", "scaling")


_OTHER_SIZE: Mapping[Kind, str] = {
    "off": (
        "it gives a smaller size instead of stopping, and that has no counterpart: hours here are open or closed, and "
        "closed is 0. Leave such services without hours, or let them stop (desiredCount: 0)."
    ),
    "on": (
        "it sets the size 0 at the hour that begins the day, and an opening here never stops: write the same hours as "
        "an offhour if a stop is meant."
    ),
}


@dataclass(frozen=True, slots=True)
class Acting:
    """``kind`` None: nothing in it stops or starts, or ``why`` says what has no counterpart. ``notes`` say what is not
    carried over."""

    kind: Kind | None
    notes: tuple[str, ...]
    why: str = "its actions neither stop nor start a service."


def acting(actions: object, meant: Kind) -> Acting:
    """``meant`` is what the filter's name says (offhour: off); a policy without actions is taken for that."""
    found: list[Kind] = []
    notes: list[str] = []
    listed = list(_listed(actions))
    for name, keys in listed:
        if name in _STOPPING or name in _STARTING:
            found.append("off" if name in _STOPPING else "on")
        elif name in _SIZED:
            kind, more = _sized(name, keys)
            if kind not in (None, meant) and _wanted(_values(keys)) is not None:
                return Acting(None, (), _OTHER_SIZE[meant])
            found += [kind] if kind else []
            notes += more
        else:
            notes.append(f'The action "{name}" is not carried over.')
    if not listed:
        return Acting(meant, ("Its original has no actions, so it only lists; this one would act once enforced.",))
    kinds = set(found)
    return Acting(found[0] if len(kinds) == 1 else None, tuple(notes))


def _listed(actions: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in actions if is_list(actions) else [actions]:
        if isinstance(one, str) and one:
            yield one, {}
        elif is_mapping(one):
            yield str(one.get("type", "without a type")), one


def _sized(name: str, keys: Mapping[str, Any]) -> tuple[Kind | None, list[str]]:
    values = _values(keys)
    notes = [
        f'"{name}" with {key}: {value} is not carried over: policies here say when services run, not how.'
        for key, value in values.items()
        if not _is_size(key) and not _keeps_size(key)
    ]
    kind: Kind | None = None
    if any(_keeps_size(key) and "restore" in key for key in values):
        kind = "on"
    wanted = _wanted(values)
    if wanted is not None:
        kind = "off" if wanted == 0 else "on"
        if wanted:
            notes.append(
                f'"{name}" to {wanted} is not carried over: an opening here restores the size that was saved at the '
                "stop, and never a number from a file."
            )
    elif kind is None:
        notes.append(f'"{name}" says no size, so it neither stops nor starts.')
    return kind, notes


def _values(keys: Mapping[str, Any]) -> dict[str, Any]:
    """What an action sets: its own keys and those of ``update``."""
    update = keys.get("update")
    own = {key: value for key, value in keys.items() if key not in ("type", "update")}
    return own | update if is_mapping(update) else own


def _wanted(values: Mapping[str, Any]) -> int | None:
    """The size that is set; the smallest one where only bounds are."""
    for names in (("desiredcount", "desired"), ("min", "mincapacity", "min-capacity")):
        found = [value for key, value in values.items() if key.lower() in names]
        if found:
            return int(found[0]) if str(found[0]).isdecimal() else None
    return None


def _is_size(key: str) -> bool:
    return key.lower() in (
        "desiredcount",
        "desired",
        "min",
        "max",
        "mincapacity",
        "maxcapacity",
        "min-capacity",
        "max-capacity",
    )


def _keeps_size(key: str) -> bool:
    return key.lower() in ("save-options-tag", "restore-options-tag")
