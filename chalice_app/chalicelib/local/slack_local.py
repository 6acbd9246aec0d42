"""The live fleet's own Slack: the stand-in, the user pool's people as its members, and the secret both sides share.

The secrets are made up at every start, lie in the embedded Secrets Manager, and are good nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.local.slack_standin import SlackStandIn, serving
from chalicelib.local.slack_workspace import TEAM, Member, Workspace
from chalicelib.notify.slack.settings import SlackSettings, Unknown
from chalicelib.runtime import compose_slack

if TYPE_CHECKING:
    from chalicelib.local.pool import SeededPool
    from chalicelib.runtime.clients import Clients
    from chalicelib.runtime.clock import Clock

CHANNEL = "#gpu-fleet"
"""Where people are told what no policy has a channel for."""
QUEUE = "lifecycle-slack"
SECRET = "lifecycle/slack"  # noqa: S105  (a name)


@dataclass(frozen=True, slots=True)
class LocalSlack:
    """``queue`` is a client of SQS, where what people click and type waits for the worker."""

    standin: SlackStandIn
    settings: SlackSettings
    queue: Any

    def asked(self, do: Callable[[Sequence[str]], None]) -> None:
        """Hands the bodies of everything that waits to ``do``. Done once: what fails here is seen in the log."""
        while messages := self.queue.receive_message(
            QueueUrl=self.settings.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        ).get("Messages"):
            do([message["Body"] for message in messages])
            for message in messages:
                self.queue.delete_message(QueueUrl=self.settings.queue_url, ReceiptHandle=message["ReceiptHandle"])


@contextlib.contextmanager
def opened(clients: Clients, pool: SeededPool, clock: Clock, table: str, *, port: int = 0) -> Iterator[LocalSlack]:
    """Answers on ``port`` of the loopback address; 0 takes any that is free. Messages bear the fleet's time."""
    signing, token = secrets.token_hex(16), f"xoxb-local-{secrets.token_hex(12)}"
    clients.secrets.create_secret(Name=SECRET, SecretString=json.dumps({"signing_secret": signing, "bot_token": token}))
    queue = clients.hurried("sqs")
    queue_url = queue.create_queue(QueueName=QUEUE)["QueueUrl"]
    workspace = Workspace(members_of(pool), lambda: clock.now().timestamp())
    with serving(SlackStandIn(workspace, signing, token), port) as standin:
        settings = SlackSettings(SECRET, (TEAM,), queue_url, Unknown.READ_ONLY, standin.api)
        compose_slack.install_door(compose_slack.build_door(settings, clients, table, fleets=clock))
        try:
            yield LocalSlack(standin, settings, queue)
        finally:
            compose_slack.install_door(None)


def members_of(pool: SeededPool) -> tuple[Member, ...]:
    """Everybody of the pool, by the address that both know them by."""
    return tuple(Member(f"U0LOCAL{number:02}", user.email) for number, user in enumerate(pool.users, start=1))
