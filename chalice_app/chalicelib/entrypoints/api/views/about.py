"""The API about itself: the document for machines and the page for people, both made of routes and views alone."""

from __future__ import annotations

from chalice.app import Response

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.openapi import document, document_json
from chalicelib.entrypoints.api.page import page_of

_FOR_A_WHILE = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
_ONLY_OURSELVES = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def openapi(call: Call) -> Response:
    return Response(document_json(call.base), {"Content-Type": "application/json", **_FOR_A_WHILE})


def docs() -> Response:
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _ONLY_OURSELVES}
    return Response(page_of(document()), {**headers, **_FOR_A_WHILE})
