"""The live fleet's own Slack: the stand-in, the user pool's people as its members, and the secret both sides share.

The secrets are made up at every start, lie in the embedded Secrets Manager, and are good nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.local.slack_standin import SlackStandIn, serving
from chalicelib.local.slack_workspace import TEAM, Member, Workspace
from chalicelib.notify.slack.settings import SlackSettings

if TYPE_CHECKING:
    from chalicelib.local.pool import SeededPool
    from chalicelib.runtime.clients import Clients
    from chalicelib.runtime.clock import Clock

CHANNEL = "#gpu-fleet"
"""Where people are told what no policy has a channel for."""
SECRET = "lifecycle/slack"  # noqa: S105  (a name)


@dataclass(frozen=True, slots=True)
class LocalSlack:
    standin: SlackStandIn
    settings: SlackSettings


@contextlib.contextmanager
def opened(clients: Clients, pool: SeededPool, clock: Clock, *, port: int = 0) -> Iterator[LocalSlack]:
    """Answers on ``port`` of the loopback address; 0 takes any that is free. Messages bear the fleet's time."""
    signing, token = secrets.token_hex(16), f"xoxb-local-{secrets.token_hex(12)}"
    clients.secrets.create_secret(Name=SECRET, SecretString=json.dumps({"signing_secret": signing, "bot_token": token}))
    workspace = Workspace(members_of(pool), _seconds(clock))
    with serving(SlackStandIn(workspace, signing, token), port) as standin:
        yield LocalSlack(standin, SlackSettings(secret=SECRET, teams=(TEAM,), base_url=standin.api))


def members_of(pool: SeededPool) -> tuple[Member, ...]:
    """Everybody of the pool, by the address that both know them by."""
    return tuple(Member(f"U0LOCAL{number:02}", user.email) for number, user in enumerate(pool.users, start=1))


def _seconds(clock: Clock) -> Callable[[], float]:
    return lambda: clock.now().timestamp()
