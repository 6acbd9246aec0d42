"""`lifecycle support-bundle`: one zip with what a bug report needs, and nothing that is nobody's business."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chalicelib.bundle import gathering
from chalicelib.cli.exits import Exit
from chalicelib.doctor.deployment import Deployment
from chalicelib.doctor.patient import Patient
from chalicelib.notify.letters import letter_of
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.record.history import Entry, EntryKind
from chalicelib.record.history import History as Past
from chalicelib.record.outbox import OutboxRows
from support.cli import SIMPLE
from support.cli_account import Account, account

TOKEN = "xoxb-" + "987654-planted"
PASSWORD = "planted-hunter2"
MAIL = "ada@planted.example.com"


def read(place: Path) -> dict[str, str]:
    with zipfile.ZipFile(place) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def plant(made: Account) -> None:
    """Secrets wherever a bundle reads."""
    now = made.line.clock.now()
    Past(made.table).append(Entry(now - timedelta(hours=1), EntryKind.NOTICE, MAIL, f"it said {TOKEN}"))
    letter = letter_of(Notice(now, NoticeKind.STOPPED, None, f"password: {PASSWORD}"))
    rows = OutboxRows(made.table)
    rows.put(letter)
    rows.claim(letter, "a", now)
    rows.put_off(letter, "a", now, tries=1, trouble=f"Slack refused {TOKEN}")


@pytest.fixture
def stacked(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"LIFECYCLE_WEBHOOK_URL": f"https://hook:{PASSWORD}@x.example", "LIFECYCLE_MAIL_FROM": MAIL}
    monkeypatch.setattr(Patient, "deployment", Deployment("models", (), told))
    monkeypatch.setattr(gathering, "_lines_of", lambda logs, group, now: iter([json.dumps({"line": f"got {TOKEN}"})]))
    monkeypatch.setattr(
        "chalicelib.runtime.clients.Clients.logs",
        SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=_pages)),
    )


def _pages(**_: Any) -> list[dict[str, Any]]:
    return [{"logGroups": [{"logGroupName": "/aws/lambda/models-Sweep", "retentionInDays": 14}]}]


def test_a_bundle_holds_what_a_report_needs_and_no_secret_that_was_planted_anywhere(
    tmp_path: Path, stacked: None
) -> None:
    policy = SIMPLE.replace("mode:", f"description: 'token {TOKEN}, ask {MAIL}'\n    mode:", 1)
    assert TOKEN in policy
    with account(tmp_path, {"dev.yaml": policy}) as made:
        made.service("gpu-dev/chat")
        plant(made)
        result = made.line.run("support-bundle", "--out", str(tmp_path / "b.zip"))
    assert result.exit_code == Exit.DONE, result.stderr

    held = read(tmp_path / "b.zip")

    names = {"about.json", "doctor.txt", "status.json", "history.jsonl", "outbox.json", "stack.json", "logs.jsonl"}
    assert names <= held.keys()
    assert any(name.startswith("policies/") for name in held)
    everything = "\n".join(held.values())
    assert not [planted for planted in (TOKEN, PASSWORD, MAIL, "123456789012") if planted in everything]
    assert "gpu-dev/chat" in held["status.json"]
    assert "it said [removed]" in held["history.jsonl"]
    assert "person-1@example.invalid" in everything
    assert json.loads(held["outbox.json"])[0]["tries"] == 1
    assert "stop-after" in everything or "hours" in everything
    assert "taken out" in result.stdout
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0


def test_what_cannot_be_read_is_said_in_its_place_and_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": SIMPLE}, deployed=False) as made:
        first = made.line.run("support-bundle", "--out", str(tmp_path / "b.zip"))
        again = made.line.run("support-bundle", "--out", str(tmp_path / "b.zip"))

    assert first.exit_code == Exit.DONE, first.stderr
    assert "could not be read" in read(tmp_path / "b.zip")["history.jsonl"]
    assert again.exit_code == Exit.ERROR
    assert "choose another place with --out" in again.stderr
