"""The OpenAPI 3.1 document, made of the routes and of their views' annotations: nothing in it is written twice.

Each operation bears ``x-needs``, the rule of who may use it, so that whoever tests the API can walk every rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.app import Response
from pydantic import TypeAdapter

from chalicelib.entrypoints.api.problems import ABOUT, CONTENT_TYPE
from chalicelib.entrypoints.api.routes import ROUTES
from chalicelib.entrypoints.api.routing import Needs, Route
from chalicelib.entrypoints.api.shapes.common import Id, ProblemDetails
from chalicelib.entrypoints.api.signature import signature_of

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaMode

Schema = dict[str, Any]

REF = "#/components/schemas/"
MEDIA = {"docs": "text/html"}
WHO = {
    Needs.OPEN: "Needs no token.",
    Needs.SELF: "For every role, about your own account.",
    Needs.READ: "For every role; a User finds only what is theirs.",
    Needs.SEE: "For every role; a User sees only their own instances, ReadOnly all of them without their owners.",
    Needs.READ_LOGS: "For Admin, and for the person whose instance it is.",
    Needs.WRITE: "For Admin and User.",
    Needs.OWN: "For Admin, and for the User whose instance it is.",
    Needs.ADMIN: "For Admin.",
}
ABOUT_THE_API = """\
Starts and stops Ollama models on ECS, by the same policies and guards as the controller. Log in at \
`/api/auth/login`, and send the id token as `Authorization: Bearer`. Times are ISO 8601 with an offset, in answers \
always UTC; prices name their currency; lists page by an opaque `next_cursor`. Every refusal is a problem of \
RFC 9457: `application/problem+json`."""


@cache
def document() -> Schema:
    schemas = _Schemas(ROUTES)
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    for signature in (signature_of(route.view()) for route in ROUTES):
        for model in filter(None, (signature.query, signature.headers)):
            schemas.forget(model)
    problem = schemas.of(ProblemDetails, "serialization")
    made: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "ollama-lifecycle",
            "version": "1.0.0",
            "description": ABOUT_THE_API,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name} for name in dict.fromkeys(route.tag for route in ROUTES)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.definitions.items())),
            "responses": {str(status): _problem(status, problem) for status in _statuses()},
            "securitySchemes": {"idToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    named: Schema = json.loads(_shorter_names(json.dumps(made), schemas.definitions))
    return named


@lru_cache(maxsize=8)
def document_json(base: str) -> str:
    """``base``: the path of API Gateway's stage, which every path of the document begins after; empty for none."""
    return json.dumps({**document(), "servers": [{"url": base or "/"}]}, ensure_ascii=False, separators=(",", ":"))


