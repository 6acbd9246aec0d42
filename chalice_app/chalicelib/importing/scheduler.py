"""AWS Instance Scheduler's schedules as drafts of ours: one policy for each schedule, matched by the schedule's tag.

A schedule of which one period has no counterpart here is left out as a whole: without that period our hours would be
closed where the schedule wants its machines to run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from chalicelib.importing.each import each_by_itself
from chalicelib.importing.model import WIDER, Chosen, Draft, Drafted, Given, LeftOut
from chalicelib.importing.recurrence import BadRecurrence, Days, read_days
from chalicelib.importing.render import policy_name, value_glob
from chalicelib.importing.scheduler_file import PERIOD_KEYS, SCHEDULE_KEYS, Definitions, Item, Unresolved, listed, read
from chalicelib.importing.scheduler_original import InstanceScheduler, Period
from chalicelib.importing.scheduler_periods import NoWords, timing_of
from chalicelib.importing.trees import Source, as_boolean
from chalicelib.importing.zones import known_zone
from chalicelib.policy.problems import nearest_word
from chalicelib.policy.windows import MINUTES_OF_DAY

DEFAULT_TAG = "Schedule"
_TIME = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)

EDGES = (
    "Instance Scheduler acts at edges: a machine that somebody starts after the end of a period runs until the next "
    "edge. Hours here are a state: such a service is kept for hours.started-by-hand (2h unless written otherwise). "
    "A repeated hour has each edge once."
)
_ALWAYS = Period("override_status", Days(), 0, MINUTES_OF_DAY)
_HELD_UP = (
    "override_status: running has no end there, so these hours are always open; its periods do not count meanwhile. "
    "Import it again without the override, and hold services up with `lifecycle keep --until`, which ends."
)
_HELD_DOWN = (
    "override_status: stopped holds it down without an end, and hours here must be able to open: hold its services "
    "down with `lifecycle stop --until`, and import it again without the override."
)
_BY_ITS_END = (
    "CloudFormation puts the stack's name before the schedule's; the template does not say it, so the tag is matched "
    "by its end. Add --stack NAME to match it whole."
)
_STATE_FLAGS = {
    "retain_running": (
        True,
        "retain_running is not carried over: what ran before an opening is stopped at the closing; to keep a service "
        "beyond it, say so with an end (`lifecycle keep --until`).",
    ),
    "stop_new_instances": (
        False,
        "stop_new_instances: false is not carried over: a service that matches while closed is stopped as any other, "
        "once it is not in use.",
    ),
    "hibernate": (True, "hibernate is not carried over: an ECS service has nothing to hibernate."),
}
_ENFORCED = (
    "enforced became started-by-hand: 0s, so a start while closed is stopped at the next sweep; a stop by hand within "
    "the hours is respected here, and not undone."
)


def drafted(sources: Iterable[Source], given: Given) -> Drafted:
    """All files together. Raises ImportRefused for files that cannot be read, and where Instance Scheduler would
    refuse every schedule; one that it would refuse among others is left out."""
    found = read(sources, given.stack)
    notes = [EDGES]
    if not found.schedules:
        notes.append(f"Only periods were given ({', '.join(found.periods)}): give import their schedules too.")
    taken: set[str] = set()
    results = each_by_itself(found.schedules, lambda one: _schedule(one, found, given, taken), lambda one: one.name)
    drafts = tuple(one for one in results if isinstance(one, Draft))
    return Drafted(drafts, tuple(one for one in results if isinstance(one, LeftOut)), tuple(notes))


def _schedule(item: Item, found: Definitions, given: Given, taken: set[str]) -> Draft | LeftOut:
    if item.fault is not None:
        raise item.fault
    _check_keys(item, SCHEDULE_KEYS)
    notes = list(_flag_notes(item))
    zone = _zone(item, found, given, notes)
    match _override(item):
        case "running":
            return _draft(item, zone, (_ALWAYS,), found, given, [*notes, _HELD_UP], taken)
        case "stopped":
            return LeftOut(item.name, _HELD_DOWN)
    named = list(_named_periods(item, found, notes))
    if not named and listed(item, "ssm_maintenance_window"):
        return LeftOut(item.name, "it has only SSM maintenance windows, which are not read: write windows instead.")
    if not named:
        raise item.source.refuse(f"{item.name}: no period; a schedule needs one, or an override_status")
    periods = []
    for one in named:
        period = _period(one)
        if isinstance(period, str):
            return LeftOut(item.name, period)
        if period.begin == period.end:
            notes.append(f"The period {period.name} begins when it ends, so it never runs; it was left out.")
        else:
            periods.append(period)
    if not periods:
        return LeftOut(item.name, "none of its periods ever runs; hours here must be able to open.")
    return _draft(item, zone, tuple(periods), found, given, notes, taken)


def _override(item: Item) -> str:
    written = item.keys.get("override_status")
    word = str(written or "").lower()
    if word not in ("", "running", "stopped"):
        raise item.source.refuse(f'{item.name}: override_status "{written}" is neither running nor stopped')
    return word


def _draft(
    item: Item,
    zone: ZoneInfo,
    periods: tuple[Period, ...],
    found: Definitions,
    given: Given,
    notes: list[str],
    taken: set[str],
) -> Draft | LeftOut:
    try:
        timing = timing_of(zone, periods)
    except NoWords as error:
        return LeftOut(item.name, f"{error}.")
    if as_boolean(item.keys.get("enforced")):
        timing = replace(timing, started_by_hand="0s")
        notes.append(_ENFORCED)
    value = value_glob(item.name)
    if item.prefix_unknown:
        value = f"*{value}"
        notes = [WIDER, _BY_ITS_END, *notes]
    description = item.keys.get("description")
    return Draft(
        name=policy_name(item.name, taken),
        description=description if isinstance(description, str) else f"From AWS Instance Scheduler: {item.name}",
        chosen=Chosen(tags={given.tag or found.tag or DEFAULT_TAG: (value,)}),
        timing=timing,
        original=InstanceScheduler(zone, periods),
        notes=tuple(notes),
    )


def _zone(item: Item, found: Definitions, given: Given, notes: list[str]) -> ZoneInfo:
    written = item.keys.get("timezone") or found.zone
    if isinstance(written, Unresolved):
        if given.zone is None:
            raise written.refusal
        notes.append(f"Only the stack knows its timezone; {given.zone.key} was taken from --timezone.")
        return given.zone
    if not written:
        if given.zone is None:
            notes.append(
                "No timezone: Instance Scheduler takes its stack's DefaultTimezone, UTC unless it was changed. UTC "
                "was taken; add --timezone ZONE for another."
            )
        return given.zone or ZoneInfo("UTC")
    zone = known_zone(written) if isinstance(written, str) else None
    if zone is None:
        raise item.source.refuse(
            f'{item.name}: timezone "{written}" is none of the tz database; write one, as America/New_York'
        )
    if zone.key != written:
        notes.append(f"The zone {written} became {zone.key}, whose clocks follow the same rules.")
    return zone


def _flag_notes(item: Item) -> Iterator[str]:
    for key in ("retain_running", "stop_new_instances", "hibernate", "enforced", "use_maintenance_window"):
        value = item.keys.get(key)
        flag = as_boolean(value)
        if value is not None and flag is None:
            raise item.source.refuse(f'{item.name}: {key} "{value}" is neither true nor false')
        if key in _STATE_FLAGS and flag is _STATE_FLAGS[key][0]:
            yield _STATE_FLAGS[key][1]
    if listed(item, "ssm_maintenance_window"):
        yield "ssm_maintenance_window is not read: write its hours as windows."


def _named_periods(item: Item, found: Definitions, notes: list[str]) -> Iterator[Item]:
    """The schedule's periods, in the order of their names: a set has none of its own."""
    if any(one.keys.get("instance_type") for one in item.periods):
        notes.append("Instance types of periods are not carried over: an ECS service's size is its own.")
    yield from item.periods
    names = [name.strip() for text in listed(item, "periods") or [] for name in text.split(",") if name.strip()]
    if any("@" in name for name in names):
        notes.append("Instance types of periods are not carried over: an ECS service's size is its own.")
    for name in sorted({name.partition("@")[0] for name in names}):
        if name not in found.periods:
            near = nearest_word(name, found.periods)
            hint = f"did you mean {near}?" if near else "give import the file that defines it too"
            raise item.source.refuse(f'{item.name}: there is no period "{name}"; {hint}')
        yield found.periods[name]


