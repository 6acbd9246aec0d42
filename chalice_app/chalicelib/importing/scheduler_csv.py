"""Instance Scheduler's table as DynamoDB's console downloads it: CSV, sets and lists as JSON in their cells."""

from __future__ import annotations

import csv
import json
from typing import Any

from chalicelib.importing.trees import Source, Tree

_KEY = {"type", "name"}


def table_rows(source: Source) -> list[Tree]:
    """One mapping for each row, without its empty cells; empty for what is no such CSV. Raises ImportRefused."""
    lines = source.text.lstrip("\ufeff").splitlines()
    try:
        head = next(csv.reader(lines[:1]), [])
        names = [name.strip().partition(" (")[0].lower() for name in head]  # the old console wrote ``name (S)``
        if not set(names) >= _KEY:
            return []
        return [
            {name: _cell(text) for name, text in zip(names, row, strict=False) if text.strip()}
            for row in csv.reader(lines[1:])
        ]
    except csv.Error as error:
        raise source.refuse(f"it begins as a CSV of DynamoDB's console and cannot be read as one: {error}") from None


def _cell(text: str) -> Any:
    """JSON, with type letters or without; what is none is the text itself. A set may stand in braces."""
    text = text.strip()
    if text.startswith(("[", "{")):
        for written in (text, f"[{text[1:-1]}]"):
            try:
                return json.loads(written, parse_float=str, parse_int=str, parse_constant=str)
            except (ValueError, RecursionError):
                continue
    return text
