"""One CloudFormation stack: what it has, what a change set would change, and how a change of it ends.

Waits by asking; the clock that waits is handed in. Refuses to begin while somebody else changes the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import ActionFailed, Conflict

SECONDS_BETWEEN_LOOKS = 5.0
LONGEST_SECONDS = 3600.0
"""CloudFront alone takes a quarter of an hour. What takes longer is told, and left to CloudFormation."""
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
NOTHING = ("didn't contain changes", "No updates are to be performed")
KEEPS_STATE = frozenset({"AWS::Cognito::UserPool", "AWS::DynamoDB::Table", "AWS::S3::Bucket"})

Template = Mapping[str, str]
"""``TemplateURL`` or ``TemplateBody``, as CloudFormation's calls take it."""


@dataclass(frozen=True, slots=True)
class Change:
    """``path`` leads through the nested stacks, as in App/LifecycleTable. ``action`` is CloudFormation's word."""

    path: str
    kind: str
    action: str
    replaces: str = ""

    @property
    def loses_state(self) -> bool:
        """What people would miss is taken out of the stack, or made anew and empty."""
        return self.kind in KEEPS_STATE and (self.action == "Remove" or self.replaces in ("True", "Conditional"))


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is. ``outputs`` and ``parameters`` by name; ``id`` is its ARN."""

    name: str
    id: str
    status: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """A change set that was never carried out left only its name."""
        return self.status == "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class Stacks:
    """``formation`` is a CloudFormation client of one region; ``pause`` waits for seconds."""

    formation: Any
    pause: Callable[[float], None]

    def find(self, name: str) -> Stack | None:
        from botocore.exceptions import ClientError

        try:
            (found,) = self.formation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        if found["StackStatus"] == "DELETE_COMPLETE":
            return None
        return Stack(
            found["StackName"],
            found["StackId"],
            found["StackStatus"],
            {one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", ())},
            {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())},
        )

    def ready(self, name: str) -> Stack | None:
        """The stack, when a change of it can begin. Raises Conflict when it cannot."""
        found = self.find(name)
        if found is None or found.is_empty:
            return found
        if found.status.endswith("_IN_PROGRESS"):
            raise Conflict(f"The stack {name} is being changed ({found.status}): wait until that has ended.")
        if found.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
            raise Conflict(
                f"The stack {name} was never made whole ({found.status}): take it away with `lifecycle remove`, then "
                "deploy again."
            )
        if found.status.endswith("ROLLBACK_FAILED"):
            raise Conflict(
                f"The stack {name} could not be rolled back ({found.status}): "
                f"`aws cloudformation continue-update-rollback --stack-name {name}` first."
            )
        return found

    # --- change sets

    def propose(self, name: str, label: str, template: Template, parameters: Sequence[Any], tags: Mapping[str, str],
                standing: Stack | None) -> str | None:  # fmt: skip
        """Makes a change set and waits for it; its ARN, or None when nothing would change. Raises ActionFailed."""
        new = standing is None or standing.is_empty
        made = self.formation.create_change_set(
            StackName=name,
            ChangeSetName=label,
            ChangeSetType="CREATE" if new else "UPDATE",
            Capabilities=list(CAPABILITIES),
            IncludeNestedStacks=True,
            Parameters=parameters,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            **template,
        )
        arn: str = made["Id"]
        told = self._until(lambda: self._settled(arn), f"the change set of {name}")
        if told["Status"] != "FAILED":
            return arn
        reason = told.get("StatusReason", "")
        self.forget(name, arn, standing)
        if any(word in reason for word in NOTHING):
            return None
        raise ActionFailed(f"CloudFormation cannot change {name} so: {reason}")

    def _settled(self, arn: str) -> Mapping[str, Any] | None:
        told: Mapping[str, Any] = self.formation.describe_change_set(ChangeSetName=arn)
        return None if told["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS") else told

    def changes(self, arn: str, path: str = "") -> Iterator[Change]:
        """Every change, those of nested stacks too where CloudFormation looked into them."""
        more: dict[str, str] = {}
        while True:
            told = self.formation.describe_change_set(ChangeSetName=arn, **more)
            for one in told["Changes"]:
                change = one["ResourceChange"]
                here = f"{path}{change['LogicalResourceId']}"
                yield Change(here, change["ResourceType"], change["Action"], change.get("Replacement", ""))
                if change.get("ChangeSetId"):
                    yield from self.changes(change["ChangeSetId"], f"{here}/")
            if not told.get("NextToken"):
                return
            more = {"NextToken": told["NextToken"]}

    def forget(self, name: str, arn: str, standing: Stack | None) -> None:
        """Takes back a change set nobody wants, and the empty stack that a first one leaves."""
        if standing is None or standing.is_empty:
            self.formation.delete_stack(StackName=name)
        else:
            self.formation.delete_change_set(ChangeSetName=arn)

    def execute(self, name: str, arn: str) -> Stack:
        """Carries out the change set and waits. Raises ActionFailed with the reasons that CloudFormation gives."""
        self.formation.execute_change_set(ChangeSetName=arn)
        return self._ended(name)

    # --- ends

    def delete(self, name: str) -> None:
        """Deletes the stack and waits; returns as well when there is none. Raises ActionFailed."""
        found = self.find(name)
        if found is None:
            return
        self.formation.delete_stack(StackName=name)

        def gone() -> str | None:
            left = self.find(found.id)
            if left is None:
                return "gone"
            return None if left.status == "DELETE_IN_PROGRESS" else left.status

        if self._until(gone, f"the end of {name}") != "gone":
            raise ActionFailed(f"The stack {name} could not be deleted: {self._reasons(found.id)}")

    def _ended(self, name: str) -> Stack:
        def look() -> Stack | None:
            found = self.find(name)
            return None if found is None or found.status.endswith("_IN_PROGRESS") else found

        found: Stack = self._until(look, f"the change of {name}")
        if found.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise ActionFailed(f"The stack {name} ended as {found.status}: {self._reasons(found.id)}")
        return found

    def _reasons(self, id: str) -> str:
        """What failed first of all, in the nested stacks too; CloudFormation repeats it upwards."""
        events = self.formation.describe_stack_events(StackName=id)["StackEvents"]
        failed = [one for one in events if one["ResourceStatus"].endswith("_FAILED")]
        own = [one for one in failed if "cancelled" not in one.get("ResourceStatusReason", "").lower()]
        said = []
        for one in reversed(own):
            nested = one.get("PhysicalResourceId", "")
            if one["ResourceType"] == "AWS::CloudFormation::Stack" and nested not in ("", id):
                said.append(f"{one['LogicalResourceId']}: {self._reasons(nested)}")
            elif nested != id:
                said.append(f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', 'no reason given')}")
        return "; ".join(said[:3]) or "CloudFormation gives no reason"

    def _until(self, look: Callable[[], Any], what: str) -> Any:
        waited = 0.0
        while (found := look()) is None:
            if waited >= LONGEST_SECONDS:
                raise ActionFailed(
                    f"After {waited / 60:.0f} minutes {what} has not come: look at CloudFormation's page."
                )
            self.pause(SECONDS_BETWEEN_LOOKS)
            waited += SECONDS_BETWEEN_LOOKS
        return found

    # --- what it holds

    def resources(self, name: str, path: str = "") -> Iterator[tuple[str, str, str]]:
        """Path, type and physical id of everything, through the nested stacks."""
        pages = self.formation.get_paginator("list_stack_resources").paginate(StackName=name)
        for one in (one for page in pages for one in page["StackResourceSummaries"]):
            if "PhysicalResourceId" not in one or one["ResourceStatus"] == "DELETE_COMPLETE":
                continue
            here = f"{path}{one['LogicalResourceId']}"
            yield here, one["ResourceType"], one["PhysicalResourceId"]
            if one["ResourceType"] == "AWS::CloudFormation::Stack":
                yield from self.resources(one["PhysicalResourceId"], f"{here}/")
