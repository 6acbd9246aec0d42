"""Runs `lifecycle` inside a test: a folder of policies, a stepped clock, and nobody to answer questions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from chalicelib.cli.desk import Desk
from chalicelib.cli.main import lifecycle
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SteppedClock
from click.testing import CliRunner, Result

FRIDAY = "2026-11-20T17:00+09:00"

SIMPLE = """\
# yaml-language-server: $schema=./schema.json
lifecycle: v1
policies:
  dev-nights-off:
    match: {tags: {environment: dev}}
    hours:
      timezone: Asia/Tokyo
      open: [mon-fri 08:00-20:00]
      holidays: {country: JP}
    idle:
      stop-after: 30m
    mode: dry-run        # only says what it would do
"""


class CommandLine:
    """One place to stand: ``files`` are written into ``root/policies``; `run` types a command there."""

    def __init__(
        self, root: Path, files: dict[str, str] | None = None, *, at: str = FRIDAY, clients: Clients | None = None
    ) -> None:
        self.root = root
        self.policies = root / "policies"
        self.clock = SteppedClock(datetime.fromisoformat(at))
        self.clients = clients
        for name, text in (files or {}).items():
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        self.policies.mkdir(parents=True, exist_ok=True)
        path = self.policies / name
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, name: str) -> str:
        return (self.policies / name).read_text(encoding="utf-8")

    def run(self, *words: str, answer: str | None = None) -> Result:
        """``answer`` is what a person types at the question; None: nobody is there."""
        desk = Desk(clock=self.clock, clients=self.clients, interactive=answer is not None)
        arguments = ["--policies", str(self.policies), *words]
        return CliRunner().invoke(lifecycle, arguments, obj=desk, input=answer, catch_exceptions=False)
