"""The lines of the history against the acts, by count: each action is begun once and ends once, and its end is true.

What the product writes otherwise, and only this is let through:

* A run that something was made to fail in, or that died, may leave its line of the begin to the run that goes on with
  the action under the same id: one more ``begun`` for each such run that wrote one, and none at all when the write
  itself was what failed (the line of the end stands then, and the outcome went to the log and to people).
* A start that is found running is settled with its begin alone (`SettleRunning`), and so is an action that another
  took the place of before its end was seen: only the newest action of a service must have ended. Of two at the same
  instant nobody can tell from the history which was first, so neither must.
* ``late`` is said of a stop that goes on, ``failed`` by the run itself of what AWS did not do: neither is an end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.decide.facts import ServiceId
from chalicelib.execute.steps import SettleRunning
from faults.invariants import Invariant

if TYPE_CHECKING:
    from chalicelib.record.history import Entry
    from faults.watch import Watch

SETTLES = SettleRunning().describe()
ENDS = ("done", "undone", "failed")
VERIFIED = "verify"
"""Who says what became of an action."""
SEEN_READY = timedelta(minutes=10)
"""What runs for so long cannot have failed to start."""


@dataclass
class LinesWatch:
    watch: Watch
    troubled: set[int]
    _begun_by: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _compared: set[str] = field(default_factory=set)

    # --- each line, the moment it is written

    def ended(self, operation: str, params: Mapping[str, Any]) -> None:
        item = params.get("Item", {}) if operation == "dynamodb.PutItem" else {}
        if "action_id" not in item or "service" not in item:
            return
        line = self.watch.plain(item)
        if line.get("outcome") == "begun":
            self._begun_by[line["action_id"]].append(self.watch.run())
        elif line.get("who") == VERIFIED:
            self._is_true(ServiceId.parse(line["service"]), str(line.get("action_kind")), str(line.get("outcome")))

    def _is_true(self, id: ServiceId, kind: str, outcome: str) -> None:
        truth = self.watch.truths.get(id)
        if truth is None:
            return
        fake, since = truth.fake, self.watch.now() - SEEN_READY
        match kind, outcome:
            case "stop", "done":
                holds = not fake.tasks or truth.touched_at is not None
            case "start", "done":
                holds = bool(fake.running) or truth.touched_at is not None
            case "start", "failed":
                holds = sum(task.runs(since) for task in fake.tasks) < max(1, fake.desired)
            case "stop", "failed":
                holds = False
            case _:
                return
        self.watch.verdicts.hold(Invariant.ONE_RECORD, holds, f"{id}: {kind} {outcome}, but AWS shows {fake}")

    # --- when all is at rest

    def compare(self, entries: Iterable[Entry]) -> None:
        """Everything since the last comparison (or the restored table)."""
        lines: dict[str, list[Entry]] = defaultdict(list)
        begun: dict[ServiceId, list[Entry]] = defaultdict(list)
        for entry in entries:
            if entry.service in self.watch.truths and entry.service and entry.action_id:
                lines[entry.action_id].append(entry)
                if entry.outcome == "begun":
                    begun[entry.service].append(entry)
        last = {action for told in begun.values() if (action := _newest(told))}
        for action, told in lines.items():
            if action not in self._compared:
                self._hold(action, told, is_newest=action in last)
        self._compared |= lines.keys()

    def _hold(self, action: str, told: list[Entry], *, is_newest: bool) -> None:
        count = Counter(one.outcome for one in told if one.outcome == "begun" or self._ends(one))
        begun, ends = count["begun"], sum(count[word] for word in ENDS)
        if not begun and not ends:
            return
        by_troubled = sum(run in self.troubled for run in set(self._begun_by[action]))
        least = 0 if self._was_troubled(told[0].service) else 1
        settled = any(SETTLES in one.steps for one in told)
        must_end = is_newest and not settled
        right = least <= begun <= 1 + by_troubled and int(must_end) <= ends <= 1
        said = f"{told[0].service}: {action} stands {dict(count)} in the history ({by_troubled} of its runs in trouble)"
        self.watch.verdicts.hold(Invariant.ONE_RECORD, right, said)

    def _ends(self, entry: Entry) -> bool:
        return entry.who == VERIFIED and entry.outcome in ENDS

    def _was_troubled(self, service: ServiceId | None) -> bool:
        return any(act.run in self.troubled for act in self.watch.acts if act.service == service)

    def restored(self, entries: Iterable[Entry]) -> None:
        self._compared = {entry.action_id for entry in entries}


def _newest(begun: Sequence[Entry]) -> str | None:
    """None where two began at the same instant."""
    latest = max(one.at for one in begun)
    actions = {one.action_id for one in begun if one.at == latest}
    return actions.pop() if len(actions) == 1 else None
