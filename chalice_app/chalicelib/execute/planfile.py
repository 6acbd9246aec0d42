"""Plan files: what ``lifecycle plan --out`` writes and ``lifecycle apply`` reads back, checked at the border.

A file says for which account and region it was made; whoever applies it compares them. A file that cannot be read
raises `PlanFileError` with one sentence naming the place. pydantic is imported when a file is read, not before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, get_args

from chalicelib.errors import PlanFileError
from chalicelib.execute.plan import Plan
from chalicelib.execute.steps import Step

SCHEMA: Literal["ollama-lifecycle/plan/1"] = "ollama-lifecycle/plan/1"
_KINDS = frozenset(kind.__name__ for kind in get_args(Step))


@dataclass(frozen=True, slots=True)
class PlanFile:
    """``made_at`` is aware; ``policies_version`` names the set of policies in force when it was made."""

    made_at: datetime
    account: str
    region: str
    plans: tuple[Plan, ...]
    policies_version: str = ""
    schema: Literal["ollama-lifecycle/plan/1"] = SCHEMA


def to_json(plan_file: PlanFile) -> str:
    """Readable JSON with sorted keys, so that two plans can be compared as text."""
    document = _border()(plan_file=plan_file).model_dump(mode="json")["plan_file"]
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def from_json(text: str, name: str = "the plan file") -> PlanFile:
    """Raises PlanFileError."""
    from pydantic import ValidationError

    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise PlanFileError(f"{name} is not JSON (line {error.lineno}, column {error.colno}): {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise PlanFileError(f"{name} is not JSON that can be read: {error}.") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        shown = json.dumps(schema) if schema is not None else "none"
        raise PlanFileError(f'{name} is no plan that this version can apply: its schema is {shown}, not "{SCHEMA}".')
    try:
        found: PlanFile = _border().model_validate({"plan_file": document}).plan_file
    except ValidationError as error:
        raise PlanFileError(f"{name}: {_sentence(error.errors())}") from error
    if naive := _first_naive(found, ""):
        raise PlanFileError(f"{name}: {naive}: a time needs its zone, as in 2026-11-20T08:00:00Z.")
    return found


@cache
def _border() -> Any:
    """The model in which the dataclasses stand: its configuration is theirs, so unknown keys are refused everywhere."""
    from pydantic import BaseModel, ConfigDict

    class Border(BaseModel):
        model_config = ConfigDict(extra="forbid", frozen=True)
        plan_file: PlanFile

    return Border


def _sentence(errors: list[Any]) -> str:
    """The first thing wrong. Of the kinds of steps that pydantic tried, only the one the file names counts."""
    other_kinds = {error["loc"][:-1] for error in errors if error["loc"][-1] == "step"}
    mine = [error for error in errors if error["loc"][:-1] not in other_kinds] or errors[:1]
    first = mine[0]
    place = ".".join(str(part) for part in first["loc"][1:] if str(part) not in _KINDS)
    if first["loc"][-1] == "step":
        return f'{place}: there is no step "{first["input"]}".'
    return f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}."


def _first_naive(value: object, path: str) -> str | None:
    """The path of the first datetime without a zone."""
    if isinstance(value, datetime):
        return path if value.tzinfo is None else None
    children: list[tuple[str, object]] = []
    if isinstance(value, tuple):
        children = [(f"{path}.{number}", one) for number, one in enumerate(value)]
    elif is_dataclass(value):
        children = [(f"{path}.{one.name}", getattr(value, one.name)) for one in fields(value)]
    found = (_first_naive(child, where.removeprefix(".")) for where, child in children)
    return next((one for one in found if one), None)
