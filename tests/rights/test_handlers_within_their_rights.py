"""Every function's main paths, run with exactly the rights of its policy file: what is not allowed does not happen.

IAM stands before the embedded AWS (`support.iam_guard`), with the policy files as a stack makes them. A right that is
missing fails here as AccessDenied; a right that no main path needs is listed below, with the reason it is there.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from chalicelib.decide.facts import ServiceId
from chalicelib.local.front import DOMAIN
from support.aws_events import alarm_event, envelope, task_event
from support.iam_documents import policy_files
from support.iam_stage import CHAT, RightsStage, rights_stage
from support.iam_verdict import each

pytestmark = pytest.mark.slow

OCR = ServiceId("gpu-dev", "ocr")
ELSEWHERE = {"budget_notice", "own_alarm", "weekly_report"}
"""`budget_notice` has `cost_anomaly`'s file, `own_alarm` its right to fill the outbox and no other; the report has its
own test (tests/rights/test_report_within_its_rights.py)."""
PLATFORM = {"logs:CreateLogStream", "logs:PutLogEvents"}
"""Lambda itself writes the log with the function's role."""
BESIDE_THE_MAIN_PATHS = {
    "autoscaling:DescribeScalingActivities": "only for policies with spot:",
    "ce:GetReservationCoverage": "only for policies with spot:",
    "ce:GetSavingsPlansCoverage": "only for policies with spot:",
    "cloudwatch:GetMetricData": "only where a service has signals left to ask for",
    "dynamodb:DeleteItem": "locks and words that end",
    "dynamodb:PutItem": "the first row of its kind",
    "ecs:DescribeCapacityProviders": "only for policies with spot:",
    "ecs:DescribeContainerInstances": "only where a stopped service leaves a host of its own behind",
    "ecs:DescribeTaskDefinition": "only for orphans, to see whose they are",
    "ecs:GetTaskProtection": "only just before a stop",
    "ecs:ListContainerInstances": "only when AWS takes a Spot host",
    "ecs:UpdateContainerInstancesState": "only when AWS takes a Spot host",
    "elasticloadbalancing:DescribeTags": "only for orphans, to see whose they are",
    "elasticloadbalancing:DescribeTargetHealth": "only while an instance starts",
    "s3:GetObject": "only policies that changed since the last run",
    "application-autoscaling:RegisterScalableTarget": "only where a service scales",
    "elasticloadbalancing:DescribeRules": "only when an instance has changed since it was last looked at",
    "elasticloadbalancing:ModifyRule": "only when an instance has changed since it was last looked at",
    "iam:PassRole": "only with a wake-up, where nobody has booked it",
    "scheduler:CreateSchedule": "only a wake-up that nobody has booked",
    "scheduler:DeleteSchedule": "only wake-ups that nobody needs any more",
    "ecs:DescribeClusters": "a container that starts, before its first picture",
    "ecs:ListClusters": "a container that starts, before its first picture",
    "ecs:ListServices": "a container that starts, before its first picture",
    "ecs:DescribeTasks": "tasks to ask something of",
    "ecs:ListTasks": "tasks to ask something of",
    "elasticloadbalancing:DescribeTargetGroups": "only services behind a load balancer",
    "cognito-idp:AdminAddUserToGroup": "only somebody who has no role yet",
}
"""Rights that no step below needs, each with what needs it."""
A_START_BEGUN_ELSEWHERE = {
    "ecs:CreateService", "ecs:RegisterTaskDefinition", "ecs:TagResource", "elasticloadbalancing:AddTags",
    "elasticloadbalancing:CreateRule", "elasticloadbalancing:CreateTargetGroup",
    "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:RegisterTargets",
}  # fmt: skip
"""A start that died in the API is finished by the sweep (tests/fleet/launching/test_rights.py runs that)."""
A_START_TAKEN_BACK = {
    "ecs:DeleteService", "ecs:DeregisterTaskDefinition", "ecs:ListTaskDefinitionFamilies", "ecs:ListTaskDefinitions",
    "elasticloadbalancing:DeleteRule", "elasticloadbalancing:DeleteTargetGroup",
}  # fmt: skip
"""A start that AWS refuses half-way is taken back by the API at once (tests/fleet/launching/test_rights.py)."""


