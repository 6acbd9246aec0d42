"""Whether Slack answers to the deployment's token, and in a workspace whose people are heard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.doctor.finding import Finding, skipped, well, wrong
from chalicelib.errors import AwsUnreachable, ConfigurationError, NotDelivered

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

PAGE = "runbooks/connect-slack.md"


def reachable(patient: Patient) -> Iterator[Finding]:
    from chalicelib.notify.slack.client import API, SlackClient
    from chalicelib.runtime.slack_secrets import SlackSecrets

    told = patient.deployment.told if patient.deployment else {}
    if not (secret := told.get("LIFECYCLE_SLACK_SECRET")):
        yield skipped("this deployment has no Slack")
        return
    secrets = SlackSecrets(secret, lambda: patient.clients.secrets)
    try:
        who = SlackClient(secrets.bot_token, base_url=patient.slack_api or API).itself()
    except (NotDelivered, ConfigurationError, AwsUnreachable) as error:
        yield wrong(f"Slack cannot be reached: {error}", PAGE)
        return
    teams = [one.strip() for one in told.get("LIFECYCLE_SLACK_TEAMS", "").split(",")]
    if who.team not in teams:
        yield wrong(f"the token is of the workspace {who.team}, and SlackTeams names {', '.join(teams)}", PAGE)
        return
    yield well(f"Slack answers, as {who.name} in {who.team}")
