"""Which value each parameter gets: what a person set, what the stage's file says, what the stack already has.

An unknown name and a wrong value are refused here, before anything is packaged or uploaded. What nobody names stays as
the stack has it, so that nothing is lost on an update.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.deploy.templates import Parameter
from chalicelib.errors import ConfigurationError

RETENTION = "LogRetentionDays"
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_SPAN = re.compile(r"(\d+)\s*(day|week|month|year)s?|(\d+)([dwmy])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Chosen:
    """``given``: what this run sets. ``kept``: what the stack has and keeps. ``notes``: sentences for people."""

    given: Mapping[str, str]
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def request(self) -> list[dict[str, Any]]:
        """CreateChangeSet's ``Parameters``."""
        given: list[dict[str, Any]] = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in sorted(self.given.items())
        ]
        kept: list[dict[str, Any]] = [{"ParameterKey": name, "UsePreviousValue": True} for name in self.kept]
        return [*given, *kept]


def read_stage(path: Path) -> dict[str, str]:
    """Raises ConfigurationError for a file that is no flat TOML."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise ConfigurationError(f"There is no stage {path.stem}: {path} is missing.") from missing
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ConfigurationError(f'{path}: {name} has to be text or a number, as in {name} = "true".')
    return {name: str(value) for name, value in found.items()}


def read_words(words: Iterable[str]) -> dict[str, str]:
    """``NAME=VALUE`` of the command line. Raises ConfigurationError."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise ConfigurationError(f'--set "{word}": write NAME=VALUE, as in --set DomainName=ollama.example.com.')
        found[name.strip()] = value
    return found


def check_names(wanted: Iterable[str], takes: Mapping[str, Parameter], ours: Collection[str] = ()) -> None:
    """Raises ConfigurationError for a name that no template has, with the nearest one, and for one of ``ours``: those
    that the stack sets by itself, where a value would be lost without a word."""
    for name in wanted:
        if name in ours:
            raise ConfigurationError(
                f"{name} cannot be set: the stack sets it from other parameters (README, Deploy, has them)."
            )
        if name not in takes:
            near = difflib.get_close_matches(name, takes, n=1)
            raise ConfigurationError(f"There is no parameter {name}." + (f" Did you mean {near[0]}?" if near else ""))


def choose(takes: Mapping[str, Parameter], wanted: Mapping[str, str], has: Collection[str]) -> Chosen:
    """``wanted`` of this run, for the parameters that one stack ``takes``; ``has`` names what it was made with.

    Raises ConfigurationError for a value that CloudFormation would refuse, and for one that is missing.
    """
    given, notes = {}, []
    for name, value in wanted.items():
        if name not in takes:
            continue
        parameter = takes[name]
        read, note = _retention(value, parameter) if name == RETENTION else (value.strip(), "")
        if fault := parameter.fault(read):
            raise ConfigurationError(f'{name} is "{value}": {fault.rstrip(".")}.')
        given[name] = read
        notes += [note] if note else []
    kept = tuple(sorted(set(takes) & set(has) - set(given)))
    missing = [name for name, one in takes.items() if one.default is None and name not in given and name not in kept]
    if missing:
        raise ConfigurationError(f"{missing[0]} has to be given: --set {missing[0]}=…  {takes[missing[0]].says}")
    return Chosen(given, kept, tuple(notes))


def _retention(value: str, parameter: Parameter) -> tuple[str, str]:
    """Days that CloudWatch Logs knows, for ``3 years``, ``1095`` or ``30d``; and what was made of it."""
    days = _days(value)
    if days is None or str(days) in parameter.values:
        return (value.strip() if days is None else str(days)), ""
    longer = [int(one) for one in parameter.values if int(one) > days]
    if not longer:
        return str(days), ""
    return str(longer[0]), f"{RETENTION}: CloudWatch knows no {days} days ({value}), so logs are kept for {longer[0]}."


def _days(value: str) -> int | None:
    if value.strip().isdigit():
        return int(value)
    found = _SPAN.fullmatch(value.strip())
    if found is None:
        return None
    if found[1]:
        return int(found[1]) * _DAYS[found[2].lower()]
    return int(found[3]) * {word[0]: days for word, days in _DAYS.items()}[found[4].lower()]
