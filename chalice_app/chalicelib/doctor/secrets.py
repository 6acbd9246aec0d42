"""Whether the secrets that the stack names are there and hold what they should. Their values are never shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from chalicelib.doctor.finding import Finding, skipped, well, wrong
from chalicelib.observe.calls import Failed, attempt

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

EXPECTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "LIFECYCLE_SLACK_SECRET": ("signing_secret", "bot_token"),
        "LIFECYCLE_WEBHOOK_SECRET": (),
        "LIFECYCLE_REPORT_SMTP_SECRET": ("user", "password"),
    }
)
"""By the variable that names the secret, what its JSON has to hold; nothing: any text."""

PAGE = "runbooks/rotate-secrets.md says what each of them holds"


def present(patient: Patient) -> Iterator[Finding]:
    told = patient.deployment.told if patient.deployment else {}
    named = {told[variable]: keys for variable, keys in EXPECTED.items() if told.get(variable)}
    if not named:
        yield skipped("this deployment names no secret")
        return
    faults = [finding for name, keys in named.items() if (finding := _of_secret(patient, name, keys))]
    yield from faults
    if not faults:
        yield well(f"{len(named)} secrets hold what they should" if len(named) > 1 else "its secret is complete")


def _of_secret(patient: Patient, name: str, keys: tuple[str, ...]) -> Finding | None:
    answer = attempt(lambda: patient.clients.secrets.get_secret_value(SecretId=name))
    if isinstance(answer, Failed):
        return wrong(f"the secret {name} cannot be read: {answer.reason}", f"make it, or let yourself read it: {PAGE}")
    text = str(answer.get("SecretString", ""))
    missing = [key for key in keys if not _holds(text, key)]
    if missing or not text.strip():
        what = " and ".join(missing) or "anything"
        return wrong(
            f"the secret {name} does not hold {what}", f"aws secretsmanager put-secret-value --secret-id {name}"
        )
    return None


def _holds(text: str, key: str) -> bool:
    try:
        held = json.loads(text)
    except ValueError:
        return False
    return isinstance(held, Mapping) and isinstance(held.get(key), str) and bool(held[key])
