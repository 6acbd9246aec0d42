"""Answers of Cost Explorer that were paid for, kept in a folder or in a bucket for as long as they are worth reading.

Cost Explorer's figures change up to three times a day and lag by up to 24 hours, so that the answer of this morning is
as good as a new one (docs.aws.amazon.com/cost-management, "Analyzing your costs with Cost Explorer").
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError
from chalicelib.errors import ReportError

KEEP = timedelta(hours=20)


class Nothing:
    """Keeps nothing."""

    def read(self, key: str) -> str | None:
        return None

    def write(self, key: str, text: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class InFolder:
    """One file an answer. ``keep`` None: however old. Files can be read by their owner alone: they are a bill."""

    folder: Path
    now: Callable[[], datetime]
    keep: timedelta | None = KEEP

    def read(self, key: str) -> str | None:
        path = self._path(key)
        try:
            age = self.now().timestamp() - path.stat().st_mtime
            return None if self.keep is not None and age > self.keep.total_seconds() else path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ReportError(f"{path} cannot be read: {error.strerror}; name another folder for the cache") from error

    def write(self, key: str, text: str) -> None:
        path = self._path(key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = path.with_suffix(f".{os.getpid()}")
            beside.write_text(text, "utf-8")
            beside.chmod(0o600)
            at = self.now().timestamp()
            os.utime(beside, (at, at))
            beside.replace(path)
        except OSError as error:
            raise ReportError(f"{path} cannot be written: {error.strerror}; name another folder for it") from error

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


class BucketClient(Protocol):
    """What is called of boto3's client for ``s3``."""

    @property
    def get_object(self) -> Callable[..., Mapping[str, Any]]: ...
    @property
    def put_object(self) -> Callable[..., Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class InBucket:
    """One object an answer below ``prefix``. What cannot be kept is paid for again: never a reason to fail."""

    s3: BucketClient
    bucket: str
    prefix: str
    now: Callable[[], datetime]
    keep: timedelta = KEEP

    def read(self, key: str) -> str | None:
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=self._key(key))
        except ClientError:
            return None
        if self.now() - found["LastModified"] > self.keep:
            return None
        return str(found["Body"].read().decode())

    def write(self, key: str, text: str) -> None:
        try:
            self.s3.put_object(
                Bucket=self.bucket, Key=self._key(key), Body=text.encode(), ContentType="application/json"
            )
        except ClientError:
            return

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}.json"
