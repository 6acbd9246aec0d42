"""The invariants of what is written down: sizes that stand, one outcome for each question, one record for each act."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.record.approvals import is_question, question_of
from chalicelib.record.codec import memory_of
from faults.invariants import Invariant
from faults.people import PEOPLE

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceId
    from chalicelib.record.approval import Question
    from chalicelib.record.history import Entry
    from faults.truth import Truth
    from faults.watch import Watch

MAY_APPROVE = frozenset(one.email for one in PEOPLE if one.may_approve)


@dataclass
class RecordWatch:
    watch: Watch
    _questions: dict[str, Question] = field(default_factory=dict)
    _seen: dict[str, Any] = field(default_factory=dict)
    _told: dict[tuple[ServiceId, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    _compared: int = 0

    # --- after each step

    def look(self) -> None:
        rows = self.watch.rows
        for id, truth in self.watch.truths.items():
            if truth.fake.desired:
                truth.taken = False  # a person or AWS turned it on
            elif truth.taken and self._is_new(f"STATE {id}", rows.item("STATE", str(id))):
                self._size_stands(id, truth)
        for item in rows.partition("CONTROL"):
            if self._is_new(item["sk"]["S"], item):
                row = self.watch.plain(item)
                if is_question(row):
                    self._one_outcome(question_of(row))

    def _size_stands(self, id: ServiceId, truth: Truth) -> None:
        saved, of = memory_of(self.watch.row(id)).saved_size, truth.blueprint
        stands = saved is not None and saved.desired_count == truth.size
        if stands and saved is not None and of.scaling:
            bounds = saved.scaling
            kept = bounds and (bounds.min_capacity, bounds.max_capacity, bounds.scale_out_suspended)
            stands = kept == (*of.scaling, False)
        said = f"{id} of size {truth.size} {of.scaling}: {saved} stands"
        self.watch.verdicts.hold(Invariant.SIZE_SAVED, stands, said)

    def _one_outcome(self, question: Question) -> None:
        hold = self.watch.verdicts.hold
        if question.given is not None:
            may = question.given.by in MAY_APPROVE
            hold(Invariant.NOT_TOUCHED, may, f"{question.given.by} answered for {question.service}")
        before = self._questions.get(question.id)
        self._questions[question.id] = question
        if before is None:
            return
        same_word = before.given is None or before.given == question.given
        closed = before.closed_at is None or (before.state, before.outcome) == (question.state, question.outcome)
        same = same_word and closed and before.version <= question.version
        hold(Invariant.ONE_OUTCOME, same, f"{question.service}: {before.state} became {question.state}")

    # --- when all is at rest

    def compare(self, entries: Iterable[Entry]) -> None:
        """The whole history so far against all acts since the last comparison. Then both count as compared."""
        watch = self.watch
        told = _actions(entries)
        acts = Counter((act.service, act.kind) for act in watch.acts[self._compared :])
        for key in {*acts, *told}:
            new = told[key] - self._told[key]
            more = watch.truths[key[0]].hands if key[1] == "start" and key[0] in watch.truths else 0
            said = f"{key[0]}: {acts[key]} times {key[1]} at AWS (by hand {more}), {len(new)} in the history"
            watch.verdicts.hold(Invariant.ONE_RECORD, acts[key] <= len(new) <= acts[key] + more, said)
            self._told[key] |= new
        self._compared = len(watch.acts)
        for id, truth in watch.truths.items():
            truth.hands = 0
            if truth.blueprint.scaling and truth.fake.desired and not memory_of(watch.row(id)).saved_size:
                self._scaling_is_back(id, truth)

    def _scaling_is_back(self, id: ServiceId, truth: Truth) -> None:
        scaling = truth.fake.scaling
        assert scaling
        right = (scaling.min_capacity, scaling.max_capacity) == truth.blueprint.scaling
        free = not any(scaling.suspended.values())
        self.watch.verdicts.hold(Invariant.SIZE_GIVEN_BACK, right and free, f"{id} runs with {scaling}")

    def restored(self, entries: Iterable[Entry]) -> None:
        """The table is yesterday's: it cannot know what was saved, asked and told since. What it remembers of a size
        is what there is to give back; one that nobody remembers is set by hand, with its autoscaling, by the person who
        restored the table."""
        watch = self.watch
        self._compared = watch.forgotten = len(watch.acts)
        self._told = _actions(entries)  # an action that it holds as interrupted may go on under its id once more
        self._questions.clear()
        self._seen.clear()
        watch.holder.clear()
        for id, truth in watch.truths.items():
            truth.taken = False
            truth.keep_until = None
            truth.touched_at = watch.now()
            saved = memory_of(watch.row(id)).saved_size
            if truth.fake.desired == 0 and (saved is None or saved.desired_count < truth.size):
                truth.turned_on_by_hand()
            elif truth.fake.desired == 0 and saved is not None:
                truth.size = saved.desired_count

    def _is_new(self, key: str, item: object) -> bool:
        if self._seen.get(key) is item:
            return False
        self._seen[key] = item
        return True


def _actions(entries: Iterable[Entry]) -> dict[tuple[ServiceId, str], set[str]]:
    told: dict[tuple[ServiceId, str], set[str]] = defaultdict(set)
    for entry in entries:
        if entry.service and entry.action and entry.action_id and entry.outcome in ("begun", "done"):
            told[entry.service, entry.action.value].add(entry.action_id)
    return told
