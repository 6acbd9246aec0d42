"""Makes the mutants: mutmut's own operators over the functions of some modules, each as the source of one function.

Run by the interpreter that has mutmut, in a folder with its ``setup.cfg``. Reads ``{"files": {name: path}, "only":
{name: functions}, "share": …, "seed": …}`` from standard input and prints ``{"mutants": […], "of": {name: number of
all}}``. Of each file the same share is drawn; only what is drawn is written out, because that takes longer than finding
it.

mutmut passes over functions with a decorator, because its way to switch mutants cannot hold them. Ours can, so their
decorators are taken off first and a property's body is mutated like any other. It mutates no statement outside a
function: constants, fields and their defaults stay as they are.
"""

from __future__ import annotations

import ast
import difflib
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SETTINGS = "[mutmut]\nsource_paths=.\n"
"""What mutmut wants to find in ``setup.cfg`` of the folder it runs in."""

MOST_SECONDS = 4.0
"""CPU of the tests that are given a mutant: one that only dearer tests notice counts as a survivor."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """``module``: the file below chalicelib. ``function``: its qualified name. ``first`` to ``last``: the lines of the
    statement that it changes; ``body`` those of the function. ``change``: what stands there, and instead of it.
    ``source``: the function as changed, within a class of its name where it is a method."""

    module: str
    function: str
    first: int
    last: int
    body: tuple[int, int]
    change: str
    source: str


def main() -> None:
    asked = json.load(sys.stdin)
    found: list[Mutant] = []
    number: dict[str, int] = {}
    for name, path in asked["files"].items():
        made = _Made(name, Path(path).read_text(), asked["only"].get(name))
        number[name] = len(made.mutations)
        drawn = random.Random(f"{asked['seed']} {name}").sample(
            range(len(made.mutations)), round(asked["share"] * len(made.mutations))
        )
        found += [made.mutant(index) for index in sorted(drawn)]
    print(json.dumps({"mutants": [asdict(one) for one in found], "of": number}))


class _Made:
    """All mutations of one file."""

    def __init__(self, name: str, source: str, only: Sequence[str] | None) -> None:
        import libcst as cst
        from libcst.metadata import MetadataWrapper, PositionProvider
        from mutmut.mutation.file_mutation import create_mutations

        plain = _undecorated(source)
        self._name = name
        self._tree = ast.parse(plain)
        self._module, mutations, *_ = create_mutations(name, plain)
        self.mutations = [
            one
            for one in mutations
            if isinstance(within := one.contained_by_top_level_function, cst.FunctionDef)
            and (only is None or within.name.value in only)
        ]
        self._where = MetadataWrapper(self._module, unsafe_skip_copy=True).resolve(PositionProvider)
        self._classes = dict(_methods(self._module))

    def mutant(self, index: int) -> Mutant:
        from mutmut.mutation.file_mutation import deep_replace

        mutation = self.mutations[index]
        function: Any = mutation.contained_by_top_level_function
        whole = self._where[function]
        at = self._where.get(mutation.original_node, whole)
        changed = deep_replace(function, mutation.original_node, mutation.mutated_node)
        first, last = _statement(self._tree, at.start.line, at.end.line)
        before, after = self._written(function, function), self._written(function, changed)
        return Mutant(
            module=self._name,
            function=".".join(filter(None, (self._class_of(function), function.name.value))),
            first=first,
            last=last,
            body=(whole.start.line, whole.end.line),
            change=_change(before, after),
            source=after,
        )

    def _class_of(self, function: Any) -> str:
        found = self._classes.get(function)
        return found.name.value if found else ""

    def _written(self, function: Any, changed: Any) -> str:
        changed = changed.with_changes(leading_lines=())
        within = self._classes.get(function)
        if within is not None:
            body = within.body.with_changes(body=[changed], header=within.body.header)
            changed = within.with_changes(body=body, bases=(), keywords=(), decorators=(), leading_lines=())
        return str(self._module.code_for_node(changed))


def _undecorated(source: str) -> str:
    """With a comment in the place of each decorator of a function, so that every line keeps its number."""
    lines = source.split("\n")
    for node in _outer_functions(ast.parse(source)):
        for one in node.decorator_list:
            for number in range(one.lineno - 1, one.end_lineno or one.lineno):
                lines[number] = " " * node.col_offset + "#"
    return "\n".join(lines)


def _outer_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from (one for one in node.body if isinstance(one, ast.FunctionDef))


def _methods(module: Any) -> Iterator[tuple[Any, Any]]:
    import libcst as cst

    for node in module.body:
        if isinstance(node, cst.ClassDef) and isinstance(node.body, cst.IndentedBlock):
            yield from ((one, node) for one in node.body.body if isinstance(one, cst.FunctionDef))


def _statement(tree: ast.Module, first: int, last: int) -> tuple[int, int]:
    """The lines of the smallest statement around these; of one with a body, those of its head."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= first and last <= (node.end_lineno or node.lineno)
    ]
    if not around:
        return first, last
    inner = min(around, key=lambda node: (node.end_lineno or node.lineno) - node.lineno)
    body = getattr(inner, "body", None)
    if not body:
        return inner.lineno, inner.end_lineno or inner.lineno
    return inner.lineno, max(inner.lineno, body[0].lineno - 1)


def _change(before: str, after: str) -> str:
    lines = list(difflib.unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm=""))[2:]
    gone = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    come = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return f"{gone}  →  {come}"


def parsed(answer: str) -> tuple[list[Mutant], Mapping[str, int]]:
    read = json.loads(answer)
    return [Mutant(**{**one, "body": tuple(one["body"])}) for one in read["mutants"]], read["of"]


if __name__ == "__main__":
    main()
