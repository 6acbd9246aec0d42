"""Which resources a Cloud Custodian policy filters, as our ``match``; what cannot be said so is told.

Understood are filters on tags, cluster, name and launch type, alone or under ``and``, and a choice (``or``) between
them. Another filter that is not understood makes our policy match more than its original, which its note says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.importing.model import Chosen
from chalicelib.importing.trees import is_list, is_mapping, texts
from chalicelib.policy.names import NAME_GLOB_PATTERN, VALUE_GLOB_PATTERN

_PRESENT = ("present", "not-null")
_ABSENT = ("absent", "empty")
_SAYS_SAME = ("eq", "equal", "in", "glob")
_SAYS_OTHER = ("ne", "not-equal", "not-in", "ni")
_FIELDS = {"clusterarn": "clusters", "servicename": "names", "launchtype": "launch_type"}
_STATE = (
    "desiredcount", "runningcount", "pendingcount", "status", "state.name", "instance-state-name", "dbinstancestatus",
    "clusterstatus", "state", "desiredcapacity",
)  # fmt: skip
"""Whether something runs already, for services and what else is switched off at night: known here without asking."""
_SCHEDULES = ("offhour", "onhour")


@dataclass
class _Gathered:
    tags: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    not_tags: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    fields: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Filtered:
    """``schedules`` are the offhour and onhour filters (kind and keys); ``notes`` what was not understood, so that more
    is chosen than Custodian did. Several ``chosen`` share no service. None at all: a choice that cannot be said."""

    chosen: tuple[Chosen, ...]
    schedules: tuple[tuple[str, Mapping[str, Any]], ...]
    notes: tuple[str, ...]


def filtered(filters: object) -> Filtered:
    """What a policy's ``filters`` come to."""
    gathered, schedules, choices = _Gathered(), [], []
    for one in _flat(filters):
        kind = one if isinstance(one, str) else one.get("type")
        if kind in _SCHEDULES:
            schedules.append((str(kind), one if is_mapping(one) else {}))
        elif is_mapping(one) and set(one) == {"or"}:
            choices.append(one["or"])
        else:
            _gather(one, gathered)
    found: list[_Gathered] | None = [gathered]
    for options in choices:
        found = _chosen_from(options, found[0]) if found is not None and len(found) == 1 else None
    return Filtered(tuple(_chosen(one) for one in found or ()), tuple(schedules), tuple(gathered.notes))


def _chosen(gathered: _Gathered) -> Chosen:
    return Chosen(
        clusters=tuple(gathered.fields.get("clusters", ())),
        names=tuple(gathered.fields.get("names", ())),
        tags={key: tuple(values) for key, values in gathered.tags.items()},
        not_tags={key: tuple(values) for key, values in gathered.not_tags.items()},
        launch_type=tuple(gathered.fields.get("launch_type", ())),
    )


def _chosen_from(options: object, around: _Gathered) -> list[_Gathered] | None:
    """``around`` narrowed by a choice; several where its options ask different keys, each without what those before it
    take. None for a choice that cannot be said so."""
    tags: dict[str, list[str]] = defaultdict(list)
    fields: dict[str, list[str]] = defaultdict(list)
    parts = list(options) if is_list(options) else []
    for option in parts:
        inner = _Gathered()
        for below in _flat(option):
            _gather(below, inner)
        if inner.notes or inner.not_tags or len(inner.tags) + len(inner.fields) != 1:
            return [around] if all(_is_state(one) for one in parts) else None
        _add(tags, inner.tags)
        _add(fields, inner.fields)
    if not parts or len(fields) > 1 or set(tags) & set(around.tags) or set(fields) & set(around.fields):
        return None
    taken: dict[str, list[str]] = {}
    found = []
    for key, values in (*tags.items(), *fields.items()):
        one = _Gathered(defaultdict(list, around.tags), defaultdict(list), dict(around.fields), around.notes)
        _add(one.not_tags, around.not_tags)
        _add(one.not_tags, taken)
        if key in tags:
            one.tags[key] = values
            taken[key] = values
        else:
            one.fields[key] = values
        found.append(one)
    return found


def _is_state(option: object) -> bool:
    key = _compared(option)[0] if is_mapping(option) else None
    return key is not None and key.lower() in _STATE


