"""Cloud Custodian's off-hours as drafts of ours: stop and start policies that mean the same services become one.

A policy here for the services that follow the defaults, one for each schedule that a tag carries, one for the fallback
schedule of untagged services. What Custodian does not govern (opted out, unreadable tag) is not matched.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product

from chalicelib.importing.custodian_file import Filter, Read, read
from chalicelib.importing.custodian_original import Custodian
from chalicelib.importing.custodian_schedule import (
    DEFAULT_HOUR,
    DEFAULT_TAG,
    DEFAULT_ZONE,
    Act,
    Defaults,
    Kind,
    Schedule,
    Untimed,
    plain_tag,
    scheduled,
)
from chalicelib.importing.custodian_timing import timed
from chalicelib.importing.model import WIDER, Chosen, Draft, Drafted, Given, LeftOut
from chalicelib.importing.render import policy_name, value_glob
from chalicelib.importing.trees import Source

STATE_NOT_MOMENT = (
    "Custodian acts once, in its hour, and leaves alone what people change until the next one. Hours here are a state: "
    "a missed run is made up, and a service that somebody starts while it is closed is kept for hours.started-by-hand "
    "(2h unless written otherwise)."
)
_NO_POLICY = "custodian-tags"
_OPTED_OUT = tuple(sorted({"".join(word) for word in product("oO", "fF", "fF")}, reverse=True))
"""Custodian reads it in any case, and a ``match`` of ours just as it is written."""
_OWN_TAG_PRIORITY = 10
_WORD: Mapping[Kind, str] = {"off": "The stop", "on": "The start"}


@dataclass(frozen=True, slots=True)
class _Variant:
    """The services whose tag has this ``value`` (None: none, and the defaults or the fallback hold)."""

    name: str
    value: str
    chosen: Chosen
    priority: int = 0

    @property
    def what(self) -> str:
        return f'{self.name} (tag value "{self.value}")' if self.priority else self.name


def drafted(sources: Iterable[Source], given: Given) -> Drafted:
    """All files together. Raises ImportRefused for a file that cannot be read."""
    found = read(sources, given.tag)
    notes = [STATE_NOT_MOMENT]
    if not found.filters and found.values:
        zone = given.zone.key if given.zone else DEFAULT_ZONE
        found = replace(found, filters=tuple(_unwritten(kind, zone, given.tag or DEFAULT_TAG) for kind in _kinds()))
        given_none = "None of its policies gives hours" if found.left_out else "No Custodian policy was given"
        notes.append(
            f"{given_none}, so Custodian's defaults were taken where tags say nothing else: stop at "
            f"{DEFAULT_HOUR['off']}:00, start at 0{DEFAULT_HOUR['on']}:00, Monday to Friday, zone {zone}."
        )
    if not found.values and found.filters:
        notes.append(
            "Services whose tag carries a schedule of its own need a policy each: give import their tags too (the "
            "output of `aws resourcegroupstaggingapi get-resources`, or a text with one tag value on each line)."
        )
    drafts: list[Draft] = []
    left_out = list(found.left_out)
    taken: set[str] = set()
    groups = list(_grouped(found.filters))
    notes += _halves(groups)
    for filters in groups:
        for one in _of_group(filters, found, taken):
            (drafts if isinstance(one, Draft) else left_out).append(one)  # type: ignore[arg-type]
    return Drafted(tuple(drafts), tuple(left_out), tuple(notes))


def _halves(groups: Sequence[Sequence[Filter]]) -> Iterator[str]:
    """A stop and a start by one tag whose other filters differ stay two policies, of which only one can govern."""
    by_tag: dict[str, list[Sequence[Filter]]] = defaultdict(list)
    for filters in groups:
        by_tag[filters[0].tag.lower()].append(filters)
    for tag, found in by_tag.items():
        alone = [one for filters in found if len({each.kind for each in filters}) == 1 for one in filters]
        if len({one.kind for one in alone}) > 1:
            names = " and ".join(dict.fromkeys(one.policy for one in alone))
            yield (
                f"{names} share the tag {tag} and differ in their other filters, so they stayed policies of their own: "
                "where both match a service only one can govern it, by `priority`. Give them the same filters and "
                "import them again, and they become one."
            )


def _kinds() -> tuple[Kind, Kind]:
    return "off", "on"


def _unwritten(kind: Kind, zone: str, tag: str) -> Filter:
    """The filter that Custodian's documentation begins with."""
    defaults = Defaults(kind, zone, (Act(frozenset(range(5)), DEFAULT_HOUR[kind]),))
    return Filter(_NO_POLICY, "ecs-service", kind, defaults, tag, False, None, frozenset(), Chosen(), ())


def _grouped(filters: Iterable[Filter]) -> Iterator[list[Filter]]:
    """Filters that act on the same services, in the order of the file."""
    groups: dict[str, list[Filter]] = defaultdict(list)
    for one in filters:
        groups[f"{one.resource} {one.tag.lower()} {one.chosen}"].append(one)
    yield from groups.values()


