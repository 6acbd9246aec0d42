"""Why an instance is as it is: every rule in its order of power, and the one that decides; nothing is changed."""

from __future__ import annotations

from chalicelib.controller.report import Decided, Survey
from chalicelib.decide.decide import weigh
from chalicelib.decide.decision import Decision
from chalicelib.decide.govern import govern
from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.discretion import discreet
from chalicelib.entrypoints.api.shapes.record import EvidenceShape, RuleShape, WhyShape, WishShape, transition_of
from chalicelib.errors import Conflict
from chalicelib.fleet.model import Instance
from chalicelib.fleet.people import Caller
from chalicelib.policy.model import Policy


def why(call: Call, instance: Instance) -> WhyShape:
    survey = call.app.controller.survey(call.now, ids=[instance.service], in_force=True)
    decided = next((one for one in survey.decided if one.facts.id == instance.service), None)
    if decided is None:
        raise Conflict(f"{instance.id} is {instance.state.value} and has no service to decide about.")
    ruling = [(decided.policy, decided.decision)] if decided.policy and decided.decision else []
    return WhyShape(
        instance_id=instance.id,
        service=str(instance.service),
        at=survey.at,
        status=instance.state,
        status_reason=discreet(instance.state_reason, call.caller),
        desired_count=decided.facts.desired_count,
        running_count=decided.facts.running_count,
        refused=discreet(decided.refused, call.caller) or None,
        why_not=decided.why_not,
        held=discreet(decided.held, call.caller) or None,
        policy_note=govern(survey.policies, decided.facts).note or None,
        policies=[
            _wish(survey, decided, policy, decision, call.caller) for policy, decision in (*ruling, *decided.shadows)
        ],
    )


def _wish(survey: Survey, decided: Decided, policy: Policy, decision: Decision, reader: Caller) -> WishShape:
    weighed = weigh(policy, decided.seen, survey.controls.overrides, survey.at, policies=survey.policies)
    return WishShape(
        policy=policy.name,
        mode=policy.mode,
        source=policy.source,
        version=policy.version,
        wanted=decision.wanted,
        reason=discreet(decision.reason, reader),
        rules=[
            RuleShape(rule=one.rule, says=discreet(one.says, reader), wanted=one.wanted, wins=one.wins)
            for one in weighed
        ],
        evidence=[EvidenceShape.of(one) for one in decision.evidence],
        look_again_at=decision.look_again_at,
        next_transition=transition_of(policy, survey.at),
    )
