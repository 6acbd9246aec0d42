"""Who acts in the town, and what AWS knows of them: the user pool's answers, the logs of their instances.

What each may see and change is written here in plain Python, apart from the code that is tested.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.local.slack_workspace import TEAM, Member
from support.strict_ecs import AwsError
from support.strict_world import World

Params = Mapping[str, Any]
SIGNING, TOKEN = "signing-secret-of-a-test", "xoxb-of-a-test"
ADMIN, USER, READ_ONLY = "Admin", "User", "ReadOnly"


@dataclass(frozen=True)
class Person:
    name: str
    role: str
    groups: tuple[str, ...] = ()

    @property
    def sub(self) -> str:
        return f"sub-{self.name}"

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    @property
    def slack(self) -> str:
        return f"U0{self.name.upper()}"

    def may_see(self, owner: Person | None) -> bool:
        """An instance of ``owner``; None: a service of the policies, which belongs to no User here."""
        return self.role != USER or owner is self

    def may_change(self, owner: Person | None) -> bool:
        return self.role == ADMIN or (self.role == USER and owner is self)

    @property
    def may_approve(self) -> bool:
        """The policy leaves it to the group of leads; who may only read changes nothing, whatever their groups."""
        return self.role == ADMIN or (self.role == USER and "leads" in self.groups)


ADA = Person("ada", USER, ("leads",))
BEN = Person("ben", USER)
RITA = Person("rita", READ_ONLY, ("leads",))
ROOT = Person("root", ADMIN)
PEOPLE = (ADA, BEN, RITA, ROOT)
MEMBERS = tuple(Member(one.slack, one.email) for one in PEOPLE)


def secret_line(instance: str) -> str:
    """What an instance logs, which only its owner and Admin may read."""
    return f"prompt of {instance} in confidence"


class Directory:
    """The user pool, the logs, the secret and the queue behind Slack's door, as AWS answers for them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.jobs: list[str] = []
        """What waits in the queue of Slack's wishes."""
        self.operations: Mapping[str, Callable[[Params], dict[str, Any]]] = {
            "cognito-idp.AdminGetUser": self._user,
            "cognito-idp.AdminListGroupsForUser": self._groups,
            "logs.FilterLogEvents": self._logs,
            "secretsmanager.GetSecretValue": self._secret,
            "sqs.SendMessage": self._send,
        }

    def _user(self, params: Params) -> dict[str, Any]:
        person = self._of(params["Username"])
        said = {"sub": person.sub, "email": person.email, "email_verified": "true"}
        return {
            "Username": person.sub, "Enabled": True, "UserCreateDate": self._world.now, "UserMFASettingList": [],
            "UserAttributes": [{"Name": name, "Value": value} for name, value in said.items()],
        }  # fmt: skip

    def _groups(self, params: Params) -> dict[str, Any]:
        person = self._of(params["Username"])
        return {"Groups": [{"GroupName": name} for name in (person.role, *person.groups)]}

    def _of(self, name: str) -> Person:
        for person in PEOPLE:
            if name in (person.sub, person.email):
                return person
        raise AwsError("UserNotFoundException", "User does not exist.")

    def _logs(self, params: Params) -> dict[str, Any]:
        instance = params["logStreamNamePrefix"].rstrip("/")
        at = int(self._world.now.timestamp() * 1000)
        line = {"eventId": "1", "timestamp": at, "logStreamName": f"{instance}/ollama/1"}
        return {"events": [{**line, "message": secret_line(instance)}]}

    def _secret(self, params: Params) -> dict[str, Any]:
        return {"SecretString": json.dumps({"signing_secret": SIGNING, "bot_token": TOKEN})}

    def _send(self, params: Params) -> dict[str, Any]:
        self.jobs.append(params["MessageBody"])
        return {"MessageId": str(len(self.jobs))}


__all__ = ["ADA", "BEN", "MEMBERS", "PEOPLE", "RITA", "ROOT", "SIGNING", "TEAM", "TOKEN", "Directory", "Person"]
