"""Nobody sees or stops another's: what was written in a person's run, and what their answers said.

Who may what is `people.Person`'s to say. A person is told of what they named themselves, and of nothing else that they
may not see; a ReadOnly learns nobody's address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.record.codec import when
from faults.invariants import Invariant
from faults.people import READ_ONLY, Person, secret_line

if TYPE_CHECKING:
    from faults.front import Front
    from faults.truth import Truth
    from faults.watch import Watch

READS = re.compile(r"\.(Describe|List|Get|Query|Filter|Admin(Get|List))")
OWN_BUSINESS = frozenset({"OUTBOX", "SNAPSHOT", "SLACK"})
"""Rows of the house's own: what waits to be told is sent by whoever comes first."""
ADDRESS = re.compile(r"[a-z]+@example\.com")


@dataclass
class RightsWatch:
    """``who`` acts at present, None: nobody but the house itself."""

    watch: Watch
    front: Front
    who: Person | None = None
    asked: str = ""
    """What they sent."""

    def ended(self, operation: str, params: Mapping[str, Any]) -> None:
        if self.who is None or READS.search(operation):
            return
        said = self._subject(operation, params)
        for truth in self._named(said):
            may = self.who.may_change(truth.owner) or self._is_answered(truth, self.who)
            line = f"{self.who.name} ({self.who.role}) asked {self.asked}: {operation} on {truth.blueprint.id}"
            self.watch.verdicts.hold(Invariant.NOT_TOUCHED, may, line)

    def _is_answered(self, truth: Truth, who: Person) -> bool:
        """Whether the question about it may be carried out in their run: by their word, or because nobody's came in
        time, which is the policy's word, whoever sets it off."""
        if truth.blueprint.environment != "asked":
            return False
        item = self.watch.rows.item("CONTROL", f"APPROVAL#{truth.blueprint.id}") or {}
        overdue = "answer_by" in item and when(item["answer_by"]["S"]) <= self.watch.now() + self.watch.tolerance
        return who.may_approve or overdue

    def answered(self, who: Person, text: str) -> None:
        """``text`` was shown to them, and to nobody else."""
        hold = self.watch.verdicts.hold
        for truth in self.watch.truths.values():
            name = truth.blueprint.name
            told = not who.may_see(truth.owner) and name in text and name not in self.asked
            hold(Invariant.NOT_SEEN, not told, f"{who.name} asked {self.asked} and was told of {name}")
            if truth.owner is not None:
                read = who.role != "Admin" and truth.owner is not who and secret_line(_instance(name)) in text
                hold(Invariant.NOT_SEEN, not read, f"{who.name} asked {self.asked} and read the logs of {name}")
        if who.role == READ_ONLY:
            others = set(ADDRESS.findall(text.replace("\\n", " "))) - {who.email} - set(ADDRESS.findall(self.asked))
            hold(Invariant.NOT_SEEN, not others, f"{who.name} asked {self.asked} and learned {sorted(others)}")

    def _named(self, said: str) -> Iterator[Truth]:
        for truth in self.watch.truths.values():
            if re.search(rf"\b{re.escape(truth.blueprint.name)}\b", said) or (
                truth.owner is not None and _instance(truth.blueprint.name) in said
            ):
                yield truth

    def _subject(self, operation: str, params: Mapping[str, Any]) -> str:
        """The names of what the call writes to."""
        match operation.partition(".")[0], params:
            case "dynamodb", {"Item": item} | {"Key": item}:
                pk = item["pk"]["S"]
                return "" if pk in OWN_BUSINESS else f"{pk} {item['sk']['S']} {item.get('service', '')}"
            case "elbv2", {"RuleArn": arn, **more}:
                return f"{self.front.rules.get(arn, {})} {more}"
            case "ecs", {"taskDefinition": arn} if operation == "ecs.DeregisterTaskDefinition":
                return str(self.front.definitions.get(arn, arn))
            case _:
                return str({name: value for name, value in params.items() if name not in ("MessageBody",)})


def _instance(service: str) -> str:
    return service.removeprefix("ollama-")
