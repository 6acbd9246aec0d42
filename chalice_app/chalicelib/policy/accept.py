"""Which version of every policy takes force when the files change: the new one if it is good, else the last good one.

Decides per policy. A bad policy keeps its last good version; one that has none stays out of force, and its services
are left as they are. A file that cannot be relied on as a whole (YAML that does not parse, a broken guard) keeps its
last good text. Two files that both have ``defaults`` leave everything as it was. Refuses nothing silently: every hold
has its problem.

What is in force is again a mapping of texts (``in_force``), to be saved and given back as ``last_good``: the files,
and beside them ``held:NAME`` for each policy whose force is not what its file says (see ``held``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.policy import held
from chalicelib.policy.document import read_document
from chalicelib.policy.loader import Loaded, load
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.policy.nodes import Mark
from chalicelib.policy.problems import Problem, in_reading_order

RunTests = Callable[[Policy, PolicySet], Sequence[Problem]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is in force now, and why it is not simply what the files say.

    ``held`` names policies whose older version stays, ``refused`` those that have no older one, ``held_files`` the
    files whose last good text stays. ``loaded`` is what the new files say by themselves.
    """

    policies: PolicySet
    in_force: Mapping[str, str]
    problems: tuple[Problem, ...]
    held: frozenset[str]
    refused: frozenset[str]
    held_files: frozenset[str]
    loaded: Loaded


def accept(files: Mapping[str, str], last_good: Mapping[str, str], *, today: date, run_tests: RunTests) -> Accepted:
    """Weighs new ``files`` against what was in force. ``run_tests`` gives an error for each failing test. Never
    raises for what files say."""
    before, seen = load(last_good, today=today), load(files, today=today)
    texts, held_files = _usable_texts(files, last_good, seen.broken_files)
    candidate = load(texts, today=today) if texts is not None else seen
    if texts is None or candidate.unsure:
        return _everything_stays(files, last_good, before, seen)
    failures = _failures(candidate, run_tests)
    lost = {name for name in seen.bad_policies if name in before.merged and name not in candidate.places}
    holds = {name: _hold(name, before) for name in sorted(candidate.bad_policies | set(failures) | lost)}
    in_force = {**texts, **{held.file_of(name): text for name, text in holds.items()}}
    failed = tuple(problem for problems in failures.values() for problem in problems)
    notes = (*_file_notes(held_files), *_policy_notes(holds, before, {**seen.places, **candidate.places}))
    return Accepted(
        policies=load(in_force, today=today).policies,
        in_force=in_force,
        problems=in_reading_order((*seen.problems, *failed, *notes)),
        held=frozenset(name for name, text in holds.items() if text),
        refused=frozenset(name for name, text in holds.items() if not text),
        held_files=held_files,
        loaded=seen,
    )


def _usable_texts(
    files: Mapping[str, str], last_good: Mapping[str, str], broken: frozenset[str]
) -> tuple[dict[str, str] | None, frozenset[str]]:
    """The text to go by for each file, and the files whose older text that is. None: an unreadable file without an
    older text seems to hold guards, so nothing may change."""
    texts: dict[str, str] = {}
    held_files: set[str] = set()
    for file, text in files.items():
        if file not in broken:
            texts[file] = text
        elif file in last_good:
            texts[file] = last_good[file]
            held_files.add(file)
        elif read_document(file, text).guards:
            return None, frozenset()
    return texts, frozenset(held_files)


def _everything_stays(files: Mapping[str, str], last_good: Mapping[str, str], before: Loaded, seen: Loaded) -> Accepted:
    names = frozenset(policy.name for policy in before.policies.policies)
    held_files = frozenset(files) & frozenset(last_good)
    return Accepted(
        policies=before.policies,
        in_force=dict(last_good),
        problems=in_reading_order((*seen.problems, *_file_notes(held_files or frozenset(files)))),
        held=names,
        refused=frozenset(seen.places) - names,
        held_files=held_files,
        loaded=seen,
    )


def _failures(candidate: Loaded, run_tests: RunTests) -> Mapping[str, tuple[Problem, ...]]:
    """The errors of the policies whose own tests fail."""
    failures = {}
    for policy in candidate.policies.policies:
        errors = tuple(one for one in run_tests(policy, candidate.policies) if one.is_error)
        if errors:
            failures[policy.name] = errors
    return failures


def _hold(name: str, before: Loaded) -> str:
    """The older version of a policy as text; empty when there is none."""
    policy, merged = before.policies.named(name), before.merged.get(name)
    return held.text_of(name, policy.source, merged) if policy is not None and merged is not None else ""


def _policy_notes(holds: Mapping[str, str], before: Loaded, places: Mapping[str, Mark]) -> Iterator[Problem]:
    for name, text in holds.items():
        mark = places[name]
        older = before.policies.named(name)
        if text and older is not None:
            message = f"the last good version of this policy stays in force ({older.version}, from {older.source})"
            yield Problem("LC097", "warning", mark.file, mark.line, mark.column, mark.path, None, message)
        else:
            message = "this policy is not in force, and it has no earlier version: its services are left as they are"
            yield Problem("LC098", "warning", mark.file, mark.line, mark.column, mark.path, None, message)


def _file_notes(files: frozenset[str]) -> Iterator[Problem]:
    for file in sorted(files):
        message = "what this file said before stays in force, until its errors are mended"
        yield Problem("LC097", "warning", file, 0, 0, "", None, message)
