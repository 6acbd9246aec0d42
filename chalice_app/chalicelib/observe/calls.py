"""Runs AWS reads side by side and says in words why one failed.

A read that fails never takes its neighbours along: it comes back as `Failed` in its own place. Only what
makes every further call useless (no credentials, refused credentials) is raised at once. This module refuses
to retry: botocore does that inside each call, within the time the client was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

from chalicelib.errors import AwsUnreachable, LifecycleError, ObservationError

T = TypeVar("T")

WORKERS = 10
"""Calls in flight at once: enough to hide the way to AWS, below the 16 connections a client keeps open."""

MISSING = "MISSING"
"""The reason that ECS gives for what does not exist, among the failures of an answer; any other: it could not tell."""

_REFUSED_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    NoRegionError,
)

_NO_ANSWER = (HTTPClientError, NoConnection)


@dataclass(frozen=True, slots=True)
class Failed:
    """One read that did not work. ``code`` is the AWS error code or the name of the botocore error."""

    code: str
    reason: str


def together(jobs: Sequence[Callable[[], T]], workers: int = WORKERS) -> list[T | Failed]:
    """The results of all jobs, in their order. Raises AwsUnreachable for missing or refused credentials."""
    if len(jobs) <= 1:
        return [attempt(job) for job in jobs]
    with ThreadPoolExecutor(max_workers=min(workers, len(jobs)), thread_name_prefix="observe") as pool:
        return list(pool.map(attempt, jobs))


def attempt(job: Callable[[], T]) -> T | Failed:
    """The job's result, or why it failed. Raises AwsUnreachable for missing or refused credentials."""
    try:
        return job()
    except ClientError as error:
        return _failed(error)
    except BotoCoreError as error:
        if isinstance(error, _NO_CREDENTIALS):
            raise _unreachable(error) from error
        return Failed(type(error).__name__, f"no answer from AWS ({_first_line(error)})")
    except LifecycleError:
        raise
    except Exception as error:  # noqa: BLE001
        # An answer that botocore cannot parse is neither of the above, nor is one without a field we rely on.
        return _unforeseen(error)


@contextmanager
def one_sentence(what: str) -> Iterator[None]:
    """Turns botocore's errors into ours, for the reads without which nothing can go on.

    Raises AwsUnreachable when AWS does not answer or refuses the credentials, ObservationError otherwise.
    """
    try:
        yield
    except ClientError as error:
        failed = _failed(error)
        raise ObservationError(f"Cannot {what}: {failed.reason}.") from error
    except BotoCoreError as error:
        if isinstance(error, (*_NO_CREDENTIALS, *_NO_ANSWER)):
            raise _unreachable(error) from error
        raise ObservationError(f"Cannot {what}: {_first_line(error)}.") from error
    except (ResponseParserError, LookupError, TypeError) as error:  # the latter: an answer without what it promises
        raise ObservationError(f"Cannot {what}: {_unforeseen(error).reason}.") from error


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """``items`` in order, in pieces of at most ``size``."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _failed(error: ClientError) -> Failed:
    detail = error.response.get("Error", {})
    code = detail.get("Code", "Unknown")
    if code in _REFUSED_CREDENTIALS:
        raise AwsUnreachable(f"AWS refused the credentials ({code}): sign in again.") from error
    message = detail.get("Message", "").strip().rstrip(".")
    return Failed(code, f"{error.operation_name} answered {code}" + (f": {message}" if message else ""))


def _unforeseen(error: Exception) -> Failed:
    name = type(error).__name__
    return Failed(name, f"the answer could not be understood ({name}: {_first_line(error)})")


def _unreachable(error: BotoCoreError) -> AwsUnreachable:
    match error:
        case NoRegionError():
            return AwsUnreachable("No AWS region is set: pass --region or set AWS_REGION.")
        case HTTPClientError() | NoConnection():
            return AwsUnreachable(f"AWS did not answer: {_first_line(error)}.")
        case _:
            return AwsUnreachable("No usable AWS credentials were found: sign in, or set AWS_PROFILE.")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].strip().rstrip(".") if str(error) else type(error).__name__
