"""kube-downscaler's settings as drafts: one policy for its defaults, one for each annotated namespace or resource.

A resource's annotations are completed by its namespace's and these by the defaults, key by key, as it does itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from chalicelib.importing.downscaler_excluded import Gone, LeftAlone, gone
from chalicelib.importing.downscaler_file import Annotated, Settings, read
from chalicelib.importing.downscaler_original import Periods, UptimeAndDowntime
from chalicelib.importing.downscaler_spec import BadSpec, Fillings, Spec, read_spec
from chalicelib.importing.downscaler_timing import NoWords, by_level, by_periods, zone_of
from chalicelib.importing.each import each_by_itself
from chalicelib.importing.model import WIDER, Chosen, Draft, Drafted, Given, LeftOut
from chalicelib.importing.render import name_glob, policy_name
from chalicelib.importing.trees import Source

OTHER_WORLD = (
    "Kubernetes resources are no ECS services: names were taken over as service names and namespaces as clusters, so "
    "check each `match`."
)
OF_ITS_OWN = (
    "What kube-downscaler spares by itself (the namespace kube-system, the downscaler) is no service of ECS: it was "
    "not taken over."
)
_TIMES = ("uptime", "downtime", "upscale-period", "downscale-period")
_NAMESPACE_PRIORITY, _RESOURCE_PRIORITY = 10, 20


@dataclass(frozen=True, slots=True)
class _Case:
    """One policy to be, with its settings as they hold for it in the end."""

    source: Source
    name: str
    what: str
    chosen: Chosen
    keys: Mapping[str, str]
    priority: int = 0
    excluded: tuple[Gone, ...] = ()
    bare: bool = False
    """One definition that stands alone, of which the error shows all."""


def drafted(sources: Iterable[Source], given: Given) -> Drafted:
    """All files together. Raises ImportRefused where kube-downscaler could read nothing either; one resource of
    several that it could not read is left out."""
    found = read(sources)
    settings = found.values
    zone = given.zone.key if given.zone else settings.get("timezone")
    fillings = Fillings(zone, settings.get("weekframe"))
    taken: set[str] = set()
    cases = list(_cases(found))
    results: list[Draft | LeftOut] = [*_left_out(found), *_ungoverned(found, cases)]
    fallback = given.zone or ZoneInfo("UTC")
    results += each_by_itself(cases, lambda case: _drafted(case, fillings, fallback, taken), lambda case: case.what)
    notes = [*([OTHER_WORLD] if found.annotated else ()), *found.conflicts, *([OF_ITS_OWN] if settings else ())]
    if len(found.bare) > 1 or (found.bare and not found.annotated):
        notes.append("A definition alone does not say for which services: write their `match`.")
    return Drafted(
        tuple(one for one in results if isinstance(one, Draft)),
        tuple(one for one in results if isinstance(one, LeftOut)),
        tuple(notes),
    )


def _left_out(found: Settings) -> Iterator[LeftOut]:
    """What is no policy for a reason that stands beside its times."""
    settings = found.values
    alone = LeftAlone.of(settings)
    if any(key in settings for key in _TIMES) and isinstance(why := alone.clusters, str):
        yield LeftOut("the defaults", why)
    for one in found.annotated:
        reason = _forced(one) or (alone.why(one) if any(key in one.keys for key in _TIMES) else None)
        if reason is not None:
            yield LeftOut(one.what, reason)


def _ungoverned(found: Settings, cases: Iterable[_Case]) -> Iterator[LeftOut]:
    """Exclusions from which nothing here has to except anything."""
    said = {own for case in cases for own in case.excluded}
    for one in found.annotated:
        own = gone(one)
        if own is not None and own not in said and _forced(one) is None and not any(key in one.keys for key in _TIMES):
            yield LeftOut(one.what, f"{own.reason}: it is left alone there, and nothing written here governs it.")


def _forced(one: Annotated) -> str | None:
    for key in ("force-uptime", "force-downtime"):
        if one.keys.get(key, "false").lower() not in ("false", ""):
            verb = "keep" if key == "force-uptime" else "stop"
            return f"{key}: {one.keys[key]} is an override, and every override here ends: `lifecycle {verb} --until …`."
    return None


def _cases(found: Settings) -> Iterator[_Case]:
    defaults = found.values
    namespaces = {one.name: one for one in found.annotated if one.kind == "Namespace"}
    alone = LeftAlone.of(defaults)
    excluded = [
        (own, one.namespace)
        for one in found.annotated
        if one.kind != "Namespace" and alone.why(one) is None and (own := gone(one)) is not None
    ]
    chosen_clusters = alone.clusters
    if any(key in defaults for key in _TIMES) and not isinstance(chosen_clusters, str):
        source = next(one.source for key, one in found.defaults.items() if key in _TIMES)
        yield _Case(
            source,
            "kube-downscaler-defaults",
            "the defaults",
            Chosen(clusters=tuple(name_glob(one) for one in chosen_clusters)),
            defaults,
            0,
            (*alone.everywhere, *(own for own, _ in excluded)),
        )
    for number, (source, text) in enumerate(found.bare, start=1):
        name = "kube-downscaler" if len(found.bare) == 1 else f"kube-downscaler-{number}"
        yield _Case(source, name, f'"{text}"', Chosen(), {"uptime": text}, bare=True)
    for one in found.annotated:
        if alone.why(one) is None:
            inside = tuple(own for own, namespace in excluded if namespace == one.name)
            yield from _of_annotated(one, defaults, namespaces, (*alone.everywhere, *inside))


def _of_annotated(
    one: Annotated, defaults: Mapping[str, str], namespaces: Mapping[str, Annotated], inside: tuple[Gone, ...]
) -> Iterator[_Case]:
    """Its policy, if it says anything. ``inside``: what else is excluded, if it is a namespace."""
    own, is_forced = gone(one), _forced(one) is not None
    own_times = any(key in one.keys for key in _TIMES) and not is_forced
    if one.kind == "Namespace":
        if own_times or (own is not None and any(key in defaults for key in _TIMES)):
            keys, chosen = {**defaults, **one.keys}, Chosen(clusters=(name_glob(one.name),))
            whole = (*((own,) if own is not None else ()), *inside)
            yield _Case(one.source, one.name, one.what, chosen, keys, _NAMESPACE_PRIORITY, whole)
    elif own_times:
        clusters = (name_glob(one.namespace),) if one.namespace else ()
        above = namespaces.get(one.namespace or "")
        keys = {**defaults, **(above.keys if above else {}), **one.keys}
        chosen = Chosen(clusters=clusters, names=(name_glob(one.name),))
        both = tuple(each for each in (gone(above) if above else None, own) if each is not None)
        yield _Case(one.source, one.name, one.what, chosen, keys, _RESOURCE_PRIORITY, both)


def _drafted(case: _Case, fillings: Fillings, fallback: ZoneInfo, taken: set[str]) -> Draft | LeftOut:
    specs = {
        key: _spec(case, key, default, fillings)
        for key, default in zip(_TIMES, ("always", *["never"] * 3), strict=True)
    }
    uptime, downtime, upscale, downscale = specs.values()
    notes = list(_notes(case, specs))
    try:
        if upscale.never and downscale.never:
            zone = zone_of((uptime, downtime), fallback)
            timing = by_level(zone, uptime, downtime)
            original: UptimeAndDowntime | Periods = UptimeAndDowntime(zone, uptime, downtime)
        else:
            zone = zone_of((upscale, downscale), fallback)
            timing = by_periods(zone, upscale, downscale)
            original = Periods(zone, upscale, downscale)
    except NoWords as error:
        return LeftOut(case.what, f"{error}.")
    return Draft(
        name=policy_name(case.name, taken),
        description=f"From kube-downscaler: {case.what}",
        chosen=case.chosen,
        timing=timing,
        original=original,
        priority=case.priority,
        excluded=tuple(one.within(zone) for one in case.excluded),
        notes=(
            *notes,
            *(note for one in case.excluded for note in one.told(zone, everywhere=not case.chosen.clusters)),
        ),
    )


def _spec(case: _Case, key: str, default: str, fillings: Fillings) -> Spec:
    try:
        return read_spec(case.keys.get(key, default), fillings)
    except BadSpec as error:
        place = "" if case.bare else f"{case.what}, {key}: "
        raise case.source.refuse(f"{place}{error}") from None


def _notes(case: _Case, specs: Mapping[str, Spec]) -> Iterator[str]:
    if case.keys.get("matching-labels"):
        yield WIDER
        yield f'matching-labels "{case.keys["matching-labels"]}" is not carried over: write the labels as match.tags.'
    uptime, downtime, upscale, downscale = specs.values()
    if not (upscale.never and downscale.never):
        if "uptime" in case.keys or "downtime" in case.keys:
            yield "Its periods to scale in count alone: kube-downscaler ignores uptime and downtime beside them."
    elif not uptime.always and not downtime.never:
        yield (
            "Uptime together with downtime: hours here only say when they are open, so the downtime was taken out of "
            "the uptime."
        )
    zones = {part.zone_text: part.zone.key for spec in specs.values() for part in spec.recurring}
    for written, key in zones.items():
        if written.lower() != key.lower():
            yield f"The zone {written} became {key}, whose clocks follow the same rules."
    for spec in specs.values():
        for part in spec.recurring:
            if part.never_matches:
                yield (
                    f'"{part.text}" never matches in kube-downscaler (no range crosses midnight there) and was left '
                    "out; a night is written here as mon-fri 22:00-06:00."
                )
        if any(span.has_seconds for span in spec.absolute):
            yield f'"{spec.text}" has seconds; hours here are whole minutes, so they were rounded.'
    replicas = case.keys.get("downtime-replicas", "0").strip()
    if replicas not in ("0", "0%"):
        yield f"downtime-replicas: {replicas} is not carried over: a stop here is to 0."
    if "grace-period" in case.keys:
        yield f"grace-period: {case.keys['grace-period']} is not carried over: idle.warm-up spares what just started."
    if "include-resources" in case.keys and case.priority == 0:
        yield f'include-resources "{case.keys["include-resources"]}" is not carried over: write it as match or exclude.'
