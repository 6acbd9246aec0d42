"""The rules that stand above the clock: freezes, the never-touch list, exclusions, a person's word.

A freeze holds only what it names: while a service is up the only thing that can happen to it is a stop, while it is
down only a start, so a freeze speaks exactly when it holds that one. What was held is not made up afterwards; what
is wanted then, is.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from chalicelib.decide import tags
from chalicelib.decide.backoff import retry_at
from chalicelib.decide.case import Case, Silent, Speaks, again_in_use, earliest
from chalicelib.decide.constants import UNKNOWN_RECHECK
from chalicelib.decide.decision import Because, Evidence, Wanted
from chalicelib.decide.facts import Override, OverrideKind, ServiceFacts
from chalicelib.decide.govern import all_tags, any_glob, never_touch
from chalicelib.decide.idle import Idle, InUse, Unknown, Use
from chalicelib.decide.spans import quiet_at, quiet_span
from chalicelib.decide.words import clock, counted, sentence
from chalicelib.policy.sections.services import Exclude

Answer = Speaks | Silent

NOT_FROZEN = Silent("no freeze of everything is on")
NOT_LISTED = Silent("not on the never-touch list")
NO_FREEZE = Silent("no freeze of the policies holds now")
NOT_EXCLUDED = Silent("not excluded")
NO_OVERRIDE = Silent("nobody has overridden the policy")
_QUIET_WITHOUT_TASKS = Idle((Evidence("running tasks", "0", "tasks"),), True)


def freeze_all(case: Case) -> Answer:
    switches = case.seen.switches
    if switches.frozen_by is None:
        return NOT_FROZEN
    since = f" since {clock(switches.frozen_at, case.zone)}" if switches.frozen_at else ""
    why = f" ({sentence(switches.frozen_reason)})" if switches.frozen_reason else ""
    said = f"everything is frozen by {switches.frozen_by}{since}{why}; `lifecycle unfreeze` ends it"
    evidence = (Evidence("freeze", "all", "", switches.frozen_at),)
    return Speaks(Wanted.LEAVE, Because.FREEZE, said, evidence)


def on_never_touch_list(case: Case) -> Answer:
    line = never_touch(case.policies, case.facts) if case.policies.never_touch else None
    if line is None:
        return NOT_LISTED
    return Speaks(Wanted.LEAVE, Because.EXCLUDE, f"on the never-touch list: {sentence(line.reason)}")


def frozen(case: Case) -> Answer:
    now, held = case.now, "stop" if case.is_up else "start"
    for freeze in case.policies.freezes:
        if held in freeze.hold and freeze.from_ <= now < freeze.to:
            until = clock(freeze.to, case.zone)
            said = f"the freeze {freeze.name} holds every {held} until {until}: {sentence(freeze.reason)}"
            evidence = (Evidence("freeze", freeze.name, "", freeze.from_, freeze.to),)
            return Speaks(Wanted.LEAVE, Because.FREEZE, said, evidence, until=freeze.to)
    return NO_FREEZE


def excluded(case: Case) -> Answer:
    for line in case.policy.exclude:
        if is_excluded_by(line, case.facts):
            ends = tags.end_of(line.until, case.zone) if line.until is not None else None
            if ends is None or case.now < ends:
                return _excluded(f"excluded by the policy {_until(ends, case)}: {sentence(line.reason)}", ends)
    for override in case.overrides:
        if override.kind is OverrideKind.EXCLUDE:
            said = f"excluded by {override.by} {_until(override.until, case)}: {sentence(override.reason)}"
            return _excluded(said, override.until)
    if tags.EXCLUDE_TAG in case.facts.tags:
        tagged = tags.exclusion(case.policy, case.facts.tags)
        if isinstance(tagged, str):
            return _excluded(f"left alone: {tagged}", None)
        if tagged is not None and (tagged.ends is None or case.now < tagged.ends):
            said = f"excluded by its tag {tags.EXCLUDE_TAG} {_until(tagged.ends, case)}"
            return _excluded(said, tagged.ends)
    return NOT_EXCLUDED


def overridden(case: Case) -> Answer:
    """The latest word of a person rules; what somebody did by hand after it is later still."""
    words = [one for one in case.overrides if one.kind is not OverrideKind.EXCLUDE]
    if not words:
        return NO_OVERRIDE
    word = max(words, key=lambda one: one.made_at)
    match word.kind:
        case OverrideKind.KEEP:
            return _keep(word, case)
        case OverrideKind.STOP:
            return _stop(word, case)
        case OverrideKind.EXCLUDE:
            return NO_OVERRIDE
        case other:
            assert_never(other)


def _keep(word: Override, case: Case) -> Answer:
    stopped_at = case.memory.hand_stopped_at
    if stopped_at is not None and stopped_at > word.made_at and not case.is_up:
        return Silent(f"kept by {word.by}, but stopped by hand later, {clock(stopped_at, case.zone)}")
    evidence = (Evidence("override", "keep", "", word.made_at, word.until),)
    said = f"kept running {_until(word.until, case)} by {_whose(word)}"
    if case.is_up:
        return Speaks(Wanted.RUNNING, Because.OVERRIDE, said, evidence, word.until, handles=case.opening_due)
    return start(case, Because.OVERRIDE, said, evidence, word.until)


def _stop(word: Override, case: Case) -> Answer:
    started_at = case.memory.hand_started_at
    if started_at is not None and started_at > word.made_at and case.is_up:
        return Silent(f"stopped by {word.by}, but started by hand later, {clock(started_at, case.zone)}")
    evidence: tuple[Evidence, ...] = (Evidence("override", "stop", "", word.made_at, word.until),)
    said = f"stopped {_until(word.until, case)} by {_whose(word)}"
    if not case.is_up or word.force:
        return Speaks(Wanted.STOPPED, Because.OVERRIDE, said, evidence, word.until, cuts=word.force)
    use = quiet_use(case)
    match use:
        case InUse(says, used, last_use):
            said = f"in use: {says}; the stop by {word.by} waits for quiet (`lifecycle stop --now` does not wait)"
            again = earliest(word.until, again_in_use(case, use, quiet_at(last_use)))
            return Speaks(Wanted.LEAVE, Because.IN_USE, said, evidence + used, again)
        case Unknown(says, used):
            said = f"{says}; the stop by {word.by} waits until that can be read (`lifecycle stop --now` does not wait)"
            again = earliest(word.until, case.now + UNKNOWN_RECHECK)
            return Speaks(Wanted.LEAVE, Because.UNKNOWN, said, evidence + used, again)
        case Idle(used):
            return Speaks(Wanted.STOPPED, Because.OVERRIDE, said, evidence + used, word.until)
        case other:
            assert_never(other)


def quiet_use(case: Case) -> Use:
    """Use in the last trusted minutes. Without a running task nothing can be in use."""
    return case.look(quiet_span(case.now), False) if case.facts.running_count > 0 else _QUIET_WITHOUT_TASKS


def start(case: Case, because: Because, said: str, evidence: tuple[Evidence, ...], until: datetime | None) -> Speaks:
    """A start, unless the last one failed too recently. Never invents a size: says so when none was saved."""
    failure = case.memory.start_failure
    if failure is not None and (again := retry_at(failure)) > case.now:
        waits = f"{said}, but its start failed {counted(failure.count, 'time')} ({sentence(failure.reason)})"
        tried = (*evidence, Evidence("failed starts", str(failure.count), "starts", until=failure.last_at))
        waits = f"{waits}; the next try is {clock(again, case.zone)}"
        return Speaks(Wanted.LEAVE, because, waits, tried, earliest(until, again))
    saved = case.memory.saved_size
    if saved is None or saved.desired_count == 0:
        said = f"{said}, but no size was ever saved for it: set its desired count once, a size is never invented"
    return Speaks(Wanted.RUNNING, because, said, evidence, until)


def is_excluded_by(line: Exclude, facts: ServiceFacts) -> bool:
    """Whether the line names this service; its ``until`` does not matter here."""
    return (line.names is None or any_glob(line.names, facts.id.name)) and (
        line.tags is None or all_tags(line.tags, facts.tags)
    )


def _excluded(said: str, ends: datetime | None) -> Speaks:
    return Speaks(Wanted.LEAVE, Because.EXCLUDE, said, (Evidence("exclusion", "on", "", until=ends),), ends)


def _until(ends: datetime | None, case: Case) -> str:
    return f"until {clock(ends, case.zone)}" if ends is not None else "for good"


def _whose(word: Override) -> str:
    return f"{word.by}: {sentence(word.reason)}" if word.reason else word.by
