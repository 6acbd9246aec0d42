"""Defaults under a policy, as trees: what a policy does not say inside a section it opens, the defaults say.

Decides which value counts and remembers where each came from; judges no value. Defaults never make anything happen:
they open no section by themselves. Maps merge key by key, lists and scalars replace, ``none`` takes an inherited
section out, and an inherited key that the policy's own choice makes meaningless is dropped instead of blamed on it.
``hours.cron`` counts whole: its starts and stops mean nothing without each other.
"""

from __future__ import annotations

from chalicelib.policy.nodes import Entry, MapNode, Mark, Node, Scalar

ALWAYS_OPEN = ("overrides", "limits", "notify")
"""Sections that every policy has: they only bound and tell, so defaults may fill them unasked."""
IN_DEFAULTS = frozenset({"hours", "idle", "spot", "approval", *ALWAYS_OPEN})
SECTIONS = IN_DEFAULTS | {"holidays", "cron"}
"""What ``none`` can take out."""


def merge(policy: MapNode, defaults: MapNode | None) -> MapNode:
    """The policy with its defaults filled in. Both trees have passed ``structure``."""
    entries = []
    for entry in policy.entries:
        if entry.key in IN_DEFAULTS and is_none(entry.value):
            continue
        if entry.key not in IN_DEFAULTS:
            entries.append(entry)
            continue
        inherited = defaults.get(entry.key) if defaults is not None else None
        entries.append(Entry(entry.key, entry.mark, _merged(entry.value, inherited)))
    for name in ALWAYS_OPEN:
        inherited_entry = defaults.entry(name) if defaults is not None else None
        if inherited_entry is not None and policy.entry(name) is None:
            entries.append(inherited_entry)
    return _without_meaningless(MapNode(tuple(entries), policy.mark))


def is_default(mark: Mark) -> bool:
    """Whether something was written under ``defaults``."""
    return mark.path.startswith("defaults.")


def is_none(node: Node) -> bool:
    """Whether this is the word ``none`` that takes a section out."""
    return isinstance(node, Scalar) and node.text == "none"


def _merged(own: Node, inherited: Node | None) -> Node:
    if not isinstance(own, MapNode):
        return own
    below = inherited if isinstance(inherited, MapNode) else MapNode((), own.mark)
    entries = [
        Entry(entry.key, entry.mark, _merged(entry.value, below.get(entry.key) if entry.key != "cron" else None))
        for entry in own.entries
        if not (entry.key in SECTIONS and is_none(entry.value))
    ]
    entries.extend(entry for entry in below.entries if own.entry(entry.key) is None)
    return MapNode(tuple(entries), own.mark)


def _without_meaningless(policy: MapNode) -> MapNode:
    def said(section: str, key: str) -> str | None:
        node = policy.get(section)
        value = node.get(key) if isinstance(node, MapNode) else None
        return value.text if isinstance(value, Scalar) else None

    def own(section: str, key: str) -> bool:
        node = policy.get(section)
        entry = node.entry(key) if isinstance(node, MapNode) else None
        return entry is not None and not is_default(entry.mark)

    drop: set[tuple[str, str]] = set()
    if said("hours", "closed") != "cut":
        drop.add(("hours", "cut-after"))
    drop |= {("hours", "open")} if own("hours", "cron") else set()
    drop |= {("hours", "cron")} if own("hours", "open") else set()
    if said("idle", "stop-after") != "adaptive":
        drop |= {("idle", key) for key in ("cold-start-value", "min", "max", "prewarm")}
    if said("spot", "use") == "only":
        drop.add(("spot", "fall-back-after"))
    if said("limits", "keep-running") in (None, "0"):
        drop.add(("limits", "keep-running-per"))
    entries = []
    for entry in policy.entries:
        value = entry.value
        if isinstance(value, MapNode):
            unwanted = {key for section, key in drop if section == entry.key}
            kept = [one for one in value.entries if not (is_default(one.mark) and one.key in unwanted)]
            value = MapNode(tuple(kept), value.mark)
            value = _own_country(value) if entry.key == "hours" else value
        entries.append(Entry(entry.key, entry.mark, value))
    return MapNode(tuple(entries), policy.mark)


def _own_country(hours: MapNode) -> MapNode:
    """An inherited subdivision belongs to the inherited country."""
    holidays = hours.entry("holidays")
    if holidays is None or not isinstance(holidays.value, MapNode):
        return hours
    country = holidays.value.entry("country")
    if country is None or is_default(country.mark):
        return hours
    kept = [one for one in holidays.value.entries if not (is_default(one.mark) and one.key == "subdivision")]
    changed = Entry(holidays.key, holidays.mark, MapNode(tuple(kept), holidays.value.mark))
    return MapNode(tuple(changed if one is holidays else one for one in hours.entries), hours.mark)
