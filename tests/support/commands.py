"""Commands that a page tells to type, taken apart and held to the programs' own words: nothing is run.

`lifecycle` is held to its click commands, `aws` to botocore's models of the APIs, `curl` to the API's own document.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import click
from botocore import xform_name
from chalicelib.cli.main import lifecycle
from chalicelib.entrypoints.api.openapi import document
from chalicelib.local.aws import api_models

PLACEHOLDER = re.compile(r"[A-Z][A-Z_-]+")
"""``TABLE``, ``DEAD_LETTERS_URL``: what a reader puts their own name in for."""
OF_AWS_ITSELF = {"query", "output", "region", "profile", "no-cli-pager", "max-items", "page-size", "no-paginate"}
"""Options that the AWS command line adds to every operation."""
MADE_BY_HAND = {
    ("logs", "tail"): {"since", "filter-pattern", "follow", "format"},
    ("s3", "ls"): {"recursive"},
    ("s3", "cp"): {"recursive"},
    ("s3", "sync"): {"delete", "exclude", "include"},
    ("cloudformation", "deploy"): {"parameter-overrides", "stack-name", "template-file", "capabilities"},
}
"""Commands that the AWS command line does not take from a model, with the options that our pages use."""
SAID_OTHERWISE = {"s3api": "s3"}
OUTSIDE = frozenset({"jq", "git", "make", "sed", "python3", "cp", "chmod", "pre-commit", "export", ".venv/bin/python"})


@dataclass(frozen=True, slots=True)
class Command:
    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def blocks(page: Path, language: str) -> Iterator[str]:
    for indent, text in re.findall(rf"^( *)```{language}\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL):
        yield re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)


def commands(page: Path) -> Iterator[Command]:
    for block in blocks(page, "console"):
        for line in block.replace("\\\n", " ").splitlines():
            words: list[str] = []
            parts = shlex.shlex(line, posix=True, punctuation_chars="|&;")
            parts.whitespace_split, parts.commenters = True, "#"
            for word in [*parts, "|"]:
                if word in ("|", "&&", ";"):
                    if words:
                        yield Command(page.name, tuple(words))
                    words = []
                else:
                    words.append(word)


def check(command: Command) -> None:
    """Raises AssertionError with what is wrong."""
    program, *rest = command.words
    match program.rpartition("/")[2] if program.endswith("lifecycle") else program:
        case "lifecycle":
            check_ours(rest)
        case "aws":
            check_aws(rest)
        case "curl":
            check_curl(rest)
        case other:
            assert other in OUTSIDE, f"{other} is a program that no page should need"


def check_ours(words: Sequence[str]) -> None:
    """As the command line would take it; files and people's names are not looked up."""
    try:
        outer = lifecycle.make_context("lifecycle", list(words), resilient_parsing=False)
        name, inner, rest = lifecycle.resolve_command(outer, [*outer._protected_args, *outer.args])
        assert inner is not None and name is not None
        inner.make_context(name, rest, parent=outer)
    except click.exceptions.Exit:
        return  # --help, --version
    except click.BadParameter as error:
        assert "does not exist" in error.message, error.format_message()
    except click.UsageError as error:
        raise AssertionError(error.format_message()) from error


def check_aws(words: Sequence[str]) -> None:
    service, operation, *rest = words
    service = SAID_OTHERWISE.get(service, service)
    given = {word[2:].partition("=")[0] for word in rest if word.startswith("--")} - OF_AWS_ITSELF
    if (service, operation) in MADE_BY_HAND:
        assert given <= MADE_BY_HAND[service, operation], f"aws {service} {operation}: {given}"
        return
    if operation == "wait":
        waiters = _client(service).waiter_names
        assert rest[0].replace("-", "_") in waiters, f"aws {service} wait {rest[0]}"
        return
    model = _operations(service).get(operation)
    assert model is not None, f"aws {service} has no {operation}"
    members = model.input_shape.members if model.input_shape else {}
    known = {xform_name(name, "-"): shape for name, shape in members.items()}
    flags = {f"no-{name}" for name, shape in known.items() if shape.type_name == "boolean"}
    assert given <= known.keys() | flags, f"aws {service} {operation}: {sorted(given - known.keys())}"
    needed = {xform_name(name, "-") for name in (model.input_shape.required_members if model.input_shape else ())}
    assert needed <= given, f"aws {service} {operation} needs {sorted(needed - given)}"


def check_curl(words: Sequence[str]) -> None:
    (address,) = [word for word in words if "/api/" in word]
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if "--json" in words else "GET"
    path = "/api/" + address.partition("/api/")[2].partition("?")[0]
    fits = [
        methods
        for template, methods in document()["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    assert any(method.lower() in one for one in fits), f"the API has no {method} {path}"


@cache
def _client(service: str) -> Any:
    core = botocore.session.Session()
    core.register_component("data_loader", api_models())
    return core.create_client(service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")


@cache
def _operations(service: str) -> dict[str, Any]:
    model = _client(service).meta.service_model
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
