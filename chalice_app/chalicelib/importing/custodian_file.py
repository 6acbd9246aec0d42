"""Cloud Custodian's files at the border: policies with offhour and onhour filters, and tag values of real services.

Tag values come from any JSON or YAML that lists tags (``aws resourcegroupstaggingapi get-resources``, ``aws ecs
describe-services --include TAGS``) or from a text with one value on each line. A policy that cannot be read is left
out by its name, and the others are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from chalicelib.importing.custodian_actions import acting
from chalicelib.importing.custodian_around import around, wider
from chalicelib.importing.custodian_inventory import tag_values
from chalicelib.importing.custodian_match import filtered, stands_inside
from chalicelib.importing.custodian_schedule import (
    DEFAULT_HOUR,
    DEFAULT_TAG,
    DEFAULT_ZONE,
    Act,
    Defaults,
    Kind,
    zone_of,
)
from chalicelib.importing.each import each_by_itself
from chalicelib.importing.model import Chosen, LeftOut
from chalicelib.importing.trees import Source, Tree, as_boolean, documents, is_list, is_mapping, texts
from chalicelib.policy.dates import parse_date
from chalicelib.policy.problems import ScalarError, nearest_word

_KEYS = (
    "type",
    "tag",
    "default_tz",
    "weekends",
    "weekends-only",
    "opt-out",
    "fallback-schedule",
    "fallback_schedule",
    "skip-days",
    "skip-days-from",
    "offhour",
    "onhour",
)
_CHOICE = (
    'its choice of filters ("or") has no counterpart: `match` chooses between values of one key, and two policies '
    "between two tags; without the choice it would take more services than Custodian did."
)
_STRUCTURED = re.compile(r"^\s*([\w.\"'-]+\s*:(\s|$)|- |[\[{]\s*$|[\[{]\s*[\"{])", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filter:
    """One offhour or onhour filter with the policy around it. ``kind`` is what its actions do."""

    policy: str
    resource: str
    kind: Kind
    defaults: Defaults
    tag: str
    opt_out: bool
    fallback: str | None
    skipped: frozenset[date]
    chosen: Chosen
    notes: tuple[str, ...]
    wider: tuple[str, ...] = ()
    """What of its original bounds it and is not translated."""


@dataclass(frozen=True, slots=True)
class Read:
    filters: tuple[Filter, ...]
    values: tuple[tuple[str | None, str], ...]
    """The off-hours tag's key (lower case; None where only values were given) and value, as written, each once."""
    left_out: tuple[LeftOut, ...]


def read(sources: Iterable[Source], tag: str | None) -> Read:
    """All files together. ``tag`` is the key of the off-hours tag where no policy names one."""
    policies: list[tuple[Source, int, Tree]] = []
    others: list[tuple[Source, list[Tree]]] = []
    for source in sources:
        if not _STRUCTURED.search(source.text):
            others.append((source, [line.strip() for line in source.text.splitlines()]))
            continue
        found = documents(source)
        lists = [one["policies"] for one in found if is_mapping(one) and "policies" in one]
        for listed in lists:
            if not is_list(listed):
                raise source.refuse(
                    "policies is no list; a Custodian file has `policies:` with one `- name: …` for each"
                )
            policies += ((source, place, one) for place, one in enumerate(listed))
        if not lists:
            others.append((source, found))
    results = each_by_itself(policies, lambda one: _policy(*one), _name)
    filters = tuple(one for result in results if not isinstance(result, LeftOut) for one in result)
    keys = {one.tag.lower() for one in filters} or {(tag or DEFAULT_TAG).lower()}
    values = dict.fromkeys(value for source, trees in others for value in tag_values(source, trees, keys))
    return Read(filters, tuple(values), tuple(result for result in results if isinstance(result, LeftOut)))


def _name(policy: tuple[Source, int, Tree]) -> str:
    _, place, one = policy
    name = one.get("name") if is_mapping(one) else None
    return name if isinstance(name, str) else f"policies[{place}]"


