"""Cloud Custodian's cases as policy files and tags, imported.

Its filter acts in exact hours: where it would act, the policy that governs the service must be closed (offhour) or open
(onhour), and where it would not, that policy must not close (or open) at that hour. No policy at all: it never acts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.decide.govern import matches
from chalicelib.errors import ImportRefused
from chalicelib.importing.importing import Imported, import_files
from chalicelib.importing.model import Given
from chalicelib.importing.trees import Source
from chalicelib.policy.model import Policy
from chalicelib.policy.timetable import Timetable
from support.observations import service as a_service
from vector_verdict import RefusedOnPurpose, Verdict, verdict

FILE = "custodian_offhours"

_HOUR = timedelta(hours=1)
_MONDAY = datetime(2027, 1, 4, tzinfo=UTC)


def judge(data: Mapping[str, Any]) -> Iterator[Verdict]:
    kinds: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
        "vectors": ("hours", _hours),
        "parser_vectors": ("parser", _parser),
        "tz_vectors": ("zones", _zone),
        "unescape_vectors": ("unescape", _unescape),
        "validate_vectors": ("validate", _validate),
        "marked_for_op_vectors": ("marked-for-op", _marked),
    }
    for key, (kind, check) in kinds.items():
        for number, vector in enumerate(data[key], start=1):
            name = vector.get("id", f"{kind}-{number}")
            yield verdict(FILE, kind, name, lambda check=check, vector=vector: check(vector))


def _imported(configs: Mapping[str, Mapping[str, Any]], tag: str | None = None, key: str = "maid_offhours") -> Imported:
    """``configs``: filter name -> its keys; one policy for each, and a service with that tag."""
    policies = [
        {"name": f"the-{name}", "resource": "ecs-service", "filters": [{"type": name, **config}], "actions": [action]}
        for name, config in configs.items()
        for action in ("stop" if name == "offhour" else "start",)
    ]
    sources = [Source("policies.json", json.dumps({"policies": policies}))]
    if tag is not None:
        sources.append(Source("tags.json", json.dumps([{"Tags": [{"Key": key, "Value": tag}]}])))
    return import_files("custodian", sources, Given(), _MONDAY.date())


def _governing(done: Imported, key: str, tag: str | None) -> Policy | None:
    service = a_service(tags={} if tag is None else {key: tag})
    found = [one.policy for one in done.policies if matches(one.policy, service)]
    return max(found, key=lambda policy: policy.priority, default=None)


def _hours(vector: Mapping[str, Any]) -> str:
    key, tag, opens = vector["tag_key"], vector["tag_value"], vector["filter"] == "onhour"
    policy = _governing(_imported({vector["filter"]: vector["filter_config"]}, tag, key), key, tag)
    if policy is None or policy.hours is None:
        return "no policy governs it" if vector["expect_match"] else ""
    table, at = Timetable.of(policy.hours), datetime.fromisoformat(vector["instant_utc"])
    if vector["expect_match"]:
        return "" if table.phase(at).open is opens else f"expected {'open' if opens else 'closed'} at {at.isoformat()}"
    hour = at.replace(minute=0, second=0)
    acts = [one.at for one in table.transitions(hour, at + timedelta(microseconds=1)) if one.opens is opens]
    return f"acts at {acts[0].isoformat()}" if acts else ""


def _parser(vector: Mapping[str, Any]) -> str:
    tag, expected = vector["tag_value"], vector["expect"]
    zone = vector["default_tz"]
    filters = ("offhour", "onhour") if expected else ("offhour",)  # a start that it does not name goes by the defaults
    policy = _governing(_imported({name: {"default_tz": zone} for name in filters}, tag), "maid_offhours", tag)
    if policy is None or policy.hours is None:
        return "" if expected is None else "no policy governs it"
    if expected is None:
        return "a policy governs it"
    table = Timetable.of(policy.hours)
    for hour in range(7 * 24):
        at = _MONDAY.replace(tzinfo=table.zone) + hour * _HOUR
        for word, opens in (("off", False), ("on", True)):
            acts = any(at.weekday() in one["days"] and at.hour == one["hour"] for one in expected[word])
            if acts and table.phase(at).open is not opens:
                return f"at {at.isoformat()} {word} was expected"
    return ""


def _zone(vector: Mapping[str, Any]) -> str:
    done = _imported({"offhour": {"default_tz": vector["alias"], "offhour": 19}})
    zones = [one.policy.hours.timezone.key for one in done.policies if one.policy.hours]
    return "" if zones == [vector["iana"]] else f"{zones}"


def _unescape(vector: Mapping[str, Any]) -> str:
    tables = []
    for tag in (vector["escaped"], vector["plain"]):
        config = {"default_tz": "et"}
        policy = _governing(_imported({"offhour": config, "onhour": config}, tag), "maid_offhours", tag)
        if policy is None:
            return f"no policy governs {tag}"
        tables.append(policy.hours)
    return "" if tables[0] == tables[1] else "the escaped tag means other hours"


def _validate(vector: Mapping[str, Any]) -> str:
    try:
        _imported({vector["filter"]: vector["config"]})
    except ImportRefused as refused:
        return f"refused: {refused}" if vector["valid"] else ""
    return "" if vector["valid"] else "not refused"


def _marked(vector: Mapping[str, Any]) -> str:
    one = {"name": "later", "resource": "ecs-service", "filters": [{"type": "marked-for-op", "op": vector["op"]}]}
    done = import_files("custodian", [Source("p.json", json.dumps({"policies": [one]}))], Given(), _MONDAY.date())
    if done.policies:
        return "a policy was written"
    raise RefusedOnPurpose(done.left_out[0].why)
