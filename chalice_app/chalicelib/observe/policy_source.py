"""Where policies come from: a folder, or a prefix in S3. Reads only what has changed since last time.

Hands on texts; never parses them, never judges them. A file that is not UTF-8 arrives with its bad bytes as lone
surrogates, and one that is too large arrives cut, so that the loader can name the file and the fault and keep the
last good version: one bad file must not hide the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chalicelib.errors import ConfigurationError, ObservationError
from chalicelib.observe.calls import Failed, one_sentence, together
from chalicelib.policy.loader import decode

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

ENDINGS = (".yaml", ".yml")
MOST_BYTES = 1024 * 1024
"""The language's limit for one file; one byte more is read, so that the loader sees that it is too large."""

_GONE = frozenset({"NoSuchKey", "404"})


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One file's text. ``etag`` changes with its bytes; ``version_id`` is S3's, where the bucket keeps versions."""

    text: str
    etag: str
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """``etags``: every file there is. ``changed``: those whose etag is not the known one. ``gone``: no longer there."""

    etags: Mapping[str, str]
    changed: Mapping[str, PolicyFile]
    gone: frozenset[str]

    @property
    def is_unchanged(self) -> bool:
        return not self.changed and not self.gone

    def onto(self, texts: Mapping[str, str]) -> dict[str, str]:
        """All texts as they stand now, given those of last time."""
        merged = {name: text for name, text in texts.items() if name in self.etags}
        return merged | {name: file.text for name, file in self.changed.items()}


class PolicySource(Protocol):
    def read(self, known: Mapping[str, str]) -> PolicyFiles:
        """``known``: file name -> etag of what the caller already has; empty to read everything."""


class FolderSource:
    """The ``*.yaml`` and ``*.yml`` files right inside one folder."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    def __str__(self) -> str:
        return str(self._path)

    def read(self, known: Mapping[str, str]) -> PolicyFiles:
        """Raises ConfigurationError when there is no such folder, ObservationError when a file cannot be read."""
        if not self._path.is_dir():
            raise ConfigurationError(f"The policies folder {self._path} does not exist.")
        files: dict[str, PolicyFile] = {}
        try:
            for path in sorted(self._path.iterdir()):
                if path.suffix in ENDINGS and path.is_file():
                    with path.open("rb") as handle:
                        data = handle.read(MOST_BYTES + 1)
                    files[path.name] = PolicyFile(decode(data), hashlib.sha256(data).hexdigest())
        except OSError as error:
            raise ObservationError(f"Cannot read the policies in {self._path}: {error.strerror or error}.") from error
        return _compared({name: file.etag for name, file in files.items()}, files, known)


class S3Source:
    """The ``*.yaml`` and ``*.yml`` objects right below one prefix: one list, and one get for each that changed."""

    def __init__(self, s3: S3Client, bucket: str, prefix: str = "") -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"

    def __str__(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    def read(self, known: Mapping[str, str]) -> PolicyFiles:
        """Raises AwsUnreachable or ObservationError when the list or a changed object cannot be read."""
        with one_sentence(f"list the policies in {self}"):
            listed = self._list()
        wanted = [name for name, etag in listed.items() if known.get(name) != etag]
        answers = together([partial(self._get, name) for name in wanted])
        files: dict[str, PolicyFile] = {}
        for name, answer in zip(wanted, answers, strict=True):
            if not isinstance(answer, Failed):
                # The text and its own etag belong together, whatever the list said a moment ago.
                files[name] = answer
                listed[name] = answer.etag
            elif answer.code in _GONE:
                del listed[name]
            else:
                raise ObservationError(f"Cannot read the policy file {self}{name}: {answer.reason}.")
        return _compared(listed, files, known)

    def _list(self) -> dict[str, str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix, Delimiter="/"
        )
        return {
            item["Key"].removeprefix(self._prefix): item["ETag"]
            for page in pages
            for item in page.get("Contents", [])
            if item["Key"].endswith(ENDINGS)
        }

    def _get(self, name: str) -> PolicyFile:
        answer = self._s3.get_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")
        with answer["Body"] as body:
            data: bytes = body.read(MOST_BYTES + 1)
        return PolicyFile(decode(data), answer["ETag"], answer.get("VersionId"))


def source_of(where: str, s3: S3Client | None) -> PolicySource:
    """``s3://bucket/prefix`` or a folder. Raises ConfigurationError for an S3 address without a bucket or client."""
    if not where.startswith("s3://"):
        return FolderSource(where)
    bucket, _, prefix = where.removeprefix("s3://").partition("/")
    if not bucket or s3 is None:
        raise ConfigurationError(f'"{where}" names no bucket: write s3://bucket/prefix.')
    return S3Source(s3, bucket, prefix)


def _compared(etags: Mapping[str, str], files: Mapping[str, PolicyFile], known: Mapping[str, str]) -> PolicyFiles:
    changed = {name: file for name, file in files.items() if known.get(name) != file.etag}
    return PolicyFiles(etags=dict(etags), changed=changed, gone=frozenset(known) - etags.keys())
