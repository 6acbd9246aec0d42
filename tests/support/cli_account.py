"""An AWS account as the command line finds it: a fleet, our table, policies in force. No network is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from chalicelib.controller.book import PolicyBook
from chalicelib.decide.facts import ServiceId
from chalicelib.observe.policy_source import FolderSource
from chalicelib.record.controls import Controls
from chalicelib.record.history import Entry, History
from chalicelib.record.policies import PoliciesInForce
from chalicelib.record.states import States
from chalicelib.record.table import Table, create_table
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.compose import App, build
from chalicelib.runtime.settings import Settings
from support.cli import FRIDAY, CommandLine
from support.strict_aws import StrictAws
from support.strict_world import FakeService

TABLE = "prod-LifecycleTable-1ABC"
"""Named as CloudFormation names it."""


@dataclass
class Account:
    aws: StrictAws
    line: CommandLine
    table: Table

    @property
    def controls(self) -> Controls:
        return Controls(self.table)

    @property
    def states(self) -> States:
        return States(self.table)

    def service(self, name: str, *, desired: int = 1, used: float = 0.0, **attributes: object) -> FakeService:
        """``cluster/name``, behind a load balancer that reports ``used`` requests a minute."""
        cluster, _, bare = name.partition("/")
        tags = {"environment": "dev", "instance-type": "g5.xlarge"}
        made = self.aws.world.add_service(cluster, bare, desired=desired, **{"tags": tags, **attributes})  # type: ignore[arg-type]
        return made.sends("requests", used)

    def history(self, service: str | None = None) -> list[Entry]:
        past = History(self.table)
        now = self.line.clock.now()
        if service is None:
            return list(past.since(now.replace(year=now.year - 1), now))
        return list(reversed(past.of_service(ServiceId.parse(service))))

    def take_policies_into_force(self) -> None:
        """As the sweep does after an upload of the local folder."""
        PolicyBook(FolderSource(self.line.policies), PoliciesInForce(self.table)).open(self.line.clock.now())

    def app(self) -> App:
        """The deployed application, sweeping over the local folder's policies."""
        settings = Settings(table=TABLE, policies=str(self.line.policies), region="eu-central-1")
        clients = self.line.clients
        assert clients is not None
        return build(settings, clients, self.line.clock, workers=1)

    def go_to(self, at: str) -> None:
        moment = datetime.fromisoformat(at)
        self.line.clock.set(moment)
        self.aws.world.now = self.line.clock.now()


@contextmanager
def account(root: Path, files: Mapping[str, str], *, at: str = FRIDAY, deployed: bool = True) -> Iterator[Account]:
    """``deployed`` False: no table, no policies in force."""
    start = datetime.fromisoformat(at)
    with StrictAws(start, moto=True) as aws:
        clients = Clients(aws.session)
        line = CommandLine(root, dict(files), at=at, clients=clients)
        made = Account(aws, line, Table(clients.dynamodb, TABLE))
        if deployed:
            create_table(clients.dynamodb, TABLE)
            made.take_policies_into_force()
        yield made