@pytest.fixture(scope="module")
def stage() -> Iterator[RightsStage]:
    """Three days of the whole deployment, from a Friday morning in Tokyo on, each step asserted on its way."""
    with rights_stage(at="2026-11-20T10:00+09:00") as made:
        a_model_is_launched_changed_and_slept(made)
        services_are_stopped_and_started_by_hours(made)
        people_are_looked_after(made)
        a_sleeping_model_is_woken(made)
        slack_is_heard_and_told(made)
        money_is_heard_of(made)
        the_pool_asks_its_triggers(made)
        a_model_is_removed(made)
        yield made


def a_model_is_launched_changed_and_slept(stage: RightsStage) -> None:
    stage.add(CHAT, scaling=True)
    stage.add(OCR, scaling=True)
    stage.sweep()
    started = stage.call("POST", "/api/models/start", who="ada", body={"model_id": "tinyllama"}, expect=202)
    stage.launched = str(started["instance_id"])
    path = f"/api/instances/{stage.launched}"
    stage.passes(minutes=5)
    stage.events(task_event("launched", f"service:ollama-{stage.launched}", status="RUNNING"))
    assert stage.call("GET", path, who="ada", expect=200)["status"] == "running"
    for read in ("/api/models", "/api/instances", f"{path}/logs", f"{path}/why", "/api/policies", "/api/decisions"):
        stage.call("GET", read, who="ada", expect=200)
    body = {"action": "keep", "minutes": 90}
    stage.call("PUT", f"{path}/override", who="ada", body=body, expect=202)
    stage.call("DELETE", f"{path}/override", who="ada", expect=202)
    stage.call("DELETE", f"/api/models/{stage.launched}/stop?force=true", who="ada", expect=202)
    stage.passes(minutes=5)
    stage.sweep()
    assert stage.call("GET", path, who="ada", expect=200)["status"] == "stopped"


def services_are_stopped_and_started_by_hours(stage: RightsStage) -> None:
    """One by an event, the other by the wake-up that was booked for the edge."""
    stage.goes_to("2026-11-20T20:00+09:00")
    stage.events(alarm_event("lifecycle/gpu-dev/chat/idle"), task_event("gpu-dev", "service:chat"))
    assert (stage.desired(CHAT), stage.desired(OCR)) == (0, 1)
    stage.invoke("transition", {"instant": "2026-11-20T11:00:00+00:00"})
    assert stage.desired(OCR) == 0
    stage.passes(minutes=5)
    stage.sweep()
    stage.goes_to("2026-11-23T08:00+09:00")
    stage.sweep()
    assert (stage.desired(CHAT), stage.desired(OCR)) == (1, 1)
    stage.passes(minutes=5)
    stage.sweep()


def people_are_looked_after(stage: RightsStage) -> None:
    eve = "eve@example.com"
    stage.call("POST", "/api/users", who="admin", body={"email": eve, "role": "User"}, expect=201)
    users = stage.call("GET", "/api/users", who="admin", expect=200)["items"]
    (id,) = [one["user_id"] for one in users if one["email"] == eve]
    for change in ({"role": "Admin"}, {"role": "ReadOnly"}, {"enabled": False}, {"enabled": True}):
        stage.call("PUT", f"/api/users/{id}", who="admin", body=change, expect=200)
    ada = next(one for one in stage.pool.users if one.email.startswith("ada@"))
    stage.call("POST", "/api/auth/login", body={"email": ada.email, "password": ada.password}, expect=200)
    stage.call("GET", "/api/user/profile", who="ada", expect=200)


def a_sleeping_model_is_woken(stage: RightsStage) -> None:
    host = f"ollama-{stage.launched}.{DOMAIN}"
    request = {
        "httpMethod": "POST", "path": "/api/generate", "body": "{}", "isBase64Encoded": False,
        "queryStringParameters": {},
        "headers": {"host": host, "authorization": f"Bearer {stage.token('ada')}", "x-forwarded-port": "443"},
    }  # fmt: skip
    path = f"/api/models/{stage.launched}/stop?force=true"
    stage.call("DELETE", path, who="ada", expect=202)
    stage.passes(minutes=5)
    stage.sweep()
    stage.call("DELETE", f"/api/instances/{stage.launched}/override", who="ada", expect=202)
    service = ServiceId("launched", f"ollama-{stage.launched}")
    stage.root.ecs.update_service(cluster=service.cluster, service=service.name, desiredCount=0)
    answer = stage.invoke("wake", request)
    assert answer["statusCode"] == 503, answer
    assert stage.desired(service) == 1, base64.b64decode(answer["body"])


