"""Policy files in, policies out: everything that can be used, and everything that is wrong, of all files at once.

Decides which policies are good. One bad policy marks only itself. What stands above policies (``defaults``,
``locked``, ``never-touch``, ``freezes``) is taken whole or not at all: while one of them cannot be read, no policy of
the set is good, because nobody can know whom it was meant to protect. ``accept`` then keeps what was in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from chalicelib.policy import held, lint
from chalicelib.policy.document import Document, by_name, read_document
from chalicelib.policy.guards import check_defaults, check_locked, plain, read_guards, zone_in
from chalicelib.policy.meaning import version_of, version_of_set
from chalicelib.policy.merge import IN_DEFAULTS, merge
from chalicelib.policy.model import Freeze, Policy, PolicySet
from chalicelib.policy.nodes import Entry, ListNode, MapNode, Mark
from chalicelib.policy.origins import Origin, origins_of
from chalicelib.policy.problems import Problem, in_reading_order
from chalicelib.policy.sections.services import NeverTouch
from chalicelib.policy.translate import problems_in

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """One set of files as read. ``policies`` holds the good ones; ``merged`` their trees with defaults filled in;
    ``places`` where every name stands. ``unsure``: something above the policies cannot be read, so none is good."""

    policies: PolicySet
    problems: tuple[Problem, ...]
    bad_policies: frozenset[str]
    broken_files: frozenset[str]
    origins: Mapping[str, Mapping[str, Origin]]
    merged: Mapping[str, MapNode] = field(repr=False, default_factory=dict)
    places: Mapping[str, Mark] = field(repr=False, default_factory=dict)
    unsure: bool = False

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.is_error)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if not problem.is_error)


@dataclass(frozen=True, slots=True)
class _Made:
    """One policy that was read, with its name's place and its merged tree."""

    policy: Policy
    mark: Mark
    merged: MapNode


def decode(data: bytes) -> str:
    """Bytes of a file as text. What is not UTF-8 stays marked in the text, and `load` reports it."""
    return data.decode("utf-8-sig", errors="surrogateescape")


def read_folder(path: str | Path) -> dict[str, str]:
    """File name -> text of the ``*.yaml`` and ``*.yml`` files right in a folder. Raises OSError if it is none."""
    files = sorted(one for one in Path(path).iterdir() if one.suffix in _SUFFIXES and one.is_file())
    return {one.name: decode(one.read_bytes()) for one in files}


def load(files: Mapping[str, str], *, today: date) -> Loaded:
    """Reads all files together. ``today`` is only for warnings about days that have passed. Never raises."""
    documents = {name: read_document(name, text) for name, text in sorted(files.items()) if not held.is_held(name)}
    return _Load(documents, held.held_in(files), today).run()


def describe(policy_name: str, loaded: Loaded) -> tuple[tuple[str, str, Origin], ...]:
    """Rows (key path, value, origin) of a merged policy, for `lifecycle show`. Raises KeyError for an unknown name."""
    return tuple((path, origin.value, origin) for path, origin in loaded.origins[policy_name].items())


