"""The OpenAPI document and its page: whole, valid, and current, because both are made of what answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from chalice.local import LambdaEventConverter
from chalicelib.entrypoints.api.blueprint import api as blueprint
from chalicelib.entrypoints.api.openapi import document
from chalicelib.entrypoints.api.routes import ROUTES
from chalicelib.entrypoints.api.routing import Needs
from chalicelib.entrypoints.api.signature import signature_of
from jsonschema import Draft202012Validator
from support.api_stage import ApiStage

METHODS = {"get", "post", "put", "delete"}


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    if isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_the_document_that_is_served_is_the_one_made_of_the_routes(api: ApiStage) -> None:
    answer = api.call("GET", "/api/openapi.json")

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {**document(), "servers": [{"url": "/"}]}
    assert answer.json["openapi"] == "3.1.0"


@pytest.mark.parametrize("base", ["", "/v1"])
def test_behind_a_stage_tools_and_problems_are_pointed_to_the_stage(
    base: str, api: ApiStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = LambdaEventConverter.create_lambda_event

    def as_api_gateway_does(self: LambdaEventConverter, method: str, path: str, *more: Any, **named: Any) -> Any:
        event: Any = make(self, method, path, *more, **named)
        event["requestContext"]["path"] = base + path.partition("?")[0]
        return event

    monkeypatch.setattr(LambdaEventConverter, "create_lambda_event", as_api_gateway_does)

    assert api.call("GET", "/api/openapi.json").json["servers"] == [{"url": base or "/"}]
    assert api.call("GET", "/api/models").json["type"] == f"{base}/api/docs#not-authenticated"
    assert api.call("GET", "/api/models/nothing", who="ada").json["type"] == f"{base}/api/docs#not-found"


def test_chalice_serves_exactly_the_operations_of_the_document(api: ApiStage) -> None:
    served = {
        (path, method.lower())
        for path, methods in api.client._app.routes.items()
        for method in methods
        if path.startswith("/api") and method != "OPTIONS"
    }

    assert served == {(path, method) for path, method, _ in _operations()}
    assert blueprint is not None


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    made = document()

    for reference in _references(made):
        found: Any = made
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    for schema in made["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_operations_have_names_of_their_own_and_say_who_they_are_for() -> None:
    names = [operation["operationId"] for _, _, operation in _operations()]

    assert len(names) == len(set(names))
    for path, method, operation in _operations():
        assert method in METHODS
        needs = Needs(operation["x-needs"])
        assert ({"idToken": []} in operation["security"]) is (needs is not Needs.OPEN or path == "/api/health")
        assert operation["summary"]
        in_path = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


def test_each_operation_names_the_refusals_that_follow_from_what_it_takes() -> None:
    for _, _, operation in _operations():
        told = set(operation["responses"])
        assert {"413", "429", "500", "503"} <= told
        if operation["x-needs"] != "open":
            assert {"401", "403"} <= told
        if "requestBody" in operation:
            assert {"400", "415", "422"} <= told


def test_every_example_fits_its_own_schema() -> None:
    made = document()

    examples = [
        (name, one) for name, schema in made["components"]["schemas"].items() for one in schema.get("examples", [])
    ]
    assert len(examples) > 10
    for name, example in examples:
        schema = {**made["components"]["schemas"][name], "components": made["components"]}
        Draft202012Validator(schema).validate(example)


def test_every_body_has_an_example_and_no_two_shapes_share_a_name() -> None:
    schemas = document()["components"]["schemas"]
    for route in ROUTES:
        body = signature_of(route.view()).body
        if body is not None:
            assert schemas[body.__name__.replace("Shape", "")]["examples"], route


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                assert value not in self.ids, f"{value} twice"
                self.ids.add(str(value))
            if name in ("href", "src"):
                self.links.append(str(value))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(api: ApiStage) -> _Page:
    read = _Page()
    read.feed(api.call("GET", "/api/docs").text)
    return read


def test_the_page_shows_every_endpoint_with_its_links_leading_somewhere(page: _Page) -> None:
    for path, method, operation in _operations():
        assert f"{method.upper()} {path}" in page.text
        assert operation["operationId"] in page.ids
    for link in page.links:
        assert link == "openapi.json" or link.removeprefix("#") in page.ids, link


def test_the_page_runs_no_script_and_fetches_nothing(page: _Page, api: ApiStage) -> None:
    answer = api.call("GET", "/api/docs")

    assert page.tags.isdisjoint({"script", "link", "img", "iframe"})
    assert "url(" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_answers_are_never_kept_by_anybody_between(api: ApiStage) -> None:
    answer = api.call("GET", "/api/instances", who="ada")

    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.text)["items"]
