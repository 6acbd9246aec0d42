"""One import from files to a proven text: read, draft, render, read back with our loader, compare with the original."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Literal, Protocol

from chalicelib.errors import ImportRefused
from chalicelib.importing import custodian, downscaler, scheduler
from chalicelib.importing.model import Draft, Drafted, Given, LeftOut
from chalicelib.importing.proof import Proof, prove
from chalicelib.importing.render import rendered
from chalicelib.importing.trees import Source
from chalicelib.policy.loader import load
from chalicelib.policy.model import Policy
from chalicelib.policy.timetable import Timetable

Tool = Literal["custodian", "instance-scheduler", "kube-downscaler"]


class _Drafting(Protocol):
    def __call__(self, sources: Iterable[Source], given: Given) -> Drafted: ...


_TOOLS: Mapping[Tool, tuple[str, _Drafting]] = {
    "custodian": ("Cloud Custodian", custodian.drafted),
    "instance-scheduler": ("AWS Instance Scheduler", scheduler.drafted),
    "kube-downscaler": ("kube-downscaler", downscaler.drafted),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """``text`` is a whole policy file; empty when nothing could be translated."""

    text: str
    policies: tuple[ImportedPolicy, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every difference of every policy is one of those we decide on purpose."""
        return all(one.proof.holds for one in self.policies)


@dataclass(frozen=True, slots=True)
class ImportedPolicy:
    policy: Policy
    notes: tuple[str, ...]
    proof: Proof


def import_files(tool: Tool, sources: Iterable[Source], given: Given, today: date) -> Imported:
    """The translation and its proof over the year from ``today`` on.

    Raises ImportRefused for a file that cannot be read. A draft whose proof shows a difference without a reason is not
    in the text: it is told as left out.
    """
    title, drafting = _TOOLS[tool]
    sources = tuple(sources)
    drafted = drafting(sources, given)
    names = ", ".join(source.file for source in sources)
    heading = f"Imported from {title} ({names}); written for reading: nothing acts before mode: enforce."
    begin = datetime.combine(today, time(), UTC)
    proven: list[tuple[Draft, Proof]] = []
    left_out = list(drafted.left_out)
    for draft in drafted.drafts:
        try:
            table = _table(draft, today)
        except ImportRefused as refusal:
            left_out.append(LeftOut(draft.name, f"{refusal}."))
            continue
        proof = prove(draft.original, table, begin)
        if proof.holds:
            proven.append((draft, proof))
        else:
            left_out.append(LeftOut(draft.name, _unproven(proof)))
    if not proven:
        return Imported("", (), tuple(left_out), drafted.notes)
    notes = (*drafted.notes, *_in_order([draft for draft, _ in proven]))
    text = rendered(heading, [_with_reasons(draft, proof) for draft, proof in proven])
    policies = _loaded(text, today)
    done = tuple(ImportedPolicy(policies[draft.name], draft.notes, proof) for draft, proof in proven)
    return Imported(text, done, tuple(left_out), notes)


def _in_order(drafts: Sequence[Draft]) -> Iterator[str]:
    """What is special, and excludes, must rule before what is general does."""
    special = [draft.name for draft in drafts if draft.priority]
    if special and len(special) < len(drafts):
        yield (
            f"Policies in dry-run do not compete: enforce those with a priority ({', '.join(special)}) first, or the "
            "others rule their services, and what they exclude."
        )


def _table(draft: Draft, today: date) -> Timetable:
    hours = _loaded(rendered("", [draft]), today)[draft.name].hours
    assert hours is not None
    return Timetable.of(hours)


def _loaded(text: str, today: date) -> Mapping[str, Policy]:
    loaded = load({"imported.yaml": text}, today=today)
    if loaded.errors:
        raise ImportRefused(f"what was translated is no policy of ours: {loaded.errors[0].sentence}")
    return {policy.name: policy for policy in loaded.policies.policies}


def _with_reasons(draft: Draft, proof: Proof) -> Draft:
    """The reasons for which it decides otherwise stand beside it in the file."""
    reasons = dict.fromkeys(one.reason for one in proof.differences if one.reason)
    return replace(draft, notes=(*draft.notes, *(f"Decided otherwise: {reason}." for reason in reasons)))


def _unproven(proof: Proof) -> str:
    fault = next(one for one in proof.differences if not one.reason)
    wish = fault.theirs.name.lower()
    return (
        f"our hours cannot say it: its own tool wants it {wish} at {fault.begin:%Y-%m-%dT%H:%MZ}, and what we can "
        "write does not."
    )