class _Schemas:
    """The schemas of all that goes in or comes out, made together: pydantic then tells apart by name a shape that reads
    otherwise than it writes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        wanted = {(id(type_), mode): type_ for type_, mode in _all_types(routes)}
        inputs = [(key, key[1], TypeAdapter(type_)) for key, type_ in wanted.items()]
        self._made, found = TypeAdapter.json_schemas(inputs, ref_template=REF + "{model}")
        self.definitions: dict[str, Schema] = found.get("$defs", {})

    def of(self, type_: Any, mode: JsonSchemaMode) -> Schema:
        return dict(self._made[(id(type_), mode), mode])

    def fields(self, type_: Any) -> Iterator[tuple[str, Schema, bool]]:
        """(name, schema, required) of a model whose fields are parameters; null means left out, so it is not shown."""
        schema = self.definitions[self.of(type_, "validation")["$ref"].removeprefix(REF)]
        for name, field in schema.get("properties", {}).items():
            yield name, _without_null(field), name in schema.get("required", [])

    def forget(self, type_: Any) -> None:
        """A model whose fields are parameters is no shape of its own."""
        self.definitions.pop(self.of(type_, "validation")["$ref"].removeprefix(REF), None)


def _all_types(routes: Iterable[Route]) -> Iterator[tuple[Any, JsonSchemaMode]]:
    yield ProblemDetails, "serialization"
    yield Id, "validation"
    for route in routes:
        signature = signature_of(route.view())
        for given in (signature.body, signature.query, signature.headers, *signature.path.values()):
            if given is not None:
                yield given, "validation"
        if signature.gives not in (None, Response):
            yield signature.gives, "serialization"


def _operation(route: Route, schemas: _Schemas) -> Schema:
    view = route.view()
    signature = signature_of(view)
    told = [" ".join((view.__doc__ or "").split()), WHO[route.needs]]
    found: Schema = {
        "operationId": view.__name__,
        "summary": route.summary,
        "description": " ".join(filter(None, told)),
        "tags": [route.tag],
        "x-needs": route.needs.value,
        "security": _security(route),
    }
    parameters = [*_in_path(route, schemas)]
    for model, where in ((signature.query, "query"), (signature.headers, "header")):
        if model is not None:
            parameters += [_parameter(where, *field) for field in schemas.fields(model)]
    if parameters:
        found["parameters"] = parameters
    if signature.body is not None:
        schema = schemas.of(signature.body, "validation")
        required = bool(schemas.definitions[schema["$ref"].removeprefix(REF)].get("required"))
        found["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    found["responses"] = {str(route.status): _answer(route, schemas)}
    found["responses"] |= {str(one): {"$ref": f"#/components/responses/{one}"} for one in errors_of(route)}
    return found


def errors_of(route: Route) -> list[int]:
    """The statuses of problems that the route may answer with."""
    signature = signature_of(route.view())
    found = {413, 429, 500, 503, *route.errors}
    found |= {401, 403} if route.needs is not Needs.OPEN else set()
    found |= {404} if route.names else set()
    found |= {400, 415, 422} if signature.body else set()
    found |= {422} if signature.query or signature.headers else set()
    return sorted(found)


def _security(route: Route) -> list[Schema]:
    if route.optional_token:
        return [{}, {"idToken": []}]
    return [] if route.needs is Needs.OPEN else [{"idToken": []}]


def _in_path(route: Route, schemas: _Schemas) -> Iterator[Schema]:
    hints = signature_of(route.view()).path
    for name in route.names:
        schema = schemas.of(hints.get(name, Id), "validation")
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(where: str, name: str, schema: Schema, required: bool) -> Schema:
    found: Schema = {"name": name, "in": where, "required": required, "schema": schema}
    schema.pop("title", None)
    if "description" in schema:
        found["description"] = schema.pop("description")
    return found


def _without_null(schema: Schema) -> Schema:
    options = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if not options:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if "default" in rest and rest["default"] is None:
        del rest["default"]
    return {**options[0], **rest} if len(options) == 1 else {"anyOf": options, **rest}


def _answer(route: Route, schemas: _Schemas) -> Schema:
    gives = signature_of(route.view()).gives
    told: Schema = {"description": HTTPStatus(route.status).phrase}
    if gives is None:
        return told
    name = route.view().__name__
    if gives is Response:
        media = MEDIA.get(name, "application/json")
        return {**told, "content": {media: {"schema": {"type": "string" if media == "text/html" else "object"}}}}
    return {**told, "content": {"application/json": {"schema": schemas.of(gives, "serialization")}}}


def _statuses() -> list[int]:
    return sorted({status for route in ROUTES for status in errors_of(route)})


def _problem(status: int, schema: Schema) -> Schema:
    kinds = [about for about in ABOUT.values() if about.status == status]
    found: Schema = {
        "description": "; ".join(f"{about.title}: {about.advice}" for about in kinds),
        "content": {CONTENT_TYPE: {"schema": schema}},
    }
    if status in (409, 429, 503):
        found["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
    if status == 401:
        found["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return found


def _shorter_names(text: str, definitions: Mapping[str, Schema]) -> str:
    """``InstanceShape`` is ``Instance`` to the world."""
    for name in definitions:
        short = name.replace("Shape", "")
        if short != name and short not in definitions:
            text = text.replace(f'"{REF}{name}"', f'"{REF}{short}"').replace(f'"{name}": {{', f'"{short}": {{')
            text = text.replace(f'"title": "{name}"', f'"title": "{short}"')
    return text
