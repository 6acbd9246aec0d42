"""Keeps what was made, and remembers what was sent: a report is kept under its own instant and never overwritten, and
mailed once a week to the same people, however often a schedule fires.

A run claims the week and its recipients, keeps the claim while it builds, and says that it sends just before it does.
From then on nobody sends again, even if the run dies: a report that perhaps came is better than one that came twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from chalicelib.errors import ConditionFailed, ReportError
from chalicelib.record.codec import when_text
from chalicelib.record.table import Changes, Table

from reports import keep_conditions as conditions
from reports.writing import Forms

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PK = "REPORT"
CLAIMED_FOR = timedelta(minutes=15)
"""Longer than the function may run (`weekly_report`'s timeout)."""
_KINDS = {
    "report.html": "text/html; charset=utf-8",
    "report.csv": "text/csv; charset=utf-8",
    "report.json": "application/json",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where reports are kept: ``prefix`` without slashes at its ends."""

    bucket: str
    prefix: str
    region: str

    def folder(self, week: str, language: str, at: datetime) -> str:
        return f"{self.prefix}/{week}/{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.{language}"

    def link(self, folder: str) -> str:
        """To the console, which asks who one is: the bucket is private."""
        key = quote(f"{folder}/report.html", safe="")
        return f"https://{self.region}.console.aws.amazon.com/s3/object/{self.bucket}?region={self.region}&prefix={key}"


def keep(s3: S3Client, place: Place, folder: str, made: Forms) -> None:
    """HTML with its pictures, CSV and JSON. What stands there already stays as it is.

    Raises:
        ReportError: the bucket does not take it.
    """
    page = made.html({name: name for name in made.pictures})
    bodies = {"report.html": page.encode(), "report.csv": made.csv.encode(), "report.json": made.json.encode()}
    kinds = {**_KINDS, **dict.fromkeys(made.pictures, "image/png")}
    for name, body in (*made.pictures.items(), *bodies.items()):
        _put(s3, place.bucket, f"{folder}/{name}", body, kinds[name])


def _put(s3: S3Client, bucket: str, key: str, body: bytes, kind: str) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind, IfNoneMatch="*")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code != "PreconditionFailed":
            raise ReportError(f"the report cannot be kept at s3://{bucket}/{key}: {code}") from error
    except BotoCoreError as error:
        raise ReportError(f"the report cannot be kept at s3://{bucket}/{key}: {type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class Claim:
    week: str
    recipients: str
    owner: str


class Sent:
    """One row for each week and set of recipients."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, week: str, recipients: Sequence[str], owner: str, now: datetime) -> Claim | None:
        """None: it was sent, perhaps sent, or another run has it in hand. ``owner`` names this run."""
        claim = Claim(week, _digest(recipients), owner)
        changes = Changes(set={"report_owner": owner, "claimed_until": when_text(now + CLAIMED_FOR)})
        try:
            self._table.update(PK, _sk(claim), changes, conditions.REPORT_IS_FREE, {":now": when_text(now)})
        except ConditionFailed:
            return None
        return claim

    def begin(self, claim: Claim, now: datetime) -> bool:
        """From here on nobody sends it again. False: the claim had ended, and another run took it."""
        changes = Changes(set={"sending_at": when_text(now)}, remove=("claimed_until",))
        try:
            self._table.update(PK, _sk(claim), changes, conditions.OWN_REPORT, {":owner": claim.owner})
        except ConditionFailed:
            return False
        return True

    def done(self, claim: Claim, now: datetime, refused: Sequence[str]) -> None:
        """``refused`` got nothing."""
        changes = Changes(set={"sent_at": when_text(now), "refused": list(refused) or None})
        self._table.update(PK, _sk(claim), changes, conditions.OWN_SENDING, {":owner": claim.owner})

    def give_back(self, claim: Claim) -> None:
        """It certainly reached nobody: the next run may send it."""
        changes = Changes(remove=("report_owner", "claimed_until", "sending_at"))
        self._table.update(PK, _sk(claim), changes, conditions.OWN_SENDING, {":owner": claim.owner})


def _sk(claim: Claim) -> str:
    return f"{claim.week}#{claim.recipients}"


def _digest(recipients: Sequence[str]) -> str:
    """In whatever order and case they are written."""
    return hashlib.sha256("\n".join(sorted(one.lower() for one in recipients)).encode()).hexdigest()[:16]
