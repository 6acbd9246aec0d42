"""The whole report as JSON: every field and every derived figure of `model.WeeklyReport`, exact, numbers as text.

A section that is unknown is ``{"unknown": sentence}``; a known one is its value.
"""

from __future__ import annotations

import json as plain
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from reports.model import WeeklyReport
from reports.render.numbers import exact
from reports.values import Known, Money, Sentence, Unknown, Week
from reports.words import Words, words

VERSION = 1
"""Of the shape: fields are added, never taken away within one version."""


def json(report: WeeklyReport, language: str) -> str:
    """Sentences are in ``language``; everything else is the same in all."""
    told = {"version": VERSION, **_fields(report, words(language))}
    return plain.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _plain(value: object, say: Words) -> object:
    match value:
        case Known():
            return _plain(value.value, say)
        case Unknown():
            return {"unknown": say.say(value.sentence)}
        case Sentence():
            return say.say(value)
        case Money():
            return {"amount": exact(value.amount), "currency": value.currency}
        case Week():
            return str(value)
        case Enum():
            return value.value
        case Decimal():
            return exact(value)
        case datetime() | date():
            return value.isoformat()
        case ZoneInfo():
            return value.key
        case tuple():
            return [_plain(one, say) for one in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _fields(value, say)
        case _:
            return value


def _fields(value: object, say: Words) -> dict[str, object]:
    assert is_dataclass(value) and not isinstance(value, type)
    names = [*(field.name for field in fields(value)), *_derived(type(value))]
    return {name: _plain(getattr(value, name), say) for name in names}


def _derived(kind: type) -> Iterator[str]:
    """Properties are figures too: a change, a share, a sum."""
    return (name for name, found in vars(kind).items() if isinstance(found, property))
