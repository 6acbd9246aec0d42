"""Registers every route with Chalice, behind the Cognito authorizer of API Gateway wherever a token is needed.

The authorizer is only the first fence: `answering` verifies the token again. It is not Chalice's own
``CognitoUserPoolAuthorizer``, though the template it makes is the same: Chalice's local server takes that one for a
reason to parse whatever was sent as a token, and drops the connection when it is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Authorizer, Blueprint, Request, Response

from chalicelib.entrypoints.api.answering import answer, as_response, base_of, chalices_own, id_of
from chalicelib.entrypoints.api.cors import preflight, shown_to
from chalicelib.entrypoints.api.problems import internal
from chalicelib.entrypoints.api.routes import ROUTES
from chalicelib.entrypoints.api.routing import Needs, Route
from chalicelib.entrypoints.middleware import logger

api = Blueprint("app")


def as_problems(request: Request | None, get_response: Callable[[Request | None], Response]) -> Response:
    """The outermost middleware: whatever Chalice or another middleware refuses or fails at has our one shape too, and
    the allowed page may read all of it. Chalice knows no request when what came is none of API Gateway's."""
    try:
        response = chalices_own(get_response(request), request)
    except Exception as error:  # noqa: BLE001 - Chalice would answer in a shape of its own
        logger.exception("a request failed outside of its view", extra={"error": type(error).__name__})
        response = as_response(internal(), id_of(request), base_of(request))
    response.headers.update(shown_to("" if request is None else request.headers.get("origin", "")))
    return response


class UserPoolAuthorizer(Authorizer):
    """What API Gateway is told; the ARN of the pool is put in by ``cfn/app-resources.yaml``."""

    name = "UserPool"
    scopes: list[str] = []  # noqa: RUF012  Chalice's own attribute

    def to_swagger(self) -> dict[str, Any]:
        return {
            "in": "header",
            "type": "apiKey",
            "name": "Authorization",
            "x-amazon-apigateway-authtype": "cognito_user_pools",
            "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": []},
        }


_AUTHORIZER = UserPoolAuthorizer()


def _view_of(route: Route) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        return answer(route, api.current_request, path)

    view.__name__ = f"{route.method.lower()}{route.path.replace('/', '_').replace('{', '').replace('}', '')}"
    view.__doc__ = route.summary
    return view


def _register(route: Route) -> None:
    """Content types are judged by `reading`, in our own words."""
    authorizer = None if route.needs is Needs.OPEN else _AUTHORIZER
    api.route(route.path, methods=[route.method], authorizer=authorizer, content_types=[])(_view_of(route))


def _register_preflight(path: str) -> None:
    methods = ", ".join(route.method for route in ROUTES if route.path == path)

    def view(**_: str) -> Response:
        return preflight(api.current_request.headers.get("origin", ""), methods)

    view.__name__ = f"options{path.replace('/', '_').replace('{', '').replace('}', '')}"
    api.route(path, methods=["OPTIONS"], content_types=[])(view)


for _route in ROUTES:
    _register(_route)
for _path in dict.fromkeys(route.path for route in ROUTES):
    _register_preflight(_path)