def _of_group(filters: list[Filter], found: Read, taken: set[str]) -> Iterator[Draft | LeftOut]:
    notes = tuple(dict.fromkeys((*(note for one in filters for note in one.notes), *_of_all(filters))))
    wider = tuple(dict.fromkeys(note for one in filters for note in one.wider))
    first = (WIDER, *wider) if wider else ()
    for variant in _variants(filters, found):
        acts: dict[Kind, Schedule] = {}
        skipped: dict[Kind, frozenset[date]] = {}
        own_notes: list[str] = []
        conflict = ""
        for one in filters:
            result = scheduled(variant.value, one.defaults)
            if isinstance(result, Untimed):
                own_notes.append(f"{_WORD[one.kind]} of {one.policy} never happens: {result.why}.")
                continue
            before = acts.get(one.kind)
            acts[one.kind] = Schedule(result.zone, (*(before.acts if before else ()), *result.acts))
            if skipped.setdefault(one.kind, one.skipped) != one.skipped or (before and before.zone != result.zone):
                conflict = f"several {one.kind}hour policies for it differ in zone or skip-days."
        if conflict or not any(schedule.acts for schedule in acts.values()):
            yield LeftOut(variant.what, conflict or " ".join(own_notes) or "nothing in it ever acts.")
        else:
            shared = () if variant.priority else notes
            yield _draft(_policies(filters), variant, acts, skipped, (*first, *shared, *own_notes), taken)


def _draft(
    policies: str,
    variant: _Variant,
    acts: dict[Kind, Schedule],
    skipped: dict[Kind, frozenset[date]],
    notes: tuple[str, ...],
    taken: set[str],
) -> Draft | LeftOut:
    kinds = {kind: schedule.acts for kind, schedule in acts.items() if schedule.acts}
    zones = {acts[kind].zone.key: acts[kind].zone for kind in kinds}
    if len(zones) > 1:
        why = f"stop and start are meant in different zones ({' and '.join(zones)}); hours have one."
        return LeftOut(variant.what, why)
    [zone] = zones.values()
    days = {kind: skipped.get(kind, frozenset()) for kind in _kinds()}
    result = timed(zone, kinds, days)
    if isinstance(result, str):
        return LeftOut(variant.what, f"{result}.")
    return Draft(
        name=policy_name(variant.name, taken),
        description=f"From Cloud Custodian: {policies}" + (f", tag {variant.value}" if variant.priority else ""),
        chosen=variant.chosen,
        timing=result.timing,
        original=Custodian(zone, kinds, days),
        priority=variant.priority,
        notes=(*notes, *result.notes, *_alone(kinds)),
    )


def _policies(filters: Iterable[Filter]) -> str:
    """The names of all policies that became one, in the order of their file."""
    names = [one.policy for one in filters]
    return ", ".join(dict.fromkeys(name for name in names if name != _NO_POLICY)) or _NO_POLICY


def _alone(kinds: Iterable[Kind]) -> tuple[str, ...]:
    """What a stop or a start alone means here."""
    match tuple(kinds):
        case ("off",):
            return (
                "Only stops: hours are closed for the hours in which Custodian would act, and nothing is started. A "
                "closing waits until nobody uses the service: one that is in use for all of such an hour runs on, "
                "which Custodian would stop.",
            )
        case ("on",):
            return ("Only starts: hours are open for the hours in which Custodian would act, and nothing is stopped.",)
        case _:
            return ()


def _of_all(filters: Sequence[Filter]) -> Iterator[str]:
    first = filters[0]
    if first.resource not in ("ecs-service", "resources"):
        yield f"Its resource is {first.resource}: only ECS services are governed here, so check `match`."
    if len({one.opt_out for one in filters}) > 1:
        yield "opt-out differs between its stop and its start policy; here untagged services follow both."
    if first.tag.lower() != first.tag or any(mark in first.tag for mark in "*?"):
        yield f"Custodian finds the tag {first.tag} in any case; `match` compares exactly."


def _variants(filters: Sequence[Filter], found: Read) -> Iterator[_Variant]:
    """The defaults, the fallback for untagged services, and each tag value of its own."""
    tag, chosen, name = filters[0].tag, filters[0].chosen, _common_name(filters)
    own, ignored = [], list(_OPTED_OUT)
    for key, value in found.values:
        if key not in (None, tag.lower()):
            continue
        results = [scheduled(value, one.defaults) for one in filters]
        if any(isinstance(one, Untimed) and one.opted_out for one in results):
            ignored += [value] if value not in ignored else []
        elif plain_tag(value) not in ("", "on"):
            own.append(value)
            if all(isinstance(one, Untimed) for one in results):
                ignored.append(value)
    unmatched = {tag: tuple(value_glob(value) for value in ignored)}
    everyone = filters[0].policy != _NO_POLICY or any(plain_tag(value) in ("", "on") for _, value in found.values)
    fallback = next((one.fallback for one in filters if one.fallback is not None), None)
    opt_out = any(one.opt_out for one in filters)
    if (fallback is not None or not opt_out) and everyone:
        yield _Variant(name, "", _narrowed(chosen, {tag: ("*",)}, unmatched))
    elif everyone:
        yield _Variant(name, "", _narrowed(chosen, {}, unmatched))
    if fallback is not None:
        yield _Variant(f"{name}-fallback", fallback, _narrowed(chosen, {}, {tag: ("*",)}))
    for value in own:
        matched = _narrowed(chosen, {tag: (value_glob(value),)}, {})
        yield _Variant(f"{name} {plain_tag(value)}", value, matched, _OWN_TAG_PRIORITY)


def _narrowed(chosen: Chosen, tags: dict[str, tuple[str, ...]], not_tags: dict[str, tuple[str, ...]]) -> Chosen:
    merged = {key: (*chosen.not_tags.get(key, ()), *values) for key, values in not_tags.items()}
    return replace(chosen, tags={**chosen.tags, **tags}, not_tags={**chosen.not_tags, **merged})


def _common_name(filters: Sequence[Filter]) -> str:
    names = list(dict.fromkeys(one.policy for one in filters))
    shared = names[0]
    for name in names[1:]:
        while not name.startswith(shared):
            shared = shared[:-1]
    if len(names) > 1:
        shared = re.sub(r"[-_ ][^-_ ]*$", "", shared) if shared not in names else shared
    return shared if len(shared.strip("-_ ")) >= 3 else names[0]
