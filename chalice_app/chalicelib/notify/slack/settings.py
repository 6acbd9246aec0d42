"""What a deployment is told of its Slack workspace. Secrets are not among it: only where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.errors import ConfigurationError
from chalicelib.notify.slack.client import API


class Unknown(StrEnum):
    """What somebody may do whose address no account of the user pool has."""

    NOTHING = "nothing"
    READ_ONLY = "read-only"


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """``secret`` is the ARN or name of a secret of Secrets Manager: JSON with ``signing_secret`` and ``bot_token``.
    ``teams`` are the ids of the workspaces whose people are heard; ``queue_url`` is where their wishes wait."""

    secret: str
    teams: tuple[str, ...]
    queue_url: str = ""
    unknown: Unknown = Unknown.NOTHING
    base_url: str = API

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> SlackSettings | None:
        """None where no secret is named. Raises ConfigurationError naming the variable that is missing or wrong."""
        secret = env.get("LIFECYCLE_SLACK_SECRET", "").strip()
        if not secret:
            return None
        teams = tuple(team.strip() for team in env.get("LIFECYCLE_SLACK_TEAMS", "").split(",") if team.strip())
        if not teams:
            raise ConfigurationError("LIFECYCLE_SLACK_TEAMS is not set: name the ids of your workspaces (T0123ABCD)")
        unknown = env.get("LIFECYCLE_SLACK_UNKNOWN", "").strip() or Unknown.NOTHING.value
        if unknown not in list(Unknown):
            raise ConfigurationError(f'LIFECYCLE_SLACK_UNKNOWN is "{unknown}": write nothing or read-only')
        base_url = env.get("LIFECYCLE_SLACK_API", "").strip() or API
        return cls(secret, teams, env.get("LIFECYCLE_SLACK_QUEUE", "").strip(), Unknown(unknown), base_url)
