"""AWS Instance Scheduler's definitions at the border: its configuration table, its CLI's output, CloudFormation.

Read are ``aws dynamodb scan`` and export-to-S3 output (with or without type letters), the CSV that DynamoDB's console
makes of a table, ``scheduler-cli describe-*`` output, and templates with ``Custom::ServiceInstanceSchedule`` resources.
Definitions may be spread over several files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import ImportRefused
from chalicelib.importing.scheduler_csv import table_rows
from chalicelib.importing.trees import Source, Tree, documents, is_list, is_mapping, lower_keys, mappings_in, texts

_CUSTOM = "Custom::ServiceInstanceSchedule"
_TYPE_LETTERS = {"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"}
_NO_VALUE = {"Ref": "AWS::NoValue"}
"""CloudFormation leaves such a property out."""
_IGNORED = frozenset({"service_token", "timeout", "metrics", "use_metrics"})
"""Once in AWS's sample template or its table; Instance Scheduler ignores them too."""

PERIOD_KEYS = (
    "type",
    "name",
    "begintime",
    "endtime",
    "weekdays",
    "monthdays",
    "months",
    "description",
    "configured_in_stack",
)
SCHEDULE_KEYS = (
    "type",
    "name",
    "periods",
    "timezone",
    "description",
    "override_status",
    "stop_new_instances",
    "ssm_maintenance_window",
    "use_maintenance_window",
    "enforced",
    "hibernate",
    "retain_running",
    "configured_in_stack",
    "overwrite",
)


@dataclass(frozen=True, slots=True)
class Item:
    """A schedule or a period: its keys in lower case with underscores, and the periods that are written in it."""

    source: Source
    name: str
    keys: Mapping[str, Any]
    periods: tuple[Item, ...] = ()
    prefix_unknown: bool = False
    """CloudFormation puts the stack's name before it, which the template does not say."""
    of_template: bool = False
    """A template with an unknown key is refused by Instance Scheduler; in its table such a key is not looked at."""
    fault: ImportRefused | None = None
    """Why it could not be read whole; it is for the one who drafts it to refuse it then."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A template's value that only the stack knows, and the refusal for the case that nobody else says it."""

    refusal: ImportRefused


@dataclass
class Definitions:
    schedules: list[Item] = field(default_factory=list)
    periods: dict[str, Item] = field(default_factory=dict)
    tag: str | None = None
    zone: str | None = None
    """From the configuration item of older versions."""


def read(sources: Iterable[Source], stack: str | None) -> Definitions:
    """All files together. Raises ImportRefused for a file in which no definition is found."""
    found = Definitions()
    for source in sources:
        before = len(found.schedules) + len(found.periods)
        for tree in table_rows(source) or documents(source):
            resources = tree.get("Resources") if is_mapping(tree) else None
            if is_mapping(resources):
                found.schedules += _template(source, tree, resources, stack)  # type: ignore[arg-type]
            else:
                _table(source, tree, found)
        if len(found.schedules) + len(found.periods) == before:
            raise source.refuse(
                f"no schedule and no period of Instance Scheduler in it; give the scan of its configuration table "
                f"(`aws dynamodb scan --table-name …ConfigTable…`) or a template with {_CUSTOM}"
            )
    return found


def _table(source: Source, tree: Tree, found: Definitions) -> None:
    try:
        for mapping in mappings_in(tree):
            item = lower_keys({key: _plain(value) for key, value in mapping.items()})
            name = item.get("name")
            kind = _kind(item)
            if name == "" and kind is not None:
                raise source.refuse(f"a {kind} has no name; Instance Scheduler refuses that too")
            if not isinstance(name, str) or kind is None:
                continue
            if kind == "schedule":
                found.schedules.append(Item(source, name, item))
            elif kind == "period":
                found.periods[name] = Item(source, name, item)
            else:
                found.tag = item["tagname"] if isinstance(item.get("tagname"), str) else found.tag
                zone = item.get("default_timezone")
                found.zone = zone if isinstance(zone, str) else found.zone
    except ValueError as error:
        raise source.refuse(str(error)) from None


def _kind(item: Mapping[str, Any]) -> str | None:
    """The item's own ``type``; for output of the CLI, what its keys show."""
    kind = item.get("type")
    if isinstance(kind, str):
        return kind.lower() if kind.lower() in ("schedule", "period", "config") else None
    if "periods" in item or "override_status" in item:
        return "schedule"
    return "period" if {"begintime", "endtime", "weekdays", "monthdays", "months"} & set(item) else None


