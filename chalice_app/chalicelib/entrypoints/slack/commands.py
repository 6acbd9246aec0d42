"""Does what was typed after `/lifecycle`, for one person, and says what came of it. The roles are the API's.

Admin and ReadOnly see every service, a User their own; addresses of others are kept from ReadOnly. A word goes through
the same gate as one of the API or the command line (`fleet.wishes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, assert_never
from zoneinfo import ZoneInfo

from chalicelib.controller.wording import state_of
from chalicelib.decide.decide import weigh
from chalicelib.decide.facts import INSTANCE_TAG, ServiceFacts, ServiceId
from chalicelib.decide.tags import zone_of
from chalicelib.decide.words import clock
from chalicelib.entrypoints.api.discretion import discreet
from chalicelib.entrypoints.slack.words import Said, Verb, read
from chalicelib.errors import Conflict, NotFound
from chalicelib.fleet.finding import find_service
from chalicelib.fleet.heard import DEFAULT_LENGTH, Became, Heard
from chalicelib.fleet.model import InstanceState
from chalicelib.fleet.people import Caller, Role
from chalicelib.notify.slack.blocks import as_typed_here, escaped, moment

if TYPE_CHECKING:
    from chalicelib.controller.report import Decided, Survey
    from chalicelib.fleet.wishes import Wishes
    from chalicelib.runtime.compose import App

UTC = ZoneInfo("UTC")
_MARKS = {Became.ACTED: ":white_check_mark:", Became.STANDS: ":information_source:"}
_WRONG = ":x:"


class Commands:
    def __init__(self, app: App, wishes: Wishes) -> None:
        self._app = app
        self._wishes = wishes

    def answer(self, words: str, caller: Caller, zone: ZoneInfo | None, now: datetime) -> list[str]:
        """Lines of mrkdwn. ``zone`` is the reader's, where Slack told it. Raises what a person's word may meet:
        Refused and NotFound and UnknownService in words for them, and what AWS or the record make of it."""
        said = read(words)
        match said.verb:
            case Verb.STATUS:
                return self._status(said, caller, now)
            case Verb.WHY:
                return self._why(said, caller, zone, now)
            case Verb.KEEP | Verb.SNOOZE | Verb.START | Verb.STOP:
                return [self._say(said, caller, zone, now)]
            case other:
                assert_never(other)

    def keep(
        self, service: str, closes_at: datetime, caller: Caller, zone: ZoneInfo | None, now: datetime
    ) -> list[str]:
        """The Keep button of a closing, after which it would start what has stopped. Raises what a word does."""
        id = ServiceId.parse(service)
        if now >= closes_at:
            was = clock(closes_at, zone or UTC)
            raise Conflict(f"That closing was {was}. To have it run now, say `/lifecycle keep {id} 2h`.")
        facts = self._facts([id])
        if id not in facts:
            raise NotFound(f"There is no service {id} any more.")
        self._must_not_be_leaving(facts[id])
        return [_said(self._wishes.keep(id, caller, length=DEFAULT_LENGTH, reason="by the button in Slack"), caller)]

    # --- how

    def _status(self, said: Said, caller: Caller, now: datetime) -> list[str]:
        ids = [self._find(said.service, caller).id] if said.service else None
        survey = self._app.controller.survey(now, ids=ids, in_force=True)
        seen = sorted(self._visible(survey.decided, caller), key=lambda one: one.facts.id)
        if not seen:
            return ["There is no service that you may see."]
        return [_line(one, caller) for one in seen]

    def _why(self, said: Said, caller: Caller, zone: ZoneInfo | None, now: datetime) -> list[str]:
        facts = self._find(said.service, caller)
        survey = self._app.controller.survey(now, ids=[facts.id], in_force=True)
        decided = next((one for one in survey.decided if one.facts.id == facts.id), None)
        if decided is None:
            raise NotFound(f"There is no service {facts.id}.")
        lines = [_line(decided, caller)]
        if decided.refused or decided.policy is None or decided.decision is None:
            return lines
        decision, policy = decided.decision, decided.policy
        lines += _rules(survey, decided, caller)
        again = moment(decision.look_again_at, zone or zone_of(policy))
        return [*lines, f"policy {escaped(policy.name)} ({policy.mode.value}), looked at again by {again}"]

    def _say(self, said: Said, caller: Caller, zone: ZoneInfo | None, now: datetime) -> str:
        facts = self._find(said.service, caller)
        self._must_not_be_leaving(facts)
        until = said.end(now, zone or UTC)
        service, wishes = facts.id, self._wishes
        match said.verb:
            case Verb.START:
                heard = wishes.start(service, caller, until=until, length=said.length, reason=said.reason)
            case Verb.STOP:
                heard = wishes.stop(
                    service, caller, until=until, length=said.length, force=said.force, reason=said.reason
                )
            case _:
                heard = wishes.keep(service, caller, until=until, length=said.length, reason=said.reason)
        return _said(heard, caller)

    def _find(self, text: str, caller: Caller) -> ServiceFacts:
        """A full name costs a few calls, a bare one a look at every service. Raises UnknownService, also for what the
        caller may not see: the two are told alike."""
        name = _full_name(text)
        found = self._facts([name]) if name else {}
        facts = {id: one for id, one in (found or self._facts(None)).items() if self._may_see(one, caller)}
        return facts[find_service(text, facts)]

    def _facts(self, ids: Sequence[ServiceId] | None) -> dict[ServiceId, ServiceFacts]:
        now, inventory = self._app.clock.now(), self._app.inventory
        found = inventory.refresh_all(now).services if ids is None else inventory.refresh(ids, now)
        return {id: one for id, one in found.items() if isinstance(one, ServiceFacts)}

    def _visible(self, every: Iterable[Decided], caller: Caller) -> list[Decided]:
        return [one for one in every if self._may_see(one.facts, caller)]

    def _may_see(self, facts: ServiceFacts, caller: Caller) -> bool:
        if caller.role is not Role.USER:
            return True
        from chalicelib.decide.govern import govern

        try:
            return self._wishes.owns(facts, govern(self._wishes.policies(), facts).ruling, caller)
        except NotFound:  # a service of an instance that nobody remembers
            return False

    def _must_not_be_leaving(self, facts: ServiceFacts) -> None:
        fleet = self._app.fleet
        if fleet is None or INSTANCE_TAG not in facts.tags:
            return
        instance = fleet.instances.get(facts.tags[INSTANCE_TAG])
        if instance.state is InstanceState.REMOVING:
            raise Conflict(f"{instance.id} is being removed.")


def _full_name(text: str) -> ServiceId | None:
    try:
        return ServiceId.parse(text)
    except ValueError:
        return None


def _line(one: Decided, caller: Caller) -> str:
    reason = one.held or one.refused or (one.decision.reason if one.decision else "no policy decides about it")
    return f"*{escaped(str(one.facts.id))}* {state_of(one.facts, one.seen.memory)}: {_told(reason, caller)}"


def _rules(survey: Survey, decided: Decided, caller: Caller) -> list[str]:
    assert decided.policy is not None
    weighed = weigh(decided.policy, decided.seen, survey.controls.overrides, survey.at, policies=survey.policies)
    return [f"{':arrow_forward:' if one.wins else '•'} {one.rule.value}: {_told(one.says, caller)}" for one in weighed]


def _told(text: str, caller: Caller) -> str:
    return escaped(as_typed_here(discreet(text, caller)))


def _said(heard: Heard, caller: Caller) -> str:
    mark = _MARKS.get(heard.became, _WRONG)
    told = f"{heard.said}. {heard.reason}" if heard.said else heard.reason
    return f"{mark} *{escaped(str(heard.service))}*: {_told(told, caller)}"
