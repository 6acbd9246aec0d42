"""A person's word for one service, from wherever it comes: the command line, the API, a request, Slack.

Nothing here starts or stops anything: the word is checked (`allowing`), written down with its end, and the controller
looks at the service at once and decides as ever. A word for an instance that outlasts its time to live extends it;
without one, an instance whose time is over is not started again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.decide.approval import closed_until
from chalicelib.decide.facts import INSTANCE_TAG, Override, OverrideKind, ServiceFacts, ServiceId
from chalicelib.decide.tags import zone_of
from chalicelib.errors import Conflict, Forbidden, NotAllowed, NotFound, NotManageable, Unfit
from chalicelib.fleet.allowing import (
    WAKE_LENGTH,
    Permission,
    Speaker,
    check_person,
    check_word,
    may_start,
    ruling_of,
)
from chalicelib.fleet.counting import Counting
from chalicelib.fleet.heard import DEFAULT_LENGTH, Became, Heard, describe, heard_of
from chalicelib.fleet.model import OWNER_TAG
from chalicelib.fleet.people import Caller
from chalicelib.fleet.yeses import Yeses
from chalicelib.observe.fleet import Gone
from chalicelib.policy.loader import load
from chalicelib.policy.model import PolicySet
from chalicelib.record.history import Entry, EntryKind

if TYPE_CHECKING:
    from chalicelib.controller.asking import Approvals
    from chalicelib.controller.controller import Controller
    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.limits import Limits
    from chalicelib.observe.inventory import Inventory
    from chalicelib.policy.model import Policy
    from chalicelib.record.approval import Question
    from chalicelib.record.controls import Controls
    from chalicelib.record.history import History
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.runtime.clock import Clock

SYSTEM = "ollama-lifecycle"
"""Whose word it is when a time to live ends, or a start that failed is taken down."""


@dataclass(frozen=True, slots=True)
class _Asked:
    verb: str
    kind: OverrideKind
    end: datetime
    reason: str
    force: bool = False
    wakes: bool = False


class Wishes:
    """``instances`` and ``limits`` None where no fleet is configured: then a service is its policy's owner's, or its
    tag's, and a start counts against nobody.

    ``approvals`` asks people about a launch or a removal where the policy wants a yes; a start of a service that
    exists is asked for by the controller, when it comes to act.
    """

    def __init__(
        self,
        controller: Controller,
        inventory: Inventory,
        policies: PoliciesInForce,
        controls: Controls,
        history: History,
        clock: Clock,
        *,
        instances: Instances | None = None,
        limits: Limits | None = None,
        approvals: Approvals | None = None,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._controller = controller
        self._inventory = inventory
        self._store = policies
        self._controls = controls
        self._history = history
        self._clock = clock
        self._instances = instances
        self._counting = Counting(limits, instances)
        self._yeses = Yeses(approvals)
        self._new_id = new_id
        self._read: tuple[str, PolicySet] | None = None

    def keep(
        self,
        service: ServiceId,
        caller: Caller,
        *,
        until: datetime | None = None,
        length: timedelta | None = None,
        reason: str = "",
    ) -> Heard:
        """Keeps it running, and starts it if it is down. Raises NotFound, Forbidden, NotAllowed (TooMany for a limit of
        its owner), Unfit, Conflict."""
        asked = _Asked("keep", OverrideKind.KEEP, self._end(until, length), reason)
        return self._say(service, caller, asked, extends=True)

    def start(
        self,
        service: ServiceId,
        caller: Caller,
        *,
        until: datetime | None = None,
        length: timedelta | None = None,
        reason: str = "",
    ) -> Heard:
        """Starts it now, with the size it had. In closed hours only where the policy lets it be kept.

        Raises what `keep` raises; NotAllowed too when its time to live is over and nobody says until when.
        """
        extends = until is not None or length is not None
        asked = _Asked("start", OverrideKind.KEEP, self._end(until, length), reason)
        return self._say(service, caller, asked, extends=extends)

    def wake(self, service: ServiceId, caller: Caller) -> Heard:
        """A request found it stopped: starts it, unless hours are closed or a person wants it to stay stopped."""
        now = self._clock.now()
        for word in self._controls.read(now).overrides:
            if word.service == service and word.kind is OverrideKind.STOP and not word.wakes:
                raise NotAllowed(
                    f"It was told to {describe(word, zone_of(self._ruling(service, now)[1]))}, by {word.by}."
                )
        asked = _Asked("start", OverrideKind.KEEP, now + WAKE_LENGTH, "a request woke it")
        return self._say(service, caller, asked, extends=False, by_request=True)

    def stop(
        self,
        service: ServiceId,
        caller: Caller,
        *,
        until: datetime | None = None,
        length: timedelta | None = None,
        force: bool = False,
        reason: str = "",
    ) -> Heard:
        """Stops it as soon as nobody uses it (``force``: at once). With an end it stays stopped until then; without
        one the next request may wake it. Raises what `keep` raises."""
        wakes = until is None and length is None
        asked = _Asked("stop", OverrideKind.STOP, self._end(until, length), reason, force=force, wakes=wakes)
        return self._say(service, caller, asked, extends=False)

    def take_down(self, service: ServiceId, *, reason: str, until: datetime, force: bool) -> Heard:
        """The system's own stop (a time to live is over, a start failed), through the same gate as a person's.

        ``until``: no request wakes it before. Raises NotFound or NotAllowed where nobody would carry it out.
        """
        now = self._clock.now()
        facts, policy = self._ruling(service, now)
        asked = _Asked("stop", OverrideKind.STOP, until, reason, force=force)
        return self._carry_out(facts, policy, asked, SYSTEM, now)

    def resume(self, service: ServiceId, caller: Caller, *, reason: str = "") -> Heard:
        """Ends whatever people said of it: its policy rules again. Raises what `keep` raises."""
        now = self._clock.now()
        facts, policy = self._ruling(service, now)
        check_person(policy, self._speaker(facts, policy, caller))
        ended = self._controls.end_override(service, str(caller), now)
        for one in ended:
            said = f"ended: {describe(one, zone_of(policy))}" + (f" ({reason})" if reason else "")
            self._history.append(Entry(at=now, kind=EntryKind.OVERRIDE, who=str(caller), reason=said, service=service))
        if not ended:
            return Heard(service, None, "", Became.STANDS, "nobody had said anything: its policy rules already")
        report = self._controller.look_at([service], now, why=f"resumed by {caller}")
        return heard_of(service, None, "its policy rules again", report)

    def may_start(self, facts: ServiceFacts, caller: Caller, *, schedule_policy: str = "") -> Permission:
        """Whether a service like ``facts``, which need not exist yet, may be started now by its owner-to-be.

        Raises Forbidden, NotAllowed, or Unfit for a ``schedule_policy`` that would not rule it. Where the policy wants
        a yes, people are asked, and it is NotAllowed until one of them has said so.
        """
        now = self._clock.now()
        if not caller.role.may_write:
            raise Forbidden(f"{caller.role.value} may look, and start nothing.")
        speaker = Speaker(str(caller), caller.is_admin, owns=True)
        said = self._controls.read(now)
        permission = may_start(
            self.policies(), facts, speaker, now, switches=said.switches, schedule_policy=schedule_policy
        )
        if permission.needs_yes and permission.keep_until is not None:
            policy = self._named(permission)
            self._yeses.must_stand_for_launch(facts, policy, caller, permission.keep_until, said, now)
            return replace(permission, keep_until=None)  # the yes has written the word down
        return permission

    def ask_to_remove(self, service: ServiceId, caller: Caller, reason: str) -> Question | None:
        """Asks people, where the policy wants their yes to a removal; None where nobody has to be asked. Whether
        ``caller`` may wish it is checked already. Raises NotAllowed where nobody can be asked."""
        now = self._clock.now()
        facts = self._inventory.refresh([service], now)[service]
        return (
            None if isinstance(facts, Gone) else self._yeses.ask_to_remove(facts, self.policies(), caller, reason, now)
        )

    def note_start(self, permission: Permission, service: ServiceId, caller: Caller) -> Override | None:
        """Writes down the `keep` of a start in closed hours, before the service exists; None when none is needed."""
        if permission.keep_until is None:
            return None
        now = self._clock.now()
        asked = _Asked("start", OverrideKind.KEEP, permission.keep_until, "launched while hours are closed")
        said = self._word(service, asked, str(caller), now)
        self._note(said, permission.policy, permission.policy_version, describe(said, zone_of(self._named(permission))))
        return said

    def owns(self, facts: ServiceFacts, policy: Policy | None, caller: Caller) -> bool:
        """A launched instance is its owner's, any other service its tag's or its policy's owner's."""
        if self._instances is not None and INSTANCE_TAG in facts.tags:
            return self._instances.get(facts.tags[INSTANCE_TAG]).owner_sub == caller.sub
        names = {caller.sub, caller.email} - {""}
        return facts.tags.get(OWNER_TAG) in names or (policy is not None and policy.owner in names)

    def policies(self) -> PolicySet:
        """Those in force. Raises NotAllowed when the deployment has not read any yet."""
        kept = self._store.load()
        if kept is None:
            raise NotAllowed(
                "No policies are in force yet: upload them to the stack's bucket; the next sweep takes them."
            )
        if self._read is None or self._read[0] != kept.version:
            self._read = kept.version, load(kept.files, today=self._clock.now().date()).policies
        return self._read[1]

    # --- how

    def _say(
        self, service: ServiceId, caller: Caller, asked: _Asked, *, extends: bool, by_request: bool = False
    ) -> Heard:
        now = self._clock.now()
        facts, policy = self._ruling(service, now)
        speaker = self._speaker(facts, policy, caller)
        check_word(policy, asked.kind, asked.end, now, verb=asked.verb)
        check_person(policy, speaker)
        if asked.verb == "start":
            switches = self._controls.read(now).switches
            may_start(self.policies(), facts, speaker, now, switches=switches, by_request=by_request)
        if asked.kind is not OverrideKind.KEEP:
            return self._carry_out(facts, policy, asked, str(caller), now)

        def say() -> Heard:
            self._reckon_with_its_time(facts, asked.end, now, extends=extends)
            return self._carry_out(facts, policy, asked, str(caller), now)

        return self._counting.counted(facts, now, say)

    def _carry_out(self, facts: ServiceFacts, policy: Policy, asked: _Asked, who: str, now: datetime) -> Heard:
        said = self._word(facts.id, asked, who, now)
        words_said = describe(said, zone_of(policy), closed_until=closed_until(policy, now))
        self._note(said, policy.name, policy.version, words_said)
        report = self._controller.look_at([facts.id], now, why=f"{asked.verb} asked by {who}")
        return heard_of(facts.id, said, words_said, report)

    def _word(self, service: ServiceId, asked: _Asked, who: str, now: datetime) -> Override:
        return Override(
            self._new_id(), service, asked.kind, asked.end, who, asked.reason, now, asked.force, wakes=asked.wakes
        )

    def _note(self, said: Override, policy: str, version: str, words_said: str) -> None:
        """Raises Conflict when somebody else's later word stands."""
        if not self._controls.add_override(said):
            raise Conflict(f"Somebody said something later for {said.service}: theirs stands.")
        self._history.append(
            Entry(
                at=said.made_at,
                kind=EntryKind.OVERRIDE,
                who=said.by,
                reason=words_said,
                service=said.service,
                policy=policy,
                policy_version=version,
            )
        )

    def _ruling(self, service: ServiceId, now: datetime) -> tuple[ServiceFacts, Policy]:
        facts = self._inventory.refresh([service], now)[service]
        if isinstance(facts, Gone):
            raise NotFound(f"There is no service {service}.")
        if facts.unmanageable:
            raise NotManageable(f"{service} cannot be started or stopped by us: {facts.unmanageable}.")
        return facts, ruling_of(self.policies(), facts, OverrideKind.KEEP)

    def _speaker(self, facts: ServiceFacts, policy: Policy, caller: Caller) -> Speaker:
        """Raises Forbidden for who may only read."""
        if not caller.role.may_write:
            raise Forbidden(f"{caller.role.value} may look, and change nothing.")
        return Speaker(str(caller), caller.is_admin, self.owns(facts, policy, caller))

    def _reckon_with_its_time(self, facts: ServiceFacts, end: datetime, now: datetime, *, extends: bool) -> None:
        """Only a word with an end of its own reaches past the time to live, and then moves it."""
        if self._instances is None or INSTANCE_TAG not in facts.tags:
            return
        instance = self._instances.get(facts.tags[INSTANCE_TAG])
        if instance.expires_at is None or instance.expires_at >= end:
            return
        if extends:
            self._instances.change(instance.id, lambda one: replace(one, expires_at=end))
        elif instance.expires_at <= now:
            raise NotAllowed(
                f"The time to live of {instance.id} is over since {instance.expires_at:%Y-%m-%d %H:%M} UTC: "
                "say until when to start it again."
            )

    def _named(self, permission: Permission) -> Policy:
        from chalicelib.decide.govern import LAUNCHED

        return self.policies().named(permission.policy) or LAUNCHED

    def _end(self, until: datetime | None, length: timedelta | None) -> datetime:
        now = self._clock.now()
        if until is not None and length is not None:
            raise Unfit("Say either until when or for how long, not both.", field="until")
        end = until or now + (length or DEFAULT_LENGTH)
        if end <= now:
            raise Unfit(f"{end.isoformat()} is over: it is {now.isoformat(timespec='seconds')}.", field="until")
        return end
