"""Which policy governs a service: exactly one, whole, or none.

Among the policies in ``enforce`` mode that match, the highest priority rules; a tie at the top rules nothing and is
told. Policies in ``dry-run`` never compete: they shadow the ruling one. Disabled policies are not looked at.
Globs are for whole names, case-sensitive, with only ``*`` and ``?`` wild.

A service that people launched through our API (`INSTANCE_TAG`) and that no policy rules is ruled by a built-in one,
`LAUNCHED`: it is never closed and asks nobody, but what nobody uses is put to sleep until a request comes, so that no
spelling of an environment makes something run for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from chalicelib.decide.facts import INSTANCE_TAG, ServiceFacts
from chalicelib.decide.tags import with_tags
from chalicelib.decide.words import counted
from chalicelib.policy.model import Mode, Policy, PolicySet
from chalicelib.policy.problems import nearest_word
from chalicelib.policy.sections.idle import Idle
from chalicelib.policy.sections.services import Match, NeverTouch

LAUNCHED = Policy(
    name="launched",
    source="built in",
    version="built-in",
    mode=Mode.ENFORCE,
    match=Match(tags={INSTANCE_TAG: ("*",)}),
    idle=Idle(stop_after=timedelta(hours=1)),
)


@dataclass(frozen=True, slots=True)
class Governance:
    """Who decides about one service. All policies here have the service's allowed tags applied.

    ``ruling`` is None when nothing in enforce mode matches, or when ``tied`` names two or more. A service on the
    never-touch list still has its ruling policy here, so that `decide` can say why nothing happens.
    ``tag_problem``: a tag on the service does not parse; nobody may act on it.
    """

    ruling: Policy | None
    shadows: tuple[Policy, ...]
    tied: tuple[Policy, ...]
    never_touch: NeverTouch | None
    tag_problem: str = ""
    _asked: tuple[PolicySet, ServiceFacts] | None = field(default=None, repr=False, compare=False)

    @property
    def nearest(self) -> str:
        """For a service that no policy matches: the policy that comes nearest, and what keeps it away."""
        if self.ruling or self.shadows or self.tied:
            return ""
        return self._nearest()

    @property
    def note(self) -> str:
        """For whoever launched a service that only the built-in policy rules: that, and what it does. Else empty."""
        if self.ruling is None or self.ruling.source != LAUNCHED.source:
            return ""
        why_none = f"{self.shadows[0].name} is in dry-run" if self.shadows else self._nearest()
        return (
            f"No policy in force matches this ({why_none}), so the built-in one rules: stopped one hour after the last "
            "request, started by the next."
        )

    def _nearest(self) -> str:
        if self._asked is None:
            return ""
        policies, facts = self._asked
        misses = [(_misses(policy.match, facts), policy.name) for policy in policies.policies if _is_live(policy)]
        if not misses:
            return "there are no policies"
        found, name = min(misses, key=lambda miss: (len(miss[0]), miss[1]))
        return f"nearest policy {name}: {'; '.join(found)}"


def govern(policies: PolicySet, facts: ServiceFacts) -> Governance:
    """Finds who decides about the service. Pure; looks at every policy's ``match``."""
    matching = [policy for policy in policies.policies if _is_live(policy) and matches(policy, facts)]
    enforced = [policy for policy in matching if policy.mode is Mode.ENFORCE]
    top = max((policy.priority for policy in enforced), default=0)
    highest = [policy for policy in enforced if policy.priority == top]
    if not highest and INSTANCE_TAG in facts.tags:
        highest = [LAUNCHED]
    shadows = sorted((p for p in matching if p.mode is Mode.DRY_RUN), key=lambda p: (-p.priority, p.name))
    ruling = [with_tags(policy, facts.tags) for policy in highest]
    shadowing = [with_tags(policy, facts.tags) for policy in shadows]
    alone = len(ruling) == 1
    return Governance(
        ruling=ruling[0].policy if alone else None,
        shadows=tuple(tagged.policy for tagged in shadowing),
        tied=() if alone else tuple(tagged.policy for tagged in ruling),
        never_touch=never_touch(policies, facts),
        tag_problem=next((tagged.problem for tagged in [*ruling, *shadowing] if tagged.problem), ""),
        _asked=(policies, facts),
    )


