"""Events of AWS in their real shapes, as EventBridge puts them into the queue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"


def envelope(source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-11-20T21:00:07Z",
        "region": REGION,
        "resources": list(resources),
        "detail": dict(detail),
    }


def interruption_event(instance: str, at: str = "2026-11-18T03:10:00Z", *, rebalance: bool = False) -> dict[str, Any]:
    kind = "EC2 Instance Rebalance Recommendation" if rebalance else "EC2 Spot Instance Interruption Warning"
    action = {} if rebalance else {"instance-action": "terminate"}
    return envelope("aws.ec2", kind, {"instance-id": instance, **action}) | {"time": at}


def launch_failed_event(group: str, said: str) -> dict[str, Any]:
    detail = {
        "AutoScalingGroupName": group,
        "StatusCode": "Failed",
        "StatusMessage": said,
        "Cause": "to fill the group",
    }
    return envelope("aws.autoscaling", "EC2 Instance Launch Unsuccessful", detail)


def cluster_arn(cluster: str) -> str:
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{cluster}"


def service_arn(cluster: str, name: str) -> str:
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{cluster}/{name}"


def alarm_event(name: str, *, state: str = "ALARM", dimensions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """``dimensions`` None makes a composite alarm, which watches no metric of its own."""
    configuration: dict[str, Any] = {"alarmRule": "ALARM(a) AND ALARM(b)"}
    if dimensions is not None:
        metric = {"namespace": "AWS/ApplicationELB", "name": "RequestCount", "dimensions": dict(dimensions)}
        configuration = {
            "description": "no request for half an hour",
            "metrics": [
                {
                    "id": "requests",
                    "metricStat": {"metric": metric, "period": 300, "stat": "Sum"},
                    "returnData": False,
                },
                {"id": "filled", "expression": "FILL(requests, 0)", "label": "requests", "returnData": True},
            ],
        }
    return envelope(
        "aws.cloudwatch",
        "CloudWatch Alarm State Change",
        {
            "alarmName": name,
            "configuration": configuration,
            "previousState": {"value": "OK", "timestamp": "2026-11-20T20:55:07.653+0000"},
            "state": {
                "value": state,
                "reason": "Threshold Crossed",
                "timestamp": "2026-11-20T21:00:07.653+0000",
            },
        },
        [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"],
    )


def task_event(cluster: str, group: str, *, status: str = "STOPPED") -> dict[str, Any]:
    task = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{cluster}/2fc86bfab9ae4ffeb5ae5b8a4f4ad4ad"
    return envelope(
        "aws.ecs",
        "ECS Task State Change",
        {
            "taskArn": task,
            "clusterArn": cluster_arn(cluster),
            "group": group,
            "launchType": "EC2",
            "lastStatus": status,
            "desiredStatus": "STOPPED" if status == "STOPPED" else "RUNNING",
            "startedBy": "ecs-svc/9223370430000000000",
            "version": 3,
        },
        [task],
    )


def service_event(arn: str, event: str = "SERVICE_STEADY_STATE", *, cluster: str = "") -> dict[str, Any]:
    detail = {"eventType": "INFO", "eventName": event, "createdAt": "2026-11-20T21:00:07.653Z"}
    if cluster:
        detail["clusterArn"] = cluster_arn(cluster)
    return envelope("aws.ecs", "ECS Service Action", detail, [arn])


def deployment_event(arn: str, event: str = "SERVICE_DEPLOYMENT_COMPLETED") -> dict[str, Any]:
    detail = {
        "eventType": "INFO",
        "eventName": event,
        "deploymentId": "ecs-svc/123",
        "updatedAt": "2026-11-20T21:00:07Z",
        "reason": "ECS deployment deploymentID completed.",
    }
    return envelope("aws.ecs", "ECS Deployment State Change", detail, [arn])


def queue_event(*bodies: Mapping[str, Any] | str, receive_count: int = 1) -> dict[str, Any]:
    """What Lambda hands to a function that is fed by SQS; message ids are ``message-0``, ``message-1``, ..."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": str(receive_count),
                    "SentTimestamp": "1795208407653",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1795208407660",
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:lifecycle-EventQueue",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies)
        ]
    }
