"""What API Gateway is told: who checks tokens, how much it lets through, and how it refuses by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from chalicelib.entrypoints.api.problems import ABOUT, CONTENT_TYPE, Kind, type_of
from chalicelib.entrypoints.api.routes import ROUTES
from chalicelib.entrypoints.api.routing import Needs
from support.chalice_package import package

THE_POOL = {
    "Fn::If": [
        "BringsPool",
        {"Fn::Sub": "arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${ExistingUserPool}"},
        {"Fn::GetAtt": ["UserPool", "Arn"]},
    ]
}
RESPONSES = "x-amazon-apigateway-gateway-responses"
SLACK = "/api/slack/{door}"
"""Slack's own function: no token, but Slack's signature, which the function checks itself."""
QUICK = ("/api/auth/login", "/api/auth/challenge", "/api/auth/refresh", SLACK)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = package(tmp_path_factory.mktemp("package"))
    loaded: dict[str, Any] = yaml.safe_load((folder / "sam.yaml").read_text())["Resources"]["RestAPI"]["Properties"]
    return loaded


def test_every_route_but_the_open_ones_stands_behind_the_stacks_own_pool(api: dict[str, Any]) -> None:
    body = api["DefinitionBody"]
    (authorizer,) = body["securityDefinitions"].values()

    assert authorizer["x-amazon-apigateway-authorizer"] == {
        "type": "cognito_user_pools",
        "providerARNs": [THE_POOL],
    }
    for route in ROUTES:
        guarded = body["paths"][route.path][route.method.lower()].get("security") == [{"UserPool": []}]
        assert guarded is (route.needs is not Needs.OPEN), route


def test_the_stage_does_not_double_the_paths(api: dict[str, Any]) -> None:
    assert api["StageName"] == "v1"
    assert all(path.startswith("/api/") for path in api["DefinitionBody"]["paths"])


def test_everything_is_throttled_and_whatever_needs_no_token_more_than_the_rest(api: dict[str, Any]) -> None:
    settings = {(one["HttpMethod"], one["ResourcePath"]): one for one in api["MethodSettings"]}
    general = settings.pop(("*", "/*"))
    limited = {path.removeprefix("/").replace("~1", "/"): one for (_, path), one in settings.items()}

    assert general["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert {method for method, _ in settings} == {"POST"}
    open_posts = {route.path for route in ROUTES if route.method == "POST" and route.needs is Needs.OPEN}
    assert set(limited) == open_posts | {"/api/models/start", SLACK}
    for path, one in limited.items():
        most = 25 if path in QUICK else 10
        assert 5 <= one["ThrottlingRateLimit"] <= most, path
        assert one["ThrottlingBurstLimit"] >= 2 * one["ThrottlingRateLimit"], path


def test_slacks_requests_reach_its_own_function_and_no_other(api: dict[str, Any]) -> None:
    integration = api["DefinitionBody"]["paths"][SLACK]["post"]["x-amazon-apigateway-integration"]

    assert "${Slack.Arn}" in str(integration["uri"])
    assert [path for path in api["DefinitionBody"]["paths"] if "slack" in path] == [SLACK]


def test_one_slow_client_alone_cannot_shut_login_for_everybody(api: dict[str, Any]) -> None:
    (login,) = [one for one in api["MethodSettings"] if one["ResourcePath"].endswith("~1login")]

    assert login["ThrottlingRateLimit"] >= 20


def test_what_api_gateway_refuses_by_itself_has_our_one_shape(api: dict[str, Any]) -> None:
    for name, response in api["DefinitionBody"][RESPONSES].items():
        problem = json.loads(response["responseTemplates"]["application/json"])
        kind = Kind(problem["type"].rpartition("#")[2])

        assert problem["type"] == f"/$context.stage{type_of(kind)}"
        assert problem["title"] == ABOUT[kind].title, name
        assert problem["status"] == response["statusCode"] == ABOUT[kind].status, name
        assert problem["instance"] == "urn:uuid:$context.requestId"
        assert response["responseParameters"]["gatewayresponse.header.Content-Type"] == f"'{CONTENT_TYPE}'"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("UNAUTHORIZED", 401),
        ("MISSING_AUTHENTICATION_TOKEN", 404),
        ("REQUEST_TOO_LARGE", 413),
        ("THROTTLED", 429),
        ("INTEGRATION_TIMEOUT", 503),
        ("DEFAULT_4XX", 400),
        ("DEFAULT_5XX", 500),
    ],
)
def test_each_refusal_of_api_gateway_has_the_status_that_http_means(
    name: str, status: int, api: dict[str, Any]
) -> None:
    response = api["DefinitionBody"][RESPONSES][name]

    assert response["statusCode"] == status
    assert ("gatewayresponse.header.WWW-Authenticate" in response["responseParameters"]) is (status == 401)