def matches(policy: Policy, facts: ServiceFacts) -> bool:
    """Whether the policy's ``match`` takes the service. Its mode and its exclusions do not matter here."""
    return not any(True for _ in _misses_of(policy.match, facts))


def never_touch(policies: PolicySet, facts: ServiceFacts) -> NeverTouch | None:
    """The first line of the never-touch list that takes the service."""
    for line in policies.never_touch:
        if (
            (line.clusters is None or any_glob(line.clusters, facts.id.cluster))
            and (line.names is None or any_glob(line.names, facts.id.name))
            and (line.tags is None or all_tags(line.tags, facts.tags))
        ):
            return line
    return None


def nearest_miss(policy: Policy, services: Sequence[ServiceFacts]) -> str:
    """For a policy that matches nothing: ``0 of 14 services match: nearest is …``. Empty when something matches."""
    if not services:
        return "0 of 0 services match: there is no service to see"
    misses = [(_misses(policy.match, facts), facts) for facts in services]
    fewest, facts = min(misses, key=lambda miss: (len(miss[0]), str(miss[1].id)))
    if not fewest:
        return ""
    count = counted(len(services), "service")
    return f"0 of {count} {'matches' if len(services) == 1 else 'match'}: nearest is {facts.id}: {'; '.join(fewest)}"


def any_glob(globs: Iterable[str], text: str) -> bool:
    return any(_glob(glob)(text) is not None for glob in globs)


def all_tags(wanted: Mapping[str, tuple[str, ...]], tags: Mapping[str, str]) -> bool:
    """Every key must be there with one of its values."""
    for key, globs in wanted.items():
        value = tags.get(key)
        if value is None or not any_glob(globs, value):
            return False
    return True


@lru_cache(maxsize=4096)
def _glob(glob: str) -> Callable[[str], re.Match[str] | None]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(one) or re.escape(one) for one in glob), re.DOTALL).fullmatch


def _is_live(policy: Policy) -> bool:
    return policy.mode is not Mode.DISABLED


def _misses(match: Match, facts: ServiceFacts) -> list[str]:
    return [say() for say in _misses_of(match, facts)]


def _misses_of(match: Match, facts: ServiceFacts) -> Iterable[Callable[[], str]]:
    """What keeps a service from matching, one after the other; the words are made only for whoever reads them."""
    if match.clusters is not None and not any_glob(match.clusters, facts.id.cluster):
        yield lambda: f"cluster is {facts.id.cluster}, wanted {_or(match.clusters)}"
    if match.names is not None and not any_glob(match.names, facts.id.name):
        yield lambda: f"name is {facts.id.name}, wanted {_or(match.names)}"
    if match.launch_type is not None and facts.launch_type.value not in match.launch_type:
        yield lambda: f"launch type is {facts.launch_type.value}, wanted {_or(match.launch_type)}"
    for key, globs in (match.tags or {}).items():
        value = facts.tags.get(key)
        if value is None or not any_glob(globs, value):
            yield lambda key=key, globs=globs: _tag_miss(key, globs, facts.tags)  # type: ignore[misc]
    for key, globs in (match.not_tags or {}).items():
        value = facts.tags.get(key)
        if value is not None and any_glob(globs, value):
            yield lambda key=key, value=value: f"{key}={value} is under not-tags"  # type: ignore[misc]


def _tag_miss(key: str, globs: tuple[str, ...], tags: Mapping[str, str]) -> str:
    wanted = f"wanted {key}={_or(globs)}"
    if key in tags:
        value = tags[key]
        cased = any(glob.lower() == value.lower() for glob in globs)
        return f"{key}={value}, {wanted}" + (" (tags are case-sensitive)" if cased else "")
    for other, value in tags.items():
        if other.lower() == key.lower():
            return f"{other}={value}, {wanted} (tags are case-sensitive)"
    near = nearest_word(key, tags)
    return f"no tag {key}, {wanted}" + (f" (it has {near}={tags[near]})" if near else "")


def _or(words: Iterable[str] | None) -> str:
    return " or ".join(words or ())
