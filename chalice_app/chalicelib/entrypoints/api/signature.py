"""What a view takes and gives, read from its annotations: the dispatcher and the OpenAPI document share it.

A parameter's name says where it comes from: ``call`` (who asks), ``instance`` (the one of the path, already found and
allowed), ``body``, ``query`` and ``headers`` (pydantic models); every other is a piece of the path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

from chalicelib.entrypoints.api.routing import View

if TYPE_CHECKING:
    from pydantic import BaseModel

_NAMED = frozenset({"call", "instance", "body", "query", "headers", "return"})


@dataclass(frozen=True, slots=True)
class Signature:
    """``path``: name -> annotation. ``gives`` is the annotation of the result, None for no body."""

    call: bool
    instance: bool
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    headers: type[BaseModel] | None
    path: Mapping[str, Any]
    gives: Any


@cache
def signature_of(view: View) -> Signature:
    hints = get_type_hints(view, include_extras=True)
    gives = hints.get("return")
    return Signature(
        call="call" in hints,
        instance="instance" in hints,
        body=hints.get("body"),
        query=hints.get("query"),
        headers=hints.get("headers"),
        path={name: hint for name, hint in hints.items() if name not in _NAMED},
        gives=None if gives is type(None) else gives,
    )
