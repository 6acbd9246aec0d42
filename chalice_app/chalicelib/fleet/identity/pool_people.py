"""People as the user pool knows them, by calls that only the deployment may make: read, groups, on and off.

``who`` is the pool's own id of a person (sub), which is also the user name that the pool gave them, because ours log in
by address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Conflict, NotFound, Unfit
from chalicelib.fleet.identity.asking import Told, ask, no_such_person
from chalicelib.fleet.people import Caller, Role, role_of

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

_PERSON: Told = {"UserNotFoundException": no_such_person}
_LOOK: Told = {**_PERSON, "InvalidParameterException": no_such_person}
"""Nobody has an id that the pool cannot read."""
_INVITE: Told = {"UsernameExistsException": lambda: Conflict("This address has an account already.")}


@dataclass(frozen=True, slots=True)
class PoolPerson:
    """``second_factor``: what they confirm a login with, empty for nothing. ``verified``: the address is theirs."""

    sub: str
    email: str
    name: str
    zone: str
    enabled: bool
    created_at: datetime
    second_factor: tuple[str, ...]
    verified: bool = False


class PoolPeople:
    def __init__(self, cognito: CognitoIdentityProviderClient, pool_id: str) -> None:
        self._cognito = cognito
        self.pool_id = pool_id

    def get(self, who: str) -> PoolPerson:
        """``who`` may be an address here. Raises NotFound."""
        found = ask(self._cognito.admin_get_user, _LOOK, UserPoolId=self.pool_id, Username=who)
        said = {one["Name"]: one.get("Value", "") for one in found["UserAttributes"]}
        return PoolPerson(
            sub=said.get("sub", found["Username"]),
            email=said.get("email", "").lower(),
            name=said.get("name", ""),
            zone=said.get("zoneinfo", ""),
            enabled=bool(found["Enabled"]),
            created_at=found["UserCreateDate"],
            second_factor=tuple(found.get("UserMFASettingList", ())),
            verified=said.get("email_verified", "").lower() == "true",
        )

    def with_address(self, email: str) -> Caller | None:
        """Who has this address, with the role and groups of this moment; None for nobody, for an address that is not
        verified, an account that is switched off, and somebody without a role."""
        try:
            person = self.get(email.lower())
            groups = self.groups(person.sub)
        except (NotFound, Unfit):
            return None
        role = role_of(groups)
        if role is None or not (person.enabled and person.verified and person.email == email.lower()):
            return None
        return Caller(person.sub, person.email, role, groups)

    def groups(self, who: str) -> frozenset[str]:
        groups: set[str] = set()
        more: dict[str, str] = {}
        while True:
            answer = self._ask(self._cognito.admin_list_groups_for_user, who, **more)
            groups.update(group["GroupName"] for group in answer["Groups"])
            if not answer.get("NextToken"):
                return frozenset(groups)
            more = {"NextToken": answer["NextToken"]}

    def role(self, who: str) -> Role | None:
        return role_of(self.groups(who))

    def give_role(self, who: str, role: Role) -> None:
        """Leaves the person in this group of ours and in no other.

        Stronger groups go first: whoever is interrupted leaves somebody with too little, never with too much.
        """
        standing = {one for one in Role if one.value in self.groups(who)}
        order = list(Role)
        for stronger in order[order.index(role) + 1 :]:
            if stronger in standing:
                self._ask(self._cognito.admin_remove_user_from_group, who, GroupName=stronger.value)
        if role not in standing:
            self._ask(self._cognito.admin_add_user_to_group, who, GroupName=role.value)
        for weaker in order[: order.index(role)]:
            if weaker in standing:
                self._ask(self._cognito.admin_remove_user_from_group, who, GroupName=weaker.value)

    def invite(self, email: str, *, mail: bool = True) -> str:
        """Makes an account whose first password Cognito mails to the address; its id. Raises Conflict."""
        made = ask(
            self._cognito.admin_create_user,
            _INVITE,
            UserPoolId=self.pool_id,
            Username=email,
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
            **({"DesiredDeliveryMediums": ["EMAIL"]} if mail else {"MessageAction": "SUPPRESS"}),
        )
        said = {one["Name"]: one.get("Value", "") for one in made["User"]["Attributes"]}
        return str(said.get("sub", made["User"]["Username"]))

    def switch(self, who: str, *, on: bool) -> None:
        self._ask(self._cognito.admin_enable_user if on else self._cognito.admin_disable_user, who)

    def sign_out(self, who: str) -> None:
        """Ends every refresh and access token; id tokens live on until they run out."""
        self._ask(self._cognito.admin_user_global_sign_out, who)

    def enabled_admins(self) -> frozenset[str]:
        """Ids of everybody in the Admin group whose account is on."""
        admins: set[str] = set()
        more: dict[str, str] = {}
        while True:
            answer = ask(
                self._cognito.list_users_in_group, {}, UserPoolId=self.pool_id, GroupName=Role.ADMIN.value, **more
            )
            for user in answer["Users"]:
                said = {one["Name"]: one.get("Value", "") for one in user.get("Attributes", ())}
                if user.get("Enabled", True):
                    admins.add(said.get("sub", user["Username"]))
            if not answer.get("NextToken"):
                return frozenset(admins)
            more = {"NextToken": answer["NextToken"]}

    def _ask(self, call: Any, who: str, **arguments: Any) -> Any:
        return ask(call, _PERSON, UserPoolId=self.pool_id, Username=who, **arguments)
