"""What takes a person's yes before it is even begun: launching while hours are closed, and removing an instance.

A start or stop of a service that exists is asked for by the controller when it comes to act; these two are no plan of
a service. A yes to a launch is a `keep` for the service that is to be; one to a removal is carried out at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.controller import wording
from chalicelib.decide.approval import asks_for
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.facts import OverrideKind, ServiceFacts
from chalicelib.decide.govern import govern
from chalicelib.errors import NotAllowed
from chalicelib.record.approval import ID_PREFIX

if TYPE_CHECKING:
    from chalicelib.controller.asking import Approvals
    from chalicelib.fleet.people import Caller
    from chalicelib.policy.model import Policy, PolicySet
    from chalicelib.record.approval import Question
    from chalicelib.record.controls import ControlState


class Yeses:
    """``approvals`` None where nobody can be asked: then what needs a yes is not allowed."""

    def __init__(self, approvals: Approvals | None) -> None:
        self._approvals = approvals

    def must_stand_for_launch(
        self,
        facts: ServiceFacts,
        policy: Policy,
        caller: Caller,
        keep_until: datetime,
        said: ControlState,
        now: datetime,
    ) -> None:
        """Raises NotAllowed, after asking people, unless the `keep` that a yes writes stands in ``said``."""
        mine = (one for one in said.overrides if one.service == facts.id and one.kind is OverrideKind.KEEP)
        if any(one.id.startswith(ID_PREFIX) for one in mine):
            return
        if self._approvals is None:
            raise NotAllowed(f"{policy.name} wants a yes to this (approval.for), and nobody can be asked here.")
        question = self._approvals.ask_to_launch(facts, policy, caller, keep_until, now)
        raise NotAllowed(
            f"Hours are closed: {wording.first_word(question)}. "
            "After a yes, send the same request again, with the same idempotency key."
        )

    def ask_to_remove(
        self, facts: ServiceFacts, policies: PolicySet, caller: Caller, reason: str, now: datetime
    ) -> Question | None:
        """The question about it, asked now or before; None where the policy wants no yes. Raises NotAllowed."""
        policy = govern(policies, facts).ruling
        if policy is None or not asks_for(policy, ApprovalAction.REMOVE):
            return None
        if self._approvals is None:
            raise NotAllowed(f"{policy.name} wants a yes to this (approval.for), and nobody can be asked here.")
        return self._approvals.ask_to_remove(facts, policy, caller, reason, now)
