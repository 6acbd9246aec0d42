"""The policies in force: the last good text of every file, its version, and since when each policy's version holds.

Kept here so that a bad upload never leaves the fleet without policies. The text is stored gzipped in parts named by
their content; one head row points at them and is swapped by one conditional write.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from chalicelib.errors import ConditionFailed, RecordUnavailable
from chalicelib.record import conditions
from chalicelib.record.codec import Item, when, when_text
from chalicelib.record.table import Table

PK = "POLICIES"
HEAD_SK = "HEAD"
SILENCE_SK = "SILENCE"
PART_BYTES = 350_000
SAME_SILENCE_AGAIN_AFTER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class PolicySince:
    """The version of one policy and when it took force: its first hour is bounded."""

    version: str
    since: datetime


@dataclass(frozen=True, slots=True)
class InForce:
    """``files``: name -> text. ``version`` names the whole set."""

    files: Mapping[str, str]
    version: str
    since: Mapping[str, PolicySince] = field(default_factory=lambda: MappingProxyType({}))
    etags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What the source called the versions last looked at, good or bad: unchanged ones are not read again."""
    told: str = ""
    """Digest of the problems people were last told about."""
    held: frozenset[str] = frozenset()
    """Policies ruled by their last good version, because what stands in their file now has errors."""
    asks: frozenset[str] | None = None
    """The signals for which the deployment has a source besides metrics; None: not known."""
    revision: int = 0
    """Counts the sets that took force; given by `PoliciesInForce.save`."""
    source_was_silent: bool = False
    """Whether people were told that the source does not answer, and not yet seen that it does; given by `load`."""


class PoliciesInForce:
    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self) -> InForce | None:
        """None when none were ever kept. Raises RecordUnavailable when the head points at parts that are not there."""
        for _ in range(3):
            rows = {str(row["sk"]): row for row in self._table.query(PK)}
            head = rows.get(HEAD_SK)
            if head is None:
                return None
            names = [
                _part_sk(int(head["revision"]), str(head["digest"]), number) for number in range(int(head["parts"]))
            ]
            if all(name in rows for name in names):
                kept = _in_force(head, b"".join(bytes(rows[name]["body"]) for name in names))
                return replace(kept, source_was_silent=SILENCE_SK in rows)
        raise RecordUnavailable("The policies in force changed each time we read them, or a part of them is lost.")

    def holds(self, in_force: InForce) -> bool:
        """Whether this is what is kept. A table that was restored holds another set, or none."""
        head = self._table.get(PK, HEAD_SK)
        kept = (int(head["revision"]), str(head["policies_version"])) if head else None
        return kept == (in_force.revision, in_force.version)

    def save(self, in_force: InForce, replaces: InForce | None) -> InForce:
        """Takes ``in_force`` into force over ``replaces`` (None: over nothing) and returns it with its revision.

        Raises ConditionFailed when another set came between.
        """
        seen = self._revision_of(replaces)
        body = gzip.compress(_packed(in_force), mtime=0)
        digest = hashlib.sha256(body).hexdigest()[:16]
        parts = [body[at : at + PART_BYTES] for at in range(0, len(body), PART_BYTES)]
        for number, part in enumerate(parts):
            self._put_part(_part_sk(seen + 1, digest, number), part)
        head = {
            "pk": PK,
            "sk": HEAD_SK,
            "policies_version": in_force.version,
            "digest": digest,
            "parts": len(parts),
            "revision": seen + 1,
        }
        if replaces is None:
            self._table.put(head, conditions.FIRST_REVISION)
        else:
            self._table.put(head, conditions.SAME_REVISION, {":seen": seen})
        if seen:
            self._sweep(seen + 1, digest)
        return replace(in_force, revision=seen + 1)

    def note_silence(self, now: datetime) -> bool:
        """True for the one who may say that the source does not answer: the first, and one after a while."""
        row = {"pk": PK, "sk": SILENCE_SK, "silent_at": when_text(now)}
        try:
            self._table.put(row, conditions.SILENCE_ONCE, {":long_ago": when_text(now - SAME_SILENCE_AGAIN_AFTER)})
        except ConditionFailed:
            return False
        return True

    def note_answer(self) -> None:
        self._table.drop(PK, SILENCE_SK)

    def _revision_of(self, replaces: InForce | None) -> int:
        """The revision that ``replaces`` has; looked up for a set that was handed in as it was before its save."""
        if replaces is None or replaces.revision:
            return replaces.revision if replaces else 0
        head = self._table.get(PK, HEAD_SK)
        if head is None or head["policies_version"] != replaces.version:
            raise ConditionFailed(conditions.SAME_REVISION.name, "Another set of policies took force meanwhile.", head)
        return int(head["revision"])

    def _put_part(self, sk: str, part: bytes) -> None:
        try:
            self._table.put({"pk": PK, "sk": sk, "body": part}, conditions.NEW_ENTRY)
        except ConditionFailed:
            return  # named by its content: what stands there is the same

    def _sweep(self, revision: int, digest: str) -> None:
        """Parts up to our revision that are not ours belong to sets that were replaced or lost: dead for good."""
        mine = _part_sk(revision, digest, 0)[:-4]
        for row in self._table.query(PK, since="PART#", before=_part_sk(revision + 1, "", 0)[:-5]):
            if not str(row["sk"]).startswith(mine):
                self._table.drop(PK, str(row["sk"]))


def _part_sk(revision: int, digest: str, number: int) -> str:
    return f"PART#{revision:08d}#{digest}#{number:04d}"


def _packed(in_force: InForce) -> bytes:
    document = {
        "files": dict(in_force.files),
        "since": {name: [one.version, when_text(one.since)] for name, one in in_force.since.items()},
        "etags": dict(in_force.etags),
        "told": in_force.told,
        "held": sorted(in_force.held),
        "asks": None if in_force.asks is None else sorted(in_force.asks),
    }
    return json.dumps(document, sort_keys=True, ensure_ascii=False).encode()


def _in_force(head: Item, body: bytes) -> InForce:
    document = json.loads(gzip.decompress(body))
    asks = document.get("asks")
    return InForce(
        files=document["files"],
        version=str(head["policies_version"]),
        since={name: PolicySince(version, when(since)) for name, (version, since) in document["since"].items()},
        etags=document["etags"],
        told=document["told"],
        held=frozenset(document.get("held", ())),
        asks=None if asks is None else frozenset(asks),
        revision=int(head["revision"]),
    )
