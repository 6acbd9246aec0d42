"""The OpenAPI document as a page that a person reads: plain HTML with its own style, no script, nothing fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from chalicelib.entrypoints.api.problems import ABOUT

Schema = Mapping[str, Any]

STYLE = Path(__file__).with_name("page.css")


def page_of(document: Schema) -> str:
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(document['info']['title'])} API</title>",
            f"<style>{STYLE.read_text('utf-8')}</style></head><body>",
            *_contents(document),
            "<main>",
            f"<h1>{escape(document['info']['title'])} API</h1>",
            f"<p>{_prose(document['info']['description'])}</p>",
            '<p>For machines: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>',
            *_operations(document),
            *_problems(),
            *_shapes(document),
            "</main></body></html>",
        ]
    )


def _contents(document: Schema) -> Iterator[str]:
    yield "<nav><ul>"
    for tag in document["tags"]:
        yield f'<li><a href="#tag-{escape(tag["name"])}">{escape(tag["name"])}</a><ul>'
        for path, method, operation in _each(document, tag["name"]):
            yield (f'<li><a href="#{escape(operation["operationId"])}"><code>{method} {escape(path)}</code></a></li>')
        yield "</ul></li>"
    yield '<li><a href="#problems">problems</a></li><li><a href="#shapes">shapes</a></li></ul></nav>'


def _each(document: Schema, tag: str) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield path, method.upper(), operation


def _operations(document: Schema) -> Iterator[str]:
    for tag in document["tags"]:
        name = tag["name"]
        yield f'<h2 id="tag-{escape(name)}">{escape(name)}</h2>'
        for path, method, operation in _each(document, name):
            yield f'<section id="{escape(operation["operationId"])}">'
            yield f'<h3><code><b class="{method.lower()}">{method}</b> {escape(path)}</code></h3>'
            yield f"<p><strong>{escape(operation['summary'])}.</strong> {_prose(operation['description'])}</p>"
            yield from _parameters(operation.get("parameters", []))
            yield from _body(document, operation)
            yield from _answers(document, operation)
            yield "</section>"


def _parameters(parameters: list[Schema]) -> Iterator[str]:
    if not parameters:
        return
    yield "<table><thead><tr><th>parameter</th><th>where</th><th>what</th></tr></thead><tbody>"
    for one in parameters:
        needed = " <em>needed</em>" if one["required"] else ""
        what = " ".join(filter(None, [_kind(one["schema"]), _prose(one.get("description", ""))]))
        yield f"<tr><td><code>{escape(one['name'])}</code>{needed}</td><td>{one['in']}</td><td>{what}</td></tr>"
    yield "</tbody></table>"


def _body(document: Schema, operation: Schema) -> Iterator[str]:
    if "requestBody" not in operation:
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    yield f"<h4>Body: {_kind(schema)}</h4>"
    named = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for example in named.get("examples", []):
        yield f"<pre>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>"


def _answers(document: Schema, operation: Schema) -> Iterator[str]:
    yield "<h4>Answers</h4><ul>"
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            continue
        kinds = [_kind(media["schema"]) for media in answer.get("content", {}).values()]
        yield f"<li><code>{status}</code> {escape(answer['description'])} {' '.join(kinds)}</li>"
    refusals = [status for status, answer in operation["responses"].items() if "$ref" in answer]
    yield f'<li>a <a href="#problems">problem</a>: <code>{"</code> <code>".join(refusals)}</code></li></ul>'


def _problems() -> Iterator[str]:
    yield '<h2 id="problems">problems</h2><p>Every refusal has this one shape, whoever refuses.</p><dl>'
    for kind, about in ABOUT.items():
        yield f'<dt id="{kind.value}"><code>{about.status} {kind.value}</code> {escape(about.title)}</dt>'
        yield f"<dd>{escape(about.advice)}</dd>"
    yield "</dl>"


def _shapes(document: Schema) -> Iterator[str]:
    yield '<h2 id="shapes">shapes</h2>'
    for name, schema in document["components"]["schemas"].items():
        yield f'<section id="shape-{escape(name)}"><h3>{escape(name)}</h3>'
        yield f"<p>{_prose(schema.get('description', ''))}</p>"
        if "enum" in schema:
            yield f"<p><code>{'</code> <code>'.join(escape(str(one)) for one in schema['enum'])}</code></p>"
        if "properties" in schema:
            needed = schema.get("required", [])
            yield "<table><tbody>"
            for field, one in schema["properties"].items():
                mark = " <em>always</em>" if field in needed else ""
                what = " ".join(filter(None, [_kind(one), _prose(one.get("description", ""))]))
                yield f"<tr><td><code>{escape(field)}</code>{mark}</td><td>{what}</td></tr>"
            yield "</tbody></table>"
        yield "</section>"


def _kind(schema: Schema) -> str:
    """What a value is, in a few words of HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    said = escape(str(schema.get("format") or schema.get("type", "any")))
    for word, key in (("from", "minimum"), ("to", "maximum"), ("up to characters:", "maxLength")):
        said += f" {word} {schema[key]}" if key in schema else ""
    return said + (f", else {escape(json.dumps(schema['default']))}" if schema.get("default") not in (None, "") else "")


def _prose(text: str) -> str:
    """Escaped, with `code` marked."""
    parts = escape(text).replace("``", "`").split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
