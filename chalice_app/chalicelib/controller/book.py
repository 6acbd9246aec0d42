"""Which policies are in force: what the source holds, as far as it is good, else the last good version.

Reading costs one list when nothing changed. When something changed, everything is read, judged with its own tests and
taken into force by one conditional write; who loses that race goes on with what the winner saved. A source that does
not answer leaves the last good set in force. This module never judges a policy: `policy.accept` does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.errors import ConditionFailed, ConfigurationError, ObservationError
from chalicelib.observe.policy_source import PolicySource
from chalicelib.policy.accept import Accepted, accept
from chalicelib.policy.lint import unheard
from chalicelib.policy.loader import load
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.policy.problems import Problem
from chalicelib.record.policies import InForce, PoliciesInForce, PolicySince

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Book:
    """The policies to decide by. ``since`` says when each policy's version took force; ``news`` is what people were
    not told yet: problems of a change that was not taken over whole, or a source that does not answer. ``changes``:
    policies that came into force, changed or left it with this reading. ``held``: those ruled by their last good
    version."""

    policies: PolicySet
    since: Mapping[str, datetime]
    problems: tuple[Problem, ...] = ()
    news: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()


LOOKED_AT_AGAIN_AFTER = timedelta(minutes=30)
"""A table that was restored holds older policies than a process that lives on believes, and everybody else reads them:
what is kept is compared this often, with one call."""


class PolicyBook:
    """``source`` None: only what is in force is read, nothing is ever taken into force (people's commands).

    ``asks`` names what the deployment asks besides metrics: written beside the policies, for people's commands.
    """

    def __init__(self, source: PolicySource | None, store: PoliciesInForce, asks: frozenset[str] | None = None) -> None:
        self._source = source
        self._store = store
        self._asks = asks
        self._in_force: InForce | None = None
        self._policies: PolicySet | None = None
        self._silence_is_noted = False
        self._looked_at: datetime | None = None

    def last_good(self) -> InForce | None:
        """What is in force, None when nothing ever was. Raises NoRecord where nothing is deployed."""
        self._load()
        return self._in_force

    def afresh(self, now: datetime) -> PolicySet:
        """What is in force, read by whoever needs nothing else, and beside others. Raises as `open`."""
        return PolicyBook(None, self._store).open(now).policies

    def asks(self) -> frozenset[str] | None:
        """What the deployment asks besides metrics, as far as was read: no call is made for it."""
        return self._in_force.asks if self._in_force else None

    def open(self, now: datetime) -> Book:
        """Raises ConfigurationError when no policy was ever in force and there is no source to read."""
        if self._in_force is None or self._source is None:
            self._load()
            self._looked_at = now
        elif self._looked_at is None or now - self._looked_at >= LOOKED_AT_AGAIN_AFTER:
            self._looked_at = now
            if not self._store.holds(self._in_force):
                self._load()
        if self._source is None:
            return self._standing(now)
        try:
            book = self._follow(self._source, now)
        except ObservationError as silent:
            if self._in_force is None:
                raise
            self._silence_is_noted = True
            is_news = self._store.note_silence(now)
            return self._standing(now, news=(f"{silent} The last good policies stay in force.",) if is_news else ())
        if self._silence_is_noted:
            self._store.note_answer()
            self._silence_is_noted = False
        return book

    def _load(self) -> None:
        self._in_force, self._policies = self._store.load(), None
        self._silence_is_noted = self._in_force is not None and self._in_force.source_was_silent

    def _follow(self, source: PolicySource, now: datetime) -> Book:
        before = self._in_force
        files = source.read(before.etags if before else NOTHING)
        asks = self._asks if self._asks is not None else before.asks if before else None
        if before and files.is_unchanged and before.asks == asks:
            return self._standing(now)
        if before:
            files = source.read(NOTHING)
        last_good = before.files if before else NOTHING
        accepted = accept(files.onto(NOTHING), last_good, today=now.date(), run_tests=_tested)
        doubts = () if asks is None else unheard(accepted.policies, asks)
        told = _digest(accepted.problems, doubts)
        after = InForce(
            files=accepted.in_force,
            version=accepted.policies.version,
            since=_since(accepted.policies, before, now),
            etags=files.etags,
            told=told,
            held=held_policies(accepted),
            asks=asks,
        )
        try:
            after = self._store.save(after, before)
        except ConditionFailed:
            self._load()
            return self._standing(now)
        self._in_force, self._policies = after, accepted.policies
        news = (*_news(accepted), *doubts) if told != (before.told if before else "") else ()
        return Book(accepted.policies, instants(after), accepted.problems, news, _changes(before, after), after.held)

    def _standing(self, now: datetime, news: tuple[str, ...] = ()) -> Book:
        if self._in_force is None:
            raise ConfigurationError("No policies are in force: none were ever read from the deployment's bucket.")
        if self._policies is None:
            self._policies = load(self._in_force.files, today=now.date()).policies
        return Book(self._policies, instants(self._in_force), news=news, held=self._in_force.held)


def peek(source: PolicySource, today: date, last_good: Mapping[str, str] = NOTHING) -> Accepted:
    """What would be in force if ``source`` were read now, over ``last_good``. Writes nothing."""
    return accept(source.read(NOTHING).onto(NOTHING), last_good, today=today, run_tests=_tested)


def _tested(policy: Policy, policies: PolicySet) -> Sequence[Problem]:
    from chalicelib.decide.policytests import as_problems, run_tests  # only when policies change

    return as_problems(run_tests(policy, policies))


def _since(policies: PolicySet, before: InForce | None, now: datetime) -> dict[str, PolicySince]:
    known = before.since if before else {}
    since: dict[str, PolicySince] = {}
    for policy in policies.policies:
        stood = known.get(policy.name)
        same = stood is not None and stood.version == policy.version
        since[policy.name] = stood if same and stood else PolicySince(policy.version, now)
    return since


def _changes(before: InForce | None, after: InForce) -> tuple[str, ...]:
    old, new = before.since if before else {}, after.since
    came = [f"{name}: in force from now on, version {new[name].version}" for name in sorted(new.keys() - old.keys())]
    changed = [
        f"{name}: version {new[name].version} is in force from now on, it was {old[name].version}"
        for name in sorted(new.keys() & old.keys())
        if new[name].version != old[name].version
    ]
    gone = [
        f"{name}: not in force any more; the services it ruled are left as they are"
        for name in sorted(old.keys() - new.keys())
    ]
    return (*came, *changed, *gone)


def held_policies(accepted: Accepted) -> frozenset[str]:
    """Those whose last good version rules: held one by one, or with the whole file that they stand in."""
    in_held_files = {
        policy.name for policy in accepted.policies.policies if policy.source.rpartition(":")[0] in accepted.held_files
    }
    return accepted.held | in_held_files


def instants(in_force: InForce) -> dict[str, datetime]:
    """When each policy's version took force."""
    return {name: one.since for name, one in in_force.since.items()}


def _digest(problems: Sequence[Problem], doubts: Sequence[str]) -> str:
    said = "\n".join([*(f"{one.place} {one.sentence}" for one in problems if one.is_error), *doubts])
    return hashlib.sha256(said.encode()).hexdigest()[:16] if said else ""


def _news(accepted: Accepted) -> tuple[str, ...]:
    """What people need to know of a change that was not taken over whole."""
    held = [f"{name}: its last good version stays in force" for name in sorted(accepted.held)]
    refused = [f"{name}: not in force, its services are left as they are" for name in sorted(accepted.refused)]
    files = [f"{name}: the file's last good text stays in force" for name in sorted(accepted.held_files)]
    errors = [f"{one.place} {one.path}: {one.sentence}" for one in accepted.problems if one.is_error]
    return (*files, *held, *refused, *errors)
