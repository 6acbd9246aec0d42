"""What the keys of one section must say together, as far as draft-07 can say it: added to the generated schema.

The loader's ``rules`` are the law; each line here says one of them again. Sections of ``defaults`` are not judged, for
a default that no policy uses harms nobody; and nothing here asks for a key that the defaults of another file may give.
"""

from __future__ import annotations

from typing import Any, get_args

from chalicelib.policy.rules import UNIT_OF
from chalicelib.policy.sections.idle import SignalRule, SignalWord

Json = dict[str, Any]

_NOT_EMPTY = {
    "Match": ("clusters", "names", "tags", "not-tags", "launch-type"),
    "Exclude": ("names", "tags"),
    "NeverTouch": ("names", "clusters", "tags"),
    "Hours": ("open",),
    "CronEdges": ("start", "stop"),
    "Approval": ("for", "approvers"),
    "Freeze": ("hold",),
}
_ONE_OF_THESE = {"Exclude": ("names", "tags"), "NeverTouch": ("names", "clusters", "tags")}
_FORM_OF_UNIT = {"count": "count", "percent": "share", "bytes-per-second": "rate"}


def say_rules(parts: Json) -> None:
    """Adds the rules to the ``definitions``, in place."""
    for section, keys in _NOT_EMPTY.items():
        for key in keys:
            value = parts[section]["properties"][key]
            value["minItems" if value["type"] == "array" else "minProperties"] = 1
    for section, keys in _ONE_OF_THESE.items():
        parts[section]["anyOf"] = [{"required": [key]} for key in keys]
    parts["Match"]["minProperties"] = 1
    parts["CronEdges"]["required"] = ["start", "stop"]
    parts["Hours"]["not"] = {"required": ["open", "cron"], "properties": {"cron": {"type": "object"}}}
    parts["Given"]["properties"]["override"] |= {"minProperties": 1, "maxProperties": 1}
    for section in ("Idle", "IdleDefaults"):
        _name_signals(parts[section]["properties"]["signals"], parts["SignalRule"])


def _name_signals(signals: Json, rule: Json) -> None:
    """Each signal by its name, with the form of its own threshold."""
    words = rule["properties"]["missing"]["enum"]
    signals.pop("propertyNames", None)
    signals["additionalProperties"] = False
    signals["properties"] = {
        name: {
            "allOf": [{"$ref": f"#/definitions/{SignalRule.__name__}"}],
            "properties": {
                "busy-above": _threshold(name),
                "missing": {"enum": [one for one in words if name == "requests" or one != "zero-while-healthy"]},
            },
        }
        for name in get_args(SignalWord)
    }


def _threshold(signal: str) -> Json | bool:
    unit = UNIT_OF.get(signal)
    return {"$ref": f"#/definitions/{_FORM_OF_UNIT[unit]}"} if unit else False