@dataclass(slots=True)
class _Load:
    documents: Mapping[str, Document]
    held: Mapping[str, held.Held | None]
    today: date
    problems: list[Problem] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)

    def run(self) -> Loaded:
        for document in self.documents.values():
            self.problems.extend(document.problems)
            if document.broken:
                self.broken.add(document.file)
        defaults = self._defaults()
        zone = zone_in(defaults)
        never_touch, freezes = self._guards(zone)
        made = self._policies(defaults, zone)
        unsure = any(self.documents[name].guards for name in self.broken)
        if unsure:
            self.bad.update(by_name(self.documents))
        good = {name: one for name, one in made.items() if name not in self.bad}
        ties = lint.ties({name: (one.policy, one.mark) for name, one in good.items()})
        self.problems.extend(problem for problem, _ in ties)
        self.bad.update(name for _, name in ties)
        self._warn(made, freezes)
        kept = {name: one for name, one in good.items() if name not in self.bad}
        if not unsure:
            kept = self._with_held(kept)
        return self._loaded(kept, made, PolicySet(never_touch=never_touch, freezes=freezes), unsure)

    def _loaded(self, kept: Mapping[str, _Made], made: Mapping[str, _Made], above: PolicySet, unsure: bool) -> Loaded:
        policies = above.model_copy(update={"policies": tuple(kept[name].policy for name in sorted(kept))})
        return Loaded(
            policies=policies.model_copy(update={"version": version_of_set(policies)}),
            problems=in_reading_order(self.problems),
            bad_policies=frozenset(self.bad),
            broken_files=frozenset(self.broken),
            origins={name: origins_of(one.merged) for name, one in {**made, **kept}.items()},
            merged={name: one.merged for name, one in kept.items()},
            places={name: entries[0].mark for name, entries in by_name(self.documents).items()},
            unsure=unsure,
        )

    def _defaults(self) -> MapNode | None:
        entries = [document.defaults for document in self.documents.values() if document.defaults is not None]
        for entry in entries:
            found = tuple(check_defaults(entry, tuple(IN_DEFAULTS), Policy))
            self.problems.extend(found)
            if found:
                self.broken.add(entry.mark.file)
        if len(entries) > 1:
            places = " and ".join(f"{entry.mark.file}:{entry.mark.line}" for entry in entries)
            for entry in entries:
                self._tell("LC082", entry.mark, None, f"defaults stand in {places}; keep one of them")
                self.broken.add(entry.mark.file)
        first = entries[0].value if entries else None
        return first if isinstance(first, MapNode) else None

    def _guards(self, zone: ZoneInfo | None) -> tuple[tuple[NeverTouch, ...], tuple[Freeze, ...]]:
        never_touch: list[NeverTouch] = []
        freezes: list[Freeze] = []
        for document in self.documents.values():
            untouched, first = read_guards(document.never_touch, NeverTouch, zone)
            frozen, second = read_guards(document.freezes, Freeze, zone)
            never_touch.extend(untouched)
            freezes.extend(frozen)
            self.problems.extend((*first, *second))
            if first or second:
                self.broken.add(document.file)
        return tuple(never_touch), tuple(freezes)

    def _policies(self, defaults: MapNode | None, zone: ZoneInfo | None) -> dict[str, _Made]:
        locked = tuple(lock for document in self.documents.values() for lock in document.locked)
        made: dict[str, _Made] = {}
        self.bad.update(_named_in(self.problems))
        for name, entries in by_name(self.documents).items():
            if len(entries) > 1:
                places = " and ".join(f"{entry.mark.file}:{entry.mark.line}" for entry in entries)
                for entry in entries:
                    self._tell("LC081", entry.mark, name, f"two policies of this name, at {places}; rename one")
            for entry in entries:
                if entry.mark.file in self.broken:
                    self.bad.add(name)
                locks = tuple(check_locked(entry, locked))
                self.problems.extend(locks)
                one = self._policy(entry, defaults, zone)
                if locks or len(entries) > 1 or one is None:
                    self.bad.add(name)
                if one is not None:
                    made[name] = one
        return made

    def _policy(self, entry: Entry, defaults: MapNode | None, zone: ZoneInfo | None) -> _Made | None:
        if not isinstance(entry.value, MapNode):
            return None
        merged = merge(entry.value, defaults)
        read = read_policy(entry, merged, zone_in(merged) or zone)
        if isinstance(read, Policy):
            return _Made(read, entry.mark, merged)
        self.problems.extend(read)
        return None

    def _with_held(self, kept: Mapping[str, _Made]) -> dict[str, _Made]:
        """Older versions in the place of newer ones, each with the defaults of its day written out."""
        in_force = dict(kept)
        for name, one in self.held.items():
            in_force.pop(name, None)
            if one is None:
                continue
            read = read_policy(one.entry, one.merged, zone_in(one.merged), source=one.source)
            if isinstance(read, Policy):
                in_force[name] = _Made(read, one.entry.mark, one.merged)
        return in_force

    def _warn(self, made: Mapping[str, _Made], freezes: Sequence[Freeze]) -> None:
        for one in made.values():
            self.problems.extend(lint.warnings(one.policy, one.merged, one.mark, self.today))
        for document in self.documents.values():
            if not document.broken:
                self.problems.extend(lint.past_freezes(document.freezes, freezes, self.today))

    def _tell(self, code: str, mark: Mark, value: str | None, message: str) -> None:
        self.problems.append(Problem(code, "error", mark.file, mark.line, mark.column, mark.path, value, message))


def read_policy(
    entry: Entry, merged: MapNode, zone: ZoneInfo | None, *, source: str = ""
) -> Policy | tuple[Problem, ...]:
    """One merged tree as a policy, or everything wrong with it. ``zone`` is that of moments without an offset."""
    data = plain(merged)
    assert isinstance(data, dict)
    data |= {"name": entry.key, "source": source or f"{entry.mark.file}:{entry.mark.line}"}
    tests = merged.get("tests")
    if isinstance(tests, ListNode) and isinstance(data["tests"], list):
        for node, row in zip(tests.items, data["tests"], strict=True):
            if isinstance(row, dict):
                row["line"] = node.mark.line
    try:
        policy = Policy.model_validate(data, context={"zone": zone})
    except ValidationError as error:
        return tuple(problems_in(error, merged, entry.mark))
    return policy.model_copy(update={"version": version_of(policy)})


def _named_in(problems: Sequence[Problem]) -> Iterator[str]:
    """Policies that an error of form stands in."""
    for problem in problems:
        top, _, rest = problem.path.partition(".")
        if top == "policies" and rest and problem.is_error:
            yield rest.split(".")[0].split("[")[0].strip('"')
