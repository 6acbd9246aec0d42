"""What one run of `lifecycle` stands on: the chosen options, the clock, the AWS clients, the output.

Made once per run and passed down by click as its context object; tests put their own clock and clients in.
boto3 is imported only when a command asks for AWS.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop
from chalicelib.cli.progress import waiting
from chalicelib.cli.render import Paper

if TYPE_CHECKING:
    from chalicelib.local.handoff import UpFile
    from chalicelib.runtime.clients import Clients
    from chalicelib.runtime.clock import Clock

DEFAULT_TABLE = "lifecycle"
STACKS_TABLE = "-LifecycleTable-"
"""How CloudFormation names the table of our stack: STACK-LifecycleTable-SUFFIX."""

DEFAULT_POLICIES = "policies"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a write concerns, as it is named before every question."""

    number: str
    region: str
    profile: str
    simulated: bool = False

    def __str__(self) -> str:
        where = f"account {self.number}, region {self.region}, profile {self.profile}"
        return f"the simulated AWS of `lifecycle up` ({where})" if self.simulated else where


@dataclass(slots=True)
class Desk:
    given_policies: str | None = None
    given_table: str | None = None
    profile: str | None = None
    region: str | None = None
    local: bool = False
    color: bool = True
    debug: bool = False
    clock: Clock | None = None
    clients: Clients | None = None
    interactive: bool | None = None
    """Whether somebody can answer a question; None: look at the terminal."""
    may_have_written: bool = False
    """Set just before the first write, to AWS or to a file: an error before it says that nothing was changed."""
    _up: UpFile | None = field(default=None, repr=False)
    _paper: Paper | None = field(default=None, repr=False)
    _identity: tuple[str, str] | None = field(default=None, repr=False)

    def choose(self, name: str, value: object) -> None:
        """Takes over one global option. Raises ValueError for a name that is none."""
        match name, value:
            case "policies", str(text):
                self.given_policies = text
            case "profile", str(text):
                self.profile = text
            case "region", str(text):
                self.region = text
            case "table", str(text):
                self.given_table = text
            case "local", bool(flag):
                self.local = flag
            case "no_color", bool(flag):
                self.color = not flag
            case "debug", bool(flag):
                self.debug = flag
            case _:
                raise ValueError(f"{name} is no global option")
        if self.local and (self.profile or self.region):
            raise click.UsageError(
                "--local is the fleet of `lifecycle up` on this machine, which has no profile and a region of its own: "
                "leave out --profile and --region, or --local."
            )

    @property
    def policies(self) -> str:
        """A folder or ``s3://bucket/prefix``: as given, else those of the local fleet, else ``policies``."""
        return self.given_policies or (self.up.policies if self.local else DEFAULT_POLICIES)

    @property
    def table(self) -> str:
        """As given, else that of the local fleet, else the one our stack made here: it has a name of its own.

        Raises Stop when several stacks stand in this region.
        """
        if self.given_table is None:
            self.given_table = self.up.table if self.local else self._deployed_table()
        return self.given_table

    def _deployed_table(self) -> str:
        from botocore.exceptions import ClientError

        try:
            pages = self.aws().dynamodb.get_paginator("list_tables").paginate()
            found = [name for page in pages for name in page["TableNames"] if STACKS_TABLE in name]
        except ClientError:  # a role that may use the table need not be allowed to list tables
            return DEFAULT_TABLE
        if len(found) > 1:
            raise Stop(f"Several deployments stand here: choose one with --table {' or --table '.join(found)}.")
        return found[0] if found else DEFAULT_TABLE

    @property
    def up(self) -> UpFile:
        """What a running `lifecycle up` left for us. Raises ConfigurationError when none runs here."""
        if self._up is None:
            from chalicelib.local.handoff import read_up_file

            self._up = read_up_file()
        return self._up

    @property
    def paper(self) -> Paper:
        if self._paper is None:
            self._paper = Paper(color=self.color)
        return self._paper

    def now(self) -> datetime:
        return self.time().now()

    def time(self) -> Clock:
        """The machine's clock, or the simulated time of the local fleet."""
        if self.clock is None:
            from chalicelib.runtime.clock import SystemClock

            self.clock = self.up.clock if self.local else SystemClock()
        return self.clock

    @property
    def policy_folder(self) -> Path:
        """Raises Stop when the policies are not in a local folder."""
        if self.policies.startswith("s3://"):
            raise Stop(f"This needs a local folder of policies, not {self.policies}: add --policies DIR.", Exit.USAGE)
        return Path(self.policies)

    @property
    def can_ask(self) -> bool:
        return sys.stdin.isatty() and sys.stderr.isatty() if self.interactive is None else self.interactive

    def aws(self) -> Clients:
        """Raises botocore's ProfileNotFound, and ConfigurationError when `--local` finds no running fleet."""
        if self.clients is None:
            if self.local:
                self.clients = self.up.clients()
                self.region = self.up.region
                return self.clients
            import boto3

            from chalicelib.runtime.clients import Clients

            session = boto3.session.Session(profile_name=self.profile, region_name=self.region)
            self.clients = Clients(session, region=self.region)
        return self.clients

    def account(self) -> Account:
        """Asks STS who we are; raises botocore's errors when it cannot."""
        clients = self.aws()
        number, _ = self._who()
        region = self.region or clients.session.region_name or "none"
        profile = "simulated" if self.local else self.profile or os.environ.get("AWS_PROFILE") or "default"
        return Account(number, region, profile, simulated=self.local)

    def _who(self) -> tuple[str, str]:
        if self._identity is None:
            with waiting("Asking AWS who we are"):
                told = self.aws().sts.get_caller_identity()
            self._identity = (told["Account"], told["Arn"])
        return self._identity

    def person(self) -> str:
        """Who acts, for the record: the IAM name behind the credentials and the name on this machine."""
        import getpass

        machine_name = ""
        with suppress(OSError, KeyError):
            machine_name = getpass.getuser()
        if self.local and machine_name:
            return machine_name
        _, arn = self._who()
        name = arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
        return f"{name} ({machine_name})" if machine_name not in ("", name) else name

    def confirm(self, what: str, account: Account, *, yes: bool) -> None:
        """Names what will be written and where, and asks. Raises Stop (64) where nobody can answer."""
        self.paper.err(f"{what}\nIn {account}.")
        if not yes and not self.can_ask:
            raise Stop("Nobody can answer here: add --yes to go on.", Exit.USAGE)
        if not yes and not click.confirm("Go on?", default=False, err=True):
            raise Stop(NOTHING_CHANGED)
        self.may_have_written = True
