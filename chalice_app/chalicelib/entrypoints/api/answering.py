"""From a request to an answer: size, token, role, ownership, fields, view; whatever is refused becomes a problem.

The token is verified here at every call, also behind API Gateway's authorizer: Chalice's local server and emulators
admit tokens that do not hold. Who may do what is decided here, from the route's `Needs`; a view that runs may run.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, assert_never

from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Response

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.parts import identity_of
from chalicelib.entrypoints.api.problems import CONTENT_TYPE, Problem, internal, of_status, problem_of
from chalicelib.entrypoints.api.reading import check_size
from chalicelib.entrypoints.api.routing import Needs, Route
from chalicelib.entrypoints.middleware import logger, metrics
from chalicelib.errors import Forbidden, LifecycleError, NotAuthenticated, Unfit

if TYPE_CHECKING:
    from chalice.app import Request

    from chalicelib.fleet.people import Caller

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answer(route: Route, request: Request, path: Mapping[str, str]) -> Response:
    request_id = id_of(request)
    try:
        return _answer(route, request, path, request_id)
    except LifecycleError as error:
        problem = problem_of(error, token_sent="authorization" in request.headers)
        _note(route, problem, error)
        return as_response(problem, request_id, base_of(request))
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a problem and the log the trace
        metrics.add_metric(name="Unforeseen", unit=MetricUnit.Count, value=1)
        logger.exception(
            "a view failed", extra={"route": str(route), "request": request_id, "error": type(error).__name__}
        )
        return as_response(internal(), request_id, base_of(request))


def as_response(problem: Problem, request_id: str, base: str) -> Response:
    headers: dict[str, str | list[str]] = {**HEADERS, "Content-Type": CONTENT_TYPE, **problem.headers}
    return Response(problem.document(request_id, base), headers, problem.status)


def chalices_own(response: Response, request: Request | None) -> Response:
    """What Chalice answers by itself (another method, a view that cannot be called), in our one shape."""
    if response.status_code < 400 or response.headers.get("Content-Type") == CONTENT_TYPE:
        return response
    problem = Problem(of_status(response.status_code), "This path does not take this method.")
    if response.status_code >= 500:
        problem = internal()
    given = as_response(problem, id_of(request), base_of(request))
    given.headers.update({name: value for name, value in response.headers.items() if name == "Allow"})
    return given


def id_of(request: Request | None) -> str:
    """API Gateway's, else Lambda's, else one of our own."""
    if request is None:
        return str(uuid.uuid4())
    context = request.lambda_context
    return request.context.get("requestId") or getattr(context, "aws_request_id", "") or str(uuid.uuid4())


def base_of(request: Request | None) -> str:
    """API Gateway's stage as addresses bear it (``/v1``); empty where the API stands at the host's own root."""
    path = "" if request is None else str(request.context.get("path") or "")
    base, found, _ = path.partition("/api/")
    return base if found else ""


def _answer(route: Route, request: Request, path: Mapping[str, str], request_id: str) -> Response:
    check_size(request)
    call = Call(request_id, _who(route, request), base_of(request))
    if call.who is not None and route.needs is not Needs.OPEN:
        _check_role(route, call.who)
    return _view(route, request, path, call)


def _view(route: Route, request: Request, path: Mapping[str, str], call: Call) -> Response:
    from chalicelib.entrypoints.api.ownership import found
    from chalicelib.entrypoints.api.reading import arguments, placed
    from chalicelib.entrypoints.api.signature import signature_of

    view = route.view()
    signature = signature_of(view)
    given: dict[str, Any] = {"call": call} if signature.call else {}
    if route.needs in (Needs.SEE, Needs.READ_LOGS, Needs.OWN):
        instance = found(route, call, path)
        given |= {"instance": instance} if signature.instance else {}
    given |= arguments(signature, request, path)
    try:
        result = view(**given)
    except Unfit as error:
        raise Unfit(str(error), field=placed(signature, error.field)) from error
    return _rendered(result, route.status)


def _rendered(result: Any, status: int) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response("", dict(HEADERS), status)
    return Response(_json(result), {**HEADERS, "Content-Type": "application/json"}, status)


def _json(result: Any) -> str:
    """Of a pydantic model, or of a plain dataclass, which leaves out what it does not say."""
    if is_dataclass(result) and not isinstance(result, type):
        return json.dumps({name: value for name, value in asdict(result).items() if value is not None})
    text: str = result.model_dump_json(by_alias=True)
    return text


def _who(route: Route, request: Request) -> Caller | None:
    """Raises NotAuthenticated where a token is needed. Where none is, one that does not hold counts for nothing."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    sent = token.strip() if scheme.lower() == "bearer" else ""
    if route.needs is not Needs.OPEN:
        return _verified(sent)
    if not (sent and route.optional_token):
        return None
    try:
        return _verified(sent)
    except LifecycleError:
        return None


def _verified(token: str) -> Caller:
    from chalicelib.runtime import compose

    return identity_of(compose.current()).tokens.verify(token)


def _check_role(route: Route, caller: Caller) -> None:
    match route.needs:
        case Needs.OPEN | Needs.SELF | Needs.READ | Needs.SEE | Needs.READ_LOGS:
            return
        case Needs.WRITE | Needs.OWN:
            allowed = caller.role.may_write
        case Needs.ADMIN:
            allowed = caller.is_admin
        case other:
            assert_never(other)
    if not allowed:
        raise Forbidden(f"Your role is {caller.role.value}, which may not do this.")


def _note(route: Route, problem: Problem, error: LifecycleError) -> None:
    """Which check a token failed stands in our log only."""
    why = error.reason if isinstance(error, NotAuthenticated) else ""
    said = {"route": str(route), "status": problem.status, "kind": problem.kind.value, "why": why or str(error)}
    if problem.status >= 500:
        logger.error("a request could not be answered", extra=said, exc_info=error)
    else:
        logger.info("a request was refused", extra=said)