def slack_is_heard_and_told(stage: RightsStage) -> None:
    admin = next(one.id for one in stage.slack.workspace.members if one.email.startswith("admin@"))
    stage.asks_slack(admin, "status")
    stage.asks_slack(admin, "stop gpu-dev/chat now")
    assert stage.desired(CHAT) == 0
    stage.invoke("deliver", envelope("aws.events", "Scheduled Event", {}))
    assert stage.slack.workspace.messages


def money_is_heard_of(stage: RightsStage) -> None:
    detail = {
        "anomalyId": "a-1", "anomalyStartDate": "2026-11-11T00:00:00Z", "anomalyEndDate": "2026-11-11T00:00:00Z",
        "dimensionValue": "Amazon EC2", "anomalyDetailsLink": "https://console.aws.amazon.com/a-1", "rootCauses": [],
        "impact": {"totalActualSpend": 1301.5, "totalExpectedSpend": 300, "totalImpact": 1001.5, "maxImpact": 151},
        "anomalyScore": {"currentScore": 0.47, "maxScore": 0.47},
    }  # fmt: skip
    assert stage.invoke("cost_anomaly", envelope("aws.ce", "Anomaly Detected", detail))["recorded"] == 1
    stage.invoke("deliver", envelope("aws.events", "Scheduled Event", {}))


def the_pool_asks_its_triggers(stage: RightsStage) -> None:
    ada = next(one for one in stage.pool.users if one.email.startswith("ada@"))
    made = stage.root.cognito.admin_create_user(UserPoolId=stage.pool.settings.id, Username="zoe@example.com")
    zoe = next(one["Value"] for one in made["User"]["Attributes"] if one["Name"] == "sub")
    for function, source, sub, email in (
        ("pre_sign_up", "PreSignUp_SignUp", ada.sub, ada.email),
        ("pre_authentication", "PreAuthentication_Authentication", ada.sub, ada.email),
        ("post_authentication", "PostAuthentication_Authentication", zoe, "zoe@example.com"),
        ("post_confirmation", "PostConfirmation_ConfirmSignUp", zoe, "zoe@example.com"),
    ):
        event = {
            "triggerSource": source, "userPoolId": stage.pool.settings.id, "userName": sub, "response": {},
            "request": {"userAttributes": {"sub": sub, "email": email}},
        }  # fmt: skip
        assert stage.trigger(function, event) == event


def a_model_is_removed(stage: RightsStage) -> None:
    id = stage.launched
    stage.call("DELETE", f"/api/models/{id}/stop?remove=true&force=true", who="ada", expect=202)
    for _ in range(8):
        stage.passes(minutes=5)
        stage.sweep()
    stage.call("GET", f"/api/instances/{id}", who="ada", expect=404)


def test_no_function_lacks_a_right_on_its_main_paths(stage: RightsStage) -> None:
    assert stage.denied() == {}


def test_no_function_has_a_right_that_nobody_can_name_a_use_of(stage: RightsStage) -> None:
    """What the steps above did not need has a use that is written down here; the rest would be too much."""
    nameless: dict[str, set[str]] = {}
    for name in policy_files().keys() - ELSEWHERE:
        granted = {one for s in stage.stack.role(name) if s["Effect"] == "Allow" for one in each(s["Action"])}
        known = stage.guards[name].used | PLATFORM | BESIDE_THE_MAIN_PATHS.keys() | _poller(stage, name)
        known |= {"sweep": A_START_BEGUN_ELSEWHERE, "api_handler": A_START_TAKEN_BACK}.get(name, set())
        if left := granted - known:
            nameless[name] = left
    assert nameless == {}


def _poller(stage: RightsStage, function: str) -> set[str]:
    """What AWS calls with the function's role by itself: reading its queue, and leaving what failed to the letters."""
    properties = stage.stack.properties(function)
    kinds = {one["Type"] for one in properties.get("Events", {}).values()}
    reads = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"} if "SQS" in kinds else set()
    return reads | ({"sqs:SendMessage"} if "EventInvokeConfig" in properties else set())