def _policy(source: Source, place: int, one: Tree) -> tuple[Filter, ...] | LeftOut:
    """What it filters; several where a choice became several policies. Raises ImportRefused."""
    if not is_mapping(one) or not isinstance(one.get("name"), str):
        raise source.refuse(f"policies[{place}] has no name; give it one, as `name: offhours-stop`")
    found = filtered(one.get("filters"))
    if not found.schedules:
        why = "no offhour or onhour filter in it, so there are no hours to translate."
        if stands_inside(one.get("filters")):
            why = "its offhour or onhour filter stands under `or` or `not`, where it does not decide alone."
        return LeftOut(one["name"], " ".join((why, *found.notes[:1])))
    if len(found.schedules) > 1:
        why = "an offhour and an onhour filter in one policy must both match, which is not what either means alone"
        return LeftOut(one["name"], why)
    [(name, keys)] = found.schedules
    meant: Kind = "off" if name == "offhour" else "on"
    read_filter = _filter(source, one, meant, keys)
    does = acting(one.get("actions"), meant)
    if does.kind is None:
        return LeftOut(one["name"], " ".join((does.why, *does.notes)))
    if not found.chosen:
        return LeftOut(one["name"], _CHOICE)
    whole = replace(
        read_filter,
        kind=does.kind,
        notes=(*read_filter.notes, *does.notes, *around(one)),
        wider=(*found.notes, *wider(one)),
    )
    return tuple(replace(whole, chosen=chosen) for chosen in found.chosen)


def _filter(source: Source, policy: Mapping[str, Any], meant: Kind, keys: Mapping[str, Any]) -> Filter:
    where = f"policy {policy['name']}, {meant}hour"
    unknown = next((key for key in keys if key not in _KEYS), None)
    if unknown is not None:
        near = nearest_word(unknown, _KEYS)
        raise source.refuse(
            f"{where}: Custodian knows no {unknown}; {f'did you mean {near}?' if near else 'take it out'}"
        )
    notes: list[str] = []
    zone = keys.get("default_tz")
    if zone is None:
        zone = DEFAULT_ZONE
        notes.append("No default_tz: Custodian takes Eastern time (America/New_York).")
    if not isinstance(zone, str) or zone_of(zone) is None:
        raise source.refuse(
            f'{where}: default_tz "{zone}" is no time zone; write one of the tz database, as Asia/Tokyo'
        )
    if "skip-days" in keys and "skip-days-from" in keys:
        raise source.refuse(f"{where}: skip-days and skip-days-from together; Custodian takes one of them")
    if "skip-days-from" in keys:
        url = keys["skip-days-from"].get("url") if is_mapping(keys["skip-days-from"]) else None
        notes.append(
            f"skip-days-from ({url}) is not read: write its days into hours.holidays.extra, or name a country."
        )
    hour = _hour(source, where, keys.get(f"{meant}hour"), DEFAULT_HOUR[meant])
    fallback = keys.get("fallback-schedule") or keys.get("fallback_schedule")
    resource = policy.get("resource")
    return Filter(
        policy=policy["name"],
        resource=str(resource).removeprefix("aws.") if isinstance(resource, str) else "resources",
        kind=meant,
        defaults=Defaults(meant, zone, (Act(_default_days(source, where, meant, keys), hour),)),
        tag=str(keys.get("tag") or DEFAULT_TAG),
        opt_out=_flag(source, where, keys, "opt-out", False),
        fallback=fallback if isinstance(fallback, str) else None,
        skipped=_skipped(source, where, keys.get("skip-days", [])),
        chosen=Chosen(),
        notes=tuple(notes),
    )


def _default_days(source: Source, where: str, kind: Kind, keys: Mapping[str, Any]) -> frozenset[int]:
    """Custodian's meaning: ``weekends-only`` stops on Friday and starts on Monday, ``weekends: false`` acts daily."""
    if _flag(source, where, keys, "weekends-only", False):
        return frozenset({4 if kind == "off" else 0})
    return frozenset(range(5)) if _flag(source, where, keys, "weekends", True) else frozenset(range(7))


def _flag(source: Source, where: str, keys: Mapping[str, Any], key: str, default: bool) -> bool:
    value = default if key not in keys else as_boolean(keys[key])
    if value is None:
        raise source.refuse(f'{where}: {key} "{keys[key]}" is neither true nor false')
    return value


def _hour(source: Source, where: str, value: object, default: int) -> int:
    if value is None:
        return default
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and int(value) <= 23):
        raise source.refuse(f'{where}: "{value}" is no hour; Custodian takes whole hours from 0 to 23')
    return int(value)


def _skipped(source: Source, where: str, days: object) -> frozenset[date]:
    listed = texts(days)
    if listed is None:
        raise source.refuse(f"{where}: skip-days is no list of dates; write them as ['2026-12-25']")
    found = set()
    for text in listed:
        if not _DATE.match(text):
            raise source.refuse(f'{where}: skip-days "{text}" is no date; Custodian takes YYYY-MM-DD, as 2026-12-25')
        try:
            found.add(parse_date(text))
        except ScalarError as error:
            raise source.refuse(f'{where}: skip-days "{text}": {error.message}') from None
    return frozenset(found)
