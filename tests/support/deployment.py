"""The packaged application deployed on ministack, and what a test does to it from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from chalicelib.decide.facts import ServiceId
from chalicelib.record.history import Entry, History
from chalicelib.record.table import Table
from support.aws_events import envelope

STACK = "lifecycle"
OURS = "e2e."
"""PutEvents may not speak for AWS, on ministack neither; rules of the test's own take this away from the source."""
BRIDGED = ("aws.cloudwatch", "aws.ecs")


@dataclass(frozen=True)
class Deployment:
    """One stack. ``functions`` maps Chalice's names (sweep, aws_events, app) to those of the stack."""

    address: str
    outputs: Mapping[str, str]
    functions: Mapping[str, str]

    def client(self, service: str) -> Any:
        return _client(service, self.address)

    def write_policy(self, text: str) -> None:
        self.client("s3").put_object(
            Bucket=self.outputs["PolicyBucketName"], Key="policies/e2e.yaml", Body=text.encode()
        )

    def configure(
        self, environment: Mapping[str, str], handlers: Sequence[str] = ("sweep", "on_aws_events", "transition")
    ) -> None:
        """Adds to the environment of ``handlers``, by default those that act by themselves."""
        client = self.client("lambda")
        for handler in handlers:
            name = self.functions[handler]
            standing = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            client.update_function_configuration(FunctionName=name, Environment={"Variables": standing | environment})

    def create_service(self, service: ServiceId, desired_count: int) -> None:
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName=service.cluster)
        ecs.register_task_definition(
            family=service.name, containerDefinitions=[{"name": "ollama", "image": "ollama/ollama", "memory": 512}]
        )
        ecs.create_service(
            cluster=service.cluster,
            serviceName=service.name,
            taskDefinition=service.name,
            desiredCount=desired_count,
            launchType="EC2",
        )

    def desired_count(self, service: ServiceId) -> int:
        answer = self.client("ecs").describe_services(cluster=service.cluster, services=[service.name])
        count: int = answer["services"][0]["desiredCount"]
        return count

    def put_event(self, event: Mapping[str, Any]) -> None:
        entry = {
            "Source": f"{OURS}{event['source']}",
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
        }
        answer = self.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer

    def sweep(self) -> dict[str, int]:
        numbers: dict[str, int] = self.invoke("sweep", envelope("aws.events", "Scheduled Event", {}))
        return numbers

    def wake_ups(self) -> list[str]:
        """The names of the entries that stand in the stack's group of EventBridge Scheduler."""
        scheduler = self.client("scheduler")
        return [one["Name"] for one in scheduler.list_schedules()["Schedules"] if one["GroupName"] != "default"]

    def invoke(self, handler: str, event: Mapping[str, Any]) -> Any:
        """What the function answers with. AssertionError when it fails."""
        answer = self.client("lambda").invoke(FunctionName=self.functions[handler], Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def history(self, service: ServiceId) -> tuple[Entry, ...]:
        return History(Table(self.client("dynamodb"), self.outputs["TableName"])).of_service(service)

    def dead_letters(self) -> list[str]:
        answer = self.client("sqs").receive_message(
            QueueUrl=self.outputs["DeadLettersUrl"], MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [message["Body"] for message in answer.get("Messages", [])]

    def log_lines(self, function: str) -> list[dict[str, Any]]:
        """The structured lines of one function; what Lambda itself writes is left out."""
        logs = self.client("logs")
        group = f"/aws/lambda/{self.functions[function]}"
        lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
        return [json.loads(line) for line in "\n".join(lines).splitlines() if line.startswith("{")]


def deploy(address: str, package: Path, parameters: Mapping[str, str] | None = None) -> Deployment:
    """Uploads the zip and makes the stack with ``parameters``; then what ministack needs beside it."""
    s3 = _client("s3", address)
    s3.create_bucket(Bucket="code")
    s3.upload_file(str(package / "deployment.zip"), "code", "deployment.zip")
    template = (package / "sam.yaml").read_text().replace("./deployment.zip", "s3://code/deployment.zip")
    s3.put_object(Bucket="code", Key="sam.yaml", Body=template.encode())
    formation = _client("cloudformation", address)
    formation.create_stack(
        StackName=STACK,
        TemplateURL=f"{address}/code/sam.yaml",  # it is larger than what CloudFormation takes in the request itself
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
    )
    stack = eventually(lambda: _finished(formation), "the stack is made")
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation.describe_stack_events(StackName=STACK)
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    return settled(address, outputs)


def settled(address: str, outputs: Mapping[str, str]) -> Deployment:
    """What ministack needs beside a stack that was made there."""
    # The bucket admits only encrypted connections, and the loopback has none.
    _client("s3", address).delete_bucket_policy(Bucket=outputs["PolicyBucketName"])
    _widen(_client("iam", address))
    deployment = Deployment(address, outputs, _functions(address))
    _bridge(deployment)
    return deployment


def eventually(look: Callable[[], Any], what: str, seconds: float = 45) -> Any:
    """The first truthy answer of ``look``; AssertionError when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.3)
    return found


def _finished(formation: Any) -> dict[str, Any] | None:
    stack: dict[str, Any] = formation.describe_stacks(StackName=STACK)["Stacks"][0]
    return None if "IN_PROGRESS" in stack["StackStatus"] else stack


def _functions(address: str) -> dict[str, str]:
    listed = _client("lambda", address).list_functions()["Functions"]
    return {function["Handler"].removeprefix("app."): function["FunctionName"] for function in listed}


def _widen(iam: Any) -> None:
    """ministack asks whether a role may call ECS on the cluster, whatever the call, load balancing on anything at all,
    and the Scheduler on entries of the default group; AWS asks for the service, the task, the target group or the
    entry's own group, and knows the tags of a rule. The calls that a role may make stay as deployed, only what they may
    be made on is opened."""
    for role in iam.list_roles()["Roles"]:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            for statement in document["Statement"]:
                called = json.dumps(statement["Action"])
                if any(service in called for service in ("ecs:", "elasticloadbalancing:", "scheduler:")):
                    statement["Resource"] = "*"
                if "aws:ResourceTag" in json.dumps(statement.get("Condition", {})):
                    del statement["Condition"]
            iam.put_role_policy(RoleName=role["RoleName"], PolicyName=name, PolicyDocument=json.dumps(document))


def _bridge(deployment: Deployment) -> None:
    """A rule that passes our own events on as AWS's, so that EventBridge, queue and function do the rest."""
    events, sqs = deployment.client("events"), deployment.client("sqs")
    queue = sqs.get_queue_attributes(QueueUrl=deployment.outputs["EventQueueUrl"], AttributeNames=["QueueArn"])
    for source in BRIDGED:
        name = f"{STACK}-e2e-{source.replace('.', '-')}"
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [f"{OURS}{source}"]}))
        transformer = {
            "InputPathsMap": {"kind": "$.detail-type", "detail": "$.detail"},
            "InputTemplate": f'{{"source": "{source}", "detail-type": "<kind>", "detail": <detail>}}',
        }
        target = {"Id": "queue", "Arn": queue["Attributes"]["QueueArn"], "InputTransformer": transformer}
        events.put_targets(Rule=name, Targets=[target])


@cache
def _client(service: str, address: str) -> Any:
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    return session.client(service, endpoint_url=address)
