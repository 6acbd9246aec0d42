"""The rules of the clock and of idleness: closed, opening, idle, and what holds when none of them speaks.

Hours permit, idle stops: an opening is an event, dealt with once, so that the next look does not restart what
idleness stopped. Closed is a state: it holds for as long as it lasts, and waits for whoever still uses the service.
Idle time counts from ready plus warm-up, and from the opening where hours start services: a service that the hours
woke at eight must not be found idle at eight because the night was quiet.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from chalicelib.decide import early
from chalicelib.decide.case import Case, Silent, Speaks, again_in_use, earliest
from chalicelib.decide.constants import NO_PRIMARY_RECHECK, UNKNOWN_RECHECK
from chalicelib.decide.decision import Because, Evidence, Wanted
from chalicelib.decide.idle import Idle, InUse, Unknown, WarmingUp
from chalicelib.decide.patience import patience
from chalicelib.decide.rules import Answer, quiet_use, start
from chalicelib.decide.spans import idle_at, idle_span, quiet_at
from chalicelib.decide.words import clock, length, time_of_day
from chalicelib.policy.sections.hours import Closed, Hours
from chalicelib.policy.sections.idle import Idle as IdleSection
from chalicelib.policy.timetable import Phase

NO_HOURS = Silent("the policy has no hours")
NO_IDLE_RULE = Silent("the policy has no idle rule")
CLOSED_NOW = Silent("closed, so no opening is due")


def closed(case: Case) -> Answer:
    hours, phase = case.policy.hours, case.phase
    if hours is None or phase is None:
        return NO_HOURS
    if phase.open:
        return Silent(lambda: _open_words(phase, case))
    match hours.closed:
        case Closed.IDLE:
            only_idle = Silent(lambda: f"{_closed_words(phase, case)}, when only the idle rule stops")
            return _kept_by_hand(case, hours, phase) or only_idle
        case Closed.LEAVE:
            said = f"{_closed_words(phase, case)}, when this policy leaves services as they are"
            return Speaks(Wanted.LEAVE, _because(phase), said, (_hours_evidence(phase),), phase.until)
        case Closed.STOP:
            return _close(case, hours, phase, cut_at=None)
        case Closed.CUT:
            return _close(case, hours, phase, cut_at=phase.since + (hours.cut_after or timedelta()))
        case other:
            assert_never(other)


def _close(case: Case, hours: Hours, phase: Phase, cut_at: datetime | None) -> Speaks:
    because, evidence = _because(phase), (_hours_evidence(phase),)
    said = _closed_words(phase, case)
    if not case.is_up:
        return Speaks(Wanted.STOPPED, because, said, evidence, phase.until)
    if kept := _kept_by_hand(case, hours, phase):
        return kept
    if cut_at is not None and case.now >= cut_at:
        said = f"{said}; cut, as {length(case.now - phase.since)} after closing even running work ends"
        return Speaks(Wanted.STOPPED, because, said, evidence, phase.until, cuts=True)
    cut = f", at the latest {clock(cut_at, case.zone)}" if cut_at is not None else ""
    use = quiet_use(case)
    match use:
        case InUse(says, used, last_use):
            said = f"in use: {says}; closed since {clock(phase.since, case.zone)}, stops once quiet for 5 min{cut}"
            again = earliest(phase.until, cut_at, again_in_use(case, use, quiet_at(last_use)))
            return Speaks(Wanted.LEAVE, Because.IN_USE, said, evidence + used, again)
        case Unknown(says, used):
            said = f"{says}; closed since {clock(phase.since, case.zone)}, stops once that can be read{cut}"
            again = earliest(phase.until, cut_at, case.now + UNKNOWN_RECHECK)
            return Speaks(Wanted.LEAVE, Because.UNKNOWN, said, evidence + used, again)
        case Idle(used, measured):
            alone = "" if measured else "; it has no signal of use, so the clock alone decides"
            return Speaks(Wanted.STOPPED, because, said + alone, evidence + used, earliest(phase.until, cut_at))
        case other:
            assert_never(other)


def _kept_by_hand(case: Case, hours: Hours, phase: Phase) -> Speaks | None:
    """A start by hand while closed is an implied `keep` for ``started-by-hand``, whatever else closed hours mean."""
    started = case.memory.hand_started_at
    if not case.is_up or started is None or started < phase.since or case.now >= started + hours.started_by_hand:
        return None
    until = started + hours.started_by_hand
    words = f"started by hand {clock(started, case.zone)}: kept until {clock(until, case.zone)}"
    evidence = (_hours_evidence(phase), Evidence("start by hand", "keep", "", started, until))
    said = f"{_closed_words(phase, case)}, but {words}"
    return Speaks(Wanted.RUNNING, Because.OVERRIDE, said, evidence, earliest(phase.until, until))


def opening(case: Case) -> Answer:
    phase = case.phase
    if phase is None:
        return NO_HOURS
    if not phase.open:
        return CLOSED_NOW
    due = case.opening_due
    if due is None:
        if case.opening is None:
            return Silent("this policy does not start services")
        return Silent(lambda: f"the opening of {clock(phase.since, case.zone)} was dealt with")
    if case.is_up and not case.failed_to_start:
        return Silent(lambda: f"running already at the opening of {clock(due, case.zone)}")
    stopped = case.memory.hand_stopped_at
    if stopped is not None and stopped >= due:
        return Silent(f"stopped by hand {clock(stopped, case.zone)}, after the opening of {clock(due, case.zone)}")
    said = f"opened {clock(due, case.zone)} ({phase.window})"
    verdict = start(case, Because.HOURS, said, (_hours_evidence(phase),), phase.until)
    if verdict.wanted is Wanted.LEAVE:
        return verdict
    return Speaks(verdict.wanted, verdict.because, verdict.reason, verdict.evidence, verdict.until, handles=due)


def idle(case: Case) -> Answer:
    section = case.policy.idle
    if section is None:
        return NO_IDLE_RULE
    until, handles = _next_hours(case), case.opening_due
    if not case.is_up:
        return early.while_down(case, section, until)
    waits = patience(section, case.seen.learned, case.seen.usd_per_hour)
    stop_after, learned = waits.stop_after, f" ({waits.says})" if waits.says else ""
    if case.facts.is_ready and (unclaimed := early.while_unclaimed(case, stop_after, until)):
        return unclaimed
    young = _warming_up(case, section, stop_after)
    if young is not None:
        said = young.says + learned
        return Speaks(Wanted.LEAVE, Because.IN_USE, said, waits.evidence, earliest(until, young.until), handles)
    span = idle_span(stop_after, case.now)
    use = case.look(span, True)
    match use:
        case InUse(says, used, last_use):
            ripe = idle_at(last_use, stop_after)
            said = f"in use: {says}; idle {clock(ripe, case.zone)} at the earliest{learned}"
            again = earliest(until, again_in_use(case, use, ripe))
            return Speaks(Wanted.LEAVE, Because.IN_USE, said, used + waits.evidence, again, handles)
        case Unknown(says, used, structural):
            again = case.now + (NO_PRIMARY_RECHECK if structural else UNKNOWN_RECHECK)
            return Speaks(Wanted.LEAVE, Because.UNKNOWN, says, used, earliest(until, again), handles)
        case Idle(used):
            said = f"idle: not used for {length(stop_after)} until {time_of_day(span.end, case.zone)}{learned}"
            return Speaks(Wanted.STOPPED, Because.IDLE, said, used + waits.evidence, until, handles)
        case other:
            assert_never(other)


def otherwise(case: Case) -> Speaks:
    """What holds when no rule speaks: the service stays as it is."""
    phase = case.phase
    evidence = (_hours_evidence(phase),) if phase is not None else ()
    because = _because(phase) if phase is not None else Because.HOURS
    if case.is_up:
        said = _open_words(phase, case) if phase is not None and phase.open else "no rule wants it stopped"
    elif phase is not None and phase.open:
        said = f"asleep until somebody starts it or hours open again; {_open_words(phase, case)}"
    else:
        said = "not running, and no rule wants it started"
    return Speaks(Wanted.LEAVE, because, said, evidence, _next_hours(case), case.opening_due)


def closing_warning(case: Case) -> datetime | None:
    """When the hours will close, if people are to be warned now: it is up, open, and within ``warn-before``."""
    hours, phase = case.policy.hours, case.phase
    if hours is None or phase is None or not phase.open or phase.until is None or not case.is_up:
        return None
    if hours.closed in (Closed.IDLE, Closed.LEAVE):
        return None
    return phase.until if case.now >= phase.until - hours.warn_before else None


def _warming_up(case: Case, section: IdleSection, stop_after: timedelta) -> WarmingUp | None:
    ready = case.facts.ready_since
    if ready is None or case.facts.running_count == 0:
        said = f"still starting; idle time counts from {length(section.warm_up)} after it is ready"
        return WarmingUp(said, case.now + UNKNOWN_RECHECK)
    begun = ready + section.warm_up
    opened = case.opening
    counts_from = begun if opened is None or opened <= begun else opened
    ripe = idle_at(counts_from, stop_after)
    if case.now >= ripe:
        return None
    what, since = ("ready since", ready) if counts_from == begun else ("opened", counts_from)
    said = f"too early to be idle: {what} {clock(since, case.zone)}, so {clock(ripe, case.zone)} at the earliest"
    return WarmingUp(said, ripe)


def _next_hours(case: Case) -> datetime | None:
    """The next instant at which the hours matter: the closing's warning, or the transition itself."""
    hours, phase = case.policy.hours, case.phase
    if hours is None or phase is None or phase.until is None:
        return None
    warning = phase.until - hours.warn_before
    return warning if phase.open and case.is_up and case.now < warning else phase.until


def _because(phase: Phase) -> Because:
    return Because.HOLIDAY if phase.holiday is not None and not phase.open else Because.HOURS


def _open_words(phase: Phase, case: Case) -> str:
    until = f" until {clock(phase.until, case.zone)}" if phase.until is not None else ""
    return f"open{until} ({phase.window})"


def _closed_words(phase: Phase, case: Case) -> str:
    why = f" for {phase.holiday}" if phase.holiday is not None else ""
    return f"closed{why} until {clock(phase.until, case.zone)}" if phase.until is not None else f"closed{why} for good"


def _hours_evidence(phase: Phase) -> Evidence:
    word = "open" if phase.open else "closed"
    return Evidence("hours", word, phase.holiday or phase.window, phase.since, phase.until)