def stands_inside(filters: object) -> bool:
    """Whether an offhour or onhour filter stands under ``or`` or ``not``, where it does not decide alone."""
    if isinstance(filters, str):
        return filters in _SCHEDULES
    if is_mapping(filters):
        return filters.get("type") in _SCHEDULES or any(stands_inside(filters.get(key)) for key in ("or", "and", "not"))
    return is_list(filters) and any(stands_inside(one) for one in filters)


def _flat(filters: object) -> Iterator[str | dict[str, Any]]:
    """Filters side by side: lists and ``and`` mean the same."""
    if is_list(filters):
        for one in filters:
            yield from _flat(one)
    elif is_mapping(filters) and set(filters) == {"and"}:
        yield from _flat(filters["and"])
    elif isinstance(filters, str) or is_mapping(filters):
        yield filters


def _gather(one: str | dict[str, Any], gathered: _Gathered) -> None:
    if isinstance(one, str):
        gathered.notes.append(_not_said(one))
        return
    if set(one) == {"not"} and is_list(one["not"]) and len(one["not"]) == 1:
        inner = _Gathered()
        for below in _flat(one["not"]):
            _gather(below, inner)
        if inner.tags and not (inner.not_tags or inner.fields or inner.notes):
            _add(gathered.not_tags, inner.tags)
            return
    key, value, op = _compared(one)
    values = texts(value)
    if key is None or not values:
        gathered.notes.append(_not_said(str(one.get("type") or next(iter(one), "")), one))
    elif key.lower() in _STATE:
        return
    elif key.lower().startswith("tag:"):
        _gather_tag(key[4:], values, op, one, gathered)
    else:
        _gather_field(key, values, op, one, gathered)


def _compared(one: Mapping[str, Any]) -> tuple[str | None, Any, str]:
    """Key, value and operator of ``{tag:x: y}`` and of ``type: value``; the key is None for other filters."""
    if len(one) == 1:
        [(key, value)] = one.items()
        return (key if key not in ("or", "not", "and", "type") else None), value, "eq"
    if one.get("type") == "value" and not set(one) - {"type", "key", "value", "op"}:
        return one.get("key"), one.get("value"), str(one.get("op", "eq"))
    return None, None, ""


def _gather_tag(key: str, values: list[str], op: str, one: Mapping[str, Any], gathered: _Gathered) -> None:
    present, absent = values[0] in _PRESENT, values[0] in _ABSENT
    readable = all(re.fullmatch(VALUE_GLOB_PATTERN, value) for value in values)
    if absent == (op in _SAYS_SAME) and (present or absent) and len(values) == 1:
        _add(gathered.not_tags, {key: ["*"]})
    elif (present or absent) and len(values) == 1:
        _add(gathered.tags, {key: ["*"]})
    elif op in _SAYS_SAME and readable and key not in gathered.tags:
        _add(gathered.tags, {key: values})
    elif op in _SAYS_OTHER and readable:
        _add(gathered.not_tags, {key: values})
    else:
        gathered.notes.append(_not_said(f"tag:{key}", one))


def _gather_field(key: str, values: list[str], op: str, one: Mapping[str, Any], gathered: _Gathered) -> None:
    name = _FIELDS.get(key.lower())
    plain = [value.rpartition("/")[2] for value in values]
    if name == "launch_type":
        plain = [value.lower() for value in plain if value.lower() in ("fargate", "ec2")]
    fits = bool(plain) and all(re.fullmatch(NAME_GLOB_PATTERN, value) for value in plain)
    if name is None or op not in _SAYS_SAME or not fits or name in gathered.fields:
        gathered.notes.append(_not_said(key, one))
    else:
        gathered.fields[name] = plain


def _add(tags: dict[str, list[str]], more: Mapping[str, list[str]]) -> None:
    for key, values in more.items():
        tags[key] += [value for value in values if value not in tags[key]]


def _not_said(what: str, one: Mapping[str, Any] | None = None) -> str:
    if what == "metrics" and one is not None:
        return (
            f'The filter "metrics" ({one.get("name", "a metric")}) is not translated: write idle.stop-after; use is '
            "measured there from requests, and a missing metric never stops anything."
        )
    if what == "marked-for-op":
        return (
            'The filter "marked-for-op" is not translated: a delayed operation is no hours; here a person\'s override '
            "has an end instead (`lifecycle keep --until`)."
        )
    return f'The filter "{what}" is not translated: check `match`, it takes more services than Custodian did.'
