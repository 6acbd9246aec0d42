"""The last gate before an act that people were asked about: one run carries a yes out, in the name of who gave it.

The claim is one conditional write; who loses it does nothing. What came of the run is written into the question when
the run is over, never before. A run that dies leaves a claim that ends with the executor's own lock.
"""

from __future__ import annotations

from typing import Protocol, assert_never

from chalicelib.errors import ConditionFailed, RecordUnavailable
from chalicelib.execute.executor import Executor
from chalicelib.execute.guards import LookAgain
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import Plan, PlanKind
from chalicelib.record.approval import Question

CONTROLLER = "controller"
_DONE = {PlanKind.STOP: "stopped", PlanKind.START: "started", PlanKind.MOVE: "moved", PlanKind.MEND: "mended"}


class Asked(Protocol):
    """The steps of a question that an act takes."""

    def claim(self, question: Question) -> Question: ...
    def give_back(self, question: Question) -> None: ...
    def end_run(self, question: Question, *, done: bool, why: str) -> None: ...


class Gate:
    def __init__(self, executor: Executor, asked: Asked) -> None:
        self._executor = executor
        self._asked = asked

    def run(self, plan: Plan, question: Question | None, look_again: LookAgain) -> Outcome | None:
        """None: somebody else carries the yes out, or it could not be claimed; the next look goes on."""
        if question is None:
            return self._executor.run(plan, CONTROLLER, look_again=look_again)
        try:
            mine = self._asked.claim(question)
        except (ConditionFailed, RecordUnavailable):
            return None
        outcome = self._executor.run(plan, question.who, look_again=look_again)
        match outcome.status:
            case OutcomeStatus.DONE:
                self._asked.end_run(mine, done=True, why=f"{_DONE[plan.kind]} ({outcome.reason})")
            case OutcomeStatus.REFUSED if not outcome.action_id and not plan.refusal:
                self._asked.give_back(mine)  # somebody else holds the service's lock
            case OutcomeStatus.REFUSED | OutcomeStatus.FAILED:
                self._asked.end_run(mine, done=False, why=outcome.reason)
            case other:
                assert_never(other)
        return outcome
