"""Is this tree built of the language's keys? Lists where lists stand, sections where sections stand, no other key.

Whatever is misplaced becomes a problem and `Nothing` in the tree that comes back, so that what reads the tree next
says nothing twice. Values are not judged here.
"""

from __future__ import annotations

from pydantic import BaseModel

from chalicelib.policy.nodes import Entry, ListNode, MapNode, Mark, Node, Nothing, Scalar
from chalicelib.policy.problems import Problem, nearest_word
from chalicelib.policy.shape import Shape, keys_of

PEERS_WORDS = {
    "uptime": "hours.open",
    "upscale-period": "hours.open",
    "periods": "hours.open",
    "period": "hours.open",
    "schedule": "hours.open",
    "schedules": "hours.open",
    "begintime": "hours.open",
    "endtime": "hours.open",
    "weekdays": "hours.open",
    "onhour": "hours.open",
    "windows": "hours.open",
    "downtime": "hours.open (write when it is open; the rest is closed)",
    "downscale-period": "hours.open (write when it is open; the rest is closed)",
    "offhour": "hours.closed",
    "default-tz": "hours.timezone",
    "tz": "hours.timezone",
    "time-zone": "hours.timezone",
    "desiredreplicas": "hours.opening (the size we saved comes back)",
    "skip-days": "hours.holidays.extra",
    "skip-days-from": "hours.holidays",
    "excluded-dates": "hours.holidays.extra",
    "cooldownperiod": "idle.stop-after",
    "cooldown-period": "idle.stop-after",
    "idle-timeout": "idle.stop-after",
    "idletimeout": "idle.stop-after",
    "idle-after": "idle.stop-after",
    "ttl": "idle.stop-after",
    "grace-period": "idle.warm-up",
    "missing-value": "idle.signals.NAME.missing",
    "exclude-until": "exclude[].until",
    "opt-out": "exclude",
    "retain-running": "hours.started-by-hand",
    "stop-new-instances": "hours.started-by-hand",
    "override-status": "overrides (a person's word, with an end)",
    "enforced": "mode: enforce",
    "dry-run": "mode: dry-run",
    "enabled": "mode",
    "minreplicacount": "limits.keep-running",
    "minreplicas": "limits.keep-running",
    "min-replicas": "limits.keep-running",
    "mincapacity": "limits.keep-running",
    "max-resources": "limits.stops-per-hour",
    "filters": "match",
    "selector": "match",
    "resource": "match",
    "apiversion": "lifecycle: v1",
    "version": "lifecycle: v1",
    "kind": "nothing: there is one kind of file",
    "metadata": "nothing: the policy's name is its key under policies",
    "name": "the key under policies",
    "spec": "nothing: write the policy's keys under its name",
    "on": "notify.events",
    "true": "notify.events",
    "actions": "nothing: hours and idle say what is done",
}
"""What other tools call it, in lower case with hyphens, and what it is here."""


_FIXED_ROLE = (
    "no such key: what a signal can say is fixed. requests, leases and ollama-ps may prove idleness, the others only "
    "see use; write ignore: true to leave one out"
)


class Structure:
    """Checks one tree; ``problems`` holds what was found so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def section(self, node: Node, section: type[BaseModel], *, only: frozenset[str] | None = None) -> MapNode | Nothing:
        """The section without its unknown keys. ``only`` narrows the keys that may stand here."""
        if not isinstance(node, MapNode):
            return self._misplaced(node, "a section of keys is expected here, as key: value lines")
        keys = {name: key for name, key in keys_of(section).items() if only is None or name in only}
        entries = []
        for entry in node.entries:
            if entry.key in keys:
                entries.append(Entry(entry.key, entry.mark, self._value(entry.value, keys[entry.key].shape)))
            elif (meant := self.unknown_key(entry, tuple(keys))) and node.get(meant) is None:
                entries.append(Entry(meant, entry.mark, Nothing(entry.mark)))  # so that it is not missed as well
        return MapNode(tuple(entries), node.mark)

    def _value(self, node: Node, shape: Shape) -> Node:
        if isinstance(node, Nothing):
            return node
        match shape.kind:
            case "section":
                if isinstance(node, Scalar) and node.text == "none":
                    return node
                assert shape.section is not None
                return self.section(node, shape.section)
            case "list":
                return self._list(node, shape)
            case "map":
                return self._map(node, shape)
            case "scalar":
                if isinstance(node, Scalar):
                    return node
                return self._misplaced(node, "one value is expected here, not a list or a section")

    def _list(self, node: Node, shape: Shape) -> Node:
        assert shape.item is not None
        if isinstance(node, ListNode):
            return ListNode(tuple(self._value(item, shape.item) for item in node.items), node.mark, node.inline)
        if isinstance(node, Scalar):
            if shape.text_too:
                return node
            return self._misplaced(node, f"a list is expected here; write [{node.text}]")
        return self._misplaced(node, "a list is expected here, as [a, b] or - lines")

    def _map(self, node: Node, shape: Shape) -> Node:
        assert shape.item is not None
        if not isinstance(node, MapNode):
            return self._misplaced(node, "a section of keys is expected here, as {key: value}")
        entries = []
        for entry in node.entries:
            if shape.words and entry.key not in shape.words:
                self.unknown_key(entry, shape.words)
            else:
                entries.append(Entry(entry.key, entry.mark, self._value(entry.value, shape.item)))
        return MapNode(tuple(entries), node.mark)

    def unknown_key(self, entry: Entry, allowed: tuple[str, ...]) -> str | None:
        """Tells of a key the language does not have here; gives the allowed key that is only misspelled, if one is."""
        theirs = PEERS_WORDS.get(entry.key.lower().replace("_", "-"))
        near = nearest_word(entry.key, allowed)
        if entry.key == "as" and "missing" in allowed:
            self._tell("LC007", entry.mark, entry.key, _FIXED_ROLE)
        elif theirs:
            self._tell("LC007", entry.mark, entry.key, f"another tool's word; here it is {theirs}")
        elif near:
            self._tell("LC007", entry.mark, entry.key, "no such key here", nearest=near)
            return near
        else:
            self._tell("LC007", entry.mark, entry.key, "no such key here", allowed=allowed)
        return None

    def _misplaced(self, node: Node, message: str) -> Nothing:
        if not isinstance(node, Nothing):
            self._tell("LC009", node.mark, node.text if isinstance(node, Scalar) else None, message)
        return Nothing(node.mark)

    def _tell(
        self,
        code: str,
        mark: Mark,
        value: str | None,
        message: str,
        *,
        allowed: tuple[str, ...] = (),
        nearest: str | None = None,
    ) -> None:
        self.problems.append(
            Problem(code, "error", mark.file, mark.line, mark.column, mark.path, value, message, allowed, nearest)
        )