def _plain(value: Any) -> Any:
    """A DynamoDB value without its type letter; others as they are."""
    if is_mapping(value) and len(value) == 1:
        [(letter, inner)] = value.items()
        if letter == "NULL":
            return None
        if letter in _TYPE_LETTERS:
            value = inner
    return [_plain(one) for one in value] if is_list(value) else value


def _template(
    source: Source, template: Mapping[str, Any], resources: Mapping[str, Any], stack: str | None
) -> Iterator[Item]:
    parameters = template.get("Parameters")
    defaults = (
        {key: one.get("Default") for key, one in parameters.items() if is_mapping(one)}
        if is_mapping(parameters)
        else {}
    )
    for logical, resource in resources.items():
        if not is_mapping(resource) or resource.get("Type") != _CUSTOM:
            continue
        try:
            yield _of_template(source, logical, resource.get("Properties"), defaults, stack)
        except ImportRefused as refusal:
            yield Item(source, logical, {}, fault=refusal)


def _of_template(
    source: Source, logical: str, properties: object, defaults: Mapping[str, Any], stack: str | None
) -> Item:
    """Raises ImportRefused."""
    if not is_mapping(properties):
        raise source.refuse(f"Resources.{logical} has no Properties")
    keys = {
        _snake(key): _value(source, f"{logical}.{key}", value, defaults)
        for key, value in properties.items()
        if _snake(key) not in _IGNORED and value != _NO_VALUE
    }
    bare = keys.pop("name", None) or logical
    if not isinstance(bare, str):
        raise source.refuse(f"Resources.{logical}.Properties.Name is no text")
    prefixed = str(keys.pop("no_stack_prefix", None) or "false").lower() == "false"
    name = f"{stack}-{bare}" if prefixed and stack else bare
    periods = keys.pop("periods", None) or []
    if not is_list(periods) or not all(is_mapping(one) for one in periods):
        raise source.refuse(f"Resources.{logical}.Properties.Periods is no list of periods")
    inside = tuple(_period(source, name, number, one) for number, one in enumerate(periods, start=1))
    return Item(source, name, keys, inside, prefixed and not stack, of_template=True)


def _value(source: Source, where: str, value: Any, defaults: Mapping[str, Any]) -> Any:
    """As `_resolved`, but a zone that only the stack knows is kept for a person to say."""
    try:
        return _resolved(source, where, value, defaults)
    except ImportRefused as refusal:
        if where.endswith(".Timezone"):
            return Unresolved(refusal)
        raise


def _period(source: Source, schedule: str, number: int, properties: Mapping[str, Any]) -> Item:
    name = f"{schedule}-period-{number:04}"
    keys = {_snake(key): value for key, value in properties.items() if value != _NO_VALUE}
    return Item(source, name, keys, of_template=True)


def _snake(key: str) -> str:
    """``StopNewInstances`` and ``stop_new_instances`` are one key; ``BeginTime`` and ``WeekDays`` are one word."""
    joined = {"begin_time": "begintime", "end_time": "endtime", "week_days": "weekdays", "month_days": "monthdays"}
    spelled = (
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key).strip("_").replace("__", "_")
    )
    return joined.get(spelled, spelled)


def _resolved(source: Source, where: str, value: Any, defaults: Mapping[str, Any]) -> Any:
    """A parameter stands for its default; other functions have no value before the stack is made."""
    if is_list(value):
        return [_resolved(source, where, one, defaults) for one in value]
    if not is_mapping(value):
        return value
    if where.endswith("Description"):
        return None  # whatever the stack makes of it, no hour depends on it
    if set(value) == {"Ref"} and defaults.get(str(value["Ref"])) is not None:
        return defaults[str(value["Ref"])]
    hint = ", or add --timezone ZONE" if where.endswith(".Timezone") else ""
    if len(value) == 1 and (next(iter(value)) == "Ref" or next(iter(value)).startswith("Fn::")):
        raise source.refuse(
            f"{where} is {next(iter(value))}, which only the stack knows; write its value in its place{hint}"
        )
    return {key: _resolved(source, where, one, defaults) for key, one in value.items()}


def listed(item: Item, key: str) -> list[str] | None:
    """A text, a list or a set of texts. Raises ImportRefused for anything else."""
    value = item.keys.get(key)
    if value is None:
        return None
    found = texts(value)
    if found is None:
        raise item.source.refuse(f'{item.name}: {key} "{value}" is neither a text nor a list of texts')
    return found
