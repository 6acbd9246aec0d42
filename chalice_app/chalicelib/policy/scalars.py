"""The scalar types of the language: text in, value out, and what an editor is told about each.

Each type takes the text of one scalar (or a value already of its kind, so that models can be made in code) and never
a Python number or boolean: YAML's own guesses are not wanted. A refusal carries a code of ``codes.catalogue``.
The JSON Schema beside each type is what editors check (long ones stand in ``editor_forms``); it is written to accept
no less than the parser does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from chalicelib.policy import names, texts
from chalicelib.policy.countries import parse_country
from chalicelib.policy.cron import CronExpression, parse_cron
from chalicelib.policy.dates import DateRange, parse_date_range
from chalicelib.policy.money import Money, parse_money
from chalicelib.policy.problems import ScalarError
from chalicelib.policy.texts import Threshold
from chalicelib.policy.window_text import parse_window
from chalicelib.policy.windows import Window

FORM = "x-form"
"""Stands in a generated schema where a fragment of ``editor_forms`` belongs."""

__all__ = ["CronExpression", "DateRange", "Money", "Threshold", "Window", "as_text", "refusal"]


def refusal(error: ScalarError) -> PydanticCustomError:
    """The same refusal as pydantic carries it: its type is the code."""
    return PydanticCustomError(error.code, "{sentence}", {"sentence": error.message})


def _reads(parse: Callable[[str], Any], *kinds: type) -> PlainValidator:
    def read(value: object) -> object:
        if isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds):
            return value
        if not isinstance(value, str):
            raise PydanticCustomError("LC009", "one value is expected here, not a list or a section")
        try:
            return parse(value)
        except ScalarError as error:
            raise refusal(error) from None

    return PlainValidator(read)


def _reads_text(parse: Callable[[str], str]) -> PlainValidator:
    return _reads(parse)


def _read_moment(value: object, info: ValidationInfo) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise PydanticCustomError("LC032", "a moment made in code must be aware")
        return value
    zone = (info.context or {}).get("zone")
    read = _reads(lambda text: texts.parse_instant(text, zone)).func
    return read(value)  # type: ignore[call-arg]


def _read_exclude_until(value: object) -> object:
    return None if value is None else _reads(texts.parse_exclude_until, date).func(value)  # type: ignore[call-arg]


def _says(pattern: str | None, message: str, *examples: str) -> WithJsonSchema:
    schema: dict[str, Any] = {"type": "string"}
    if pattern is not None:
        schema |= {"pattern": pattern, "patternErrorMessage": message}
    return WithJsonSchema(schema | {"examples": list(examples)})


def _form(name: str) -> WithJsonSchema:
    """One of the fragments of ``editor_forms``, which the schema puts in its place."""
    return WithJsonSchema({FORM: name})


def _number_or_text(pattern: str, message: str, example: int, **bounds: int) -> WithJsonSchema:
    """An editor reads a bare number as a number, the loader as text: both are right."""
    both: dict[str, Any] = {"type": ["integer", "string"], "minimum": 0, "pattern": pattern}
    return WithJsonSchema(both | bounds | {"patternErrorMessage": message, "examples": [example]})


Duration = Annotated[timedelta, _reads(texts.parse_duration, timedelta), _form("duration")]
StopAfter = Annotated[timedelta | str, _reads(texts.parse_stop_after, timedelta), _form("stop-after")]
DateOrRange = Annotated[DateRange, _reads(parse_date_range, DateRange), _form("date-or-range")]
ExcludeUntil = Annotated[date | None, PlainValidator(_read_exclude_until), _form("until")]
Moment = Annotated[datetime, PlainValidator(_read_moment), _form("moment")]
Zone = Annotated[ZoneInfo, _reads(texts.parse_zone, ZoneInfo), _form("zone")]
Country = Annotated[str, _reads_text(parse_country), _form("country")]
WindowText = Annotated[Window, _reads(parse_window, Window), _form("window")]
AwsOrUnixCron = Annotated[CronExpression, _reads(parse_cron, CronExpression), _form("cron")]
MoneyText = Annotated[Money, _reads(parse_money, Money), _form("money")]
BusyAbove = Annotated[Threshold, _reads(texts.parse_busy_above, float), _form("threshold")]
"""Which of the three forms a threshold has is its signal's business; the schema puts each signal's own there."""
Boolean = Annotated[
    bool,
    _reads(texts.parse_boolean, bool),
    WithJsonSchema({"type": ["boolean", "string"], "pattern": "^(true|false)$", "examples": [True]}),
]
True_ = Annotated[
    bool,
    _reads(texts.parse_true, bool),
    WithJsonSchema({"enum": [True, "true"], "examples": [True]}),
]
Integer = Annotated[
    int,
    _reads(texts.parse_integer, int),
    _number_or_text(texts.COUNT_PATTERN, "write a whole number in digits", 5, maximum=999_999_999),
]
Priority = Annotated[
    int,
    _reads(texts.parse_priority, int),
    _number_or_text(r"^(1000|[0-9]{1,3})$", "write a whole number from 0 to 1000", 10, maximum=1000),
]
Text = Annotated[str, _reads_text(names.parse_text), WithJsonSchema({"type": "string", "pattern": r"\S"})]
Word = Annotated[
    str,
    _reads_text(names.parse_word),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": names.WORD_PATTERN,
            "maxLength": names.LONGEST_WORD,
            "patternErrorMessage": "lower-case words joined by hyphens, at most 63 characters",
            "examples": ["launch-week"],
        }
    ),
]
Glob = Annotated[
    str,
    _reads_text(names.parse_name_glob),
    _says(names.NAME_GLOB_PATTERN, "a whole name; only * and ? are wild", "ollama-vision-*"),
]
ValueGlob = Annotated[
    str,
    _reads_text(names.parse_value_glob),
    _says(names.VALUE_GLOB_PATTERN, "a whole tag value; only * and ? are wild", "dev", "*"),
]
_VALUE_GLOB_SCHEMA = {
    "type": "string",
    "pattern": names.VALUE_GLOB_PATTERN,
    "patternErrorMessage": "a whole tag value; only * and ? are wild",
    "examples": ["dev", "*"],
}
TEXT_OR_LIST_SCHEMA: dict[str, Any] = {
    "anyOf": [_VALUE_GLOB_SCHEMA, {"type": "array", "items": _VALUE_GLOB_SCHEMA, "minItems": 1}]
}
Channel = Annotated[
    str,
    _reads_text(names.parse_channel),
    _says(names.CHANNEL_PATTERN, 'write a channel as "#ml", in quotes', "#gpu-cost"),
]
Approver = Annotated[
    str,
    _reads_text(names.parse_approver),
    _says(names.APPROVER_PATTERN, "write group:NAME or user:MAIL", "group:vision-leads"),
]
KeepRunningPer = Annotated[
    str,
    _reads_text(names.parse_keep_running_per),
    _says(names.KEEP_RUNNING_PER_PATTERN, 'write cluster, or "tag:model"', "tag:model", "cluster"),
]


def as_text(value: object) -> str:
    """A parsed value as the language writes it: for `show`, the key table and the schema's defaults."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case timedelta():
            return texts.duration_text(value)
        case tuple() | list():
            return "[" + ", ".join(as_text(one) for one in value) + "]"
        case ZoneInfo():
            return value.key
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%MZ") if value.tzinfo else value.isoformat()
        case _:
            return str(value)