def _period(item: Item) -> Period | str:
    """The period, or why it has no counterpart here."""
    _check_keys(item, (*PERIOD_KEYS, "instance_type"))
    begin, end = _time(item, "begintime"), _time(item, "endtime")
    fields = [listed(item, key) for key in ("weekdays", "monthdays", "months")]
    if begin is None and end is None and all(one is None for one in fields):
        raise item.source.refuse(
            f"period {item.name}: it says nothing; give it begintime and endtime, weekdays, monthdays or months"
        )
    try:
        days = read_days(*fields)
    except BadRecurrence as error:
        raise item.source.refuse(f"period {item.name}: {error}") from None
    if (begin is None) != (end is None):
        return _one_sided(item)
    if begin is not None and end is not None and begin > end:
        raise item.source.refuse(
            f"period {item.name}: begintime {item.keys['begintime']} is after endtime {item.keys['endtime']}; Instance "
            "Scheduler refuses that too: there a night is two periods, to 23:59 and from 00:00"
        )
    return Period(item.name, days, begin or 0, MINUTES_OF_DAY if end is None else end)


def _one_sided(item: Item) -> str:
    side, key, other = (
        ("a begintime", "begintime", "end") if item.keys.get("begintime") else ("an endtime", "endtime", "begin")
    )
    return (
        f"its period {item.name} has only {side} ({item.keys[key]}): without {other} Instance Scheduler keeps its "
        "hands off for the rest of the day, and hours here say when they open and when they close. Write both, as "
        "mon-fri 08:00-20:00 or daily 22:00-06:00; for starting or stopping alone: closed: leave or opening: leave."
    )


def _time(item: Item, key: str) -> int | None:
    value = item.keys.get(key)
    if value in (None, ""):
        return None
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise item.source.refuse(f'period {item.name}: {key} "{value}" is no time; write H:MM or HH:MM, 00:00 to 23:59')
    return int(match[1]) * 60 + int(match[2])


def _check_keys(item: Item, known: Sequence[str]) -> None:
    for key in item.keys if item.of_template else ():
        if key in known:
            continue
        near = nearest_word(key, known)
        hint = f"did you mean {near}?" if near else "take it out"
        raise item.source.refuse(f"{item.name}: Instance Scheduler knows no {key}; {hint}")
